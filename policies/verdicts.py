"""Verdicts: what becomes of a scan, as values.

Owns the two outcomes `Accepted` and `Refused`, and the words for every reason of refusal. A
refusal is an outcome, not an error: it is recorded, the scan goes to its tray, and a person
settles it. The words are fixed sentences in Chinese and English; they never quote the document
or name a person, because they end in ledgers, logs and on screens that anybody may pass.

    >>> refused = refuse("no-route")
    >>> refused.tray, refused.detail.startswith("看不出")
    ('unsorted', True)
"""

from __future__ import annotations

from dataclasses import dataclass

UNSORTED, QUARANTINE, DUPLICATES = "unsorted", "quarantine", "duplicates"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The best guess at a place, for the person who settles the tray. Ids; any may be missing."""

    customer: str | None = None
    dossier: str | None = None
    doc_type: str | None = None

    def __bool__(self) -> bool:
        return any((self.customer, self.dossier, self.doc_type))


@dataclass(frozen=True, slots=True)
class Accepted:
    """The scan is to be filed.

    `grade` is a code; `title` the label of the document type, never personal text; `route`
    says which clues decided (`order`, `cover`, `folders`, `file-name`, `content`, joined with
    `+` when dossier and type came from different ones); `lacks` are the checklist items still
    missing once this document is in; `clauses` and `packs` are what the decision rests on.
    """

    customer: str
    dossier: str
    doc_type: str
    grade: str
    title: str
    route: str
    lacks: tuple[str, ...]
    clauses: tuple[str, ...]
    packs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """The scan is set aside: a stable `reason`, its `tray`, and words for the clerk."""

    reason: str
    tray: str
    detail: str
    suggestion: Suggestion | None = None
    clauses: tuple[str, ...] = ()


_DEFECTS = {
    "empty": ("文件是空的，没有任何页面。", "the file is empty or has no pages besides covers"),
    "not-a-document": (
        "不是可以归档的文件格式。",
        "this kind of file is not a document to be filed",
    ),
    "damaged": ("文件已损坏，无法完整读取。", "the file is damaged and cannot be read completely"),
    "encrypted": ("文件带有密码，无法读取。", "the file is protected by a password"),
    "too-large": ("文件过大或页数过多。", "the file is too large or has too many pages"),
    "fatal": (
        "读取此文件时，程序已多次异常中断，不再自动读取。",
        "the program died several times while it read this file, which is not read again by itself",
    ),
    "infected": ("文件含有病毒或可疑内容。", "the file carries a virus or suspicious content"),
}

_PLACES = {
    "no-policy": ("没有采用任何制度，不能归档。", "no adopted regulation declares document types"),
    "policy-incomplete": (
        "制度没有定出此类资料的密级，请补充设置。",
        "the regulations leave the grade of this document type open; make the setting",
    ),
    "unknown-grade": ("指定的密级没有登记。", "the grade ordered is not declared"),
    "blank": ("全部页面都是空白。", "all pages are blank"),
    "no-route": (
        "看不出属于哪一份档案，请手工指定。",
        "nothing tells which dossier it belongs to; assign it by hand",
    ),
    "unknown-customer": ("所写的客户没有登记。", "the customer it names is not registered"),
    "unknown-dossier": ("所指的档案不存在。", "the dossier it names does not exist"),
    "unknown-type": ("认不出是哪一种资料。", "the kind of document is not recognised"),
    "ambiguous": (
        "线索不一致或不止一种可能，请手工指定。",
        "the clues disagree or allow more than one place; assign it by hand",
    ),
    "dossier-closed": ("该档案已经结案。", "the dossier is closed; file by hand to supplement it"),
}


def refuse(
    reason: str, suggestion: Suggestion | None = None, clauses: tuple[str, ...] = ()
) -> Refused:
    """The refusal for `reason`. A reason without words of its own is a defect: quarantine."""
    if reason == "duplicate":
        tray, words = DUPLICATES, ("完全相同的扫描件已经归档。", "the same scan is already filed")
    elif reason in _PLACES:
        tray, words = UNSORTED, _PLACES[reason]
    else:
        tray = QUARANTINE
        words = _DEFECTS.get(reason, ("文件有缺陷，不能归档。", "the file has a defect"))
    return Refused(reason, tray, " / ".join(words), suggestion or None, clauses)
