"""Notes, proofs and the journal: nothing that was changed is taken for what was signed."""

from __future__ import annotations

import shutil
import struct
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from ledger_samples import KEY, ORIGIN, VKEY, files_of, make
from spoiled import spoiled, spoiled_texts, tries

from storage import journal
from storage.errors import Damaged, StorageError
from storage.ledger_audit import verify
from storage.ledger_view import LedgerView
from storage.note import (
    Checkpoint,
    Note,
    Signature,
    Signer,
    Verifier,
    cosign,
    open_checkpoint,
    open_note,
    parse_checkpoint,
    parse_note,
    parse_proof,
    proof_text,
    witness_vkey,
)
from storage.tiles import decode_bundle, encode_bundle

SIGNER = Signer(ORIGIN, KEY)
HEADS = tuple(Checkpoint(ORIGIN, size, bytes([size]) * 32) for size in (1, 2, 200))
WITNESS = Ed25519PrivateKey.from_private_bytes(b"\7" * 32)


def cosigned(head: Checkpoint, times: int) -> bytes:
    note = parse_note(SIGNER.sign(head))
    for second in range(times):
        note = note.with_signature(cosign(note.text, "w.example/见证", WITNESS, second))
    return note.render()


def free_note(text: str) -> bytes:
    blob = KEY.sign(text.encode())
    return Note(text, (Signature(ORIGIN, SIGNER.verifier.key_id, blob),)).render()


CHECKPOINTS = [SIGNER.sign(head) for head in HEADS] + [cosigned(HEADS[0], n) for n in (1, 3)]
TEXTS = ["甲\n\n乙\n", "\n", "\n\n\n", "no end — yet\n" * 30, "— a.b AAAAAAA=\n"]
NOTES = CHECKPOINTS + [free_note(text) for text in TEXTS]
SIGNED = {parse_note(raw).text: parse_note(raw).signatures[0] for raw in NOTES}
WITNESSED = Verifier.parse(witness_vkey("w.example/见证", WITNESS.public_key()))


@tries(300)
@given(spoiled(NOTES))
def test_spoiled_note_is_refused(raw: bytes) -> None:
    """Only a text that was signed is opened, and only with the very signature it was given."""
    try:
        note = open_note(raw, SIGNER.verifier)
    except Damaged:
        return
    assert note.render() == raw
    mine = {s for s in note.signatures if s.key_id == SIGNER.verifier.key_id and s.name == ORIGIN}
    assert mine == {SIGNED[note.text]}


@tries(400)
@given(spoiled(CHECKPOINTS))
def test_spoiled_checkpoint_is_refused(raw: bytes) -> None:
    """A checkpoint opens to one of the heads that were signed, for log and witness alike."""
    for verifier in (SIGNER.verifier, WITNESSED):
        try:
            head = parse_checkpoint(open_note(raw, verifier).text)
        except Damaged:
            continue
        assert head in HEADS
    try:
        assert open_checkpoint(raw, SIGNER.verifier) in HEADS
    except Damaged:
        return


@tries(300)
@given(st.one_of(spoiled(NOTES), st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
def test_note_has_one_spelling(raw: bytes) -> None:
    """What parses as a note renders to the same bytes."""
    try:
        note = parse_note(raw)
    except Damaged:
        return
    assert note.render() == raw


@tries(300)
@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=100), st.data())
def test_any_text_can_be_signed_and_read(text: str, data: st.DataObject) -> None:
    """A text of any characters opens as it was; one changed character closes it."""
    lines = f"{text}\n"
    assert open_note(free_note(lines), SIGNER.verifier).text == lines
    at = data.draw(st.integers(0, len(text)))
    other = f"{text[:at]}{data.draw(st.sampled_from('甲 x—'))}{text[at:]}\n".encode()
    forged = other + free_note(lines)[len(lines.encode()) :]
    with pytest.raises(Damaged):
        open_note(forged, SIGNER.verifier)


@tries(200)
@given(spoiled_texts([parse_note(raw).text for raw in CHECKPOINTS]))
def test_checkpoint_text_has_one_spelling(text: str) -> None:
    """What parses as a checkpoint's text renders to the same text."""
    try:
        head = parse_checkpoint(text)
    except Damaged:
        return
    assert head.text() == text


PROOFS = [
    proof_text(7, [bytes([n]) * 32 for n in range(count)], CHECKPOINTS[0]) for count in (0, 1, 9)
]


@tries(300)
@given(spoiled_texts(PROOFS))
def test_proof_has_one_spelling(text: str) -> None:
    """What parses as a proof renders to the same text, but for a line of extra data."""
    try:
        index, hashes, checkpoint = parse_proof(text)
    except Damaged:
        return
    lines = text.split("\n")
    if lines[1].startswith("extra "):
        del lines[1]
    assert proof_text(index, hashes, checkpoint) == "\n".join(lines)


@tries(300)
@given(st.one_of(st.text(max_size=60), spoiled_texts([VKEY, WITNESSED.vkey()])))
def test_verifier_key_has_one_spelling(text: str) -> None:
    """What parses as a verifier key renders to the same text; all else is the caller's mistake."""
    try:
        verifier = Verifier.parse(text)
    except ValueError:
        return
    assert verifier.vkey() == text


def test_second_signature_that_fits_by_arithmetic_is_refused() -> None:
    """Adding the group's order gives another signature over the same text: it does not count."""
    note = parse_note(CHECKPOINTS[0])
    (good,) = note.signatures
    order = 2**252 + 27742317777372353535851937790883648493
    scalar = int.from_bytes(good.blob[32:], "little") + order
    forged = Signature(good.name, good.key_id, good.blob[:32] + scalar.to_bytes(32, "little"))
    with pytest.raises(Damaged):
        open_note(Note(note.text, (forged,)).render(), SIGNER.verifier)


RECORDS = [
    journal.encode_record(index, [b"entry %d" % n for n in range(count)], CHECKPOINTS[0])
    for index, count in ((0, 1), (1, 3), (4, 2))
]
SEGMENT = b"".join(RECORDS)


@tries(300)
@given(st.one_of(spoiled([SEGMENT, *RECORDS]), st.binary(max_size=100)), st.integers(0, 40))
def test_journal_record_has_one_spelling(raw: bytes, offset: int) -> None:
    """A record that is read encodes to the bytes it was read from."""
    found = journal.parse_record(raw, offset)
    if found is not None:
        record, end = found
        assert journal.encode_record(record.index, record.entries, record.note) == raw[offset:end]


@tries(300)
@given(spoiled([SEGMENT]))
def test_spoiled_journal_gives_only_what_was_written(raw: bytes) -> None:
    """Records are read as they were written and in order; what follows is torn or damaged."""
    found = journal.scan(raw, 0)
    expected = journal.scan(SEGMENT, 0).records
    assert found.records == expected[: len(found.records)]
    assert (found.rest == "") == (found.end == len(raw))


@tries(100)
@given(st.integers(0, len(SEGMENT)), st.binary(max_size=30))
def test_journal_cut_anywhere_is_torn_and_never_damaged(end: int, tail: bytes) -> None:
    """What a crash leaves at the end of a journal is cut off, not called damage."""
    found = journal.scan(SEGMENT[:end] + (tail if end < len(SEGMENT) else b""), 0)
    assert found.rest in ("", "torn")


@tries(300)
@given(
    st.lists(
        st.tuples(st.integers(0, 2**64 - 1), st.lists(st.binary(max_size=20), max_size=4)),
        max_size=4,
    ),
    st.binary(max_size=20),
)
def test_journal_of_invented_records_is_read_or_refused(
    records: list[tuple[int, list[bytes]]], note: bytes
) -> None:
    """Frames with a right checksum and anything inside end the scan, and nothing else."""
    raw = b"".join(journal.encode_record(index, entries, note) for index, entries in records)
    found = journal.scan(raw, records[0][0] if records else 0)
    assert all(entry for _, record in found.records for entry in record.entries)
    assert found.end <= len(raw)


@tries(300)
@given(st.one_of(spoiled([encode_bundle([b"a", b"bb", b"c" * 300])]), st.binary(max_size=20)))
def test_bundle_has_one_spelling(raw: bytes) -> None:
    """A bundle that is read encodes to the same bytes."""
    for width in (1, 3):
        try:
            entries = decode_bundle(raw, width)
        except Damaged:
            continue
        assert encode_bundle(entries) == raw


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("fuzzed") / "ledger"
    make(root, 300, group=70, publish=True).append([b"last"])
    return root


def entries_of(root: Path) -> dict[int, bytes]:
    view = LedgerView(root, SIGNER.verifier)
    view.load()
    return dict(view.entries())


@tries(50)
@given(data=st.data())
def test_ledger_with_a_spoiled_file_is_refused_or_as_it_was(
    ledger: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """With any file of it changed a ledger tells the entries it was given, or that it is damaged.

    And whoever verifies it is told, unless the change is a torn tail or undid itself.
    """
    files = files_of(ledger)
    name = data.draw(st.sampled_from([name for name in sorted(files) if files[name]]))
    raw = data.draw(spoiled([files[name]], most=2))
    copy = tmp_path_factory.mktemp("copy") / "ledger"
    shutil.copytree(ledger, copy)
    (copy / name).write_bytes(raw)
    try:
        told = entries_of(copy)
    except StorageError:
        told = {}
    report = verify(copy, VKEY)
    shutil.rmtree(copy.parent)
    assert told.items() <= entries_of(ledger).items()
    if report.ok:
        assert raw == files[name] or name.startswith(("journal/", "lock"))


@tries(200)
@given(st.binary(max_size=40), st.integers(0, 2**32 - 1))
def test_frame_that_claims_any_length_is_read_within_the_file(tail: bytes, length: int) -> None:
    """A length that a frame claims is no reason to look beyond the file or to take memory."""
    raw = struct.pack(">4sII", b"TLJ1", length, 0) + tail
    assert journal.parse_record(raw, 0) is None
