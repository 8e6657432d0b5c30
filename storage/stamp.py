"""Time stamps (RFC 3161): asking an authority when a head existed, and checking its answer.

Owns the two messages and their check; `rfc3161-client` reads the DER. It does no I/O. What is
stamped are the bytes of a signed checkpoint as they lie in `stamps/<size>.checkpoint`, by their
SHA-256, so that other tools can check a stamp without knowing what a checkpoint is:

    openssl ts -verify -data 0000000000004711.checkpoint -in 0000000000004711.1a2b3c4d.tsr …

Rules it keeps:
  * an answer is believed when it holds the very digest and, on arrival, the nonce that was asked
    for; and, wherever the authority's certificates are known, when the signature leads to them;
  * certificates count as of the time in the stamp: an authority's certificate expires long
    before what it stamped does;
  * whatever DER may hold, the outcome is a `Stamp` or Damaged.

    asked = ask(note)
    stamp = check(post(url, asked.body), note, roots, asked)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from storage.errors import Damaged

if TYPE_CHECKING:
    from cryptography.x509 import Certificate
    from rfc3161_client import TimeStampRequest, TimeStampResponse

QUERY_MEDIA = "application/timestamp-query"
REPLY_MEDIA = "application/timestamp-reply"
MAX_REPLY_BYTES = 65_536
_SHA256 = "2.16.840.1.101.3.4.2.1"


@dataclass(frozen=True, slots=True)
class Stamp:
    """When it existed, and whether the authority's signature was checked."""

    time: datetime
    vouched: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """A question to an authority; `body` is what is posted."""

    body: bytes
    nonce: int | None


def ask(note: bytes) -> Asked:
    """Ask for a stamp over these bytes, with a fresh nonce and the authority's certificates."""
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

    builder = TimestampRequestBuilder().data(note).hash_algorithm(HashAlgorithm.SHA256)
    made: TimeStampRequest = builder.nonce(nonce=True).cert_request(cert_request=True).build()
    return Asked(made.as_bytes(), made.nonce)


def check(
    reply: bytes, note: bytes, roots: Sequence[Certificate], asked: Asked | None = None
) -> Stamp:
    """What an authority's answer says about `note`. Raises Damaged.

    Without `roots` nobody's signature is checked, only that the answer is about these bytes.
    """
    if len(reply) > MAX_REPLY_BYTES:
        raise Damaged("the time stamp is too long")
    answer = _parsed(reply)
    imprint = answer.tst_info.message_imprint
    digest = sha256(note).digest()
    if imprint.hash_algorithm.dotted_string != _SHA256 or imprint.message != digest:
        raise Damaged("the time stamp is over something else")
    if asked is not None and answer.tst_info.nonce != asked.nonce:
        raise Damaged("the time stamp answers another question")
    if roots:
        _vouch(answer, digest, roots)
    return Stamp(answer.tst_info.gen_time.astimezone(UTC), bool(roots))


def certificates(pem: bytes) -> list[Certificate]:
    """The certificates that an authority's signature may lead to. Raises Damaged."""
    from cryptography.x509 import load_pem_x509_certificates

    try:
        return load_pem_x509_certificates(pem)
    except ValueError:
        raise Damaged("there is no certificate in PEM") from None


def _parsed(reply: bytes) -> TimeStampResponse:
    from rfc3161_client import decode_timestamp_response

    try:
        answer = decode_timestamp_response(reply)
        granted = answer.status in (0, 1)
        # Touched here: a refusal has no token, and its absence is told by an exception.
        _ = answer.tst_info.gen_time if granted else None
    except ValueError:
        raise Damaged("the time stamp cannot be read") from None
    if not granted:
        raise Damaged("the authority refused to stamp")
    return answer


def _vouch(answer: TimeStampResponse, digest: bytes, roots: Sequence[Certificate]) -> None:
    from rfc3161_client import VerificationError, VerifierBuilder

    verifier = VerifierBuilder(roots=list(roots)).build()
    try:
        verifier.verify(answer, digest)
    except (VerificationError, ValueError):
        raise Damaged("the time stamp is not by the authority expected") from None
