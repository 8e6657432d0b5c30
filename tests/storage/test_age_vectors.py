"""Every official age vector, read as the format's authors say it must be.

The vectors (C2SP CCTV, folder `age`) are not part of this repository. They are looked
for in the folder named by AGE_TESTKIT, else in `../shared/vectors/age`.
"""

from __future__ import annotations

import hashlib
import io
import os
import zlib
from pathlib import Path

import pytest

from storage import age
from storage.errors import BadHeader, BadMac, BadPayload, NoKey, StorageError

ROOT = Path(__file__).parents[2]
FOLDER = Path(os.environ.get("AGE_TESTKIT", ROOT.parent / "shared" / "vectors" / "age"))
# The archive writes and reads binary age files only; armor is for mail and paste boards.
LEFT_OUT = {"armor_"}
FILES = sorted(
    path
    for path in (FOLDER.iterdir() if FOLDER.is_dir() else ())
    if not any(path.name.startswith(prefix) for prefix in LEFT_OUT)
)
OUTCOMES = {
    "no match": NoKey,
    "HMAC failure": BadMac,
    "header failure": BadHeader,
    "payload failure": BadPayload,
}


def read_vector(path: Path) -> tuple[dict[str, list[str]], bytes]:
    head, _, body = path.read_bytes().partition(b"\n\n")
    fields: dict[str, list[str]] = {}
    for line in head.decode().split("\n"):
        key, _, value = line.partition(": ")
        fields.setdefault(key, []).append(value)
    if "compressed" in fields:
        body = zlib.decompress(body)
    return fields, body


def test_vectors_are_at_hand_in_full() -> None:
    """The official vectors are there, and all but the armored ones are run.

    Where ARCHIVIST_REQUIRE_INTEROP is set their absence is a failure.
    """
    if not FILES and not os.environ.get("ARCHIVIST_REQUIRE_INTEROP"):
        pytest.skip(f"NOT PROVED: no age vectors in {FOLDER}; name their folder in AGE_TESTKIT")
    assert len(FILES) == 110


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_vector_ends_as_it_must(path: Path) -> None:
    """The file opens, or fails at the named stage, having released exactly what it may."""
    fields, body = read_vector(path)
    identities: list[age.Identity] = [age.parse_identity(t) for t in fields.get("identity", [])]
    identities += [age.Passphrase(phrase) for phrase in fields.get("passphrase", [])]
    released = hashlib.sha256()
    outcome: type[Exception] | None = None
    try:
        for piece in age.decrypt_stream(identities, io.BytesIO(body)):
            released.update(piece)
    except StorageError as error:
        outcome = type(error)
    assert outcome is OUTCOMES.get(fields["expect"][0])
    if "payload" in fields:
        assert released.hexdigest() == fields["payload"][0]
