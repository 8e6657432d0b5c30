"""What outsiders hand in (requests, answers, proofs, codes, stamps) is read exactly or refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledger_samples import KEY, ORIGIN, OTHER_KEY, VKEY, entry, files_of, make
from spoiled import spoiled, spoiled_texts, tries

from storage.errors import Damaged
from storage.note import Checkpoint, Signer, Verifier, cosign, parse_note, witness_vkey
from storage.proof import Proof, cosignatures, from_parts, to_parts
from storage.stamp import check
from storage.witness import (
    WitnessFolder,
    cosignature,
    parse_request,
    parse_size,
    request,
)

LOG = Verifier.parse(VKEY)
WITNESS = Verifier.parse(witness_vkey("w.example", OTHER_KEY.public_key()))
NOTE = Signer(ORIGIN, KEY).sign(Checkpoint(ORIGIN, 9, bytes(32)))
TEXT = parse_note(NOTE).text
SIGNATURES = [cosign(TEXT, "w.example", OTHER_KEY, second) for second in (0, 7, 2**40)]
ANSWERS = ["".join(s.line() for s in SIGNATURES[:count]).encode() for count in (1, 3)]
REQUESTS = [request(old, [bytes([old])] * 0 + [bytes([n]) * 32 for n in range(count)], NOTE)
            for old, count in ((0, 0), (4, 3), (9, 63))]  # fmt: skip


@tries(300)
@given(st.one_of(spoiled(REQUESTS), st.binary(max_size=80)))
def test_request_has_one_spelling(raw: bytes) -> None:
    """What is read as a request is written as the same bytes."""
    try:
        asked = parse_request(raw)
    except Damaged:
        return
    assert request(asked.old_size, asked.proof, asked.note) == raw


@tries(200)
@given(st.one_of(spoiled([b"0\n", b"4711\n", b"999999999999999999\n"]), st.binary(max_size=30)))
def test_size_has_one_spelling(raw: bytes) -> None:
    """A size is read with or without its newline, and in no other way."""
    try:
        size = parse_size(raw)
    except Damaged:
        return
    assert raw in (b"%d" % size, b"%d\n" % size)


@tries(300)
@given(st.one_of(spoiled(ANSWERS), st.binary(max_size=80)))
def test_answer_gives_a_signature_that_was_made_or_none(raw: bytes) -> None:
    """Whatever a service answers, only a true cosignature over this head comes of it."""
    try:
        found = cosignature(raw, NOTE, WITNESS)
    except Damaged:
        return
    assert found in SIGNATURES


@tries(200)
@given(spoiled([NOTE + ANSWERS[1]]))
def test_cosigned_note_tells_true_times_or_nothing(raw: bytes) -> None:
    """A spoiled note names no second at which the witness signed nothing."""
    try:
        found = cosignatures(raw, [WITNESS])
    except Damaged:
        return
    assert {(one.name, one.time_s) for one in found} <= {("w.example", n) for n in (0, 7, 2**40)}


@pytest.fixture(scope="module")
def witness(tmp_path_factory: pytest.TempPathFactory) -> tuple[WitnessFolder, list[bytes]]:
    """A witness that holds four entries, and true requests from there."""
    top = tmp_path_factory.mktemp("fuzzed witness")
    (top / "w").mkdir()
    ledger, found = make(top / "ledger", 4), WitnessFolder.found(top / "w", "w", b"\5" * 32)
    found.watch(VKEY)
    assert found.add_checkpoint(request(0, [], ledger.checkpoint.encode()), 1).status == 200
    ledger.append([entry(n) for n in range(4, 11)])
    return found, [request(4, ledger.consistency(4), ledger.checkpoint.encode())]


@tries(200)
@given(data=st.data())
def test_spoiled_request_is_never_cosigned(
    witness: tuple[WitnessFolder, list[bytes]], data: st.DataObject
) -> None:
    """A spoiled request is refused and changes no file, unless it says the same as a true one."""
    folder, requests = witness
    raw = data.draw(spoiled(requests))
    before = files_of(folder.folder)
    if raw in requests:
        return
    answer = folder.add_checkpoint(raw, 2)
    if answer.status == 200:  # as when a signature stands there twice
        said, true = parse_request(raw), parse_request(requests[0])
        assert parse_note(said.note).text == parse_note(true.note).text
        return
    assert answer.status in (400, 403, 404, 409, 422)
    assert files_of(folder.folder) == before


@pytest.fixture(scope="module")
def proofs(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    ledger = make(tmp_path_factory.mktemp("fuzzed proof") / "ledger", 300)
    note = ledger.checkpoint.encode()
    return [Proof(n, tuple(ledger.prove(n)), note, entry(n)).render() for n in (0, 77, 299)]


@tries(300)
@given(data=st.data())
def test_spoiled_proof_shows_what_is_true_or_nothing(
    proofs: list[bytes], data: st.DataObject
) -> None:
    """A spoiled file shows an entry of the ledger in its place, or is refused."""
    raw = data.draw(st.one_of(spoiled(proofs), st.binary(max_size=100)))
    try:
        proof = Proof.parse(raw)
        assert proof.render() == raw
        proven = proof.open(LOG)
    except Damaged:
        return
    assert proven.entry == entry(proven.index)


@tries(200)
@given(data=st.data())
def test_spoiled_codes_make_the_proof_or_nothing(proofs: list[bytes], data: st.DataObject) -> None:
    """Misread, cut or mixed codes never make another proof."""
    parts = to_parts(data.draw(st.sampled_from(proofs)), 150)
    at = data.draw(st.integers(0, len(parts) - 1))
    parts[at] = data.draw(spoiled_texts([parts[at]]))
    try:
        raw = from_parts(parts)
    except Damaged:
        return
    assert raw in proofs


@tries(200)
@given(st.binary(max_size=300))
def test_bytes_that_are_no_stamp_are_refused(raw: bytes) -> None:
    """Whatever lies where a time stamp should, it is refused and nothing else happens."""
    with pytest.raises(Damaged):
        check(raw, NOTE, [])


def test_witness_folder_of_nonsense_is_refused(tmp_path: Path) -> None:
    """A key file of any content opens no witness."""
    for raw in (b"", b"\xff", b"ARCHIVIST-WITNESS-KEY-1\nw\nAAAA\n", b"x" * 5000):
        (tmp_path / "witness.key").write_bytes(raw)
        with pytest.raises(Damaged):
            WitnessFolder(tmp_path)
