"""Handing papers over (签收): which rule asks for a receipt, and what the receipt must say.

Owns the answer that `receipt` rows give for one handover. The receipt itself, its signatures and
its page are made elsewhere.

    >>> from policies.policy import Policy
    >>> receipt_terms(Policy.adopt([], {}), "handover", "new_car").both_sign
    True
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from policies.rule_rows import Receipt

if TYPE_CHECKING:
    from policies.policy import Cited, Policy


@dataclass(frozen=True, slots=True)
class ReceiptTerms:
    """What a receipt for this handover must say, and who asks for it.

    Both sides sign in any case: a receipt that only one side signed proves nothing to the other.
    """

    lists_missing: bool
    same_day: bool
    gates: tuple[str, ...]
    flow: tuple[str, ...]
    givers: tuple[str, ...]
    receivers: tuple[str, ...]
    clauses: tuple[str, ...]
    packs: tuple[str, ...]
    both_sign: bool = True


def receipt_rules(
    policy: Policy, occasion: str, dossier_type: str | None = None
) -> tuple[Cited[Receipt], ...]:
    """The rows that speak of this occasion: handover, transfer, lend, return, leaving, dispatch."""
    kind = policy.dossier_types.get(dossier_type or "")

    def applies(row: Receipt) -> bool:
        return (
            (not row.occasions or occasion in row.occasions)
            and (not row.dossier_types or dossier_type in row.dossier_types)
            and (not row.series or (kind is not None and kind.series in row.series))
        )

    return tuple(cited for cited in policy.rows(Receipt) if applies(cited.row))


def receipt_terms(policy: Policy, occasion: str, dossier_type: str | None = None) -> ReceiptTerms:
    """Everything the applying rows ask for together."""
    found = receipt_rules(policy, occasion, dossier_type)
    rows = [cited.row for cited in found]

    def every(name: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(word for row in rows for word in getattr(row, name)))

    return ReceiptTerms(
        lists_missing=any(row.lists_missing for row in rows),
        same_day=any(row.same_day for row in rows),
        gates=tuple(row.gate for row in rows if row.gate),
        flow=every("flow"),
        givers=every("givers"),
        receivers=every("receivers"),
        clauses=tuple(dict.fromkeys(row.clause for row in rows)),
        packs=tuple(dict.fromkeys(cited.pack for cited in found)),
    )
