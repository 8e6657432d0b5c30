"""One entry's proof: what it shows, what it refuses to show, and how it comes back from paper."""

from __future__ import annotations

import base64
import random
import zlib
from hashlib import sha256
from pathlib import Path

import pytest
from ledger_samples import ORIGIN, OTHER_KEY, VKEY, entry, make

from storage.cosigned import head_for, keep
from storage.errors import Damaged
from storage.note import Verifier, cosign, parse_note, vkey, witness_vkey
from storage.proof import MAX_PROOF_BYTES, Proof, from_parts, to_parts

LOG = Verifier.parse(VKEY)
WITNESS = Verifier.parse(witness_vkey("w.example", OTHER_KEY.public_key()))


@pytest.fixture(scope="module")
def proof(tmp_path_factory: pytest.TempPathFactory) -> Proof:
    """Entry 77 of 300, cosigned twice by one witness."""
    ledger = make(tmp_path_factory.mktemp("proof") / "ledger", 300)
    note = parse_note(ledger.checkpoint.encode())
    for second in (5, 9):
        note = note.with_signature(cosign(note.text, "w.example", OTHER_KEY, second))
    return Proof(77, tuple(ledger.prove(77)), note.render(), entry(77))


def test_proof_shows_entry_place_head_and_witness(proof: Proof) -> None:
    """Parsed again it shows the same; a witness who signed twice counts once, with the later."""
    proven = Proof.parse(proof.render()).open(LOG, [WITNESS])
    assert (proven.index, proven.entry, proven.head.size) == (77, entry(77), 300)
    assert [(one.name, one.time_s) for one in proven.cosigned] == [("w.example", 9)]


def test_proof_without_the_entry_needs_it(proof: Proof) -> None:
    """The entry may come beside the proof; the right one is shown, any other refused."""
    bare = Proof.parse(Proof(proof.index, proof.path, proof.note).render())
    assert bare.entry is None
    assert bare.open(LOG, entry=entry(77)).entry == entry(77)
    with pytest.raises(Damaged, match="does not hold the entry"):
        bare.open(LOG)
    for shown in (bare, proof):
        with pytest.raises(Damaged, match="does not show"):
            shown.open(LOG, entry=entry(78))


def test_proof_of_another_log_shows_nothing(proof: Proof) -> None:
    """A key that did not sign the head makes nothing of it."""
    with pytest.raises(Damaged):
        proof.open(Verifier.parse(vkey(ORIGIN, OTHER_KEY.public_key())))


def test_spoiled_cosignature_is_refused(proof: Proof) -> None:
    """Whoever knows the witness is not shown a signature that does not hold."""
    text = proof.note.decode()
    at = text.rindex(" ") + 40
    forged = text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]
    spoiled = Proof(proof.index, proof.path, forged.encode(), proof.entry)
    assert spoiled.open(LOG).index == 77
    with pytest.raises(Damaged, match="cosignature of"):
        spoiled.open(LOG, [WITNESS])


@pytest.mark.parametrize("chars", [40, 900, 10_000])
def test_parts_make_the_proof_in_any_order(proof: Proof, chars: int) -> None:
    """Shuffled, doubled, broken into lines or joined into one: the same file comes out."""
    raw = proof.render()
    parts = to_parts(raw, chars)
    mixed = [*parts, *parts[:2]]
    random.Random(7).shuffle(mixed)
    assert from_parts(mixed) == raw
    assert from_parts(["\ufeff" + " \r\n".join(mixed)]) == raw
    assert from_parts(["".join(mixed)]) == raw
    assert from_parts([part[:30] + "\n" + part[30:] for part in mixed]) == raw


def test_parts_are_plain_letters_of_even_length(proof: Proof) -> None:
    """Every character is one that QR codes hold in their smallest alphabet."""
    parts = to_parts(proof.render(), 300)
    assert set("".join(parts)) <= set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")
    assert max(map(len, parts)) - min(map(len, parts)) < len(parts)


def test_incomplete_or_mixed_parts_are_refused(proof: Proof) -> None:
    """A missing part is named; parts of two proofs, or a misread one, make nothing."""
    parts = to_parts(proof.render(), 200)
    with pytest.raises(Damaged, match="missing: 2"):
        from_parts([parts[0], *parts[2:]])
    other = to_parts(Proof(3, proof.path, proof.note, entry(3)).render(), 200)
    letter = "A" if parts[0][-5] != "A" else "B"
    misread = parts[0][:-5] + letter + parts[0][-4:]
    for wrong in ([*parts[:-1], other[-1]], [misread, *parts[1:]], [*parts, misread], [], ["x"]):
        with pytest.raises(Damaged):
            from_parts(wrong)


def test_parts_do_not_unpack_into_more_than_a_proof() -> None:
    """A code that would fill the memory is refused after a proof's worth of it."""
    packed = zlib.compress(bytes(50_000_000), 9)
    tag = sha256(packed).hexdigest()[:8].upper()
    data = base64.b32encode(packed).decode().rstrip("=")
    with pytest.raises(Damaged, match="unpacked"):
        from_parts([f"ARCHIVIST-PROOF:1/1:{tag}:{data}."])
    with pytest.raises(Damaged, match="too long"):
        Proof.parse(b"x" * (MAX_PROOF_BYTES + 1))


def test_longest_entry_goes_onto_paper_and_back(tmp_path: Path) -> None:
    """Also an entry of 65535 bytes has a proof, however many codes it takes."""
    ledger = make(tmp_path / "ledger", 3)
    longest = random.Random(1).randbytes(65_535)
    ledger.append([longest])
    proof = Proof(3, tuple(ledger.prove(3)), ledger.checkpoint.encode(), longest)
    assert Proof.parse(from_parts(to_parts(proof.render()))).open(LOG).entry == longest


def test_head_with_most_witnesses_is_chosen(tmp_path: Path) -> None:
    """Two witnesses of an older head outweigh the newest one, if it covers the entry."""
    ledger = make(tmp_path / "ledger", 10)
    older = ledger.checkpoint.encode()
    text = parse_note(older).text
    for name in ("v.example", "w.example"):
        keep(tmp_path / "ledger", older, cosign(text, name, OTHER_KEY, 1))
    ledger.append([entry(10)])
    newest = ledger.checkpoint.encode()
    chosen = parse_note(head_for(tmp_path / "ledger", LOG, 9, newest))
    assert (chosen.text, len(chosen.signatures)) == (text, 3)
    assert head_for(tmp_path / "ledger", LOG, 10, newest) == newest
