"""What the catalogue answers: the questions, and the plumbing beneath them.

Owns reading. Every answer is a plain dict or a list of them; columns that hold JSON come
back as values. Nothing here changes a row: that is `index.catalogue`, which builds on this.

    catalogue.known_by("dossier", ["LVGBE40K9SG105862"])   # ["D000001"]
"""

import contextlib
import json
from collections.abc import Iterator, Sequence
from typing import Any

from sqlcipher3 import dbapi2 as sqlite

from index.errors import IndexDamaged, IndexLocked, IndexUnwritable, ShadowError

Row = dict[str, Any]

_CUSTOMERS = (
    "SELECT id, CASE WHEN restricted IS NULL THEN name END AS name, kind, class, department, "
    "owner, fields, opened, card, restricted FROM customer"
)


class CatalogueView:
    """Questions to one open catalogue file."""

    def __init__(self, connection: Any) -> None:
        self._db = connection
        self._last: dict[str, int] = {}  # counters, while entries are applied
        self._held: dict[str, list[tuple[Any, ...]]] = {}  # rows, by the statement they wait for

    @property
    def applied(self) -> int:
        """How many ledger entries stand behind the rows."""
        return int(self._meta("applied"))

    @property
    def root(self) -> str:
        """Hex root of the ledger tree over those entries; "" before the first."""
        return self._meta("root")

    @property
    def newest(self) -> str:
        """The latest time that stands in any of those entries (UTC); "" before the first."""
        return self._meta("newest")

    @property
    def seen(self) -> tuple[int, str]:
        """`applied` and `root` of one moment: read apart, another process may come between, and
        the root of a longer ledger beside an older size looks like a ledger that was altered."""
        rows = self._all("SELECT k, v FROM meta WHERE k IN ('applied', 'root')")
        found = {row["k"]: row["v"] for row in rows}
        return int(found["applied"]), found["root"]

    def next_number(self, kind: str) -> int:
        """The first unused counter of `customer`, `dossier` or `record`; ids are never reused."""
        return int(self._meta(f"last_{kind}")) + 1

    def customers(self) -> list[Row]:
        """All customers, oldest first; those that are restricted without their names."""
        return self._all(f"{_CUSTOMERS} ORDER BY id")

    def customer(self, identifier: str) -> Row | None:
        """One customer with its fields, or None; a restricted one without its name."""
        return self._one(f"{_CUSTOMERS} WHERE id = ?", identifier)

    def customer_kept(self, identifier: str) -> Row | None:
        """One customer with its name, restricted or not: for filing, and for nothing that tells."""
        return self._one("SELECT * FROM customer WHERE id = ?", identifier)

    def restricted(self) -> set[str]:
        """The customers whose personal data is kept and not used."""
        rows = self._all("SELECT id FROM customer WHERE restricted IS NOT NULL")
        return {row["id"] for row in rows}

    def dossiers(self, customer: str | None = None) -> list[Row]:
        """All dossiers, or those of one customer, oldest first."""
        if customer is None:
            return self._all("SELECT * FROM dossier ORDER BY id")
        return self._all("SELECT * FROM dossier WHERE customer = ? ORDER BY id", customer)

    def dossier(self, identifier: str) -> Row | None:
        """One dossier, or None."""
        return self._one("SELECT * FROM dossier WHERE id = ?", identifier)

    def known_by(self, kind: str, values: Sequence[str]) -> list[str]:
        """Ids of the customers or dossiers (`kind`) that go by one of these names or numbers."""
        found: set[str] = set()
        for value in values:
            rows = self._all(
                "SELECT id FROM known_by WHERE value = ? AND kind = ?", key_form(value), kind
            )
            found.update(row["id"] for row in rows)
        return sorted(found)

    def record(self, identifier: str) -> Row | None:
        """One record, or None."""
        return self._one("SELECT * FROM record WHERE id = ?", identifier)

    def records(self, dossier: str) -> list[Row]:
        """The records of one dossier, oldest first."""
        return self._all("SELECT * FROM record WHERE dossier = ? ORDER BY id", dossier)

    def record_count(self) -> int:
        """How many records there are."""
        return int(self._all("SELECT count(*) AS n FROM record")[0]["n"])

    def record_keys(self) -> Iterator[Row]:
        """`id`, `key` and `generation` of every record, oldest first, in bounded memory."""
        last, some = "", True
        while some:
            sql = "SELECT id, key, generation FROM record WHERE id > ? ORDER BY id LIMIT 2000"
            rows = self._all(sql, last)
            yield from rows
            some = bool(rows)
            last = rows[-1]["id"] if rows else last

    def types_filed(self, dossier: str) -> dict[str, int]:
        """Document type → how many records of it lie in the dossier."""
        rows = self._all(
            "SELECT type, count(*) AS n FROM record WHERE dossier = ? GROUP BY type", dossier
        )
        return {row["type"]: row["n"] for row in rows}

    def attested(self, dossier: str) -> list[Row]:
        """What people said of a dossier's papers, the newest word on each point."""
        return self._all(
            "SELECT * FROM attestation WHERE dossier = ? ORDER BY record, point, name", dossier
        )

    def attested_of(self, record: str) -> list[Row]:
        """What people said of one record, the newest word on each point."""
        return self._all("SELECT * FROM attestation WHERE record = ? ORDER BY point, name", record)

    def ownership(self, customer: str) -> list[Row]:
        """Every claim to a customer and every time it was given to somebody, oldest first."""
        return self._all("SELECT * FROM ownership WHERE customer = ? ORDER BY idx", customer)

    def claimed(self) -> list[str]:
        """Every customer that somebody claimed or was given, oldest first."""
        rows = self._all("SELECT DISTINCT customer FROM ownership ORDER BY customer")
        return [row["customer"] for row in rows]

    def contacts(self, customer: str) -> list[Row]:
        """Every contact with a customer, by day."""
        return self._all("SELECT * FROM contact WHERE customer = ? ORDER BY day, idx", customer)

    def last_contacts(self, until: str) -> dict[str, str]:
        """Customer → ISO day of the last contact up to the day `until`."""
        rows = self._all(
            "SELECT customer, max(day) AS day FROM contact WHERE day <= ? GROUP BY customer", until
        )
        return {row["customer"]: row["day"] for row in rows}

    def handovers(self) -> list[Row]:
        """Every handover, oldest first; `idx` is its ledger entry."""
        return self._all("SELECT * FROM handover ORDER BY idx")

    def routines_done(self) -> list[Row]:
        """Every time somebody said that a routine was done."""
        return self._all("SELECT * FROM routine ORDER BY idx")

    def reminders(self, dossier: str | None = None) -> list[Row]:
        """Every reminder, or those for one dossier, by day; `idx` is its ledger entry."""
        if dossier is None:
            return self._all("SELECT * FROM reminder ORDER BY day, idx, dossier")
        return self._all("SELECT * FROM reminder WHERE dossier = ? ORDER BY day, idx", dossier)

    def filed_of(self, types: Sequence[str]) -> list[Row]:
        """Every record of these document types: `id`, `dossier`, `filed`; oldest first."""
        if not types:
            return []
        marks = ", ".join("?" * len(types))
        return self._all(
            f"SELECT id, dossier, filed FROM record WHERE type IN ({marks}) ORDER BY idx",  # noqa: S608
            *types,
        )

    def filed_first(self) -> list[str]:
        """When the oldest record was filed; empty when there is none."""
        found = self._all("SELECT filed FROM record ORDER BY idx LIMIT 1")
        return [row["filed"] for row in found]

    def filed_since(self, key: str, index: int) -> list[Row]:
        """Records under a key whose ledger entry stands at `index` or later, in that order: those
        that may be searched, which excludes what is of a restricted customer."""
        return self._all(
            "SELECT * FROM record WHERE key = ? AND idx >= ? AND customer NOT IN "
            "(SELECT id FROM customer WHERE restricted IS NOT NULL) ORDER BY idx",
            key,
            index,
        )

    def records_under(self, customer: str, key: str) -> list[Row]:
        """The records of one customer that a key seals, in the order they were filed."""
        return self._all(
            "SELECT * FROM record WHERE customer = ? AND key = ? ORDER BY idx", customer, key
        )

    def ending(self) -> list[Row]:
        """Records whose secrecy has an end (`until`), the nearest first."""
        return self._all("SELECT * FROM record WHERE until IS NOT NULL ORDER BY until, id")

    def grades_in_dossiers(self) -> list[Row]:
        """Which grades lie in which dossier: `dossier`, `grade`, `key`, `generation`, each once."""
        return self._all("SELECT DISTINCT dossier, grade, key, generation FROM record")

    def holder_of_print(self, fingerprint: str) -> str | None:
        """The record that has this content already, or None."""
        row = self._one("SELECT subject FROM print WHERE print = ?", fingerprint)
        return row["subject"] if row else None

    def claim(self, identifier: str) -> Row | None:
        """What the ledger last said of a claim, or None when it never did."""
        return self._one("SELECT * FROM claim WHERE id = ?", identifier)

    def claims(self) -> list[Row]:
        """What the ledger last said of every claim, oldest first."""
        return self._all("SELECT * FROM claim ORDER BY id")

    def claims_of_scan(self, scan: str) -> list[Row]:
        """What the ledger said of a scan and of the parts cut from it."""
        return self._all("SELECT * FROM claim WHERE scan = ? ORDER BY id", scan)

    def claims_in_trays(self) -> list[Row]:
        """Every claim that waits in a tray for a person."""
        return self._all("SELECT * FROM claim WHERE outcome = 'refused' ORDER BY id")

    def people(self) -> list[Row]:
        """Everybody who has a key here."""
        return self._all("SELECT * FROM person ORDER BY id")

    def witnesses(self) -> list[Row]:
        """Everybody who is asked to witness the ledger, by name."""
        return self._all("SELECT * FROM witness ORDER BY name")

    def person(self, name: str) -> Row | None:
        """One person, or None; `left_at` says since when he is no longer here."""
        return self._one("SELECT * FROM person WHERE id = ?", name)

    def clearances(self, key: str | None = None) -> list[Row]:
        """Who was granted what: `key`, `generation`, `person`; of one key if it is named."""
        everything = "SELECT * FROM clearance"
        if key is None:
            return self._all(f"{everything} ORDER BY key, generation, person")
        return self._all(f"{everything} WHERE key = ? ORDER BY generation, person", key)

    def lists(self) -> list[Row]:
        """Every need-to-know list in force, oldest target first: `key`, `grade`, `target`,
        `since`."""
        return self._all(
            "SELECT key, grade, target, since FROM need_to_know WHERE ended IS NULL "
            "ORDER BY target, grade"
        )

    def key_for(self, grade: str, dossier: str, record: str | None = None) -> str:
        """The key id that seals papers of a grade in this place: the nearest list's, else the
        grade's own."""
        for target in (record, dossier):
            row = target and self._one(
                "SELECT key FROM need_to_know WHERE grade = ? AND target = ? AND ended IS NULL",
                grade,
                target,
            )
            if row:
                return str(row["key"])
        return grade

    def sealed_by(self, key: str) -> list[str]:
        """Ids of the records under a key, sorted."""
        return [r["id"] for r in self._all("SELECT id FROM record WHERE key = ? ORDER BY id", key)]

    def refused_logins(self, person: str, since: str) -> int:
        """How often a wrong passphrase was tried for a person from the UTC time `since` on."""
        sql = "SELECT count(*) AS n FROM refused_login WHERE person = ? AND t >= ?"
        return int(self._all(sql, person, since)[0]["n"])

    def adoptions(self, pack: str) -> list[Row]:
        """Every adopted version of a pack, the newest adoption first."""
        return self._all("SELECT * FROM pack WHERE id = ? ORDER BY idx DESC", pack)

    def all_adoptions(self) -> list[Row]:
        """The newest adoption of every version of every pack, oldest first; `shortens` says
        whether the company said that it may end periods earlier than before."""
        return self._all("SELECT * FROM pack ORDER BY idx")

    def key_ids(self) -> set[str]:
        """Every key that was ever made: the grades' and the lists'."""
        return {row["key"] for row in self._all("SELECT DISTINCT key FROM grade_key")}

    def newest_generation(self, key: str) -> int | None:
        """The newest generation of a key that the ledger names, or None."""
        sql = "SELECT max(generation) AS newest FROM grade_key WHERE key = ?"
        newest = self._all(sql, key)[0]["newest"]
        return None if newest is None else int(newest)

    def generations_used(self) -> list[Row]:
        """How many `records` are sealed to each `key` and `generation`."""
        return self._all(
            "SELECT key, generation, count(*) AS records FROM record "
            "WHERE generation IS NOT NULL GROUP BY key, generation ORDER BY key, generation"
        )

    def sealed_count(self, key: str, generation: int) -> int:
        """How many records are sealed to an older generation of a key than this one."""
        sql = "SELECT count(*) AS n FROM record WHERE key = ? AND generation < ?"
        return int(self._all(sql, key, generation)[0]["n"])

    def sealed_before(self, key: str, generation: int, index: int, limit: int) -> list[Row]:
        """Records under a key that are sealed to an older generation than this one and whose
        ledger entry stands at `index` or later, in that order; at most `limit`: `id`, `idx`,
        `customer`, `dossier`, `stored`, `generation`, `objects`."""
        return self._all(
            "SELECT id, idx, customer, dossier, stored, generation, objects FROM record "
            "WHERE key = ? AND idx >= ? AND generation < ? ORDER BY idx LIMIT ?",
            key,
            index,
            generation,
            limit,
        )

    def sealed_rows(self, key: str) -> Iterator[Row]:
        """Every sealed record under a key in the order of filing, which is that of their ids, in
        bounded memory: `id`, `idx`, `customer`, `dossier`, `stored`, `objects`."""
        index, some = 0, True
        while some:
            rows = self._all(
                "SELECT id, idx, customer, dossier, stored, objects FROM record WHERE key = ? "
                "AND idx >= ? AND generation IS NOT NULL ORDER BY idx LIMIT 1000",
                key,
                index,
            )
            yield from rows
            some = bool(rows)
            index = rows[-1]["idx"] + 1 if rows else index

    def public_key(self, key: str, generation: int) -> str | None:
        """The digest of a key's public half as the ledger names it, or None."""
        row = self._one(
            "SELECT public FROM grade_key WHERE key = ? AND generation = ?", key, generation
        )
        return row["public"] if row else None

    def violations(self) -> list[Row]:
        """Every violation that somebody recorded or decided on, by day."""
        return self._all("SELECT * FROM violation ORDER BY day, id")

    def loans(self, person: str | None = None) -> list[Row]:
        """Every loan, or those of one person, oldest first."""
        if person is None:
            return self._all("SELECT * FROM loan ORDER BY id")
        return self._all("SELECT * FROM loan WHERE person = ? ORDER BY id", person)

    def loan(self, identifier: str) -> Row | None:
        """One loan, or None."""
        return self._one("SELECT * FROM loan WHERE id = ?", identifier)

    def incidents(self) -> list[Row]:
        """Every incident, oldest first."""
        return self._all("SELECT * FROM incident ORDER BY id")

    def incident(self, identifier: str) -> Row | None:
        """One incident, or None."""
        return self._one("SELECT * FROM incident WHERE id = ?", identifier)

    def incidents_of_loan(self, loan: str) -> list[str]:
        """Ids of the incidents that were reported of a loan."""
        rows = self._all("SELECT id FROM incident WHERE loan = ? ORDER BY id", loan)
        return [row["id"] for row in rows]

    def destructions(self) -> list[Row]:
        """Every destruction that was decided, oldest first; `state` executing or destroyed."""
        return self._all("SELECT * FROM destruction ORDER BY idx")

    def destruction(self, disposal: str) -> Row | None:
        """The destruction that carries out a disposal, or None while none was decided."""
        return self._one("SELECT * FROM destruction WHERE disposal = ?", disposal)

    def tombstone(self, record: str) -> Row | None:
        """What is left of a record whose destruction was decided, or None."""
        return self._one("SELECT * FROM tombstone WHERE id = ?", record)

    def tombstones(self, dossier: str) -> list[Row]:
        """What is left of the destroyed records of a dossier, oldest first."""
        return self._all("SELECT * FROM tombstone WHERE dossier = ? ORDER BY id", dossier)

    def tombstones_of(self, disposal: str) -> list[Row]:
        """What is left of the records of a disposal, oldest first."""
        return self._all("SELECT * FROM tombstone WHERE disposal = ? ORDER BY id", disposal)

    def bundles(self) -> list[Row]:
        """Every recovery bundle that was issued, oldest first: `idx`, `generations`, `attested`
        (None while nobody saw it destroyed)."""
        return self._all("SELECT * FROM bundle ORDER BY idx")

    def copies_in_trays(self, fingerprints: Sequence[str]) -> list[Row]:
        """Claims that wait in a tray and have one of these contents."""
        found: list[Row] = []
        for fingerprint in fingerprints:
            found += self._all(
                "SELECT * FROM claim WHERE print = ? AND outcome IN ('refused', 'rejected') "
                "ORDER BY id",
                fingerprint,
            )
        return found

    def hold(self, identifier: str) -> Row | None:
        """One hold, or None."""
        return self._one("SELECT * FROM hold WHERE id = ?", identifier)

    def holds(self, open_only: bool = False) -> list[Row]:
        """Every hold, or those that nobody released, oldest first."""
        only = "WHERE released IS NULL " if open_only else ""
        return self._all(f"SELECT * FROM hold {only}ORDER BY id")  # noqa: S608

    def open_holds_on(self, targets: Sequence[str]) -> list[Row]:
        """The holds in force on one of these customers, dossiers or records, oldest first."""
        found = [
            row
            for target in dict.fromkeys(targets)
            for row in self._all("SELECT * FROM hold WHERE target = ? AND released IS NULL", target)
        ]
        return sorted(found, key=lambda row: str(row["id"]))

    def disposals(self) -> list[Row]:
        """Every disposal, oldest first."""
        return self._all("SELECT * FROM disposal ORDER BY id")

    def disposal(self, identifier: str) -> Row | None:
        """One disposal, or None."""
        return self._one("SELECT * FROM disposal WHERE id = ?", identifier)

    def disposal_records(self, disposal: str) -> list[Row]:
        """The records that a disposal was proposed for, each with its `fate`, by id."""
        return self._all(
            "SELECT * FROM disposal_record WHERE disposal = ? ORDER BY record", disposal
        )

    def disposals_of(self, record: str) -> list[Row]:
        """Every disposal that a record was proposed in, oldest first: `id`, `state`, `fate`."""
        return self._all(
            "SELECT d.id, d.state, r.fate FROM disposal d "
            "JOIN disposal_record r ON r.disposal = d.id WHERE r.record = ? ORDER BY d.id",
            record,
        )

    def appraisals(self, disposal: str) -> list[Row]:
        """The newest opinion of each person on each record of a disposal."""
        return self._all(
            "SELECT * FROM appraisal WHERE disposal = ? ORDER BY record, idx", disposal
        )

    def kept_until(self, record: str) -> str | None:
        """The ISO day until which an appraisal keeps a record; None where none does."""
        row = self._one("SELECT until FROM kept WHERE record = ?", record)
        return row["until"] if row else None

    def all_kept(self) -> dict[str, str]:
        """Record → the ISO day until which an appraisal keeps it."""
        return {row["record"]: row["until"] for row in self._all("SELECT * FROM kept")}

    def volumes(self) -> list[Row]:
        """Every volume, oldest first."""
        return self._all("SELECT * FROM volume ORDER BY id")

    def volume(self, identifier: str) -> Row | None:
        """One volume, or None."""
        return self._one("SELECT * FROM volume WHERE id = ?", identifier)

    def volume_of(self, record: str) -> str | None:
        """The volume that a record lies in, or None."""
        row = self._one("SELECT volume FROM in_volume WHERE record = ?", record)
        return row["volume"] if row else None

    def in_volumes(self) -> dict[str, str]:
        """Record → the volume it lies in."""
        return {row["record"]: row["volume"] for row in self._all("SELECT * FROM in_volume")}

    def unarranged(self, customer: str | None = None) -> list[Row]:
        """Records that lie in no volume, or those of one customer, oldest first: `id`, `customer`,
        `dossier`, `type`, `grade`, `pages`, `filed`."""
        if customer is None:
            return self._all(f"{_UNARRANGED} ORDER BY record.id")
        return self._all(f"{_UNARRANGED} AND record.customer = ? ORDER BY record.id", customer)

    def unarranged_beside(self, state: str) -> list[Row]:
        """The same of dossiers of which there is a volume in this state."""
        beside = "AND dossier IN (SELECT dossier FROM volume WHERE state = ?)"
        return self._all(f"{_UNARRANGED} {beside} ORDER BY record.id", state)

    def described(self) -> list[Row]:
        """What people said records are in their matters: `record`, `point`, `value`."""
        return self._all("SELECT record, point, value FROM described ORDER BY record, point")

    def described_of(self, record: str) -> dict[str, str]:
        """The same of one record: point → value."""
        rows = self._all("SELECT point, value FROM described WHERE record = ?", record)
        return {row["point"]: row["value"] for row in rows}

    def dated(self) -> dict[str, str]:
        """Record → the date that somebody read on it."""
        rows = self._all("SELECT record, value FROM attestation WHERE point = 'dated'")
        return {row["record"]: row["value"] for row in rows}

    def highest_code(self, series: str) -> int:
        """The highest number of a series of archival codes that was ever given; 0 for none."""
        row = self._all("SELECT max(number) AS n FROM archival_code WHERE series = ?", series)[0]
        return int(row["n"] or 0)

    def code_given(self, code: str) -> bool:
        """Whether this archival code was ever given."""
        return self._one("SELECT code FROM archival_code WHERE code = ?", code) is not None

    def codes_given(self, series: str | None = None) -> list[Row]:
        """Every archival code that was ever given, or those of one series, by number."""
        if series is None:
            return self._all("SELECT * FROM archival_code ORDER BY series, number")
        return self._all("SELECT * FROM archival_code WHERE series = ? ORDER BY number", series)

    def history(self, subject: str) -> list[int]:
        """Ledger indexes of every entry that names the subject."""
        rows = self._all("SELECT idx FROM mention WHERE subject = ? ORDER BY idx", subject)
        return [row["idx"] for row in rows]

    def altered_pages(self) -> list[str]:
        """Read every page of the file and tell which fail their authentication, the unused ones
        among them, which no question ever reads."""
        rows = self._all("PRAGMA cipher_integrity_check")
        return [str(next(iter(row.values()))) for row in rows]

    # Not by `_translating`, whose two calls cost as much as a small statement.

    def _run(self, sql: str, *values: Any) -> None:
        try:
            self._db.execute(sql, values)
        except sqlite.DatabaseError as error:
            raise translated(error) from error

    def _run_each(self, sql: str, rows: Sequence[tuple[Any, ...]]) -> None:
        try:
            self._db.executemany(sql, rows)
        except sqlite.DatabaseError as error:
            raise translated(error) from error

    def _all(self, sql: str, *values: Any) -> list[Row]:
        try:
            cursor = self._db.execute(sql, values)
            names = [column[0] for column in cursor.description or ()]
            rows = [dict(zip(names, row, strict=True)) for row in cursor]
        except sqlite.DatabaseError as error:
            raise translated(error) from error
        for name in JSON_COLUMNS.intersection(names):
            for row in rows:
                if row[name] is not None:
                    row[name] = _parsed(row[name])[0]
        return rows

    def _one(self, sql: str, *values: Any) -> Row | None:
        rows = self._all(sql, *values)
        return rows[0] if rows else None

    def _meta(self, key: str) -> str:
        return str(self._all("SELECT v FROM meta WHERE k = ?", key)[0]["v"])


# A year's papers are many; composing needs no more of each.
_UNARRANGED = (
    "SELECT record.id, customer, dossier, type, grade, pages, filed FROM record "
    "LEFT JOIN in_volume ON in_volume.record = record.id WHERE in_volume.record IS NULL"
)

JSON_COLUMNS = frozenset(
    (
        "fields",
        "keys",
        "events",
        "flags",
        "objects",
        "clauses",
        "packs",
        "roles",
        "card",
        "decision",
        "items",
        "lent",
        "steps",
        "approvals",
        "due_after",
        "counted",
        "recounted",
        "grants",
        "copies_destroyed",
        "counts",
        "notify",
        "acknowledged",
        "unconfirmed",
        "witnesses",
        "entries",
        "gone",
        "checks",
        "papers",
        "attested",
        "generations",
        "ground",
        "composers",
        "remarks",
    )
)


@contextlib.contextmanager
def _translating() -> Iterator[None]:
    try:
        yield
    except sqlite.DatabaseError as error:
        raise translated(error) from error


# Bytes that fail their authentication are SQLITE_CORRUPT; these are the disk's refusals.
_DISK = ("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_READONLY")


def translated(error: Any) -> ShadowError:
    # The message of the engine may quote values; the class of trouble is all that is told.
    if "locked" in str(error) or "busy" in str(error):
        return IndexLocked("the catalogue is locked by another process")
    if str(getattr(error, "sqlite_errorname", "")).startswith(_DISK):
        return IndexUnwritable("the disk refused the catalogue's bytes")
    return IndexDamaged(f"the catalogue cannot be read ({type(error).__name__})")


def key_form(value: str) -> str:
    """How names, keys and numbers are compared: no white space, one case."""
    return "".join(value.split()).casefold()


# Without the looks around for white space, which the catalogue never writes: half of the time.
_parsed = json.JSONDecoder().raw_decode
