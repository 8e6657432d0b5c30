"""The age gate beyond the official vectors: rules for writing, streams, keys as text."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from storage import age
from storage.age import bech32
from storage.errors import BadHeader, BadMac, BadPayload, NoKey, StorageError, Unsuitable

CURVE = age.X25519Identity(bytes(range(32)))
HYBRID = age.HybridIdentity(bytes(range(32)))
FILE_KEY = bytes(range(16))
CHUNK = 65536


class Dribble:
    """A source that hands out a few bytes at a time, as a pipe may."""

    def __init__(self, data: bytes, most: int) -> None:
        self._file, self._most = io.BytesIO(data), most

    def read(self, size: int) -> bytes:
        return self._file.read(min(size, self._most))


def test_spec_keys_read_and_write_alike() -> None:
    """The example identities of the specification give its example recipients."""
    secret = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX"
    identity = age.parse_identity(secret)
    public = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"
    assert identity.recipient.text == public
    assert identity.secret_text() == secret
    hybrid = "AGE-SECRET-KEY-PQ-1XX76JRALNLXDMEW0CRK45QMCCH4X06SE84UN3VPM33W6HWDX0H3SK3ZQFR"
    text = age.parse_identity(hybrid).recipient.text
    assert text.startswith("age1pq1x34nzsvr0rxjsgdn8zgyhfe8j7ceq5r9rdelkjuh3y235jzxshfg87pzf5z")
    assert text.endswith("tqmwze9pyyzk3tlhl53k2ykx3qheyty7saeq0d3fzv49zc0k")
    assert age.parse_recipient(text) == age.parse_identity(hybrid).recipient


@given(st.binary(max_size=80), st.sampled_from(["age", "age1pq", "age-secret-key-"]))
def test_text_form_keeps_every_byte(data: bytes, prefix: str) -> None:
    """What is encoded is decoded, in lower case and in upper case."""
    text = bech32.encode(prefix, data)
    assert bech32.decode(text) == (prefix, data)
    assert bech32.decode(text.upper()) == (prefix, data)


@given(st.integers(0, 61), st.sampled_from("qpzry9x8gf2tvdw0s3jn54khce6mua7lbio1"))
def test_mistyped_key_is_noticed(at: int, letter: str) -> None:
    """One wrong letter anywhere never gives another key."""
    text = CURVE.recipient.text
    if text[at] != letter:
        with pytest.raises(Unsuitable):
            age.parse_recipient(text[:at] + letter + text[at + 1 :])


@pytest.mark.parametrize(
    "text", ["", "age1", "1", "age", "age1pq1qqqqqq", "Age1abc", "钥匙1qqqqqq"]
)
def test_other_text_is_no_key(text: str) -> None:
    """Neither a recipient nor an identity, and no error of another kind."""
    for parse in (age.parse_recipient, age.parse_identity):
        with pytest.raises(Unsuitable):
            parse(text)


def test_recipient_is_no_identity_and_the_other_way_round() -> None:
    """Public and secret text forms are never taken for each other."""
    for identity in (CURVE, HYBRID):
        with pytest.raises(Unsuitable):
            age.parse_identity(identity.recipient.text)
        with pytest.raises(Unsuitable):
            age.parse_recipient(identity.secret_text())


def test_unusable_recipients_are_refused() -> None:
    """A point of low order, or a key that is none, is found out before anything is sealed."""
    for recipient in (
        age.X25519Recipient(bytes(32)),
        age.HybridRecipient(b"\xff" * 1216),
        age.HybridRecipient(b"short"),
    ):
        with pytest.raises(Unsuitable):
            age.encrypt([recipient], b"")


def test_every_recipient_opens_and_nobody_else() -> None:
    """A file for two opens for both; a third finds no key."""
    others = [age.HybridIdentity.generate() for _ in range(2)]
    sealed = age.encrypt([HYBRID.recipient, others[0].recipient], b"data")
    assert age.decrypt([HYBRID], sealed) == age.decrypt([others[0]], sealed) == b"data"
    assert age.decrypt([CURVE, others[1], HYBRID], sealed) == b"data"
    with pytest.raises(NoKey):
        age.decrypt([others[1], CURVE], sealed)


def test_weaker_recipients_are_not_mixed_in() -> None:
    """A hybrid file takes no X25519 recipient, a passphrase stands alone, nobody is nobody."""
    phrase = age.Passphrase("x", log_n=1)
    for recipients in (
        [HYBRID.recipient, CURVE.recipient],
        [phrase, CURVE.recipient],
        [phrase, phrase],
        [],
    ):
        with pytest.raises(Unsuitable):
            age.encrypt(recipients, b"")
    with pytest.raises(Unsuitable):
        age.seal_header(FILE_KEY, [phrase], [age.Stanza(("extra",), b"")])


@given(st.lists(st.binary(max_size=200), max_size=4))
def test_extra_stanzas_come_back_verified(bodies: list[bytes]) -> None:
    """Stanzas of our own travel in the header, whatever their length."""
    extra = [age.Stanza((f"x-{n}", "arg"), body) for n, body in enumerate(bodies)]
    raw = age.seal_header(FILE_KEY, [CURVE.recipient], extra)
    assert age.open_header(raw, [CURVE]) == FILE_KEY
    assert list(age.Header.parse(raw).stanzas[1:]) == extra


def test_dropped_stanza_fails_the_mac() -> None:
    """A header from which a stanza was taken does not open."""
    extra = age.Stanza(("label",), b"secret")
    raw = age.seal_header(FILE_KEY, [CURVE.recipient], [extra])
    with pytest.raises(BadMac):
        age.open_header(raw.replace(extra.encode(), b""), [CURVE])


@settings(max_examples=200)
@given(st.binary(max_size=300))
@example(b"age-encryption.org/v1\n-> X\n\n---")
def test_arbitrary_bytes_raise_our_errors_only(data: bytes) -> None:
    """The gate takes any bytes and answers with an error of its own."""
    for raw in (
        data,
        b"age-encryption.org/v1\n" + data,
        b"age-encryption.org/v1\n-> X25519 " + data,
    ):
        with pytest.raises(StorageError):
            age.decrypt([CURVE, HYBRID], raw)


def test_endless_header_is_cut_short() -> None:
    """A header without end is refused after one MiB, not read into memory."""
    endless = io.BytesIO(
        b"age-encryption.org/v1\n-> x\n" + b"A" * 64 + (b"\n" + b"A" * 64) * 40_000
    )
    with pytest.raises(BadHeader):
        age.Header.read(endless)
    assert endless.tell() <= 1 << 20


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.sampled_from([0, 1, 1000, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK]), max_size=5),
    st.sampled_from([1 << 20, 7777]),
)
@example([], 1 << 20)
@example([CHUNK], 1 << 20)
@example([17 * CHUNK], 7777)
def test_payload_does_not_depend_on_how_it_arrives(sizes: list[int], most: int) -> None:
    """However the plaintext is cut on the way in and the payload on the way out."""
    pieces = [bytes([n]) * size for n, size in enumerate(sizes)]
    nonce = bytes(16)
    payload = b"".join(age.encrypt_payload(FILE_KEY, pieces, nonce=nonce))
    whole = b"".join(age.encrypt_payload(FILE_KEY, [b"".join(pieces)], nonce=nonce))
    assert payload == whole
    assert len(payload) == age.payload_bytes(sum(sizes))
    plain = b"".join(age.decrypt_payload(FILE_KEY, Dribble(payload, most)))
    assert plain == b"".join(pieces)


@pytest.mark.parametrize("chunks", [1, 2, 3])
def test_payload_cut_anywhere_is_noticed(chunks: int) -> None:
    """Every cut raises, at the chunk borders too, and releases only whole genuine chunks."""
    plain = bytes(range(256)) * (chunks * CHUNK // 256)
    payload = b"".join(age.encrypt_payload(FILE_KEY, [plain]))
    borders = [16 + n * (CHUNK + 16) for n in range(chunks)]
    for cut in {0, 15, *borders, *(b + 1 for b in borders), len(payload) - 1}:
        released = bytearray()
        with pytest.raises((BadPayload, BadHeader)):
            for piece in age.decrypt_payload(FILE_KEY, io.BytesIO(payload[:cut])):
                released += piece
        assert plain.startswith(bytes(released))
        assert len(released) % CHUNK == 0


def test_swapped_chunks_are_noticed() -> None:
    """A chunk in another's place is not genuine."""
    payload = b"".join(age.encrypt_payload(FILE_KEY, [bytes(3 * CHUNK)]))
    one, two = payload[16 : 16 + CHUNK + 16], payload[16 + CHUNK + 16 : 16 + 2 * (CHUNK + 16)]
    with pytest.raises(BadPayload):
        b"".join(age.decrypt_payload(FILE_KEY, io.BytesIO(payload.replace(one + two, two + one))))


def test_other_payload_under_the_same_key_is_refused() -> None:
    """With an expected nonce a second payload of the same file key does not pass."""
    payload = b"".join(age.encrypt_payload(FILE_KEY, [b"one"]))
    with pytest.raises(BadPayload):
        list(age.decrypt_payload(FILE_KEY, io.BytesIO(payload), expect_nonce=bytes(16)))
    opened = age.decrypt_payload(FILE_KEY, io.BytesIO(payload), expect_nonce=payload[:16])
    assert b"".join(opened) == b"one"


def test_memory_stays_flat() -> None:
    """A payload far larger than a piece is never held as a whole, in either direction."""
    import tracemalloc

    def zeros(count: int) -> Iterator[bytes]:
        for _ in range(count):
            yield bytes(1 << 20)

    class Source:
        def __init__(self, pieces: Iterator[bytes | bytearray]) -> None:
            self._pieces, self._held = pieces, b""

        def read(self, size: int) -> bytes:
            self._held = self._held or bytes(next(self._pieces, b""))
            data, self._held = self._held[:size], self._held[size:]
            return data

    tracemalloc.start()
    try:
        source = Source(age.encrypt_payload(FILE_KEY, zeros(48)))
        assert sum(len(piece) for piece in age.decrypt_payload(FILE_KEY, source)) == 48 << 20
        assert tracemalloc.get_traced_memory()[1] < 12 << 20
    finally:
        tracemalloc.stop()
