"""Make vectors.json with an independent implementation of the formats.

Needs the package `tlog-scales` (Apache-2.0), which is no dependency of the archive. The
entries and the key are those of tests/support/ledger_samples.py:

    python tests/vectors/ledger/make_vectors.py

For each size: the digest of every file of the published form (one digest over
"<path> <sha256>" lines, sorted by path), the signed checkpoint, and an inclusion proof.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tlog_scales.backend import LocalBackend
from tlog_scales.reader import TilesReader
from tlog_scales.signing import PlainEd25519Signer
from tlog_scales.writer import TilesWriter

ORIGIN = "archive.example/ledger"
SIZES = (1, 255, 256, 257, 600, 65_536, 66_000)


def vector(size: int, folder: Path) -> dict[str, object]:
    log = folder / "log"
    signer = PlainEd25519Signer(ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
    writer = TilesWriter.create(log, ORIGIN)
    for index in range(size):
        writer.add_leaf(b"entry %d " % index + b"." * (index % 7))
    writer.commit([signer])
    lines = [
        f"{path.relative_to(log).as_posix()} {hashlib.sha256(path.read_bytes()).hexdigest()}\n"
        for path in sorted(log.rglob("*"))
        if path.is_file()
    ]
    reader = TilesReader(LocalBackend(log))
    head = reader.get_checkpoint()
    proof = reader.get_inclusion_proof(size // 3, head.size)
    return {
        "size": size,
        "files": len(lines),
        "digest": hashlib.sha256("".join(sorted(lines)).encode()).hexdigest(),
        "checkpoint": head.serialize(),
        "proof_index": size // 3,
        "proof": [digest.hex() for digest in proof.node_hashes],
    }


def main() -> None:
    vectors = []
    for size in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            vectors.append(vector(size, Path(folder)))
    text = json.dumps(vectors, indent=1, ensure_ascii=False) + "\n"
    Path(__file__).with_name("vectors.json").write_text(text)


if __name__ == "__main__":
    main()
