"""Filing years: to which year a paper of several years belongs.

Owns the answers of the `filing_year` rows.

Rules it keeps:
- A request with its reply belongs to the year the row for `request_reply` says; one without a
  reply follows the row for `request`.
- A date that decides and is not known is named; another date is never taken in its place.
- Where two regulations take another year for the same matter, the company decides:
  `filing_year.<matter>`, a pack's id or one of the words of `takes`.

    >>> from policies.policy import Policy
    >>> filing_year(Policy.adopt([], {}), Matter("plan", issued=date(2026, 3, 1))).year is None
    True
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from policies import keeping_rows
from policies.policy import Cited, Policy, Question
from policies.reach import clauses_of, distinct, pack_id, prevailing

__all__ = ["MATTERS", "TAKES_WORDS", "Matter", "Ruling", "filing_year", "unsettled"]


MATTERS = ("plan", "summary", "meeting", "request_reply", "request", "other")
_TAKEN_FROM = {
    "first_target_year": "first_target",
    "last_target_year": "last_target",
    "opening_year": "opened",
    "closing_year": "closed",
    "reply_year": "replied",
    "request_year": "requested",
    "issue_year": "issued",
    "completion_year": "completed",
}
TAKES_WORDS = {
    "first_target_year": ("所针对的第一年", "the first year it targets"),
    "last_target_year": ("所针对的最后一年", "the last year it targets"),
    "opening_year": ("开幕年", "the year it opened"),
    "closing_year": ("闭幕年", "the year it closed"),
    "reply_year": ("复文年", "the year of the reply"),
    "request_year": ("请示年", "the year of the request"),
    "issue_year": ("签发年", "the year of issue"),
    "completion_year": ("办结年", "the year it was completed"),
}
_MATTER_WORDS = {
    "plan": ("跨年度的规划", "a plan of several years"),
    "summary": ("跨年度的总结", "a summary of several years"),
    "meeting": ("跨年度的会议文件", "papers of a meeting across years"),
    "request_reply": ("跨年度的请示与批复", "a request and its reply"),
    "request": ("没有复文的请示", "a request without a reply"),
    "other": ("其他文件", "other papers"),
}


@dataclass(frozen=True, slots=True)
class Matter:
    """What a paper is about in time. `kind` is one of `MATTERS`; dates not known are None.

    `first_target` and `last_target` are any days in the first and last year a plan or summary
    is about.
    """

    kind: str
    issued: date | None = None
    opened: date | None = None
    closed: date | None = None
    first_target: date | None = None
    last_target: date | None = None
    requested: date | None = None
    replied: date | None = None
    completed: date | None = None

    @property
    def ruled_as(self) -> str:
        """The matter whose row applies: a request is one with a reply as soon as there is one."""
        if self.kind in ("request", "request_reply"):
            return "request_reply" if self.replied else "request"
        return self.kind


@dataclass(frozen=True, slots=True)
class Ruling:
    """The year a paper belongs to, and who says so.

    Without a `year`, `lacks` names the date that is not known, or `open` the question that is
    not answered.
    """

    year: int | None = None
    takes: str = ""
    clause: str = ""
    pack: str = ""
    lacks: str = ""
    open: tuple[Question, ...] = ()


def filing_year(policy: Policy, matter: Matter) -> Ruling:
    """To which year the paper belongs; a year, what is missing for one, or an open question."""
    kind = matter.ruled_as
    takes, clause, pack = _settled_year(policy, kind)
    if not takes:
        return Ruling(open=tuple(_year_questions(policy, kind)))
    day: date | None = getattr(matter, _TAKEN_FROM[takes])
    if day is None:
        return Ruling(takes=takes, clause=clause, pack=pack, lacks=_TAKEN_FROM[takes])
    return Ruling(day.year, takes, clause, pack)


def unsettled(policy: Policy) -> Iterator[Question]:
    """Where adopted packs take another year for one matter."""
    for kind in distinct(cited.row.matter for cited in policy.rows(keeping_rows.FilingYear)):
        if not _settled_year(policy, kind)[0]:
            yield from _year_questions(policy, kind)


def _year_rows(policy: Policy, kind: str) -> dict[str, Cited[keeping_rows.FilingYear]]:
    """Pack → its rule for this matter; the company's alone where it has one."""
    rows = [cited for cited in policy.rows(keeping_rows.FilingYear) if cited.row.matter == kind]
    own = [cited for cited in rows if cited.company]
    return {cited.pack: cited for cited in own or rows}


def _settled_year(policy: Policy, kind: str) -> tuple[str, str, str]:
    """What the matter takes, the clause and the pack; three empty texts while it is open."""
    by_pack = _year_rows(policy, kind)
    said = policy.setting(f"filing_year.{kind}")
    if said in _TAKEN_FROM:
        same = [cited for cited in by_pack.values() if cited.row.takes == said]
        return (said, same[0].row.clause, same[0].pack) if same else (said, "", "")
    chosen = prevailing(by_pack, said)
    if chosen is None and len({cited.row.takes for cited in by_pack.values()}) == 1:
        chosen = next(iter(by_pack.values()))
    return (chosen.row.takes, chosen.row.clause, chosen.pack) if chosen else ("", "", "")


def _year_questions(policy: Policy, kind: str) -> Iterator[Question]:
    by_pack = _year_rows(policy, kind)
    zh, en = _MATTER_WORDS.get(kind, (kind, kind))
    if not by_pack:
        yield Question(
            f"filing_year.{kind}",
            f"采用的制度都没有规定“{zh}”归入哪一年",
            f"no adopted regulation says to which year belongs: {en}",
        )
        return
    rows = [cited.row for cited in by_pack.values()]
    said_zh = "；".join(f"{row.clause} {TAKES_WORDS[row.takes][0]}" for row in rows)
    said_en = "; ".join(f"{row.clause} {TAKES_WORDS[row.takes][1]}" for row in rows)
    packs = ", ".join(map(pack_id, by_pack))
    yield Question(
        f"filing_year.{kind}",
        f"各制度对“{zh}”归入哪一年规定不一：{said_zh}。请设为以何者为准（{packs}）",
        f"regulations disagree on the year of {en}: {said_en}; name what prevails ({packs})",
        clauses_of(row.clause for row in rows),
        contradiction=True,
    )
