"""How dossiers stand: what the catalogue knows of them, in the words in which policies ask.

Owns the step from catalogue rows (records, attestations) to `DossierState`, and from
`[company]` settings to a `Calendar`; whoever reviews, measures or chases dossiers begins here.
Times in the catalogue are UTC, while a deadline ends with the day on the wall: days and moments
here are local ones.

    state = dossier_state(archive.catalogue, archive.the("dossier", "D000001"))
"""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from archivist.errors import BadRequest
from index.catalogue import Catalogue, Row
from policies.calendar import Calendar
from policies.checklist import Paper
from policies.deadlines import DossierState, Lack
from policies.measures import Filings


def company_calendar(company: Mapping[str, Any]) -> Calendar:
    """China's working days with the company's own `closures` and `working_days`.

    Raises BadRequest for what is no list of dates, or for a day in both.
    """
    try:
        closures, working_days = (
            [date.fromisoformat(str(day)) for day in company.get(name, [])]
            for name in ("closures", "working_days")
        )
        return Calendar(closures, working_days)
    except (TypeError, ValueError) as error:
        raise BadRequest(
            f"archive.toml 的 [company] closures、working_days 有误（{error}）",
            f"[company] closures or working_days in archive.toml: {error}",
            "写法如 closures = [2026-05-04]",
            "write closures = [2026-05-04]",
        ) from None


def dossier_state(catalogue: Catalogue, row: Row) -> DossierState:
    """A dossier with its papers, the events that happened to it and the fields conditions ask."""
    return DossierState(
        type=row["type"],
        events={name: date.fromisoformat(day) for name, day in row["events"].items()},
        customer_fields=customer_fields(catalogue.customer(row["customer"])),
        keys=row["keys"],
        papers=papers_of(catalogue, row["id"]),
    )


def papers_of(catalogue: Catalogue, dossier: str) -> tuple[Paper, ...]:
    """The papers of a dossier with what people attested of each, the newest word on each point."""
    said: dict[str, list[Row]] = {}
    for word in catalogue.attested(dossier):
        said.setdefault(word["record"], []).append(word)
    return tuple(_paper(row, said.get(row["id"], [])) for row in _filed(catalogue, dossier))


def _filed(catalogue: Catalogue, dossier: str) -> list[Row]:
    """Every paper that was ever filed: one that was destroyed when its time was over is not asked
    for again, and was in time or late as before."""
    return sorted(
        catalogue.records(dossier) + catalogue.tombstones(dossier), key=lambda row: str(row["id"])
    )


def _paper(record: Row, said: Sequence[Row]) -> Paper:
    def named(point: str, value: str) -> frozenset[str]:
        return frozenset(w["name"] for w in said if (w["point"], w["value"]) == (point, value))

    plain = {word["point"]: word["value"] for word in said if not word["name"]}
    return Paper(
        type=record["type"],
        filed=local_moment(record["filed"]).date(),
        record=record["id"],
        copy=plain.get("copy", ""),
        sides=int(plain.get("sides", 0)),
        signed_by=named("signature", "yes"),
        unsigned=named("signature", "no"),
        fields=named("field", "yes"),
        lacking_fields=named("field", "no"),
        dated=date.fromisoformat(plain["dated"]) if "dated" in plain else None,
    )


def customer_name(catalogue: Catalogue, customer: str | None) -> str | None:
    """What a customer is called, for lists people read; None where nobody is meant."""
    row = catalogue.customer(customer) if customer else None
    return row["name"] if row else None


def customer_fields(row: Row | None) -> dict[str, str]:
    """What is registered of a customer, with its class and kind, which conditions may ask too."""
    if row is None:
        return {}
    own = {name: row[name] for name in ("class", "kind") if row[name]}
    return {**row["fields"], **own}


@lru_cache(maxsize=1_000)
def fields_told(fields: str | None, class_: str | None, kind: str | None) -> Mapping[str, str]:
    """The same from columns as they are stored; where many pass by, most say the same."""
    known = {"fields": json.loads(fields), "class": class_, "kind": kind} if fields else None
    return customer_fields(known)


def filings(catalogue: Catalogue, dossier: str) -> Filings:
    """At which moment each paper of a dossier was filed."""
    return Filings({row["id"]: local_moment(row["filed"]) for row in _filed(catalogue, dossier)})


def adopted_on(catalogue: Catalogue, pack: str) -> date | None:
    """Since when a pack (`id@version`) binds: its first adoption, whatever the version."""
    adoptions = catalogue.adoptions(pack.partition("@")[0])
    return local_moment(adoptions[-1]["t"]).date() if adoptions else None


def local_moment(time: str) -> datetime:
    """A time of the ledger as the clock on the wall shows it."""
    return datetime.fromisoformat(time).astimezone()


def lack_row(lack: Lack) -> dict[str, Any]:
    """One thing a dossier lacks, as it stands in JSON."""
    return {
        "item": lack.item,
        "title": lack.title,
        "title_en": lack.title_en,
        "lack": lack.kind,
        "detail": lack.detail,
        "due": lack.due.isoformat() if lack.due else None,
        "due_at": lack.due_at,
        "grace": f"{lack.grace[0].isoformat()} {lack.grace[1]}" if lack.grace else None,
        "overdue": lack.overdue,
        "clause": lack.clause,
        "due_clause": lack.due_clause,
    }
