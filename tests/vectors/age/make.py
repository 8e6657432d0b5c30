"""Make the tiny archive of this folder: frozen bytes that every later version must open.

Run it once, when the format gains something; never to make a failing test pass. The keys
are fixed and written below. Sealing is randomised, so a new run gives other bytes.

    python tests/vectors/age/make.py FOLDER        # FOLDER must not exist yet
"""

from __future__ import annotations

import sys
from pathlib import Path

from storage import age, durable
from storage.people import People
from storage.vault import Put, Vault

HYBRID = age.HybridIdentity(bytes(range(32)))
CURVE = age.X25519Identity(bytes(range(32, 64)))
PASSPHRASE = "向量 vector"
CREATED = "2026-11-23T09:00:00+08:00"
LABEL = {"record": "R00000001", "key": "jimi", "generation": 1, "注": "档案"}
CARD = '{"title":"合同"}'.encode()
# One byte more than a chunk, so that the payload has a full chunk and a last one.
SCAN = bytes(n * n % 251 for n in range(65_537))


def main(root: Path) -> None:
    durable.make_folders(root)
    bodies = {"pdf": SCAN, "card": CARD}
    vault = Vault(root)
    vault.put(Put("C000001/D000001/R00000001", LABEL, HYBRID.recipient, bodies))
    vault.put(Put("C000001/D000001/R00000002", LABEL, CURVE.recipient, {"card": CARD}))
    vault.put(Put("C000001/D000001/R00000003", {}, None, {"card": CARD}))
    folder = root / "keys" / "people"
    durable.make_folders(folder)
    People(folder).create("lin", PASSPHRASE, created=CREATED, log_n=16)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
