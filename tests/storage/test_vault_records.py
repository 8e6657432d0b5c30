"""The vault, seen from what lies on the disk and what can be opened."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage import age
from storage.errors import (
    BadMac,
    BadPayload,
    Damaged,
    DiskFailed,
    Missing,
    NoKey,
    Occupied,
    StorageError,
    Unsuitable,
)
from storage.vault import LABEL_KIND, Put, Vault

NAME = "C000001/D000001/R00000001"
OTHER = "C000001/D000001/R00000002"
LABEL = {"record": "R00000001", "key": "jimi", "generation": 2}
KEY = age.HybridIdentity(bytes(range(32)))
SCAN = os.urandom(200_000)
CARD = '{"题名":"合同"}'.encode()


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(tmp_path / "archive")


def put(name: str = NAME, **changes) -> Put:
    fields = {"label": LABEL, "recipient": KEY.recipient, "bodies": {"pdf": SCAN, "card": CARD}}
    return Put(name, **{**fields, **changes})


def read(vault: Vault, suffix: str, name: str = NAME, expect=LABEL, keys=(KEY,), **more) -> bytes:
    return vault.read(name, suffix, keys, expect, max_bytes=1 << 20, **more)


def tree(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def overwrite(path: Path, data: bytes) -> None:
    path.chmod(0o600)
    path.write_bytes(data)


def test_record_comes_back_as_it_was_given(vault: Vault, tmp_path: Path) -> None:
    """Both bodies open with the key and the label; one came from a file, one from memory."""
    source = tmp_path / "scan.pdf"
    source.write_bytes(SCAN)
    receipt = vault.put(put(bodies={"pdf": source, "card": CARD}))
    assert read(vault, "pdf") == SCAN
    assert read(vault, "card", sha256=receipt.bodies["card"].sha256) == CARD


def test_receipt_names_what_lies_there(vault: Vault) -> None:
    """Paths, sizes and digests of the receipt are those of the files on the disk."""
    receipt = vault.put(put())
    files = tree(vault.root)
    assert set(files) == {
        "keys/records/C000001/D000001/R00000001.head",
        "store/C000001/D000001/R00000001.card.age",
        "store/C000001/D000001/R00000001.pdf.age",
    }
    for body in receipt.bodies.values():
        assert hashlib.sha256(files[body.path]).hexdigest() == body.sha256
        assert len(files[body.path]) == body.size_bytes
    assert receipt.head_sha256 == hashlib.sha256(vault.stored_head(NAME)).hexdigest()
    assert receipt.plain_sha256["card"] == hashlib.sha256(CARD).hexdigest()


def test_head_and_body_together_are_an_age_file(vault: Vault) -> None:
    """Head followed by either body opens as an ordinary age file."""
    receipt = vault.put(put())
    for suffix, plain in (("pdf", SCAN), ("card", CARD)):
        body = (vault.root / receipt.bodies[suffix].path).read_bytes()
        assert age.decrypt([KEY], vault.stored_head(NAME) + body) == plain


def test_no_plaintext_lies_on_the_disk(vault: Vault) -> None:
    """Not a piece of the scan or the card is found in any file."""
    vault.put(put())
    for data in tree(vault.root).values():
        assert CARD not in data
        assert "合同".encode() not in data
        assert all(SCAN[at : at + 16] not in data for at in range(0, len(SCAN), 5000))


def test_plain_record_has_no_head(vault: Vault) -> None:
    """Without a recipient the file lies as it is, and opens only where plain is expected."""
    vault.put(put(recipient=None, label={}))
    assert tree(vault.root) == {
        "store/C000001/D000001/R00000001.pdf": SCAN,
        "store/C000001/D000001/R00000001.card": CARD,
    }
    assert read(vault, "pdf", expect=None, sha256=hashlib.sha256(SCAN).hexdigest()) == SCAN
    with pytest.raises(Damaged):
        read(vault, "pdf", expect=None, sha256="00" * 32)
    with pytest.raises(Missing):
        read(vault, "pdf")


def test_taken_name_is_refused_before_anything_is_written(vault: Vault) -> None:
    """A batch that meets a stored record writes none of its records and says which is taken."""
    vault.put(put())
    before = tree(vault.root)
    with pytest.raises(Occupied, match="R00000001"):
        vault.put_all([put(OTHER), put(NAME)])
    assert tree(vault.root) == before
    with pytest.raises(Unsuitable):
        vault.put_all([put(OTHER), put(OTHER)])


def test_many_records_are_stored_together(vault: Vault) -> None:
    """A batch stores all of its records, each under its own file key."""
    names = [f"C000001/D{d:06}/R{r:08}" for d in range(3) for r in range(4)]
    receipts = vault.put_all([put(name) for name in names])
    assert [r.name for r in receipts] == names
    assert len({r.bodies["card"].sha256 for r in receipts}) == len(names)
    assert all(read(vault, "card", name) == CARD for name in names)
    assert len(list(vault.all_files())) == 3 * len(names)


@pytest.mark.parametrize("call", ["write", "fsync", "link"])
@pytest.mark.parametrize("when", [1, 2, 3])
def test_failing_disk_stores_nothing(vault: Vault, monkeypatch, call: str, when: int) -> None:
    """Whatever fails before the last name, no file of the record is left behind."""
    real, calls = getattr(os, call), 0

    def failing(*args, **kwargs):
        nonlocal calls
        calls += 1
        if calls == when:
            raise OSError(28, "No space left on device")
        return real(*args, **kwargs)

    monkeypatch.setattr(os, call, failing)
    with pytest.raises(DiskFailed):
        vault.put(put())
    monkeypatch.undo()
    assert tree(vault.root) == {}
    vault.put(put())
    assert read(vault, "pdf") == SCAN


def test_other_key_opens_nothing(vault: Vault) -> None:
    """Only the identities offered are tried, and a foreign one does not fit."""
    vault.put(put())
    for keys in ((), (age.HybridIdentity.generate(),), (age.X25519Identity.generate(),)):
        with pytest.raises(NoKey):
            read(vault, "pdf", keys=keys)


@pytest.mark.parametrize(
    "expect", [{"generation": 1}, {"generation": True}, {"key": "mimi"}, {"absent": 0}]
)
def test_label_that_differs_is_refused(vault: Vault, expect) -> None:
    """A record whose label says otherwise than expected is not opened."""
    vault.put(put())
    with pytest.raises(Damaged):
        read(vault, "pdf", expect=expect)


def test_record_put_in_anothers_place_is_refused(vault: Vault) -> None:
    """Copying one record's head and bodies over another's does not pass."""
    vault.put_all([put(), put(OTHER)])
    for path in list(tree(vault.root)):
        if "R00000002" in path:
            source = vault.root / path.replace("R00000002", "R00000001")
            overwrite(vault.root / path, source.read_bytes())
    with pytest.raises(Damaged):
        read(vault, "pdf", OTHER)


def test_card_put_in_the_scans_place_is_refused(vault: Vault) -> None:
    """The bodies of one record share a key, and still cannot pass for each other."""
    vault.put(put())
    folder = vault.root / "store/C000001/D000001"
    overwrite(folder / "R00000001.pdf.age", (folder / "R00000001.card.age").read_bytes())
    with pytest.raises(BadPayload):
        read(vault, "pdf")


def test_label_cannot_be_edited(vault: Vault) -> None:
    """A changed label fails the header's MAC even for somebody who has the key."""
    vault.put(put())
    header = age.Header.parse(vault.stored_head(NAME))
    (stanza,) = header.of_kind(LABEL_KIND)
    forged = age.Stanza(stanza.args, stanza.body.replace(b'"generation":2', b'"generation":1'))
    raw = vault.stored_head(NAME).replace(stanza.encode(), forged.encode())
    overwrite(vault.root / f"keys/records/{NAME}.head", raw)
    with pytest.raises(BadMac):
        read(vault, "pdf", expect={"generation": 1})


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_altered_byte_is_noticed(tmp_path_factory, data) -> None:
    """Flip any bit of a head or body, or cut it anywhere: nothing wrong is given out as whole."""
    vault = Vault(tmp_path_factory.mktemp("v"))
    receipt = vault.put(put(bodies={"card": CARD}))
    files = sorted(tree(vault.root))
    path = vault.root / data.draw(st.sampled_from(files))
    raw = bytearray(path.read_bytes())
    at = data.draw(st.integers(0, len(raw) - 1))
    if data.draw(st.booleans()):
        raw[at] ^= 1 << data.draw(st.integers(0, 7))
    else:
        del raw[at:]
    overwrite(path, bytes(raw))
    with pytest.raises(StorageError):
        read(vault, "card")
    if path.suffix == ".age":
        with pytest.raises(Damaged):
            vault.verify_body(NAME, "card", receipt.bodies["card"].sha256)


def test_forged_record_is_caught_by_its_digest(vault: Vault) -> None:
    """Anybody may seal to a public key; the digest from the ledger tells the forgery."""
    genuine = vault.put(put())
    vault.remove(NAME)
    vault.put(put(bodies={"pdf": b"forged", "card": CARD}))
    with pytest.raises(Damaged):
        read(vault, "pdf", sha256=genuine.bodies["pdf"].sha256)
    with pytest.raises(Damaged):
        vault.verify_body(NAME, "pdf", genuine.bodies["pdf"].sha256)


def test_reading_stops_at_the_size_given(vault: Vault) -> None:
    """A body longer than the caller can take is refused."""
    vault.put(put())
    with pytest.raises(Damaged):
        vault.read(NAME, "pdf", [KEY], LABEL, max_bytes=1000)


def test_orphan_is_moved_with_all_its_files(vault: Vault, tmp_path: Path) -> None:
    """Setting aside moves head and bodies, deletes nothing, and frees the name."""
    vault.put_all([put(), put(NAME + "0")])
    before = tree(vault.root)
    moved = vault.set_aside(NAME, tmp_path / "aside")
    after = tree(tmp_path / "aside")
    assert sorted(moved) == sorted(after)
    assert len(moved) == 3
    assert {**tree(vault.root), **after} == before
    vault.put(put())


def test_removed_record_is_gone_and_removal_may_be_repeated(vault: Vault) -> None:
    """Removal takes the head first, all bodies then, and nothing of the neighbour."""
    vault.put_all([put(), put(OTHER)])
    assert vault.remove(NAME)[0].endswith(".head")
    assert vault.remove(NAME) == []
    with pytest.raises(Missing):
        read(vault, "pdf")
    assert read(vault, "pdf", OTHER) == SCAN


def test_rewrapped_head_opens_with_the_new_key_only(vault: Vault) -> None:
    """Rotation rewrites the head; bodies keep their bytes, the old key fits no more."""
    receipt = vault.put(put())
    new = age.HybridIdentity.generate()
    label = {**LABEL, "generation": 3}
    digest = vault.rewrap(NAME, [KEY], LABEL, new.recipient, label)
    assert digest == hashlib.sha256(vault.stored_head(NAME)).hexdigest()
    assert read(vault, "card", expect=label, keys=(new,)) == CARD
    vault.verify_body(NAME, "pdf", receipt.bodies["pdf"].sha256)
    with pytest.raises(NoKey):
        read(vault, "card", keys=(KEY,))


@pytest.mark.parametrize(
    "name", ["", "/A", "A/", "../A", "A/../B", "a", "A//B", "A.B", "A/B\n", "Ａ", "-A", "A" * 65]
)
def test_name_that_could_leave_its_folder_is_refused(vault: Vault, name: str) -> None:
    """Names are segments of capitals, digits and hyphens; everything else is refused."""
    with pytest.raises(Unsuitable):
        vault.put(put(name))
    with pytest.raises(Unsuitable):
        vault.stored_head(name)


@pytest.mark.parametrize("suffix", ["", "age", "PDF", "pdf.age", "../x", "a" * 17])
def test_suffix_that_could_be_mistaken_is_refused(vault: Vault, suffix: str) -> None:
    """A suffix is plain letters and digits, and never that of a sealed file."""
    with pytest.raises(Unsuitable):
        vault.put(put(bodies={suffix: b""}))


def test_source_that_vanished_stores_nothing(vault: Vault, tmp_path: Path) -> None:
    """When the scan is gone the record is not stored, not even its card."""
    with pytest.raises(Missing):
        vault.put(put(bodies={"card": CARD, "pdf": tmp_path / "gone.pdf"}))
    assert tree(vault.root) == {}


def test_label_may_not_set_the_vaults_own_fields(vault: Vault) -> None:
    """A caller cannot claim another name or other bodies through the label."""
    with pytest.raises(Unsuitable):
        vault.put(put(label={"name": "X"}))
    with pytest.raises(Unsuitable):
        vault.put(put(bodies={}))
