"""The desk for acts on loans: the clock is looked at, and what is refused is recorded first.

Owns the ledger act `loan-denied` and its reason codes. Every act on a loan is done inside
`at_the_desk`; it changes no loan itself.

Rules it keeps:
- What somebody tried and may not is recorded before he is told: the act, a reason code, ids.
- A clock that was set back would make what expired valid again. No act on a loan is done while the
  machine's clock stands before the latest time in the ledger (`archivist.denials`).
- A step that the life of a loan does not know changes nothing and is no entry.

    with at_the_desk(archive, now, "lin", "issue", subject_of(row)) as desk:
        raise Denied("already-lent")      # an entry, then NotAllowed
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from archivist.archive import Archive, Desk, restricted_words
from archivist.denials import CLOCK_SET_BACK, Denial, clock_problem, recording
from archivist.errors import NotAllowed
from policies import loan_life

if TYPE_CHECKING:
    from index.catalogue import Row

# Acts by which papers are used, or used longer; to take them back is never refused.
USES = frozenset(("request", "approve", "issue", "renew", "excuse", "open"))

# Reason codes of `loan-denied`, in words. Ids and codes stand in the ledger, never these.
REASONS: Mapping[str, tuple[str, str]] = {
    "clock-set-back": ("本机时钟早于台账最新一条，借阅暂停办理",
                       "this machine's clock stands before the newest ledger entry"),
    "no-rule": ("没有制度规定谁可以批准", "no adopted regulation says who may approve it"),
    "forbidden": ("制度不允许", "the regulation forbids it"),
    "contradiction": ("各制度规定不一，公司尚未决定", "regulations disagree and nobody decided"),
    "not-to-know": ("借阅人不在该密级的知悉范围内",
                    "the borrower is not among those who may know the grade"),
    "borrower-left": ("借阅人已离职", "the borrower has left"),
    "self-approval": ("不能批准自己的借阅", "nobody approves a loan of his own"),
    "same-person": ("各步须由不同的人批准", "every step is another person's"),
    "wrong-order": ("还没有轮到这一步", "the step before is not taken yet"),
    "wrong-role": ("这一步不由其职务批准", "this step belongs to another role"),
    "role-open": ("公司还没有写明这一步由谁批准", "the company has not said whose step this is"),
    "expired-approval": ("已有的批准过期，请重新申请", "an approval has expired; ask anew"),
    "approval-of-another-loan": ("批准是给另一份借阅的", "an approval is another loan's"),
    "altered-approval": ("批准的签名不符", "an approval's signature does not hold"),
    "not-approved": ("还没有批准", "it is not approved yet"),
    "rules-changed": ("申请后制度、资料或密级有变，请重新申请",
                      "regulations, papers or grades changed since the request; ask anew"),
    "already-lent": ("原件已借出", "the original is lent already"),
    "lost": ("原件已遗失", "the original is lost"),
    "not-custodian": ("不是管档案的人", "this is not a custodian"),
    "own-loan": ("不能办理自己的借阅", "nobody issues, recalls or takes back his own loan"),
    "not-the-borrower": ("不是借阅人", "this is not the borrower"),
    "on-lent": ("资料在他人手中：制度不准转借",
                "the papers are in other hands: the regulation forbids to lend on"),
    "overdue": ("已经逾期，不能续借", "it is overdue and cannot be renewed"),
    "restricted": ("客户的个人信息已限制处理", "the customer's personal data is restricted"),
    "loan-over": ("借阅期限已过，不能再打开", "the loan is over: it opens nothing any more"),
    "period-open": ("借阅期限未定", "nobody said how long a loan lasts"),
}  # fmt: skip


class Denied(Denial):
    """Somebody tried what a loan does not allow: `code` is recorded, the words are told."""

    def __init__(self, code: str, zh: str = "", en: str = "", hint: tuple[str, str] = ("", "")):
        words = REASONS[code]
        super().__init__(code, (zh or words[0], en or words[1]), hint)


@contextmanager
def at_the_desk(
    archive: Archive, now: datetime, who: str, tried: str, subject: dict[str, str]
) -> Iterator[Desk]:
    """The writer's desk for an act on a loan. What is denied inside is recorded, then raised.

    MUST deny before anything is planned: the entry that says so stands alone.
    """
    with recording(archive, now, who, "loan-denied", tried, subject) as desk:
        check_clock(archive, now)
        if tried in USES:
            _check_unrestricted(archive, subject["customer"])
        yield desk


def _check_unrestricted(archive: Archive, customer: str) -> None:
    """Raises Denied while the customer's papers are only kept: nothing more is lent of them."""
    if customer in archive.catalogue.restricted():
        raise Denied("restricted", hint=restricted_words(customer)[2:])


def check_clock(archive: Archive, now: datetime) -> None:
    """Raises Denied while the clock stands before the newest entry. Needs a followed catalogue."""
    if hint := clock_problem(archive, now):
        raise Denied(CLOCK_SET_BACK, hint=hint)


def next_state(state: str, act: str, to: str | None = None) -> str:
    """The state after an act. Raises NotAllowed, in words, for an illegal step."""
    try:
        return loan_life.step(state, act, to)
    except loan_life.IllegalStep as error:
        raise NotAllowed(error.zh, error.en) from None


def subject_of(row: Row) -> dict[str, str]:
    """The ids that an entry on a loan names."""
    named = {name: row[name] for name in ("customer", "dossier", "record", "person") if row[name]}
    return {"loan": row["id"], **named}
