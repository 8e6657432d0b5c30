"""Clearing, revoking, leaving cut short at each step: repeated, they end as if nothing happened."""

from datetime import UTC, datetime

import pytest
from archive_home import PASSPHRASE, PERSON

from archivist import clearing
from archivist.errors import BadRequest
from archivist.regulations import policy_of
from storage.keys import KeyRing

NEW = "eine ganz andere 口令"
NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)


class Crash(Exception):
    """The power went."""


class FragileRing(KeyRing):
    """A key ring that fails at its n-th change: before it lands, or after."""

    def __init__(self, folder, counterparts, at, landed):
        super().__init__(folder, counterparts)
        self.left, self.landed = at, landed

    def _change(self, change, *words):
        if self.left == 0 and not self.landed:
            raise Crash
        result = change(*words)
        if self.left == 0:
            raise Crash
        self.left -= 1
        return result

    def new_generation(self, *words):
        """The public half of a new key."""
        return self._change(super().new_generation, *words)

    def grant(self, *words):
        """A sealed copy."""
        return self._change(super().grant, *words)

    def withdraw(self, *words):
        """A copy deleted."""
        return self._change(super().withdraw, *words)


def act(archive, what):
    policy = policy_of(archive.settings, archive.catalogue)
    person = archive.people.unlock(PERSON, PASSPHRASE)
    if what == "clear":
        clearing.clear(archive, policy, "wang", "SECRET", person, NOON)
    elif what == "revoke":
        clearing.revoke(archive, policy, "wang", "SECRET", "x", PERSON, NOON)
    else:
        clearing.leave(archive, policy, "wang", PERSON, NOON)


def cut_short(home, what, at, landed):
    """Whether the act came as far as its `at`-th change of the key ring, and was cut there."""
    archive = home.open()
    archive.follow()
    archive.keys = FragileRing(home.root / "keys" / "grades", archive.counterparts, at, landed)
    try:
        act(archive, what)
    except Crash:
        return True
    finally:
        archive.close()
    return False


def again(home, what):
    """The same once more; where it was done already, that is said."""
    archive = home.open()
    archive.follow()
    try:
        act(archive, what)
    except BadRequest:
        pass
    finally:
        archive.close()


def agreement(home):
    """What the ledger calls cleared, and who holds a copy, by generations that the ledger knows."""
    archive = home.open()
    archive.follow()
    said = {(c["key"], c["generation"], c["person"]) for c in archive.catalogue.clearances()}
    held = {
        (grade, generation, name)
        for name in (PERSON, "wang")
        for grade, generation in archive.keys.held_by(name)
        if archive.catalogue.public_key(grade, generation)
    }
    archive.close()
    return said, held


@pytest.mark.parametrize("landed", [False, True])
@pytest.mark.parametrize("what", ["clear", "revoke", "leave"])
def test_cut_short_anywhere_and_repeated_ledger_and_keys_agree(new_home, what, landed):
    """Nobody ever holds a key beyond what the ledger says; at the end both say the same."""
    for at in range(8):
        home = new_home(f"{what}{landed}{at}")
        home.set("keys", scrypt_log_n=16)
        home.json("person", "add", "wang", "--role", "clerk", ARCHIVIST_NEW_PASSPHRASE=NEW)
        if what != "clear":
            home.json("person", "clear", "wang", "SECRET")
        cut = cut_short(home, what, at, landed)
        said, held = agreement(home)
        if what == "clear":
            assert held <= said
        again(home, what)
        said, held = agreement(home)
        assert said == held
        assert any(name == "wang" for _, _, name in held) == (what == "clear")
        acts = [e["act"] for e in home.json("ledger", "show")]
        assert acts.count(what) == 1
        assert home.json("ledger", "verify")["ok"]
        if not cut:
            return
    raise AssertionError("an act has more steps than this test tries")
