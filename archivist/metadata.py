"""What is known of a record, as metadata that others read: DA/T 46-2009, as far as it reaches.

Owns the names. Each element has its Chinese name and, where the standard has one whose number we
are sure of, its number; what the standard does not number here (format, digests, events) stands
without. An element of which the archive knows nothing is left out and never guessed.

    described(known)["elements"][0]     # {"element": "M1", "zh": "聚合层次", …, "value": "件"}

Pure: it is given everything it tells.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from index.catalogue import Row

SCHEME = "DA/T 46-2009"


@dataclass(frozen=True, slots=True)
class Described:
    """A record with all that is known of it: its row and card, where it lies, and its labels.

    `file` is the file's name in the export, `sha256` that of its bytes, `dated` the date that
    somebody read on the paper.
    """

    row: Row
    card: Mapping[str, Any]
    company: str
    archive: str
    type_zh: str
    grade_zh: str
    copy: str
    dated: str
    file: str
    size_bytes: int
    sha256: str
    sha512: str
    events: Sequence[Mapping[str, Any]]


def described(known: Described) -> dict[str, Any]:
    """The metadata of one record as it stands in its file."""
    row = known.row
    return {
        "scheme": SCHEME,
        "record": row["id"],
        "customer": row["customer"],
        "dossier": row["dossier"],
        "elements": [
            {"element": number, "zh": zh, "en": en, "value": value}
            for number, zh, en, value in _elements(known)
            if value not in (None, "", [])
        ],
        "decided_by": {"clauses": row["clauses"], "packs": row["packs"]},
        "events": [dict(event) for event in known.events],
    }


def _elements(known: Described) -> Iterable[tuple[str | None, str, str, Any]]:
    row, card = known.row, known.card
    yield "M1", "聚合层次", "aggregation level", "件"
    yield "M6", "立档单位名称", "fonds-constituting unit", known.company
    yield "M7", "电子文件号", "electronic record number", row["id"]
    yield "M22", "题名", "title", card["title"]
    yield "M33", "日期", "date", known.dated
    yield "M34", "文种", "document type", known.type_zh
    yield "M38", "密级", "secrecy grade", known.grade_zh
    yield "M39", "保密期限", "secret until", row["until"]
    yield "M43", "页数", "pages", row["pages"]
    yield "M45", "稿本", "original or copy", known.copy
    yield None, "格式", "media type", row["media"]
    yield None, "文件名", "file name", known.file
    yield None, "原文件名", "name of the scan", card["source"]
    yield None, "大小（字节）", "size in bytes", known.size_bytes
    yield None, "SHA-256", "SHA-256", known.sha256
    yield None, "SHA-512", "SHA-512", known.sha512
    yield None, "归档时间", "filed", row["filed"]
    yield None, "归档人", "filed by", row["filed_by"]
    yield None, "档案库", "archive", known.archive
    yield None, "封存件 SHA-256", "SHA-256 of the sealed object", row["objects"]["scan"]["sha256"]
