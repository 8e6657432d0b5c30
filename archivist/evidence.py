"""Papers of proof: sealed beside a card, as one object, and named in the entry by their digests.

Owns how evidence lies in the vault: the object of a card has, beside the body `card`, one body for
each file, `e1pdf`, `e2jpg` …: its place, and what kind of file it is. File names stand in the
card alone. `ledger verify` looks for every body that an entry names (`archivist.vouching`).

    fields = seal_with_card(archive, desk, "C000001/D000001", "L000001", content, paths)
    desk.say("loan", subject, **fields)
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from archivist.archive import HOUSE, Archive, Desk, as_card, as_object
from archivist.errors import BadRequest
from archivist.records import canonical
from storage.vault import Body, Put

MOST = 9
_EXTENSION = re.compile(r"[a-z0-9]{1,8}")


def check(paths: Sequence[Path]) -> None:
    """Raises BadRequest for too many papers, and for what is no file."""
    if len(paths) > MOST:
        raise BadRequest(f"证明最多 {MOST} 份", f"at most {MOST} papers of proof")
    for path in paths:
        if not path.is_file():
            raise BadRequest(f"{path} 不是文件", f"{path} is not a file")


def seal_with_card(
    archive: Archive,
    desk: Desk,
    folder: str,
    identifier: str,
    content: Mapping[str, Any],
    paths: Sequence[Path],
    types: Sequence[str] = (),
) -> dict[str, Any]:
    """Make card and papers durable; returns `card` and `evidence` as the entry has them.

    `types` say which paper each is, as far as a regulation asks for one. The entry that names
    them MUST be the next that is planned: the object is called after its index.
    """
    name = f"{folder}/{identifier}-{archive.ledger.size:08}"
    named = {"evidence": [path.name for path in paths]} if paths else {}
    bodies: dict[str, Body] = {"card": canonical({**content, **named})}
    suffixes = [_suffix(number, path) for number, path in enumerate(paths, 1)]
    bodies.update(zip(suffixes, paths, strict=True))
    desk.seal(Put(name, {"card": name, "key": HOUSE}, archive.house_recipient, bodies))
    receipt = desk.make_durable()[name]
    kinds = (*types, *[""] * len(suffixes))
    evidence = [
        {"type": kind, **as_object(receipt, suffix)}
        for kind, suffix in zip(kinds, suffixes, strict=False)
    ]
    return {"card": as_card(receipt), "evidence": evidence or None}


def _suffix(number: int, path: Path) -> str:
    kind = path.suffix.lower().lstrip(".")
    return f"e{number}{kind}" if _EXTENSION.fullmatch(kind) else f"e{number}"
