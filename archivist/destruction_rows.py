"""The destruction register (销毁清册) row by row, and what it says of each record.

Owns the rows that the printed register, the certificate and the forms of the packs share: what was
destroyed, and what was spared when the rest was (B.9: what is not approved stays, and is noted).
Everything comes from the catalogue, which the ledger makes anew: the register is permanent because
nothing takes an entry out.

Rules it keeps:
- `destroyed` is a day only once the ledger says so; until then a row says that it is under way.
- No title and no name: those were in the record's card. The kind of paper and its number remain.

    for row in register(archive, policy, year="2026"):
        row["record"], row["destroyed"]
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

from archivist import standing
from storage.errors import Missing

if TYPE_CHECKING:
    from archivist.archive import Archive
    from index.catalogue import Row
    from policies.policy import Policy

METHOD_WORDS = {
    "shred": ("碎纸机粉碎", "shredded"),
    "pulp": ("化浆", "pulped"),
    "burn": ("焚毁", "burnt"),
    "tear": ("撕毁", "torn up"),
    "wipe": ("清除介质", "its medium wiped"),
    "key_destruction": ("销毁密钥", "key destroyed"),
}
FOREVER = "9999-12-31"


def register(archive: Archive, policy: Policy, year: str = "") -> list[dict[str, Any]]:
    """Every row, oldest disposal first; of one `year` those that were decided in it.

    Words come in pairs of columns, `…_zh` and `…_en`.
    """
    rows: list[dict[str, Any]] = []
    for disposal in archive.catalogue.disposals():
        ended = archive.catalogue.destruction(disposal["id"])
        when = ended["decided"] if ended else disposal["proposed"]
        if not ended and disposal["state"] not in ("kept", "refused"):
            continue
        if year and f"{standing.local_moment(when):%Y}" != year:
            continue
        rows += _of_disposal(archive, policy, disposal, ended)
    for number, row in enumerate(rows, 1):
        row["number"] = number
    return rows


def place_of(archive: Archive, card: Row | None) -> str | None:
    """The sealed words of where it happened; None where there are none."""
    if not card:
        return None
    try:
        place: str = archive.read_card(card["name"], card["sha256"])["place"]
    except Missing:
        return None
    return place


def _of_disposal(
    archive: Archive, policy: Policy, disposal: Row, ended: Row | None
) -> Iterator[dict[str, Any]]:
    place = place_of(archive, ended["card"]) if ended else None
    for listed in archive.catalogue.disposal_records(disposal["id"]):
        stone = archive.catalogue.tombstone(listed["record"]) if ended else None
        yield {
            **_known(policy, disposal, listed),
            **_end(archive, disposal, listed, ended if stone else None),
            "place": place if stone else None,
        }


def _known(policy: Policy, disposal: Row, listed: Row) -> dict[str, Any]:
    kind, grade = policy.find_type(listed["type"]), policy.grades.get(listed["grade"])
    clauses = ", ".join(listed["ground"].get("clauses", []))
    filed = standing.local_moment(listed["filed"]).date()
    period = _period(listed["ground"])
    return {
        "disposal": disposal["id"],
        "record": listed["record"],
        "type": listed["type"],
        "type_zh": kind.zh if kind else listed["type"],
        "type_en": kind.en if kind else listed["type"],
        "title_zh": f"{kind.zh if kind else listed['type']} {listed['record']}",
        "title_en": f"{kind.en if kind else listed['type']} {listed['record']}",
        "year": filed.year,
        "code": f"{listed['customer']}/{listed['dossier']}/{listed['record']}",
        "period_zh": period[0],
        "period_en": period[1],
        "due": listed["due"],
        "filed": filed.isoformat(),
        "pages": listed["pages"],
        "grade": listed["grade"],
        "grade_zh": grade.zh if grade else listed["grade"],
        "grade_en": grade.en if grade else listed["grade"],
        "reason_zh": _reason(disposal, listed, clauses, True),
        "reason_en": _reason(disposal, listed, clauses, False),
    }


def _reason(disposal: Row, listed: Row, clauses: str, zh: bool) -> str:
    if disposal["origin"] == "request":
        words = "本人要求删除" if zh else "the person asked for deletion"
    else:
        day = listed["due"] or ""
        words = f"保管期限届满 {day}" if zh else f"its period ran out {day}"
    words = words.rstrip()
    if not clauses:
        return words
    return f"{words}（{clauses}）" if zh else f"{words} ({clauses})"


def _end(archive: Archive, disposal: Row, listed: Row, ended: Row | None) -> dict[str, Any]:
    if ended is None:
        zh, en = _spared(archive, disposal, listed)
        return {"kept_zh": "", "kept_en": "", "destroyed": None, "method_zh": "", "method_en": "",
                "paper": None, "note_zh": zh, "note_en": en}  # fmt: skip
    day = standing.local_moment(ended["ended"] or ended["decided"]).date()
    kept = _length(_months(standing.local_moment(listed["filed"]).date(), day))
    paper = next((one for one in ended["papers"] if listed["record"] in one["items"]), None)
    methods = ["key_destruction", *([paper["method"]] if paper else [])]
    done = ended["ended"] is not None
    notes = [("已销毁", "destroyed") if done else ("正在销毁，尚未完毕", "under way, not ended"),
             ("纸质原件已销毁", "its paper is destroyed") if paper else
             ("纸质原件未登记销毁", "no word of its paper")]  # fmt: skip
    return {
        "kept_zh": kept[0],
        "kept_en": kept[1],
        "destroyed": day.isoformat() if done else None,
        "method_zh": "、".join(METHOD_WORDS[name][0] for name in methods),
        "method_en": ", ".join(METHOD_WORDS[name][1] for name in methods),
        "paper": paper["on"] if paper else None,
        "note_zh": "；".join(zh for zh, _ in notes),
        "note_en": "; ".join(en for _, en in notes),
    }


def _spared(archive: Archive, disposal: Row, listed: Row) -> tuple[str, str]:
    """Why it stays: said in the register of those it was proposed with."""
    if listed["fate"] == "regrade":
        return "未批准销毁：变更密级", "not destroyed: to be regraded"
    if listed["fate"] == "keep":
        until = archive.catalogue.kept_until(listed["record"]) or FOREVER
        if until == FOREVER:
            return "未批准销毁：永久续存", "not destroyed: kept for good"
        return f"未批准销毁：续存至 {until}", f"not destroyed: kept until {until}"
    if disposal["state"] == "refused":
        return "未批准销毁", "not destroyed: refused"
    return "未销毁", "not destroyed"


def _period(ground: Row) -> tuple[str, str]:
    if ground.get("permanent"):
        return "永久", "for ever"
    return _length(12 * int(ground.get("years", 0)) + int(ground.get("months", 0)))


def _months(first: date, last: date) -> int:
    """Whole months from one day to another."""
    whole = (last.year - first.year) * 12 + last.month - first.month
    return max(0, whole - (last.day < first.day))


def _length(months: int) -> tuple[str, str]:
    years, rest = divmod(months, 12)
    zh = (f"{years} 年" if years else "") + (f"{rest} 个月" if rest else "")
    en = [f"{years} years"] * bool(years) + [f"{rest} months"] * bool(rest)
    return zh or "不足 1 个月", " ".join(en) or "less than a month"
