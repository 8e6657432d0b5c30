"""Packs: one regulation (制度) written as TOML, read and checked.

Owns the grammar's frame: which tables there are, and what must fit together within one file.
The rows themselves are declared in `pack_rows`, `rule_rows` and their like; what comes out is a
`policies.pack.Pack`. The text comes in as an argument
and values go out: finding and reading files is somebody else's work. `parse_pack` gives a
`Pack` or raises `PackInvalid` with *all* problems; `check_pack` gives the problems alone, each
with file, line, field and plain words in Chinese and English.

Rules it keeps:
- Every row that decides something cites a clause; a row without one is a problem.
- An id is stable for ever once records were filed under it, so ids are plain ASCII slugs; the
  words people read are `zh` and `en`.
- What can be checked with this file alone is checked here. Whether several packs fit together
  (types and grades named across packs) is `policies.policy`.
- A new table is a row class and one line in `TABLES`.

    >>> check_pack('[pack]\\nid = "x"', "x.toml")[0].field
    'pack.version'
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from policies import conduct_rows, customer_rows, keeping_rows, rule_rows
from policies.errors import PackInvalid
from policies.fields import read_row, spec_of
from policies.pack import Head, Pack
from policies.pack_rows import (
    DefaultGrade,
    Department,
    DocumentType,
    DossierType,
    Grade,
    Need,
    Role,
    Series,
)
from policies.pack_text import Problem, Report, Table

__all__ = [
    "TABLES", "Head", "Pack", "Problem", "check_pack", "check_pack_bytes", "cited", "parse_pack",
]  # fmt: skip

TABLES: Mapping[str, type[Any]] = {
    "provision": rule_rows.Provision,
    "department": Department,
    "role": Role,
    "role_map": rule_rows.RoleMeaning,
    "duty": rule_rows.Duty,
    "series": Series,
    "document_type": DocumentType,
    "filing_scope": rule_rows.FilingScope,
    "dossier_type": DossierType,
    "grade": Grade,
    "default_grade": DefaultGrade,
    "secrecy": rule_rows.Secrecy,
    "knowledge": rule_rows.Knowledge,
    "approval": rule_rows.Approval,
    "loan_rule": rule_rows.LoanRule,
    "incident": conduct_rows.Incident,
    "retention_class": keeping_rows.RetentionClass,
    "retention": keeping_rows.Retention,
    "disposal": keeping_rows.Disposal,
    "filing_year": keeping_rows.FilingYear,
    "arrangement": keeping_rows.Arrangement,
    "volume_rule": keeping_rows.VolumeRule,
    "archival_code": keeping_rows.ArchivalCode,
    "routine": rule_rows.Routine,
    "receipt": rule_rows.Receipt,
    "profile": customer_rows.Profile,
    "scheme": customer_rows.Scheme,
    "ownership": customer_rows.Ownership,
    "escalation": customer_rows.Escalation,
    "penalty": conduct_rows.Penalty,
    "penalty_terms": conduct_rows.PenaltyTerms,
    "measure": conduct_rows.Measure,
    "form": rule_rows.Form,
    "need": Need,
    "setting": rule_rows.CompanySetting,
}
"""The tables of a pack, in the order in which the manual explains them."""

# Tables only a company's own pack may hold: no regulation answers for the company.
_COMPANY_ONLY = ("role_map", "setting")
# What tells two rows of a table apart, where it is not their id.
_KEYED_BY = {"grade": ("code", "rank"), "default_grade": (), "role_map": ("role",)}

_LONG_NUMBER = re.compile(r"[0-9_]{4000}")
_SYNTAX_LINE = re.compile(r"at line (\d+)")


def cited(pack: Pack) -> Iterator[tuple[str, str]]:
    """Every row that cites a clause, rows below rows too: where it stands, and the clause."""
    for table, kind in TABLES.items():
        for number, row in enumerate(pack.rows(kind)):
            where = f"{table} {getattr(row, 'id', getattr(row, 'code', number + 1))}"
            if clause := getattr(row, "clause", ""):
                yield where, clause
            for name, spec in spec_of(kind).items():
                if spec.rows_of is not None:
                    yield from _cited_below(where, spec.written, getattr(row, name))


def _cited_below(where: str, table: str, rows: Iterable[Any]) -> Iterator[tuple[str, str]]:
    for row in rows:
        if clause := getattr(row, "clause", ""):
            name = row.id or getattr(row, "after", "")
            yield f"{where} / {table} {name}", clause


def parse_pack(source: str, file_name: str = "pack.toml") -> Pack:
    """The pack that `source` describes; raises `PackInvalid` with every problem found."""
    pack, problems = _read(source, file_name)
    if pack is None or problems:
        raise PackInvalid(problems)
    return pack


def check_pack(source: str, file_name: str = "pack.toml") -> list[Problem]:
    """All problems of `source`, in the order of its lines; empty when it can be adopted."""
    return _read(source, file_name)[1]


def check_pack_bytes(content: bytes, file_name: str = "pack.toml") -> list[Problem]:
    """As `check_pack`, for a file as it lies on disk; TOML 1.0 asks for UTF-8."""
    try:
        return check_pack(content.decode("utf-8"), file_name)
    except UnicodeDecodeError as error:
        # Half a character at a torn end, or an editor that saved in another encoding.
        line = content.count(b"\n", 0, error.start) + 1
        return [Problem(file_name, line, "toml", "文件不是 UTF-8 编码。", "is not UTF-8")]


def _read(source: str, file_name: str) -> tuple[Pack | None, list[Problem]]:
    try:
        plain = tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        place = _SYNTAX_LINE.search(str(error))
        # "at end of document" has no number: the last line is where the eye must go.
        line = int(place[1]) if place else max(1, source.count("\n", 0, -1) + 1)
        return None, [
            Problem(
                file_name, line, "toml",
                "文件写法有误，请检查引号、括号和等号。", f"not valid TOML: {error}",
            )
        ]  # fmt: skip
    except ValueError:
        # Python reads no number of more than 4300 digits, and the parser passes that on.
        place = _LONG_NUMBER.search(source)
        line = source.count("\n", 0, place.start()) + 1 if place else 1
        return None, [
            Problem(file_name, line, "toml", "数字太长。", "not valid TOML: the number is too long")
        ]
    except RecursionError:
        # The parser calls itself for each bracket; no pack nests, so this is a mistake like any.
        return None, [
            Problem(file_name, 1, "toml", "括号嵌套过深。", "not valid TOML: nested too deeply")
        ]
    report = Report(file_name, source)
    whole = Table(plain, (), report)
    head = read_row(Head, whole.table("pack", required=True) or Table({}, ("pack",), report))
    tables = {
        kind: tuple(read_row(kind, row) for row in whole.tables(name))
        for name, kind in TABLES.items()
    }
    whole.done()
    pack = Pack(head, tables)
    _check_unique(pack, report)
    _check_names(pack, report)
    if head.kind != "company":
        for name in _COMPANY_ONLY:
            if pack.rows(TABLES[name]):
                report.add((name, 0), '只能写在 kind = "company" 的制度包里。',
                           'belongs in a pack with kind = "company" only')  # fmt: skip
    return pack, sorted(report.problems, key=lambda problem: problem.line)


def _check_unique(pack: Pack, report: Report) -> None:
    for name, kind in TABLES.items():
        for field in _KEYED_BY.get(name, ("id",)):
            values = (str(getattr(row, field)) for row in pack.rows(kind))
            _unique(report, (name,), values, field)
    for number, dossier in enumerate(pack.rows(DossierType)):
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
    for number, row in enumerate(pack.rows(DocumentType)):
        for name in {row.id, row.zh, row.en, *row.aliases}:
            known = owner.setdefault(name.casefold(), row.id)
            if known != row.id:
                report.add(
                    ("document_type", number, "aliases"),
                    f"“{name}”已经是 {known} 的名称。",
                    f"{name!r} is already a name of {known}",
                )
    departments = {row.id for row in pack.rows(Department)}
    for number, dossier in enumerate(pack.rows(DossierType)):
        if departments and dossier.department and dossier.department not in departments:
            report.add(
                ("dossier_type", number, "department"),
                "没有登记这个部门。",
                "names an undeclared department",
            )
