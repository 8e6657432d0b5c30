"""Signed notes, checkpoints, cosignatures and textual proofs."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from storage.errors import Damaged
from storage.note import (
    Checkpoint,
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
    vkey,
    witness_vkey,
)

KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
SIGNER = Signer("a.example/l", KEY)
HEAD = Checkpoint("a.example/l", 1000, bytes(range(32)))

# From the documentation of Go's golang.org/x/mod/sumdb/note.
GO_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdng"
    "otpRZb6KE6RyyBwJnAM=\n"
).encode()


def test_note_signed_by_go_is_opened() -> None:
    """A note that Go's reference package signed verifies with its published key."""
    assert open_note(GO_NOTE, Verifier.parse(GO_VKEY)).render() == GO_NOTE


def test_verifier_key_survives_its_text_form() -> None:
    """A verifier key renders to the text it was parsed from."""
    assert Verifier.parse(GO_VKEY).vkey() == GO_VKEY
    assert Verifier.parse(vkey("a.example/l", KEY.public_key())) == SIGNER.verifier


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        GO_VKEY.replace("c74f", "c74e"),
        GO_VKEY.replace("PeterNeumann", "Peter Neumann"),
        GO_VKEY[:-4],
        GO_VKEY.replace("+ARpc", "+ARp\n"),
    ],
)
def test_mistyped_verifier_key_is_refused(text: str) -> None:
    """A verifier key in which anything is changed is refused as a caller's mistake."""
    with pytest.raises(ValueError, match="not a verifier key"):
        Verifier.parse(text)


def test_checkpoint_round_trip() -> None:
    """What is signed is what is opened."""
    assert open_checkpoint(SIGNER.sign(HEAD), SIGNER.verifier) == HEAD


@given(st.integers(min_value=0, max_value=len(SIGNER.sign(HEAD)) - 1), st.integers(1, 255))
def test_any_altered_byte_of_a_checkpoint_is_refused(at: int, mask: int) -> None:
    """No byte of a signed checkpoint can change without being noticed."""
    raw = bytearray(SIGNER.sign(HEAD))
    raw[at] ^= mask
    with pytest.raises(Damaged):
        open_checkpoint(bytes(raw), SIGNER.verifier)


@given(st.binary(max_size=200))
def test_noise_is_refused_as_damage(raw: bytes) -> None:
    """Whatever is not a note raises Damaged and nothing else."""
    with pytest.raises(Damaged):
        open_checkpoint(raw, SIGNER.verifier)
    with pytest.raises(Damaged):
        open_checkpoint(SIGNER.sign(HEAD) + raw + b"\n", SIGNER.verifier)


def test_signature_of_another_key_is_not_enough() -> None:
    """A note signed only by a stranger is refused, also under the right name."""
    stranger = Signer("a.example/l", Ed25519PrivateKey.from_private_bytes(b"\1" * 32))
    with pytest.raises(Damaged, match="not signed by the key expected"):
        open_checkpoint(stranger.sign(HEAD), SIGNER.verifier)


def test_one_bad_signature_of_the_key_spoils_the_note() -> None:
    """Where the key expected signed twice, both signatures must hold."""
    note = parse_note(SIGNER.sign(HEAD))
    (good,) = note.signatures
    bad = Signature(good.name, good.key_id, good.blob[:-1] + bytes([good.blob[-1] ^ 1]))
    with pytest.raises(Damaged, match="does not hold"):
        open_note(note.with_signature(bad).render(), SIGNER.verifier)


def test_head_of_another_log_is_refused_even_under_the_right_key() -> None:
    """A key that signs for two logs cannot pass one head off as the other's."""
    raw = SIGNER.sign(Checkpoint("b.example/l", 1, bytes(32)))
    with pytest.raises(Damaged, match="another log"):
        open_checkpoint(raw, SIGNER.verifier)


@pytest.mark.parametrize(
    "text",
    [
        "o\n1\n",
        "\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
        "o\n01\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
        "o\n-1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
        "o\n١\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
        "o\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=\n",
        "o\n1\nAAAA\n",
        "o\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nextension\n",
    ],
)
def test_checkpoint_text_with_a_second_reading_is_refused(text: str) -> None:
    """A checkpoint has exactly one form for each tree head."""
    with pytest.raises(Damaged):
        parse_checkpoint(text)


def test_cosignature_verifies_and_keeps_the_logs_own() -> None:
    """A witness's line is added to the note, and both signatures hold."""
    witness = Ed25519PrivateKey.from_private_bytes(b"\7" * 32)
    note = parse_note(SIGNER.sign(HEAD))
    signature = cosign(note.text, "w.example/w1", witness, 1_700_000_000)
    raw = note.with_signature(signature).render()
    assert open_checkpoint(raw, SIGNER.verifier) == HEAD
    key = Verifier.parse(witness_vkey("w.example/w1", witness.public_key()))
    assert open_checkpoint_text(raw, key) == HEAD
    forged = raw.replace(b"\n1000\n", b"\n1001\n")
    with pytest.raises(Damaged):
        open_note(forged, key)


def open_checkpoint_text(raw: bytes, key: Verifier) -> Checkpoint:
    return parse_checkpoint(open_note(raw, key).text)


def test_proof_text_round_trip() -> None:
    """A textual proof gives back index, hashes and checkpoint, with or without extra data."""
    raw, hashes = SIGNER.sign(HEAD), [bytes([n]) * 32 for n in range(3)]
    text = proof_text(7, hashes, raw)
    assert parse_proof(text) == (7, hashes, raw)
    first, rest = text.split("\n", 1)
    assert parse_proof(f"{first}\nextra AAAA\n{rest}") == (7, hashes, raw)
    assert parse_proof(proof_text(0, [], raw)) == (0, [], raw)


@pytest.mark.parametrize(
    ("old", "new"),
    [("@v1", "@v2"), ("index 7", "index 07"), ("index 7\n", ""), ("AQEB", "AQE"), ("\n\n", "\n")],
)
def test_malformed_proof_text_is_refused(old: str, new: str) -> None:
    """A proof that is not in the one form is refused."""
    text = proof_text(7, [bytes([n]) * 32 for n in range(3)], SIGNER.sign(HEAD))
    with pytest.raises(Damaged):
        parse_proof(text.replace(old, new))


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u2003b", "a\nb"])
def test_name_that_breaks_the_note_is_refused(name: str) -> None:
    """A log cannot be given a name that its own notes could not carry."""
    with pytest.raises(ValueError, match="neither spaces nor plus"):
        Signer(name, KEY)
    with pytest.raises(ValueError, match="neither spaces nor plus"):
        vkey(name, KEY.public_key())
