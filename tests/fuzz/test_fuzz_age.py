"""Age files: whatever is done to one, it opens to what was sealed, or it does not open."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spoiled import spoiled, spoiled_texts, tries

from storage import age
from storage.age import bech32, header, passphrase
from storage.age.header import Header, Stanza, encode64
from storage.errors import BadHeader, BadPayload, StorageError, Unsuitable

# What failed is shown, however long it is.
pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")

CURVE, OTHER = (age.X25519Identity(bytes([n]) * 32) for n in (1, 2))
HYBRID = age.HybridIdentity(bytes([3]) * 32)
PHRASE = age.Passphrase("口令", 2)
IDENTITIES = (CURVE, HYBRID, PHRASE)
CHUNK = 64 * 1024
LABEL = Stanza(("archivist/label-v1", "x"), b"label" * 20)


@pytest.fixture(scope="module", autouse=True)
def small_factors() -> Iterator[None]:
    """A digit more in a work factor would cost this machine gigabytes, which is another test's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passphrase, "MAX_LOG_N", 9)
        yield


def sealed(plain: bytes, *recipients: age.Recipient, extra: tuple[Stanza, ...] = ()) -> bytes:
    key = age.new_file_key()
    head = age.seal_header(key, recipients, extra)
    return b"".join([head, *age.encrypt_payload(key, [plain])])


SMALL = {
    sealed(b"one", CURVE.recipient): b"one",
    sealed(b"two", CURVE.recipient, OTHER.recipient): b"two",
    sealed(b"three", HYBRID.recipient, extra=(LABEL,)): b"three",
    sealed(b"four", PHRASE): b"four",
    sealed(b"", CURVE.recipient, extra=(LABEL, LABEL)): b"",
}
LARGE = {
    sealed(plain, CURVE.recipient): plain
    for plain in (b"a" * CHUNK, b"b" * 2 * CHUNK, b"c" * (2 * CHUNK + 5), bytes(range(256)) * 1024)
}
FILES = SMALL | LARGE
HEADS = [raw[: raw.index(b"\n---") + 48] for raw in SMALL]


def opened(raw: bytes) -> bytes | None:
    try:
        return age.decrypt(IDENTITIES, raw)
    except StorageError:
        return None


def test_files_open_as_they_are() -> None:
    """The files that the tests below spoil are whole."""
    assert all(opened(raw) == plain for raw, plain in FILES.items())


@tries(600)
@given(spoiled(list(SMALL)))
def test_spoiled_file_does_not_open(raw: bytes) -> None:
    """A file opens only when no byte of it differs from what was sealed."""
    assert opened(raw) == FILES.get(raw)


@tries(250)
@given(spoiled(list(LARGE), most=2))
def test_spoiled_file_of_several_chunks_does_not_open(raw: bytes) -> None:
    """The same across chunks; what left before the spoiled place was the beginning."""
    came = bytearray()
    try:
        for piece in age.decrypt_stream(IDENTITIES, io.BytesIO(raw)):
            came += piece
        assert FILES.get(raw) == came
    except StorageError:
        assert any(plain.startswith(came) for plain in LARGE.values())


@tries(200)
@given(st.sampled_from(list(LARGE)), st.sampled_from(list(LARGE)), st.data())
def test_chunks_in_another_order_do_not_open(raw: bytes, other: bytes, data: st.DataObject) -> None:
    """Chunks dropped, doubled, moved, or taken from another file give nothing."""
    head, chunks = in_chunks(raw)
    pool = chunks + in_chunks(other)[1]
    picked = data.draw(st.lists(st.integers(0, len(pool) - 1), max_size=5))
    shuffled = head + b"".join(pool[n] for n in picked)
    assert opened(shuffled) == FILES.get(shuffled)


@tries(300)
@given(st.sampled_from(list(SMALL)), st.sampled_from(list(SMALL)), st.data())
def test_stanzas_in_another_order_do_not_open(
    raw: bytes, other: bytes, data: st.DataObject
) -> None:
    """Stanzas dropped, doubled, moved, or taken from another file give nothing."""
    pool = [s for one in (raw, other) for s in Header.read(io.BytesIO(one)).stanzas]
    picked = data.draw(st.lists(st.integers(0, len(pool) - 1), min_size=1, max_size=5))
    text = header.VERSION_LINE + b"".join(pool[n].encode() for n in picked)
    mixed = text + raw[raw.index(b"\n---") + 1 :]
    assert opened(mixed) == FILES.get(mixed)


@tries(300)
@given(st.one_of(spoiled(HEADS), st.binary(max_size=300).map(header.VERSION_LINE.__add__)))
def test_header_has_one_spelling(raw: bytes) -> None:
    """What is read as a header renders to the same bytes; everything else is BadHeader."""
    try:
        found = Header.parse(raw)
    except BadHeader:
        return
    body = b"".join(stanza.encode() for stanza in found.stanzas)
    assert raw == header.VERSION_LINE + body + f"--- {encode64(found.mac)}\n".encode()


_ARGUMENT = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=60)


@tries(200)
@given(
    st.sampled_from(("X25519", "mlkem768x25519", "scrypt", "other")),
    st.lists(st.one_of(_ARGUMENT, st.binary(max_size=1200).map(encode64)), max_size=3),
    st.one_of(st.binary(max_size=40), st.binary(min_size=32, max_size=32)),
)
def test_invented_stanza_yields_no_key(kind: str, args: list[str], body: bytes) -> None:
    """No stanza that nobody sealed gives a file key, whatever stands in it."""
    for identity in IDENTITIES:
        with suppress(BadHeader):
            assert identity.unwrap(Stanza((kind, *args), body)) is None


@tries(60)
@given(st.binary(min_size=32, max_size=32), st.binary(min_size=1120, max_size=1120))
def test_shares_of_the_right_length_yield_no_key(share: bytes, enc: bytes) -> None:
    """Shares that fit in length alone are foreign or of low order, and no error of another room."""
    for identity, kind, raw in ((CURVE, "X25519", share), (HYBRID, "mlkem768x25519", enc)):
        with suppress(BadHeader):
            assert identity.unwrap(Stanza((kind, encode64(raw)), bytes(32))) is None


@tries(200)
@given(
    st.one_of(
        st.text(max_size=80),
        spoiled_texts([CURVE.secret_text(), CURVE.recipient.text, HYBRID.secret_text()]),
    )
)
def test_text_is_one_key_or_none(text: str) -> None:
    """A text that reads as a key is that key's own text; any other is Unsuitable."""
    for read in (age.parse_identity, age.parse_recipient):
        try:
            key = read(text)
        except Unsuitable:
            continue
        said = key.text if isinstance(key, age.X25519Recipient) else key.secret_text()  # type: ignore[union-attr]
        assert text.strip() in (said.lower(), said.upper())


@tries(30)
@given(st.binary(min_size=1216, max_size=1216))
def test_hybrid_recipient_of_noise_seals_or_is_unsuitable(raw: bytes) -> None:
    """A recipient that is no key is refused when something is to be sealed to it."""
    recipient = age.parse_recipient(bech32.encode("age1pq", raw))
    with suppress(Unsuitable):
        assert len(recipient.wrap(bytes(16)).body) == 32


@tries(100)
@given(st.one_of(st.text(max_size=200), spoiled_texts([f"# x\n{HYBRID.secret_text()}\n"])))
def test_identity_file_is_read_or_unsuitable(text: str) -> None:
    """A file of identities gives identities or Unsuitable, and nothing else."""
    try:
        found = age.parse_identity_file(text)
    except Unsuitable:
        return
    assert all(one in (HYBRID,) for one in found)


@pytest.mark.parametrize("line", [b"", b"-> X25519 a\n", b"\n", b"-> x\n\n", b"A" * 64 + b"\n"])
def test_endless_header_is_given_up(line: bytes) -> None:
    """A header without end is refused after a mebibyte, and in a few more of memory."""
    source = Endless(header.VERSION_LINE + b"-> x\n", line or b"A")
    tracemalloc.start()
    with pytest.raises(BadHeader):
        Header.read(source)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert source.given <= header.MAX_HEADER_BYTES
    assert peak < 300 << 20


def test_endless_payload_is_given_up_at_its_first_piece() -> None:
    """Of a payload of noise no more is read than the nonce and sixteen chunks, read at once."""
    source = Endless(b"", b"noise")
    with pytest.raises(BadPayload):
        list(age.decrypt_payload(bytes(16), source))
    assert source.given <= 16 + 16 * (CHUNK + 16)


class Endless:
    """A source that never ends: `start`, then `again` for ever; it counts what it gave."""

    def __init__(self, start: bytes, again: bytes) -> None:
        self._held, self._again, self.given = start, again, 0

    def read(self, size: int, /) -> bytes:
        while len(self._held) < size:
            self._held += self._again * (1 + size // len(self._again))
        out, self._held = self._held[:size], self._held[size:]
        self.given += len(out)
        return out

    def readline(self, size: int, /) -> bytes:
        if b"\n" not in self._held:
            self._held += self._again
        if b"\n" not in self._held:
            return self.read(size)
        return self.read(min(size, self._held.index(b"\n") + 1))


def in_chunks(raw: bytes) -> tuple[bytes, list[bytes]]:
    """The header with the nonce, and the sealed chunks."""
    start = raw.index(b"\n---") + 48 + 16
    return raw[:start], [raw[at : at + CHUNK + 16] for at in range(start, len(raw), CHUNK + 16)]
