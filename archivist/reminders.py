"""Reminders (催办): who was urged, when, to hand in what; and the note he is given.

Owns the ledger act `remind` and what is printed of it. That enough of them were in vain is
counted in `archivist.lapses`.

Rules it keeps:
- Ids only: the customer, the dossiers, the items of their checklists, and the person urged where
  he is known here. What the note says is made of the packs' own words.
- Nobody is urged for what is not lacking, and no reminder lies in the future.
- A reminder for a customer is one for each open dossier of his that lacks something.

    made = remind(archive, policy, calendar, Urged("D000001"), day, now, "lin")
    made["missing"][0]["item"]      # 'customer_basics_form'
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from archivist.archive import Archive
from archivist.errors import BadRequest, NotKnown
from archivist.records import kind_of
from archivist.report_pages import Column, Section, Sheet, Words
from archivist.standing import dossier_state, lack_row
from index.catalogue import Row
from policies.calendar import Calendar
from policies.deadlines import missing
from policies.policy import Policy
from policies.wording import lack_words

TITLE = ("催办通知", "Reminder")
ASKED = ("请尽快补交", "please hand in")


@dataclass(frozen=True, slots=True)
class Urged:
    """For which dossier or customer, which items (all that lack when empty), and whom."""

    target: str
    items: tuple[str, ...] = ()
    person: str | None = None


def remind(
    archive: Archive,
    policy: Policy,
    calendar: Calendar,
    urged: Urged,
    day: date,
    now: datetime,
    who: str,
) -> dict[str, Any]:
    """Record that somebody was urged on `day`; returns it with what is missing.

    Raises NotKnown for the target or person, BadRequest for a day to come, an item that is not
    lacking, and when nothing is.
    """
    local = now.astimezone()
    if day > local.date():
        raise BadRequest("催办日期在今天之后", "a reminder cannot lie in the future")
    with archive.writing(now, who) as desk:
        customer, dossiers = _meant(archive, urged.target)
        archive.check_unrestricted(customer)
        if urged.person is not None:
            archive.active(urged.person)
        lacks = list(
            _lacks(archive, policy, calendar, dossiers, local if day == local.date() else day)
        )
        lacks = _chosen(policy, lacks, urged)
        asked: dict[str, list[str]] = {}
        for lack in lacks:
            items = asked.setdefault(lack["dossier"], [])
            if lack["item"] not in items:
                items.append(lack["item"])
        subject = {"customer": customer}
        if kind_of(urged.target) == "dossier":
            subject["dossier"] = urged.target
        if urged.person:
            subject["person"] = urged.person
        desk.say("remind", subject, day=day.isoformat(), asked=asked)
        (index,) = desk.append()
    archive.follow()
    return {
        "reminder": index,
        "customer": customer,
        "dossiers": list(asked),
        "person": urged.person,
        "day": day.isoformat(),
        "nth": max(_count(archive, dossier, day, index) for dossier in asked),
        "missing": lacks,
    }


def listed(
    archive: Archive, dossier: str | None = None, month: str | None = None
) -> list[dict[str, Any]]:
    """Every reminder, one row for each dossier it was about, by day. Raises NotKnown."""
    archive.follow()
    if dossier is not None:
        archive.the("dossier", dossier)
    rows = archive.catalogue.reminders(dossier)
    counted: dict[str, int] = {}
    found = []
    for row in rows:
        counted[row["dossier"]] = counted.get(row["dossier"], 0) + 1
        found.append(
            {
                "reminder": row["idx"],
                "day": row["day"],
                "customer": row["customer"],
                "dossier": row["dossier"],
                "items": row["items"],
                "person": row["person"],
                "nth": counted[row["dossier"]],
                "who": row["who"],
            }
        )
    return [row for row in found if month is None or row["day"].startswith(month)]


def _meant(archive: Archive, target: str) -> tuple[str, list[Row]]:
    """The customer, and the open dossiers that the reminder is about."""
    kind = kind_of(target)
    if kind == "dossier":
        row = archive.the("dossier", target)
        return row["customer"], [row] if row["closed"] is None else []
    if kind == "customer":
        customer = archive.the("customer", target)["id"]
        rows = archive.catalogue.dossiers(customer)
        return customer, [row for row in rows if row["closed"] is None]
    raise NotKnown(
        f"{target} 不是客户档案或客户的编号", f"{target} is the id of no dossier or customer",
        "例如 D000001 或 C000001", "e.g. D000001 or C000001",
    )  # fmt: skip


def _lacks(
    archive: Archive, policy: Policy, calendar: Calendar, dossiers: Iterable[Row], today: date
) -> Iterator[dict[str, Any]]:
    for row in dossiers:
        if policy.find_dossier_type(row["type"]) is None:
            continue  # of a pack that is no longer adopted: nothing is required of it now
        for lack in missing(dossier_state(archive.catalogue, row), policy, calendar, today):
            yield {"dossier": row["id"], "dossier_type": row["type"], **lack_row(lack)}


def _chosen(policy: Policy, lacks: Sequence[dict[str, Any]], urged: Urged) -> list[dict[str, Any]]:
    """Those that were named, by id or title; all where none was."""
    if not lacks:
        raise BadRequest(
            f"{urged.target} 没有缺件，无须催办", f"nothing is missing in {urged.target}"
        )
    wanted = {policy.fold(name): name for name in urged.items}
    found = []
    for lack in lacks:
        names = set(map(policy.fold, (lack["item"], lack["title"], lack["title_en"])))
        if not urged.items or names & set(wanted):
            found.append(lack)
    told = {
        policy.fold(name)
        for lack in found
        for name in (lack["item"], lack["title"], lack["title_en"])
    }
    for form, name in wanted.items():
        if form not in told:
            zh = "、".join(dict.fromkeys(lack["title"] for lack in lacks))
            en = ", ".join(dict.fromkeys(lack["item"] for lack in lacks))
            raise BadRequest(
                f"{urged.target} 不缺 {name}", f"{urged.target} does not lack {name}",
                f"所缺：{zh}", f"missing: {en}",
            )  # fmt: skip
    return found


def _count(archive: Archive, dossier: str, day: date, index: int) -> int:
    """Which reminder for this dossier it is, by its day."""
    rows = archive.catalogue.reminders(dossier)
    return sum((row["day"], row["idx"]) <= (day.isoformat(), index) for row in rows)


# ── the note ──────────────────────────────────────────────────────────────────


def note_text(policy: Policy, made: Mapping[str, Any]) -> str:
    """What is still missing, in both languages: it is given to whoever was urged."""
    head = [f"{TITLE[0]}（第 {made['nth']} 次） / {TITLE[1]} no. {made['nth']}，{made['day']}"]
    for dossier, rows in _by_dossier(made["missing"]).items():
        zh, en = _type_words(policy, rows[0]["dossier_type"])
        head.append(f"{dossier} {zh} / {en}，{ASKED[0]} / {ASKED[1]}：")
        for number, row in enumerate(rows, 1):
            lacks, due = _words(policy, row)
            head.append(f"  {number}. {row['title']}：{lacks[0]}，{due[0]}（{row['clause']}）")
            head.append(f"     {row['title_en']}: {lacks[1]}, {due[1]}")
    return "\n".join(head)


def slip(policy: Policy, made: Mapping[str, Any], customer_name: str) -> Sheet:
    """The same on paper, with a line for whoever receives it; one table for each dossier."""
    facts = [
        ("客户 / customer", f"{made['customer']}　{customer_name}"),
        ("日期 / date", made["day"]),
        ("第几次 / number", str(made["nth"])),
        ("被催办人 / to", made["person"] or "　"),
        ("台账 / ledger entry", str(made["reminder"])),
    ]
    columns = {"number": "序号 / no.", "title": "资料 / paper", "lacks": "缺什么 / lacks",
               "due": "期限 / due", "clause": "条款 / clause"}  # fmt: skip
    heads = tuple(Column(head, head, name) for name, head in columns.items())
    sections = []
    for dossier, rows in _by_dossier(made["missing"]).items():
        zh, en = _type_words(policy, rows[0]["dossier_type"])
        lines = []
        for number, row in enumerate(rows, 1):
            lacks, due = (" / ".join(pair) for pair in _words(policy, row))
            title = f"{row['title']} / {row['title_en']}"
            lines.append({"number": number, "title": title, "lacks": lacks, "due": due,
                          "clause": row["clause"]})  # fmt: skip
        sections.append(Section(_both(f"{dossier}　{zh} / {en}"), heads, lines))
    notes = (
        "以上资料尚缺，请尽快补交。 / These papers are still missing; please hand them in.",
        "签收 / received：________________　　日期 / date：________________",
    )
    return Sheet(
        _both(" / ".join(TITLE)),
        tuple((_both(name), _both(value)) for name, value in facts),
        tuple(sections),
        tuple(map(_both, notes)),
    )


def _words(policy: Policy, row: Mapping[str, Any]) -> tuple[Words, Words]:
    """What a paper lacks, and by when it is due."""
    due = f"{row['due']} {row['due_at']}".strip() if row["due"] else ""
    late = row["overdue"]
    by = (
        (f"应于 {due} 前交" + "，已逾期" * late, f"due {due}" + ", overdue" * late)
        if due
        else ("期限未定", "no due date")
    )
    return lack_words(policy, row["lack"], row["detail"]), by


def _by_dossier(rows: Iterable[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["dossier"], []).append(row)
    return found


def _type_words(policy: Policy, dossier_type: str) -> Words:
    kind = policy.find_dossier_type(dossier_type)
    return (kind.zh, kind.en) if kind else (dossier_type, dossier_type)


def _both(words: str) -> Words:
    return words, words
