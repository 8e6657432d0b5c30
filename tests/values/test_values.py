"""Our `dataclass` and the standard one, side by side."""

import copy
import dataclasses
import pickle
import sys
from collections.abc import Mapping
from dataclasses import FrozenInstanceError, asdict, field, fields, replace
from functools import cached_property
from threading import Barrier, Thread

import pytest

import values


def _declared(decorator):
    """The same two classes, made by either decorator."""

    @decorator(frozen=True, slots=True)
    class Paper:
        """A paper."""

        id: str
        pages: int = 1
        names: Mapping[str, str] = field(default_factory=dict, repr=False)
        seen: bool = field(default=False, compare=False)

        def doubled(self):
            return self.pages * 2

    @decorator(frozen=True, slots=True)
    class Sealed(Paper):
        key: str = "SECRET"

    return Paper, Sealed


OURS, THEIRS = _declared(values.dataclass), _declared(dataclasses.dataclass)

lean = pytest.mark.skipif(
    sys.version_info >= (3, 14), reason="there ours is the standard one, and nothing is put off"
)


@values.dataclass(frozen=True, slots=True)
class Kept:
    """At the top of a module, where pickle finds it."""

    id: str
    pages: int = 1


@pytest.mark.parametrize("nth", [0, 1])
@pytest.mark.parametrize(
    "given", [(("R1",), {}), (("R1", 3, {"a": "b"}), {}), ((), {"id": "R1", "seen": True})]
)
def test_a_value_is_what_the_standard_one_is(nth, given):
    """Made of the same arguments it shows itself, unpacks and changes in the same way."""
    words, named = given
    ours, theirs = OURS[nth](*words, **named), THEIRS[nth](*words, **named)
    assert repr(ours) == repr(theirs)
    assert asdict(ours) == asdict(theirs)
    assert asdict(replace(ours, pages=9)) == asdict(replace(theirs, pages=9))
    assert [f.name for f in fields(ours)] == [f.name for f in fields(theirs)]
    assert OURS[nth].__match_args__ == THEIRS[nth].__match_args__
    assert OURS[nth].__slots__ == THEIRS[nth].__slots__
    assert OURS[nth].__qualname__ == THEIRS[nth].__qualname__
    assert ours.doubled() == theirs.doubled()


def test_values_are_told_apart_by_what_they_hold():
    """Equal values hash alike; a field that does not compare, does not; kinds stay apart."""
    paper, sealed = OURS
    assert Kept("R1", 2) == Kept("R1", pages=2)
    assert len({Kept("R1"), Kept("R1"), Kept("R2")}) == 2
    assert paper("R1", seen=True) == paper("R1")
    assert paper("R1") != sealed("R1")
    assert paper("R1") != "R1"


@pytest.mark.parametrize("wrong", [(), ("R1", 1, {}, True, "too much")])
def test_wrong_arguments_are_refused(wrong):
    """Before and after the methods are made, and by the class's own name."""
    for kind in (_declared(values.dataclass)[0], OURS[0]):
        with pytest.raises(TypeError, match=r"Paper\.__init__\(\)"):
            kind(*wrong)


def test_nothing_of_a_value_changes():
    """No field is set anew, none deleted, none added."""
    paper = OURS[0]("R1")
    for name in ("id", "other"):
        with pytest.raises(FrozenInstanceError):
            setattr(paper, name, "R2")
    with pytest.raises(FrozenInstanceError):
        del paper.id
    assert paper.id == "R1"


def test_every_value_has_a_dictionary_of_its_own():
    """What a factory makes is shared by nobody."""
    assert OURS[0]("R1").names is not OURS[0]("R2").names


def test_copies_and_pickles_are_equal():
    """A child process gets the value that was sent."""
    kept = Kept("R1", 2)
    assert copy.copy(kept) == copy.deepcopy(kept) == pickle.loads(pickle.dumps(kept)) == kept


def test_a_class_without_slots_may_remember():
    """A cached property needs a place beside the fields."""

    @values.dataclass(frozen=True)
    class Key:
        secret: str = field(repr=False)

        @cached_property
        def length(self):
            return len(self.secret)

    assert Key("abc").length == 3
    assert "abc" not in repr(Key("abc"))


def test_methods_that_a_class_has_are_its_own():
    """As with the standard one, what is written is not replaced."""

    @values.dataclass(frozen=True, slots=True)
    class Loud:
        word: str

        def __repr__(self):
            return self.word.upper()

        def __eq__(self, other):
            return True

    assert (repr(Loud("ja")), Loud("ja") == 3) == ("JA", True)


def test_other_classes_are_the_standard_ones():
    """What changes, or compares by identity, or has an order, is made at once."""

    @values.dataclass(slots=True)
    class Counter:
        count: int = 0

    @values.dataclass
    class Plain:
        count: int = 0

    for kind in (Counter, Plain):
        counter = kind()
        counter.count += 1
        assert counter == kind(1)


@lean
def test_no_method_is_made_before_it_is_called():
    """Declaring a class compiles nothing; that is what it is for."""
    paper, _ = _declared(values.dataclass)
    before = {name: paper.__dict__[name] for name in ("__init__", "__eq__", "__hash__", "__repr__")}
    paper("R1")
    assert [name for name, method in before.items() if paper.__dict__[name] is not method] == [
        "__init__"
    ]


def test_threads_that_come_first_together_make_one_class():
    """Each gets a value, with every default in its place."""
    paper, _ = _declared(values.dataclass)
    start, made = Barrier(8), []

    def make(number):
        start.wait()
        made.append(paper(str(number)))

    threads = [Thread(target=make, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one.id for one in made) == [str(number) for number in range(8)]
    assert all((one.pages, one.names) == (1, {}) for one in made)
