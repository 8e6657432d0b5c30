"""Manifests, and bags after BagIt 1.0 (RFC 8493): a folder that says itself whether it is whole.

Owns the formats `manifest-sha256.txt` and `manifest-sha512.txt`, which `sha256sum -c` checks, and
the few tag files that make a folder a bag. The payload is written by whoever exports; here it is
only read, counted and named.

    bag/bagit.txt, bag-info.txt              what it is, and of what
    bag/manifest-sha256.txt, …-sha512.txt    a line for each file below data/
    bag/tagmanifest-sha256.txt, …            a line for each of the tag files above
    bag/data/…                               the payload

Rules it keeps: a manifest names every file of the payload once, by its path with `/`, sorted; the
characters that would break a line (LF, CR and %) are written as %0A, %0D and %25.

    seal_folder(folder)                                      # manifests in the folder itself
    seal_bag(folder, [("External-Identifier", "C000001")], date(2026, 3, 5))
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

DATA = "data"
ALGORITHMS = ("sha256", "sha512")
_CHUNK = 1 << 20
Digests = dict[str, tuple[str, ...]]


def manifest(algorithm: str) -> str:
    """The name of the manifest of an algorithm."""
    return f"manifest-{algorithm}.txt"


def seal_folder(folder: Path) -> str:
    """Write the manifests of all that lies in a folder; returns the SHA-256 of the first."""
    return _write_manifests(folder, "", _digests(folder, folder))


def seal_bag(folder: Path, info: Sequence[tuple[str, str]], day: date) -> str:
    """Make a folder with a payload in `data/` a bag; returns the SHA-256 of its first manifest."""
    payload = _digests(folder, folder / DATA)
    found = _write_manifests(folder, "", payload)
    (folder / "bagit.txt").write_bytes(b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n")
    size = sum((folder / name).stat().st_size for name in payload)
    lines = [*info, ("Bagging-Date", day.isoformat()), ("Payload-Oxum", f"{size}.{len(payload)}")]
    text = "".join(f"{name}: {' '.join(value.split())}\n" for name, value in lines)
    (folder / "bag-info.txt").write_bytes(text.encode("utf-8"))
    tags = ["bagit.txt", "bag-info.txt", *map(manifest, ALGORITHMS)]
    _write_manifests(folder, "tag", {name: _of_file(folder / name) for name in tags})
    return found


def _digests(top: Path, below: Path) -> Digests:
    files = sorted(path for path in below.rglob("*") if path.is_file())
    return {path.relative_to(top).as_posix(): _of_file(path) for path in files}


def _of_file(path: Path) -> tuple[str, ...]:
    hashers = [hashlib.new(name) for name in ALGORITHMS]
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            for hasher in hashers:
                hasher.update(chunk)
    return tuple(hasher.hexdigest() for hasher in hashers)


def _write_manifests(folder: Path, kind: str, digests: Digests) -> str:
    """Write one manifest for each algorithm; returns the SHA-256 of the first."""
    written = []
    for at, algorithm in enumerate(ALGORITHMS):
        content = _lines((values[at], name) for name, values in digests.items())
        (folder / f"{kind}{manifest(algorithm)}").write_bytes(content)
        written.append(hashlib.sha256(content).hexdigest())
    return written[0]


def _lines(rows: Iterable[tuple[str, str]]) -> bytes:
    return "".join(f"{digest}  {_escaped(name)}\n" for digest, name in rows).encode("utf-8")


def _escaped(name: str) -> str:
    return name.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
