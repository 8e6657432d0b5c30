"""Many records checked at once: the same doubts as looking closely, whoever does it."""

import binascii
import signal

import pytest

from storage.age.recipients import X25519Identity
from storage.checking import MODULUS, Checking, Job, sum_of_names
from storage.comparing import says
from storage.errors import Damaged
from storage.vault import Put, Vault

KEY = X25519Identity.generate()
NAMES = [f"C000001/D000001/R{number:08}" for number in range(1, 8)]
SECRET = b"k" * 16


def label(name):
    return {"record": name.rsplit("/")[-1], "key": "jimi", "generation": 1}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Six sealed records and a plain one, with the jobs that check them."""
    root = tmp_path_factory.mktemp("vault")
    puts = [
        Put(n, label(n) if at else {}, KEY.recipient if at else None,
            {"pdf": n.encode() * 40_000, "card": b"{}"})
        for at, n in enumerate(NAMES)
    ]  # fmt: skip
    jobs = []
    for put, receipt in zip(puts, Vault(root).put_all(puts), strict=True):
        bodies = [(s, b.sha256, b.size_bytes) for s, b in receipt.bodies.items()]
        sealed = put.recipient is not None
        jobs.append(Job(put.name, bodies, sealed, receipt.head_sha256, put.label))
    return root, jobs


def asked(root, jobs, children=0, before=lambda work: None):
    with Checking(root, SECRET, children) as work:
        before(work)
        told = list(work.checked([jobs[:2], jobs[2:3], jobs[3:]]))
    assert [len(one.fine) for one in told] == [2, 1, len(jobs) - 3]
    fine = [good for one in told for good in one.fine]
    names = sum(one.names for one in told) % MODULUS
    return fine, sum(one.size_bytes for one in told), sum(one.files for one in told), names


def paths(root):
    return [p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file()]


@pytest.mark.parametrize("children", [0, 1, 3])
def test_what_lies_there_as_named_is_fine_to_the_last_byte(made, children):
    """And every byte was read, every name counted."""
    root, jobs = made
    fine, size_bytes, files, names = asked(root, jobs, children)
    assert all(fine)
    assert size_bytes == sum((root / path).stat().st_size for path in paths(root))
    assert (files, names) == sum_of_names(SECRET, paths(root))


def test_a_child_that_dies_loses_no_answer(made):
    """Its share is done here."""
    root, jobs = made

    def kill(work):
        work._children[0]._process.send_signal(signal.SIGKILL)
        work._children[0]._process.wait()

    assert asked(root, jobs, 2, kill) == asked(root, jobs)


LABEL = {"generation": 1, "key": "jimi", "record": "R1"}
REST = b'"generation":1,"key":"jimi","name":"C1/R1","record":"R1"}'


@pytest.mark.parametrize(
    ("text", "fine"),
    [
        (b'{"bodies":{"card":"a","pdf":"b"},' + REST, True),
        (b'{"bodies":{"card":"a"},"key":"other",' + REST, False),
        (b'{"bodies":{"card":"a"},' + REST.replace(b"1,", b"1.0,"), False),
        (b'{"bodies":{"card":"a"},' + REST.replace(b"R1", b"R2"), False),
        (b'{"bodies":{"card":"a\\"}, "x":{"y":"b"},' + REST, False),
        (b'{"bodies": {"card":"a"},' + REST, False),
        (REST, False),
    ],
)
def test_a_label_says_what_is_expected_or_is_in_doubt(text, fine):
    """Only the one way of writing it is taken for good without being parsed."""
    folded = binascii.b2a_base64(text, newline=False).rstrip(b"=")
    lines = [folded[at : at + 64] for at in range(0, len(folded) + 1, 64)]
    head = b"age-encryption.org/v1\n-> archivist/label-v1\n" + b"\n".join(lines) + b"\n--- x\n"
    assert says(head, "C1/R1", LABEL) is fine


def deeds(root):
    """What somebody did → whose record is in doubt then."""
    head = root / f"keys/records/{NAMES[2]}.head"
    other = root / f"keys/records/{NAMES[3]}.head"
    body = root / f"store/{NAMES[4]}.pdf.age"
    plain = root / f"store/{NAMES[0]}.card"
    return {
        "another's head": ([(head, other.read_bytes())], 2),
        "a byte more": ([(body, body.read_bytes() + b"x")], 4),
        "a byte less": ([(body, body.read_bytes()[:-1])], 4),
        "a plain one altered": ([(plain, b"{ }")], 0),
        "nothing left": ([(body, b"")], 4),
    }


@pytest.mark.parametrize("deed", ["another's head", "a byte more", "a byte less",
                                  "a plain one altered", "nothing left", "gone"])  # fmt: skip
def test_what_does_not_fit_is_in_doubt_and_nothing_else(made, deed):
    """Each deed against the record it was done to."""
    root, jobs = made
    if deed == "gone":
        path = root / f"store/{NAMES[5]}.card.age"
        done, who = [(path, None)], 5
    else:
        done, who = deeds(root)[deed]
    before = {path: path.read_bytes() for path, _ in done}
    for path, content in done:
        path.unlink()
        if content is not None:
            path.write_bytes(content)
    try:
        fine, *_ = asked(root, jobs)
        assert [at for at, good in enumerate(fine) if not good] == [who]
        light, *_ = asked(root, [job._replace(read=False) for job in jobs])
        # Without reading, lengths and names tell some of it.
        assert light[who] == (deed == "another's head")
    finally:
        for path, content in before.items():
            path.unlink(missing_ok=True)
            path.write_bytes(content)


@pytest.mark.parametrize("field", ["key", "generation", "record"])
def test_a_head_of_another_label_is_in_doubt_although_its_digest_fits(made, field):
    """As the close look says, which names it."""
    root, jobs = made
    wrong = {**jobs[3].label, field: 2 if field == "generation" else "other"}
    fine, *_ = asked(root, [*jobs[:3], jobs[3]._replace(label=wrong), *jobs[4:]])
    assert not fine[3] and sum(fine) == len(jobs) - 1
    with pytest.raises(Damaged):
        Vault(root).verify_head(NAMES[3], wrong, jobs[3].head)
