"""Rulings on loans: what the regulations in force say of who may borrow what, and for how long.

It changes nothing.

Rules it keeps:
- No rule, no loan. The decision on a dossier joins those on its records: all must allow, and the
  steps of all are taken in order, each once.
- Approval is not knowledge: whoever borrows must also belong to those who may know the grade. An
  approval by somebody whom the regulation lets name people, or let them know, names him for this
  loan; a paper of his own or of his department concerns him. Papers under a need-to-know list are
  lent to those on it, and to whom somebody names who may.
- No loan is longer than the shortest period that a regulation gives; where one is left open and the
  company has not said it, there is no loan.

    ruling = rule(policy, dossier, records, Wish("borrow"), Reader("lin", "own_dept", roles))
    ruling.decision.steps
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from archivist.errors import BadRequest, NotKnown
from archivist.loan_book import kind_of_loan, moves_paper, records_of, terms_for
from archivist.loan_desk import REASONS, Denied
from archivist.records import kind_of, target_of
from archivist.regulations import days_said, roles_held, roles_meant
from index.catalogue_view import key_form
from policies import rule_rows
from policies.approvals import Decision, Request, decide, joined
from policies.lending import Terms, knows, who_may_know
from policies.reach import role_words

if TYPE_CHECKING:
    from archivist.archive import Archive
    from index.catalogue import Row
    from policies.policy import Cited, Policy
    from policies.rule_rows import Knowledge

APPROVAL_DAYS = "loan_approval_days"  # the company's setting: how long an approval holds
DEFAULT_APPROVAL_DAYS = 30
PURPOSES = {
    "inspection": ("检查", "主管部门检查"),
    "temporary": ("临时借用",),
}


@dataclass(frozen=True, slots=True)
class Reader:
    """Who borrows: a person here (`name`), or somebody from outside, whose name is in a card."""

    name: str | None
    relation: str
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wish:
    """In which form papers are wanted, and for which purpose, where that is a code."""

    form: str
    purpose: str = ""


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the regulations say of a loan: the papers, who decides, and on what terms."""

    reader: Reader
    dossier: Row
    records: tuple[Row, ...]
    decision: Decision
    terms: Terms

    @property
    def clauses(self) -> list[str]:
        """The clauses that the ledger cites."""
        return list(dict.fromkeys((*self.decision.clauses, *self.terms.clauses)))

    @property
    def packs(self) -> list[str]:
        """The packs that the ledger cites."""
        return list(dict.fromkeys((*self.decision.packs, *self.terms.packs)))

    @property
    def steps(self) -> list[dict[str, str]]:
        """The steps as an entry has them."""
        return [{"role": step.role, "act": step.act} for step in self.decision.steps]


# ── the question to the regulations ───────────────────────────────────────────


def papers_of(archive: Archive, target: str) -> tuple[Row, list[Row]]:
    """The dossier and the records that a target means. Raises NotKnown, BadRequest."""
    kind = kind_of(target)
    if kind == "record":
        record = archive.the("record", target)
        return archive.the("dossier", record["dossier"]), [record]
    if kind != "dossier":
        raise NotKnown(
            f"{target} 不是档案或客户档案的编号", f"{target} is no record and no dossier",
            "如 R00000001 或 D000001", "as R00000001 or D000001",
        )  # fmt: skip
    records = [archive.the("record", row["id"]) for row in archive.catalogue.records(target)]
    if not records:
        raise BadRequest(f"{target} 中还没有资料", f"there is nothing in {target} to lend")
    return archive.the("dossier", target), records


def purpose_code(policy: Policy, text: str) -> str:
    """The code of a purpose that rules speak of, or "" for any other."""
    known = {code for cited in policy.rows(rule_rows.Approval) for code in cited.row.purposes}
    for code in sorted(known | set(PURPOSES)):
        if policy.fold(text) in map(policy.fold, (code, *PURPOSES.get(code, ()))):
            return code
    return ""


def reader_here(archive: Archive, policy: Policy, name: str, dossier: Row) -> Reader:
    """A person here as a borrower: how he stands to the dossier, and his roles.

    Raises Denied for somebody who left.
    """
    row = archive.catalogue.person(name)
    if row is None or row["left_at"]:
        raise Denied("borrower-left")
    kind = policy.find_dossier_type(dossier["type"])
    wanted = key_form(name)
    named = [dossier["keys"].get(key.id, "") for key in kind.keys if key.role] if kind else []
    customer = archive.catalogue.customer(dossier["customer"])
    named.append((customer or {}).get("owner") or "")
    relation = "other_dept"
    if any(key_form(str(word)) == wanted for word in named):
        relation = "owner"
    elif kind and kind.department and row["department"] == kind.department:
        relation = "own_dept"
    return Reader(name, relation, tuple(sorted(roles_meant(policy, row["roles"]))))


def reader_of_loan(archive: Archive, policy: Policy, row: Row) -> Reader:
    """The borrower of a loan as he stands now. Raises Denied for somebody who left."""
    if row["person"] is None:
        return Reader(None, row["relation"])
    return reader_here(archive, policy, row["person"], archive.the("dossier", row["dossier"]))


def rule(
    policy: Policy, dossier: Row, records: Sequence[Row], wish: Wish, reader: Reader
) -> Ruling:
    """What the regulations say. Raises Denied: no rule, forbidden, open, or not to know."""
    decision = joined(
        decide(
            policy,
            Request(wish.form, record["grade"], reader.relation, record["type"], dossier["type"],
                    purpose=wish.purpose or None, roles=reader.roles),
        )
        for record in records
    )  # fmt: skip
    if not decision.allowed:
        assert decision.why is not None
        raise Denied(
            decision.why.code, decision.why.zh, decision.why.en,
            hint=(f"查问：archivist ask approval {wish.form}",
                  f"ask: archivist ask approval {wish.form}"),
        )  # fmt: skip
    kind = kind_of_loan(wish.form, wish.purpose)
    grades = [record["grade"] for record in records]
    terms = terms_for(policy, kind, reader.relation, grades, dossier["type"])
    return Ruling(reader, dossier, tuple(records), decision, terms)


def rule_again(archive: Archive, policy: Policy, row: Row, reader: Reader) -> Ruling:
    """The ruling on a loan as things stand now. Raises Denied when it is another one."""
    records = records_of(archive, row)
    wish = Wish(row["form"], row["purpose"])
    ruling = rule(policy, archive.the("dossier", row["dossier"]), records, wish, reader)
    if ruling.steps != row["steps"] or ruling.decision.separate != bool(row["separate"]):
        raise Denied("rules-changed")
    return ruling


# ── who may know ──────────────────────────────────────────────────────────────


def check_knows(archive: Archive, policy: Policy, ruling: Ruling, approvers: Sequence[str]) -> None:
    """Raises Denied unless the borrower may know every paper, with these approvals given."""
    held = [roles_held(archive.catalogue, policy, name) for name in approvers]
    _check_known(archive, policy, ruling, held)


def check_could_know(archive: Archive, policy: Policy, ruling: Ruling) -> None:
    """Raises Denied unless the borrower may know every paper once all steps are taken."""
    could = [frozenset(step.means) for step in ruling.decision.steps]
    _check_known(archive, policy, ruling, could)


def _check_known(
    archive: Archive, policy: Policy, ruling: Ruling, approved_by: Sequence[frozenset[str]]
) -> None:
    """`approved_by` are the roles of each who approves."""
    keys = dict.fromkeys((record["grade"], record["key"]) for record in ruling.records)
    for grade, key in keys:
        rows = who_may_know(policy, grade)
        namers = {
            role
            for cited in rows
            if cited.row.who != "standing"
            for by in cited.row.by
            for role in policy.who_is(by)
        }
        by_approval = any(namers & roles for roles in approved_by)
        if not _may_know(archive, policy, ruling.reader, (grade, key), by_approval, namers):
            raise _not_to_know(policy, rows)


def _may_know(
    archive: Archive,
    policy: Policy,
    reader: Reader,
    kept: tuple[str, str],
    by_approval: bool,
    namers: Collection[str],
) -> bool:
    """Whether a reader may know papers of a grade that are sealed by a key.

    Where a need-to-know list limits them, the regulation's general words (whose work it concerns,
    who is in charge) are not enough: he stands on the list, or who may name people approves.
    """
    grade, key = kept
    listed = target_of(key) is not None
    on_list = listed and any(row["person"] == reader.name for row in _holders(archive, key))
    named = on_list or by_approval
    if listed and not named:
        return False
    return knows(
        policy,
        grade,
        reader.roles,
        named=named,
        delegated=named or bool(set(namers) & set(reader.roles)),
        concerned=named or reader.relation in ("owner", "own_dept", "authority"),
    )


def _holders(archive: Archive, key: str) -> list[Row]:
    return archive.catalogue.clearances(key)


def _not_to_know(policy: Policy, rows: Sequence[Cited[Knowledge]]) -> Denied:
    words = [role_words(policy, by) for cited in rows for by in cited.row.by]
    clauses = "、".join(dict.fromkeys(cited.row.clause for cited in rows))
    zh, en = REASONS["not-to-know"]
    return Denied(
        "not-to-know",
        f"{zh}（{clauses}）" if clauses else zh,
        f"{en} ({clauses})" if clauses else en,
        hint=(
            "由" + "、".join(zh for zh, _ in words) + "决定谁可以知悉" if words else "",
            "who may know is said by " + ", ".join(en for _, en in words) if words else "",
        ),
    )


# ── how long ──────────────────────────────────────────────────────────────────


def approval_days(policy: Policy) -> int:
    """For how many days an approval holds: the company's word, else thirty. Raises BadRequest."""
    return days_said(policy, APPROVAL_DAYS, DEFAULT_APPROVAL_DAYS)


def check_period(ruling: Ruling) -> None:
    """Raises Denied, with the open question, where a period is demanded and nobody set it."""
    if ruling.terms.open:
        question = ruling.terms.open[0]
        raise Denied(
            "period-open",
            f"{REASONS['period-open'][0]}：{question.zh}",
            f"{REASONS['period-open'][1]}: {question.en}",
            hint=(f"在 archive.toml 的 [company] 写 {question.setting}",
                  f"set {question.setting} in [company] of archive.toml"),
        )  # fmt: skip


def last_day(ruling: Ruling, start: date) -> date | None:
    """The last day that a loan from `start` may last; None where no rule limits it from there."""
    terms = ruling.terms
    if terms.days is None or terms.due_after:
        return None  # with `due_after` the days run from the event
    return start + timedelta(days=terms.days)


def check_until(ruling: Ruling, until: date | None, start: date, form: str) -> None:
    """Whether a loan from `start` may last until a day. Raises BadRequest, Denied (period open)."""
    check_period(ruling)
    limit = last_day(ruling, start)
    if until is not None and until < start:
        raise BadRequest("归还日期在借出之前", "it would be due before it is lent")
    if until is not None and limit is not None and until > limit:
        raise BadRequest(
            f"最迟 {limit.isoformat()} 归还", f"it is due by {limit.isoformat()} at the latest",
            f"--until {limit.isoformat()}", f"--until {limit.isoformat()}",
        )  # fmt: skip
    demanded = ruling.decision.due_date or "due_date" in ruling.terms.demands or moves_paper(form)
    if until is None and limit is None and not ruling.terms.due_after and demanded:
        raise BadRequest(
            "须写明归还日期", "a return date must be given", "加上 --until 日期", "add --until DATE"
        )


def entry_fields(ruling: Ruling) -> dict[str, Any]:
    """Clauses and packs of a ruling, as an entry has them."""
    return {"clauses": ruling.clauses, "packs": ruling.packs}
