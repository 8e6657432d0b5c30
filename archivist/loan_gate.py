"""The gate of a loan: what is asked again at every act, and proved from the ledger each time.

Owns the checks that asking, approving, issuing and taking back share: which approvals hold, who may
take the next step, who keeps the papers, where the original is. It changes nothing.

Rules it keeps: approvals are read from the ledger's entries and verified one by one, never taken
from the catalogue. Who approves, who borrows and who hands out are told apart.

    proven(archive, policy, row, now)          # ["zhao", "wang"], or Denied
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from archivist import loan_proofs, regulations, step_proofs
from archivist.loan_book import LOST, moves_paper, originals_out, the_loan
from archivist.loan_desk import Denied
from archivist.statements import ledger_keys
from policies.pack_rows import Role
from policies.reach import role_words

if TYPE_CHECKING:
    from archivist.archive import Archive
    from index.catalogue import Row
    from policies.approvals import Decision
    from policies.policy import Policy

CUSTODIANS = frozenset({"archivist", "clerk", "archive_clerk"})  # 档案管理员, in every archive


def check_not_lent(archive: Archive, form: str, records: Sequence[str]) -> None:
    """Raises Denied when the paper of one of these is with somebody, or lost."""
    if not moves_paper(form):
        return
    out = originals_out(archive)
    for record in records:
        if record in out:
            row = the_loan(archive, out[record])
            code = "lost" if row["state"] == LOST else "already-lent"
            raise Denied(
                code,
                f"{record} 的原件{'已遗失' if code == 'lost' else '已借出'}（{row['id']}）",
                f"the original of {record} is {'lost' if code == 'lost' else 'lent already'} "
                f"({row['id']})",
                hint=(f"查看：archivist loan show {row['id']}",
                      f"see archivist loan show {row['id']}"),
            )  # fmt: skip


def proven(archive: Archive, policy: Policy, row: Row, now: datetime) -> list[str]:
    """Who took the steps so far, each approval verified against the ledger. Raises Denied.

    Signature and key, loan, request unchanged, step, order, role, not expired.
    """
    entries = loan_proofs.given(archive, row)
    keys = ledger_keys(archive, [entry.who for entry in entries])
    taken = step_proofs.proven(
        archive, policy, loan_proofs.LOAN, loan_proofs.asked_for(archive, row), entries,
        as_decision(policy, row), requester(row), keys, now,
    )  # fmt: skip
    if taken.problem is not None:
        raise Denied(_DENIED.get(taken.problem, "altered-approval"))
    return list(taken.people)


_DENIED = {
    "approval-of-another": "approval-of-another-loan",
    "request-changed": "approval-of-another-loan",
    "expired-approval": "expired-approval",
    "wrong-order": "wrong-order",
    "wrong-role": "wrong-role",
    "role-open": "role-open",
    "self-approval": "self-approval",
    "same-person": "same-person",
}


def check_signer(
    archive: Archive, policy: Policy, row: Row, name: str, earlier: Sequence[str]
) -> None:
    """Raises Denied unless this person may take the next step."""
    decision, roles = (
        as_decision(policy, row),
        regulations.roles_held(archive.catalogue, policy, name),
    )
    said = step_proofs.next_signer(policy, decision, name, roles, requester(row), earlier)
    if said is not None:
        raise Denied(_DENIED[said])


def requester(row: Row) -> str:
    """Who may not approve it himself: the borrower, or whoever asked for somebody from outside."""
    return str(row["person"] or row["asked_by"])


# ── who keeps ──────────────────────────────────────────────────────────────────


def check_custodian(archive: Archive, policy: Policy, row: Row, name: str) -> None:
    """Raises Denied unless this person keeps these papers, and has no part in the loan himself.

    Where no regulation says who keeps them, whoever has keys here does.
    """
    if name in (row["person"], row["asked_by"]):
        raise Denied("own-loan")
    dossier = archive.the("dossier", row["dossier"])
    kind = policy.find_dossier_type(dossier["type"])
    duties = policy.duties("keep", None, dossier["type"], kind.series if kind else None)
    roles = {role for c in duties for word in c.row.roles for role in policy.who_is(word)}
    departments = {home for c in duties for home in c.row.departments}
    person = archive.active(name)
    held = regulations.roles_meant(policy, person["roles"])
    if held & CUSTODIANS:
        return
    if duties and not (held & roles or _homes(policy, person, held) & departments):
        words = [role_words(policy, role)[0] for role in sorted(roles)]
        words += [row.zh for d, row in policy.departments.items() if d in departments]
        clauses = "、".join(dict.fromkeys(c.row.clause for c in duties))
        raise Denied(
            "not-custodian",
            f"{name} 不保管这份档案：由{'、'.join(words)}保管（{clauses}）",
            f"{name} does not keep these papers ({clauses})",
        )


def _homes(policy: Policy, person: Row, held: frozenset[str]) -> set[str]:
    """A person's department: his own, and those his roles belong to."""

    homes = {c.row.department for c in policy.rows(Role) if c.row.id in held and c.row.department}
    return {*homes, *([person["department"]] if person["department"] else [])}


def as_decision(policy: Policy, row: Row) -> Decision:
    """The steps of a loan's request, as a decision that `may_sign` can be asked of."""
    return step_proofs.as_decision(policy, row["steps"], bool(row["separate"]))
