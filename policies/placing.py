"""Placing: which dossier do the clues mean, given what the catalogue knows?

Owns the order of routes for the dossier (order by hand, cover, folders, file name, content)
and the rule that only a sure place is a place. The first route that names a dossier decides;
the later ones may narrow what it left open, and the words a person wrote may not contradict.

Rules it keeps:
- A folder or file name that names a customer or dossier nobody registered is not ignored in
  favour of the content: whoever wrote it meant something. Dates and counters mean nothing.
- A number whose check digit is wrong counts all the same when it equals a registered key
  exactly. A number with a right check digit that is registered nowhere tells that the paper
  concerns another vehicle or customer, so no dossier may be chosen for it by elimination.
- Elimination ("the only open dossier whose checklist takes this type") may choose among the
  dossiers of one customer or one vehicle, never between customers.

    >>> from policies.facts import Known
    >>> from policies.policy import Policy
    >>> from policies.routing import Clues
    >>> place(Clues(), Known(), Policy.adopt([], {}), "invoice_copy")
    Miss(reason='no-route', customer=None)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from policies import routing
from policies.identifiers import VIN, find_identifiers

if TYPE_CHECKING:
    from policies.facts import DossierInfo, Known
    from policies.policy import Policy
    from policies.routing import Clues

Number = tuple[str, str]
"""Kind and value of an identifying number; kind "" for one without a known shape."""

SHORTEST_KEY = 6
"""Shorter registered values (`yes`, a form of address) identify nobody."""


@dataclass(frozen=True, slots=True)
class Place:
    """The one dossier, and the route that led there."""

    dossier: DossierInfo
    route: str


@dataclass(frozen=True, slots=True)
class Miss:
    """No sure place: the reason, and the customer if that much is known."""

    reason: str
    customer: str | None = None


@dataclass(frozen=True, slots=True)
class _Named:
    """What the words of one route name: ids of customers and dossiers, a dossier type."""

    customers: frozenset[str] = frozenset()
    dossiers: frozenset[str] = frozenset()
    kind: str | None = None
    miss: str | None = None

    def meet(self, other: _Named) -> _Named:
        customers = _meet(self.customers, other.customers)
        dossiers = _meet(self.dossiers, other.dossiers)
        clash = customers is None or dossiers is None
        return _Named(
            customers or frozenset(),
            dossiers or frozenset(),
            self.kind or other.kind,
            "ambiguous" if clash else self.miss or other.miss,
        )


def _meet(one: frozenset[str], other: frozenset[str]) -> frozenset[str] | None:
    """What both allow, an empty set allowing all; None when they contradict each other."""
    if not one or not other:
        return one or other
    return one & other or None


def place(clues: Clues, known: Known, policy: Policy, doc_type: str | None) -> Place | Miss:
    """The dossier the clues mean, or why there is none.

    `doc_type` is the document type already found; it helps to choose among the dossiers of one
    customer or vehicle.
    """
    if clues.order and clues.order.dossier:
        return _by_id(clues.order.dossier, known, policy, "order")
    if clues.cover:
        if clues.cover.contested:
            return Miss("ambiguous")
        return _by_id(clues.cover.dossier, known, policy, "cover")
    words = _Words(known, policy)
    folders = words.of_folders(clues.folders)
    if folders.miss:
        return Miss(folders.miss, _only(folders.customers))
    name = words.of_name(clues)
    if name.miss:
        return Miss(name.miss, _only(name.customers))
    return _Chooser(clues, known, policy, doc_type).follow(folders, name)


def _by_id(word: str, known: Known, policy: Policy, route: str) -> Place | Miss:
    wanted = policy.fold(word)
    found = [dossier for dossier in known.dossiers if policy.fold(dossier.id) == wanted]
    return Place(found[0], route) if found else Miss("unknown-dossier")


class _Words:
    """What words of folders and file names name, by id, customer's name or registered key."""

    def __init__(self, known: Known, policy: Policy) -> None:
        self._policy = policy
        self._owner = {dossier.id: dossier.customer for dossier in known.dossiers}
        self._dossiers: dict[Number, set[str]] = {}
        self._customers: dict[Number, set[str]] = {}
        for dossier in known.dossiers:
            for number in {("", policy.fold(dossier.id)), *_own_numbers(dossier, policy)}:
                self._dossiers.setdefault(number, set()).add(dossier.id)
        for customer in known.customers:
            names = {("", policy.fold(customer.id)), ("", policy.fold(customer.name))}
            for number in names | numbers(customer.fields, policy):
                self._customers.setdefault(number, set()).add(customer.id)

    def of_folders(self, words: tuple[str, ...]) -> _Named:
        """Every folder must name something: the first that does not is the miss."""
        named = _Named()
        for position, word in enumerate(words):
            more = self._named(word)
            if more is None:
                if named.dossiers:
                    reason = "unknown-type"
                else:
                    reason = "unknown-customer" if position == 0 else "unknown-dossier"
                return _Named(named.customers, named.dossiers, named.kind, reason)
            named = named.meet(more)
        return named

    def of_name(self, clues: Clues) -> _Named:
        """File names hold noise, so an unknown word is a miss only where it must be a name.

        That is: before a word that names something, between customer and type, or when it has
        the form of a number of this archive.
        """
        named, strangers = _Named(), 0
        for word in clues.name_words:
            more = self._named(word)
            if more is not None:
                if strangers and more.customers and not named.customers:
                    return _Named(more.customers, miss="unknown-customer")
                named = named.meet(more)
            elif named.customers and (clues.name_type or routing.looks_like_number(word)):
                return _Named(named.customers, named.dossiers, miss="unknown-dossier")
            elif routing.looks_like_number(word):
                return _Named(miss="unknown-customer")
            else:
                strangers += 1
        return named

    def _named(self, word: str) -> _Named | None:
        own = _numbers_in(word, self._policy)
        dossiers = frozenset(d for number in own for d in self._dossiers.get(number, ()))
        customers = frozenset(c for number in own for c in self._customers.get(number, ()))
        if not dossiers and not customers:
            kind = self._policy.find_dossier_type(word)
            return _Named(kind=kind.id) if kind else None
        # A dossier names its customer too, unless the word already names customers itself.
        return _Named(customers or frozenset(self._owner[d] for d in dossiers), dossiers)


class _Chooser:
    """Chooses one dossier from those that were named, or says why it cannot."""

    def __init__(self, clues: Clues, known: Known, policy: Policy, doc_type: str | None) -> None:
        self._known = known
        self._policy = policy
        self._doc_type = doc_type
        self._on_page = frozenset((one.kind, one.value) for one in clues.identifiers)
        self._keys = {d.id: _own_numbers(d, policy) for d in known.dossiers}
        vehicles = {
            (one.kind, one.value) for one in clues.identifiers if one.kind == VIN and one.valid
        }
        self._strange_vehicle = bool(
            vehicles - {key for keys in self._keys.values() for key in keys}
        )

    def follow(self, folders: _Named, name: _Named) -> Place | Miss:
        """Take the strongest route that says anything; the weaker may narrow it."""
        customers = _meet(folders.customers, name.customers)
        if customers is None:
            # Two people named, once as folder and once in the file name: a person must say.
            return Miss("ambiguous")
        kind = folders.kind or name.kind
        for route, named in (("folders", folders), ("file-name", name)):
            if named.dossiers:
                return self._among(named.dossiers, customers, kind, route)
        if customers:
            route = "folders" if folders.customers else "file-name"
            return self._of_customers(customers, kind, route)
        return self._by_content(kind)

    def _among(
        self, ids: frozenset[str], customers: frozenset[str], kind: str | None, route: str
    ) -> Place | Miss:
        own = [d for d in self._known.dossiers if d.id in ids and d.customer in customers]
        if not own:
            return Miss("ambiguous")
        return Place(own[0], route) if len(own) == 1 else self._single(own, kind, route)

    def _of_customers(
        self, customers: frozenset[str], kind: str | None, route: str
    ) -> Place | Miss:
        customer = _only(customers)
        if customer is None:
            return Miss("ambiguous")
        own = [dossier for dossier in self._known.dossiers if dossier.customer == customer]
        shown = self._shown()
        if shown:
            own = [dossier for dossier in own if dossier in shown]
            if not own:
                return Miss("ambiguous", customer)
            route = f"{route}+content"
        elif self._strange_vehicle:
            return Miss("unknown-dossier", customer)
        return self._single(own, kind, route) if own else Miss("unknown-dossier", customer)

    def _by_content(self, kind: str | None) -> Place | Miss:
        shown = self._shown()
        readers = frozenset(
            customer.id
            for customer in self._known.customers
            if self._on_page & numbers(customer.fields, self._policy)
        )
        if shown:
            owners = {dossier.customer for dossier in shown}
            vehicles = {number for d in shown for number in self._keys[d.id] & self._on_page}
            if len(owners) > 1 or len(vehicles) > 1 or (readers and not owners & readers):
                return Miss("ambiguous")
            return self._single(shown, kind, "content")
        if readers:
            return self._of_customers(readers, kind, "content")
        return Miss("unknown-dossier" if self._strange_vehicle else "no-route")

    def _single(self, dossiers: list[DossierInfo], kind: str | None, route: str) -> Place | Miss:
        customer = _only(frozenset(dossier.customer for dossier in dossiers))
        fitting = [d for d in dossiers if kind in (None, d.type)]
        takers = [d for d in fitting if self._takes(d)]
        takers = [d for d in takers if not d.closed] or takers
        if len(takers) == 1:
            return Place(takers[0], route)
        # No taker: nobody's checklist asks for this paper, so elimination finds no place for it.
        return Miss("ambiguous" if takers else "unknown-dossier", customer)

    def _takes(self, dossier: DossierInfo) -> bool:
        doc_type = self._policy.document_types.get(self._doc_type or "")
        dossier_type = self._policy.dossier_types.get(dossier.type)
        if doc_type is None or doc_type.anywhere or dossier_type is None:
            return True
        return any(doc_type.id in item.types for item in dossier_type.items)

    def _shown(self) -> list[DossierInfo]:
        return [d for d in self._known.dossiers if self._keys[d.id] & self._on_page]


def numbers(fields: Mapping[str, str], policy: Policy) -> frozenset[Number]:
    """The identifying numbers among registered fields, in the form they are compared in."""
    return frozenset(
        number
        for value in fields.values()
        if len(value) >= SHORTEST_KEY
        for number in _numbers_in(value, policy)
    )


def _own_numbers(dossier: DossierInfo, policy: Policy) -> frozenset[Number]:
    """The numbers of a dossier's keys, without those that only describe it.

    An adviser answers for hundreds of cars: his name in a folder means none of them.
    """
    kind = policy.dossier_types.get(dossier.type)
    told = {key.id for key in kind.keys if not key.identifies} if kind else set()
    return numbers(
        {name: value for name, value in dossier.keys.items() if name not in told}, policy
    )


def _numbers_in(value: str, policy: Policy) -> Iterable[Number]:
    # The shape decides how lookalike letters are read; comparing in every form at once would
    # make two vehicles equal that differ in S and 5.
    shaped = [(one.kind, one.value) for one in find_identifiers(value)]
    return [*shaped, ("", policy.fold(value))]


def _only(ids: frozenset[str]) -> str | None:
    return next(iter(ids)) if len(ids) == 1 else None
