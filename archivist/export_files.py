"""The files of an export: papers under readable names, their metadata, contents and proofs.

    records/D000001 新车档案/R00000001 销售合同.pdf    the papers, byte for byte as they were filed
    metadata/R00000001.json                            what is known of each (`archivist.metadata`)
    proofs/R00000001.tlog-proof                        that the ledger says it was filed, and when
    customer.json                                      what is registered of the customer
    contents.csv, contents.json                        what is here, and what was left out and why
    README.txt                                         in both languages: how to check it

Owns names and layout. Rules it keeps: a name is one that Windows, macOS and Linux all accept; it
begins with the record's id, so no two are the same; a title never makes a folder.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archivist.fixity import as_filed
from archivist.metadata import Described, described
from archivist.proving import prove_all
from archivist.records import timestamp
from archivist.spreadsheets import comma_separated

if TYPE_CHECKING:
    from archivist.archive import Archive
    from index.catalogue import Row
    from policies.policy import Policy
    from storage.people import Unlocked

NAME_BYTES = 150  # of a file's name: what every file system takes, with room for the ending
# What some system refuses in a name; and %, which manifests escape and not every reader restores.
_REFUSED = re.compile(r'[<>:"/\\|?*%\x00-\x1f\x7f]')
COPY = {"original": "原件", "photocopy": "复印件"}
_COLUMNS = ("档案", "客户档案", "资料", "题名", "密级", "页数", "归档时间", "文件", "SHA-256")


@dataclass(frozen=True, slots=True)
class Scope:
    """What an export is of, for whom, and when."""

    target: str
    kind: str
    customer: str
    purpose: str
    for_subject: bool
    now: datetime


def write_all(
    archive: Archive,
    policy: Policy,
    folder: Path,
    scope: Scope,
    rows: Sequence[Row],
    left_out: Sequence[Mapping[str, Any]],
    person: Unlocked,
    reach: Callable[[int, int], None],
) -> None:
    """Write everything that the manifest will name. Raises Damaged."""
    for name in ("records", "metadata", "proofs"):
        (folder / name).mkdir()
    lines = []
    for done, row in enumerate(rows, 1):
        lines.append(_write_record(archive, policy, folder, row, person))
        reach(done, len(rows))
    proofs = prove_all(archive, [row["idx"] for row in rows])
    for row, (proof, _) in zip(rows, proofs, strict=True):
        (folder / "proofs" / f"{row['id']}.tlog-proof").write_bytes(proof.render())
    contents = _contents(archive, policy, scope, rows, lines, left_out)
    _write_json(folder / "contents.json", contents)
    (folder / "contents.csv").write_bytes(comma_separated(_csv(lines, left_out)))
    if scope.kind == "customer":
        _write_json(folder / "customer.json", _customer(archive, scope.customer))
    readme = _readme(archive, scope, len(rows), left_out)
    (folder / "README.txt").write_bytes(readme.encode("utf-8"))


def _write_record(
    archive: Archive, policy: Policy, folder: Path, row: Row, person: Unlocked
) -> dict[str, Any]:
    """Write one paper and its metadata; returns its line in the table of contents."""
    card = archive.record_card(row, person, keeping=True)
    type_zh, grade_zh = _labels(policy, row)
    path = _path(archive, policy, row, card["title"], type_zh)
    (folder / path).parent.mkdir(exist_ok=True)
    size_bytes, sha256, sha512 = _copy(
        folder / path, as_filed(archive, row, archive.record_bytes(row, "scan", person, True))
    )
    said = {w["point"]: w["value"] for w in archive.catalogue.attested_of(row["id"])}
    known = Described(
        row, card, policy.setting("name") or "", archive.settings.archive_id, type_zh, grade_zh,
        COPY.get(said.get("copy", ""), ""), said.get("dated", ""), path.as_posix(), size_bytes,
        sha256, sha512, list(_events(archive, row)),
    )  # fmt: skip
    _write_json(folder / "metadata" / f"{row['id']}.json", described(known))
    return {"record": row["id"], "dossier": row["dossier"], "type": row["type"],
            "type_zh": type_zh, "title": card["title"], "grade": row["grade"],
            "grade_zh": grade_zh, "pages": row["pages"], "filed": row["filed"],
            "file": path.as_posix(), "size_bytes": size_bytes, "sha256": sha256}  # fmt: skip


def _copy(path: Path, chunks: Iterator[bytes]) -> tuple[int, str, str]:
    """Write the bytes as they come; returns their number and digests."""
    digests = hashlib.sha256(), hashlib.sha512()
    with path.open("xb") as file:
        for chunk in chunks:
            file.write(chunk)
            for digest in digests:
                digest.update(chunk)
        return file.tell(), digests[0].hexdigest(), digests[1].hexdigest()


def _events(archive: Archive, row: Row) -> Iterator[dict[str, Any]]:
    """What happened to a record, by the ledger; that it was held is the house's own business."""
    for entry in archive.entries_of(row["id"]):
        if entry.act != "hold":
            clauses = entry.fields.get("clauses", [])
            yield {"entry": entry.index, "time": entry.time, "act": entry.act, "who": entry.who,
                   "clauses": clauses}  # fmt: skip


# ── names ─────────────────────────────────────────────────────────────────────


def _path(archive: Archive, policy: Policy, row: Row, title: str, type_zh: str) -> Path:
    dossier = archive.the("dossier", row["dossier"])
    kind = policy.find_dossier_type(dossier["type"])
    folder = readable(f"{dossier['id']} {kind.zh if kind else dossier['type']}")
    words = type_zh if title == type_zh else f"{type_zh} {title}"
    return Path("records", folder, readable(f"{row['id']} {words}", f".{row['suffix']}"))


def readable(words: str, ending: str = "") -> str:
    """A name for a file or folder: what no system refuses, not too long, with its ending.

    >>> readable('R00000001 合同 "甲/乙":1', ".pdf")
    'R00000001 合同 甲 乙 1.pdf'
    """
    plain = _REFUSED.sub(" ", unicodedata.normalize("NFC", words))
    plain = "".join(char if char.isprintable() else " " for char in plain)
    raw = " ".join(plain.split()).encode("utf-8")[:NAME_BYTES]
    return raw.decode("utf-8", "ignore").rstrip(". ") + ending


def _labels(policy: Policy, row: Row) -> tuple[str, str]:
    found, grade = policy.find_type(row["type"]), policy.grades.get(row["grade"])
    return found.zh if found else row["type"], grade.zh if grade else row["grade"]


# ── tables ────────────────────────────────────────────────────────────────────


def _contents(
    archive: Archive, policy: Policy, scope: Scope, rows: Sequence[Row],
    lines: Sequence[Mapping[str, Any]], left_out: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:  # fmt: skip
    names = dict.fromkeys(row["dossier"] for row in rows)
    return {
        "v": 1,
        "archive": archive.settings.archive_id,
        "vkey": archive.settings.vkey,
        "target": scope.target,
        "customer": scope.customer,
        "exported": timestamp(scope.now),
        "for_subject": scope.for_subject,
        "packs": [pack.ref for pack in policy.adopted],
        "dossiers": [_dossier(archive.the("dossier", name)) for name in names],
        "records": list(lines),
        "left_out": list(left_out),
    }


def _dossier(row: Row) -> dict[str, Any]:
    return {name: row[name] for name in ("id", "type", "keys", "events", "opened", "closed")}


def _csv(
    lines: Iterable[Mapping[str, Any]], left_out: Sequence[Mapping[str, Any]]
) -> Iterator[Sequence[str]]:
    yield _COLUMNS
    names = ("record", "dossier", "type_zh", "title", "grade_zh", "pages", "filed", "file",
             "sha256")  # fmt: skip
    for line in lines:
        yield [str(line[name]) for name in names]
    if left_out:
        yield []
        for words in told(left_out):
            yield [words[0]]


def _customer(archive: Archive, customer: str) -> dict[str, Any]:
    """What is registered, whole: whoever exports it is recorded, and has said what for."""
    row = archive.catalogue.customer_kept(customer) or {}
    names = ("id", "name", "kind", "class", "department", "owner", "fields", "opened", "restricted")
    return {name: row.get(name) for name in names}


def told(left_out: Iterable[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """What was left out and why, in words."""
    found = []
    for one in left_out:
        if one["reason"] == "not-open":
            found.append((f"另有 {one['records']} 件导出人无权打开，未导出",
                          f"{one['records']} more that the exporter does not open"))  # fmt: skip
        else:
            clauses = "、".join(one["clauses"])
            found.append((f"{one['record']} 依制度未导出（{clauses}）",
                          f"{one['record']} is kept back by a regulation ({clauses})"))  # fmt: skip
    return found


def _write_json(path: Path, value: Any) -> None:
    text = json.dumps(value, ensure_ascii=False, indent=2) + "\n"
    path.write_bytes(text.encode("utf-8", "backslashreplace"))


# ── the page on top ───────────────────────────────────────────────────────────


def _readme(
    archive: Archive, scope: Scope, count: int, left_out: Sequence[Mapping[str, Any]]
) -> str:
    pairs = told(left_out)
    zh = [
        f"{scope.target} 的档案资料，{count} 件，{timestamp(scope.now)}（UTC）导出。",
        *(words for words, _ in pairs),
        "",
        "contents.csv 是目录，records/ 是资料，metadata/ 是各件的元数据（DA/T 46-2009）。",
        "核对文件：sha256sum -c manifest-sha256.txt",
        "核对台账（不需要本程序）：",
        f"  verify_ledger.py --vkey '{archive.settings.vkey}' --proof proofs/档案编号.tlog-proof",
        "export.tlog-proof 证明本次导出；其中 manifest 即 manifest-sha256.txt 的 SHA-256。",
    ]
    en = [
        f"The records of {scope.target}: {count}, exported {timestamp(scope.now)} (UTC).",
        *(words for _, words in pairs),
        "",
        "contents.csv lists them, records/ holds them, metadata/ what is known of each.",
        "Check the files:   sha256sum -c manifest-sha256.txt",
        "Check the ledger, without the program that made this:",
        f"  verify_ledger.py --vkey '{archive.settings.vkey}' --proof proofs/RECORD.tlog-proof",
        "export.tlog-proof proves this export; its `manifest` is the SHA-256 of",
        "manifest-sha256.txt.",
    ]
    return "\n".join([*zh, "", "----", "", *en]) + "\n"
