"""Packs: one regulation (制度) written as TOML, read and checked.

Owns the grammar of a pack. The text comes in as an argument and values go out: finding and
reading files is somebody else's work. `parse_pack` gives a `Pack` or raises `PackInvalid`
with *all* problems; `check_pack` gives the problems alone, each with file, line, field and plain
words in Chinese and English.

Rules it keeps:
- Every row that decides something cites a clause; a row without one is a problem.
- An id is stable for ever once records were filed under it, so ids are plain ASCII slugs; the
  words people read are `zh` and `en`.
- What can be checked with this file alone is checked here. Whether several packs fit together
  (types and grades named across packs) is `policies.policy`.
- A new table (approvals, retention, penalties) is a new function and one line in `_read`.

    >>> check_pack('[pack]\\nid = "x"', "x.toml")[0].field
    'pack.version'
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable

from policies.errors import PackInvalid
from policies.pack_rows import (
    CONDITION,
    Deadline,
    DefaultGrade,
    Department,
    DocumentType,
    DossierType,
    Event,
    Grade,
    Item,
    Key,
    Need,
    Pack,
)
from policies.pack_text import Lines, Problem, Report, Table

__all__ = ["Pack", "Problem", "check_pack", "parse_pack"]

KINDS = ("vehicle", "customer", "tenant", "guest", "case")
REQUIRED = ("mandatory", "conditional", "optional")
COPIES = ("original", "photocopy", "either")
CHECKS = ("vin", "uscc", "resident_id")
ROLLS = ("none", "previous", "next")
NEED_KINDS = ("grade", "text", "days", "months", "years")
UNITS = ("working_days", "days", "months", "same_day")
GRADE_CODES = ("TOP", "CONF", "SECRET", "INTERNAL", "PUBLIC")

_SLUG = re.compile(r"[a-z][a-z0-9_\-]{0,39}")
_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z.\-]{0,19}")
_SYNTAX_LINE = re.compile(r"at line (\d+)")


def parse_pack(text: str, file_name: str = "pack.toml") -> Pack:
    """The pack that `text` describes; raises `PackInvalid` with every problem found."""
    pack, problems = _read(text, file_name)
    if pack is None or problems:
        raise PackInvalid(problems)
    return pack


def check_pack(text: str, file_name: str = "pack.toml") -> list[Problem]:
    """All problems of `text`, in the order of its lines; empty when it can be adopted."""
    return _read(text, file_name)[1]


def check_pack_bytes(content: bytes, file_name: str = "pack.toml") -> list[Problem]:
    """As `check_pack`, for a file as it lies on disk; TOML 1.0 asks for UTF-8."""
    try:
        return check_pack(content.decode("utf-8"), file_name)
    except UnicodeDecodeError as error:
        # Half a character at a torn end, or an editor that saved in another encoding.
        line = content.count(b"\n", 0, error.start) + 1
        return [Problem(file_name, line, "toml", "文件不是 UTF-8 编码。", "is not UTF-8")]


def _read(text: str, file_name: str) -> tuple[Pack | None, list[Problem]]:
    try:
        plain = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = _SYNTAX_LINE.search(str(error))
        # "at end of document" has no number: the last line is where the eye must go.
        line = int(place[1]) if place else max(1, len(text.splitlines()))
        return None, [
            Problem(
                file_name, line, "toml",
                "文件写法有误，请检查引号、括号和等号。", f"not valid TOML: {error}",
            )
        ]  # fmt: skip
    except RecursionError:
        # The parser calls itself for each bracket; no pack nests, so this is a mistake like any.
        return None, [
            Problem(file_name, 1, "toml", "括号嵌套过深。", "not valid TOML: nested too deeply")
        ]
    report = Report(file_name, Lines(text))
    whole = Table(plain, (), report)
    head = whole.table("pack", required=True) or Table({}, ("pack",), report)
    pack = Pack(
        id=_slug(head),
        version=_version(head),
        zh=head.text("zh"),
        en=head.text("en"),
        source=head.text("source"),
        effective_from=head.day("effective_from"),
        departments=tuple(_department(row) for row in whole.tables("department")),
        document_types=tuple(_document_type(row) for row in whole.tables("document_type")),
        dossier_types=tuple(_dossier_type(row) for row in whole.tables("dossier_type")),
        grades=tuple(_grade(row) for row in whole.tables("grade")),
        default_grades=tuple(_default_grade(row) for row in whole.tables("default_grade")),
        needs=tuple(_need(row) for row in whole.tables("need")),
    )
    head.done()
    whole.done()
    _check_unique(pack, report)
    _check_names(pack, report)
    return pack, sorted(report.problems, key=lambda problem: problem.line)


def _slug(row: Table, name: str = "id") -> str:
    found = row.text(name)
    if found and not _SLUG.fullmatch(found):
        row.complain(
            name,
            "编号只能用小写英文字母、数字、_ 和 -，以字母开头，最长 40 个字符。",
            "ids are lower-case letters, digits, _ and -, start with a letter, at most 40 long",
        )
    return found


def _version(row: Table) -> str:
    found = row.text("version")
    if found and not _VERSION.fullmatch(found):
        row.complain("version", "版本号写法如 2026.1。", "a version looks like 2026.1")
    return found


def _department(row: Table) -> Department:
    value = Department(_slug(row), row.text("zh"), row.text("en"), row.text("clause"))
    row.done()
    return value


def _document_type(row: Table) -> DocumentType:
    value = DocumentType(
        _slug(row),
        row.text("zh"),
        row.text("en"),
        row.text("clause"),
        aliases=row.texts("aliases"),
        titles=row.texts("titles"),
        phrases=row.texts("phrases"),
        classes=row.texts("classes"),
        anywhere=row.yes_no("anywhere", False),
    )
    row.done()
    return value


def _dossier_type(row: Table) -> DossierType:
    deadline = row.table("deadline")
    value = DossierType(
        _slug(row),
        row.text("zh"),
        row.text("en"),
        row.text("clause"),
        kind=row.choice("kind", KINDS),
        department=row.text("department"),
        keys=tuple(_key(key) for key in row.tables("key")),
        events=tuple(_event(event) for event in row.tables("event")),
        items=tuple(_item(item) for item in row.tables("item")),
        deadline=_deadline(deadline) if deadline else None,
    )
    row.done()
    if not value.items:
        row.complain("", "清单不能为空。", "a checklist without items would call anything complete")
    if value.deadline and value.deadline.after not in {event.id for event in value.events}:
        row.complain("deadline", "after 所指的事件没有登记。", "after names an undeclared event")
    ids = {item.id for item in value.items}
    for number, item in enumerate(value.items):
        if item.part_of and (item.part_of not in ids or item.part_of == item.id):
            row.report.add(
                (*row.path, "item", number, "part_of"),
                "part_of 必须是本清单的另一项。",
                "part_of must name another item of this checklist",
            )
    return value


def _key(row: Table) -> Key:
    value = Key(
        _slug(row),
        row.text("zh"),
        row.text("en"),
        check=row.choice("check", CHECKS, ""),
        required=row.yes_no("required", False),
    )
    row.done()
    return value


def _event(row: Table) -> Event:
    value = Event(_slug(row), row.text("zh"), row.text("en"))
    row.done()
    return value


def _item(row: Table) -> Item:
    value = Item(
        _slug(row),
        row.text("zh"),
        row.text("en"),
        row.text("clause"),
        types=row.texts("types", required=True),
        required=row.choice("required", REQUIRED, "mandatory"),
        when=row.text("when", ""),
        copy=row.choice("copy", COPIES, "either"),
        sides=row.whole("sides", 1, least=1),
        signed_by=row.texts("signed_by"),
        fields=row.texts("fields"),
        part_of=row.text("part_of", ""),
    )
    row.done()
    if (value.required == "conditional") != bool(value.when):
        row.complain(
            "when",
            "有条件的项目（conditional）必须写 when；其他项目不能写。",
            "a conditional item needs `when`, and only a conditional item may have it",
        )
    if value.when and not CONDITION.fullmatch(value.when):
        row.complain(
            "when",
            "写法为 customer.字段、dossier.字段，或再加 =值。",
            "write customer.field or dossier.field, optionally =value",
        )
    return value


def _deadline(row: Table) -> Deadline:
    written = [unit for unit in UNITS if row.has(unit)]
    unit, count = "days", 0
    for name in written:
        if name == "same_day":
            if not row.yes_no(name):
                row.complain(name, "只能写 true，或不写。", "may only be true, or left out")
        else:
            unit, count = name, row.whole(name, least=1)
    if len(written) != 1:
        row.complain(
            "",
            f"期限须且只能写一种：{'、'.join(UNITS)}。",
            f"a deadline has exactly one of: {', '.join(UNITS)}",
        )
    # A count of working days ends on one; every other count may end on a holiday, and the
    # regulations are silent on that: the pack must say what it chose.
    roll = row.choice("roll", ROLLS, "none" if unit == "working_days" else None)
    value = Deadline(row.text("after"), unit, count, roll, row.text("clause"))
    row.done()
    return value


def _grade(row: Table) -> Grade:
    value = Grade(
        row.choice("code", GRADE_CODES),
        row.text("zh"),
        row.text("en"),
        rank=row.whole("rank"),
        mark=row.text("mark"),
        encrypt=row.yes_no("encrypt"),
        clause=row.text("clause"),
    )
    row.done()
    if "★" in value.mark:
        row.complain(
            "mark",
            "★ 是国家秘密专用标志，企业密级不得使用。",
            "the star marks state secrets; a company grade must not carry it",
        )
    return value


def _default_grade(row: Table) -> DefaultGrade:
    value = DefaultGrade(
        types=row.texts("types"),
        classes=row.texts("classes"),
        grade=row.choice("grade", GRADE_CODES),
        clause=row.text("clause"),
    )
    row.done()
    if not value.types and not value.classes:
        row.complain(
            "",
            '须写 types 或 classes；适用于其余一切资料时写 types = ["*"]。',
            'needs types or classes; write types = ["*"] for everything else',
        )
    return value


def _need(row: Table) -> Need:
    value = Need(
        _slug(row),
        row.text("zh"),
        row.text("en"),
        kind=row.choice("kind", NEED_KINDS),
        clause=row.text("clause"),
    )
    row.done()
    return value


def _check_unique(pack: Pack, report: Report) -> None:
    _unique(report, ("department",), (row.id for row in pack.departments))
    _unique(report, ("document_type",), (row.id for row in pack.document_types))
    _unique(report, ("dossier_type",), (row.id for row in pack.dossier_types))
    _unique(report, ("grade",), (row.code for row in pack.grades), "code")
    _unique(report, ("grade",), (str(row.rank) for row in pack.grades), "rank")
    _unique(report, ("need",), (row.id for row in pack.needs))
    for number, dossier in enumerate(pack.dossier_types):
        path = ("dossier_type", number)
        _unique(report, (*path, "item"), (row.id for row in dossier.items))
        _unique(report, (*path, "key"), (row.id for row in dossier.keys))
        _unique(report, (*path, "event"), (row.id for row in dossier.events))


def _unique(
    report: Report, path: tuple[str | int, ...], values: Iterable[str], field: str = "id"
) -> None:
    seen: set[str] = set()
    for number, value in enumerate(values):
        if value and value in seen:
            report.add((*path, number, field), f"{value} 重复出现。", f"{value} appears twice")
        seen.add(value)


def _check_names(pack: Pack, report: Report) -> None:
    """A word that means two document types would file scans by luck."""
    owner: dict[str, str] = {}
    for number, row in enumerate(pack.document_types):
        for name in {row.id, row.zh, row.en, *row.aliases}:
            known = owner.setdefault(name.casefold(), row.id)
            if known != row.id:
                report.add(
                    ("document_type", number, "aliases"),
                    f"“{name}”已经是 {known} 的名称。",
                    f"{name!r} is already a name of {known}",
                )
    if pack.departments:
        ids = {row.id for row in pack.departments}
        for number, dossier in enumerate(pack.dossier_types):
            if dossier.department and dossier.department not in ids:
                report.add(
                    ("dossier_type", number, "department"),
                    "没有登记这个部门。",
                    "names an undeclared department",
                )
