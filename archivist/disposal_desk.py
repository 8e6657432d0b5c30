"""The desk for acts on disposals: the clock is looked at, and what is refused is recorded first.

Owns the ledger act `disposal-denied`, and the reason codes of whatever speaks against a disposal:
at the desk (`Denied`), of one record or at the gate (`Refusal`). It changes no disposal itself.

Rules it keeps:
- What somebody tried and may not is recorded before he is told (`archivist.denials`).
- A step that the life of a disposal does not know changes nothing and is no entry.
- Words name ids, days and roles, never a title or a customer.

    with at_the_desk(archive, now, "zhao", "approve", {"disposal": "X000001"}) as desk:
        raise Denied("self-approval")     # an entry, then NotAllowed
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from archivist.denials import CLOCK_SET_BACK, Denial, clock_problem, recording
from archivist.errors import NotAllowed
from policies import disposal_life

if TYPE_CHECKING:
    from archivist.archive import Archive, Desk

Words = tuple[str, str]

# Reason codes in words. Ids and codes stand in the ledger, never these.
REASONS: Mapping[str, Words] = {
    # of a record: what cannot be proposed, and what stops it at the gate
    "held": ("已冻结，不得销毁", "it is held and must not be destroyed"),
    "on-loan": ("借阅未还", "it is on loan"),
    "loan-asked": ("有人申请借阅，尚未办结", "a loan of it is asked for and not settled"),
    "in-disposal": ("已在另一份销毁之中", "it is in another disposal already"),
    "refused-before": ("上次提出未获批准，须由人员提出",
                       "it was refused or withdrawn before: a person has to propose it"),
    "permanent": ("永久保管", "it is kept for ever"),
    "not-run-out": ("保管期限未满", "its period has not run out"),
    "kept": ("鉴定决定续存", "an appraisal keeps it"),
    "waits": ("保管期限尚未起算", "its period has not begun to run"),
    "period-open": ("保管期限未定", "nobody said how long it is kept"),
    "legal-floor": ("法定最低保管期限未满，可以先限制处理",
                    "a legal minimum period has not run out; its use can be restricted meanwhile"),
    "record-gone": ("档案已不存在", "the record is not there any more"),
    "record-damaged": ("目录与台账不符", "the catalogue and the ledger disagree about it"),
    "record-changed": ("鉴定后内容有变", "it changed since the appraisal"),
    "regraded": ("鉴定后密级或密钥有变", "its grade or key changed since the appraisal"),
    "nothing-to-propose": ("没有可以提出的", "nothing of this can be proposed"),
    # of the rules
    "no-rule": ("没有制度规定谁可以批准", "no adopted regulation says who may approve it"),
    "forbidden": ("制度不允许", "the regulation forbids it"),
    "contradiction": ("各制度规定不一，公司尚未决定", "regulations disagree and nobody decided"),
    "rules-changed": ("鉴定后制度有变，请重新鉴定",
                      "regulations changed since the appraisal; appraise anew"),
    # of the appraisal
    "not-appraiser": ("不是鉴定小组的成员", "this is no member of the appraisal group"),
    "not-cleared": ("没有该密级的涉密权限，看不到原文，不能鉴定",
                    "whoever appraises it must be able to open it: not cleared"),
    "not-appraised": ("鉴定尚未完成", "the appraisal is not complete"),
    "altered-opinion": ("鉴定意见的签名不符", "an opinion's signature does not hold"),
    "nothing-to-destroy": ("没有可以销毁的档案", "nothing is left to be destroyed"),
    # of the approvals
    "self-approval": ("提出人不能批准", "whoever proposed it cannot approve it"),
    "same-person": ("各步须由不同的人批准", "every step is another person's"),
    "wrong-order": ("还没有轮到这一步", "the step before is not taken yet"),
    "wrong-role": ("这一步不由其职务批准", "this step belongs to another role"),
    "role-open": ("公司还没有写明这一步由谁批准", "the company has not said whose step this is"),
    "expired-approval": ("已有的批准过期，请重新鉴定后再批准",
                         "an approval has expired; an opinion given anew begins them afresh"),
    "approval-of-another-disposal": ("批准是给另一份销毁的", "an approval is another disposal's"),
    "altered-approval": ("批准的签名不符", "an approval's signature does not hold"),
    "list-changed": ("批准之后清单有变", "the list changed after it was approved"),
    "approver-left": ("批准人已离职", "somebody who approved it has left"),
    "not-approved": ("还没有批准", "it is not approved yet"),
    "not-the-proposer": ("不是提出人", "this is not who proposed it"),
    # of time and people
    CLOCK_SET_BACK: ("本机时钟早于台账最新一条，销毁暂停办理",
                     "this machine's clock stands before the newest ledger entry"),
    "cooling-off": ("冷静期未满", "the cooling-off days are not over"),
    "executor-took-part": ("执行人不能是提出人或批准人",
                           "whoever proposed or approved it cannot execute it"),
    "witnesses-missing": ("监销人不足", "more witnesses are needed"),
    "witness-took-part": ("监销人不能是提出人、批准人或执行人",
                          "a witness has no other part in it"),
    "unknown-person": ("没有这个人员", "there is no such person"),
    "person-left": ("已离职", "the person has left"),
}  # fmt: skip


class Denied(Denial):
    """Somebody tried what a disposal does not allow: `code` is recorded, the words are told."""

    def __init__(self, code: str, more: Words = ("", ""), hint: Words = ("", "")):
        super().__init__(code, _joined(REASONS[code], more), hint)


@dataclass(frozen=True, slots=True)
class Refusal:
    """What speaks against destroying: `code`, in words, the clauses, and the record or person it
    is about where it is about one."""

    code: str
    zh: str
    en: str
    clauses: tuple[str, ...] = ()
    record: str | None = None
    person: str | None = None


def refusal(
    code: str,
    more: Words = ("", ""),
    clauses: Sequence[str] = (),
    record: str | None = None,
    person: str | None = None,
) -> Refusal:
    """A refusal with the words of its code, and `more` of them."""
    zh, en = _joined(REASONS[code], more)
    return Refusal(code, zh, en, tuple(clauses), record, person)


def _joined(words: Words, more: Words) -> Words:
    return (f"{words[0]}：{more[0]}" if more[0] else words[0],
            f"{words[1]}: {more[1]}" if more[1] else words[1])  # fmt: skip


@contextmanager
def at_the_desk(
    archive: Archive, now: datetime, who: str, tried: str, subject: dict[str, str]
) -> Iterator[Desk]:
    """The writer's desk for an act on a disposal. What is denied inside is recorded, then raised.

    MUST deny before anything is planned: the entry that says so stands alone.
    """
    with recording(archive, now, who, "disposal-denied", tried, subject) as desk:
        if hint := clock_problem(archive, now):
            raise Denied(CLOCK_SET_BACK, hint=hint)
        yield desk


def next_state(state: str, act: str, to: str | None = None) -> str:
    """The state after an act. Raises NotAllowed, in words, for an illegal step."""
    try:
        return disposal_life.step(state, act, to)
    except disposal_life.IllegalStep as error:
        raise NotAllowed(error.zh, error.en) from None
