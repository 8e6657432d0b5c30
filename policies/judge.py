"""`judge`: one document, the clues, what the catalogue knows → accepted or refused.

Owns the order of questions and nothing else: defects, duplicates, an empty policy, the type,
the place, the grade. Clues come from `policies.routing`, the place from `policies.placing`, the
words of a refusal from `policies.verdicts`.

Rules it keeps:
- Order of routes: order by hand, cover, folders, file name, content. Dossier and type may come
  from different routes; the first that knows the type gives it.
- Only a sure route: content must show exactly one type, and lead to exactly one dossier.
- What a person orders by hand is done even for blank pages and closed dossiers, because a
  person looked; it is never done for a damaged file.
- Empty is not approval: without declared document types or without a grade nothing is filed.

    >>> from policies.policy import Policy
    >>> from policies.facts import Facts, Hints, Known, PageFacts
    >>> from policies.routing import read_clues
    >>> facts, nothing = Facts("image/png", ".png", 1, "0" * 64, (PageFacts("发票"),)), Hints()
    >>> policy = Policy.adopt([], {})
    >>> judge(facts, read_clues(facts, nothing, policy), Known(), policy).reason
    'no-policy'
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from policies import checklist, placing
from policies.errors import UnknownName
from policies.policy import GradeRuling, Policy
from policies.verdicts import Accepted, Refused, Suggestion, refuse

if TYPE_CHECKING:
    from policies.facts import DossierInfo, Facts, Known
    from policies.pack_rows import DocumentType
    from policies.placing import Place
    from policies.routing import Clues

__all__ = ["Accepted", "Refused", "Suggestion", "judge"]


def judge(facts: Facts, clues: Clues, known: Known, policy: Policy) -> Accepted | Refused:
    """Decide what becomes of one document.

    `facts` are of its own pages alone (after `split`), `clues` were read from them, `known` is
    what the catalogue answered to the clues. Never raises for any content of these values.
    """
    doc_type, type_route = _type(clues, policy)
    placed = placing.place(clues, known, policy, doc_type.id if doc_type else None)
    suggestion = _suggest(doc_type, placed)
    if reason := _unfit(facts, clues, known, policy):
        return refuse(reason, suggestion)
    if isinstance(placed, placing.Miss):
        return refuse(placed.reason, suggestion)
    if placed.dossier.closed and placed.route != "order":
        return refuse("dossier-closed", suggestion)
    if doc_type is None:
        reason = "ambiguous" if len(clues.content_types) > 1 else "unknown-type"
        return refuse(reason, suggestion)
    graded = _grade(clues, doc_type, policy)
    if isinstance(graded, str):
        return refuse(graded, suggestion, (doc_type.clause,))
    return _accept(placed, doc_type, type_route, graded, known, policy)


def _unfit(facts: Facts, clues: Clues, known: Known, policy: Policy) -> str | None:
    """The reason why this scan cannot be filed anywhere, whatever its place."""
    by_hand = clues.order is not None
    if facts.defect is not None:
        return facts.defect
    if not facts.pages:
        return "empty"
    if known.duplicate_of and not (clues.order and clues.order.despite_duplicate):
        return "duplicate"
    if not policy.document_types:
        return "no-policy"
    if not by_hand and all(page.blank for page in facts.pages):
        return "blank"
    return None


def _type(clues: Clues, policy: Policy) -> tuple[DocumentType | None, str]:
    """The document type and the route that named it.

    An order or a cover that names an unknown type ends the search: somebody meant something,
    and a weaker route would file it as something else.
    """
    if clues.order and clues.order.doc_type:
        return policy.find_type(clues.order.doc_type), "order"
    if clues.cover and clues.cover.doc_type:
        return policy.find_type(clues.cover.doc_type), "cover"
    if clues.folder_type:
        return policy.document_types[clues.folder_type], "folders"
    if clues.name_type:
        return policy.document_types[clues.name_type], "file-name"
    if len(clues.content_types) == 1:
        return policy.document_types[clues.content_types[0]], "content"
    return None, ""


def _suggest(doc_type: DocumentType | None, placed: Place | placing.Miss) -> Suggestion:
    type_id = doc_type.id if doc_type else None
    if isinstance(placed, placing.Miss):
        return Suggestion(placed.customer, None, type_id)
    return Suggestion(placed.dossier.customer, placed.dossier.id, type_id)


def _grade(clues: Clues, doc_type: DocumentType, policy: Policy) -> GradeRuling | str:
    """The grade ordered by hand, else the default; or the reason of refusal."""
    if clues.order and clues.order.grade:
        try:
            return GradeRuling(policy.grade(clues.order.grade), ())
        except UnknownName:
            return "unknown-grade"
    return policy.default_grade(doc_type.id) or "policy-incomplete"


def _accept(
    placed: Place,
    doc_type: DocumentType,
    type_route: str,
    graded: GradeRuling,
    known: Known,
    policy: Policy,
) -> Accepted:
    dossier = placed.dossier
    routes = dict.fromkeys([*placed.route.split("+"), type_route])
    clauses = dict.fromkeys([*_item_clauses(doc_type, dossier, policy), *graded.clauses])
    return Accepted(
        customer=dossier.customer,
        dossier=dossier.id,
        doc_type=doc_type.id,
        grade=graded.grade.code,
        title=doc_type.zh,
        route="+".join(routes),
        lacks=_lacks(doc_type, dossier, known, policy),
        clauses=tuple(clauses),
        packs=policy.packs,
    )


def _item_clauses(doc_type: DocumentType, dossier: DossierInfo, policy: Policy) -> tuple[str, ...]:
    dossier_type = policy.dossier_types.get(dossier.type)
    items = dossier_type.items if dossier_type else ()
    asking = tuple(item.clause for item in items if doc_type.id in item.types)
    return asking or (doc_type.clause,)


def _lacks(
    doc_type: DocumentType, dossier: DossierInfo, known: Known, policy: Policy
) -> tuple[str, ...]:
    dossier_type = policy.dossier_types.get(dossier.type)
    if dossier_type is None:
        return ()
    fields = next((c.fields for c in known.customers if c.id == dossier.customer), {})
    return checklist.lacking(dossier_type, dossier.have | {doc_type.id}, fields, dossier.keys)
