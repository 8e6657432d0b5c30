#!/usr/bin/env python3
"""Turn ledger entries into a list that `sha256sum -c` checks, run in the archive's folder.

    archivist ledger show --json | python3 scripts/stored_sums.py > sums
    sha256sum --quiet -c sums

One line for each stored body that a filing names, scan and card. Heads are left out: a
rotation of keys rewrites them. Needs nothing but Python.
"""

import json
import sys
from collections.abc import Iterator
from typing import Any


def lines(entries: list[dict[str, Any]]) -> Iterator[str]:
    """`<sha256>  <path>` of every body, in the order of filing."""
    for entry in entries:
        if entry["act"] != "file":
            continue
        subject = entry["subject"]
        stem = f"store/{subject['customer']}/{subject['dossier']}/{subject['record']}"
        sealed = ".age" if "generation" in entry else ""
        for body in (entry["objects"]["scan"], entry["objects"]["card"]):
            yield f"{body['sha256']}  {stem}.{body['suffix']}{sealed}"


if __name__ == "__main__":
    print("\n".join(lines(json.load(sys.stdin))))
