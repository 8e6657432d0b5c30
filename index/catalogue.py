"""The catalogue: the current state of the archive, as a projection of the ledger.

It owns: one SQLCipher file that can be thrown away. Every row comes from a
ledger entry and, for names, from the sealed card beside the entry's subject;
`apply` is the only way in. It keeps `(applied, root)` in the same transaction
as the rows, which makes it a second witness against a ledger rolled back.

Rules:
- A row without a ledger entry cannot exist. A missing row is repaired by replay. Only `reading`
  is nobody's entry: what was once made of a text that an entry names, so as not to make it again.
  Whoever keeps one can prove it from that text, and an audit does.
- Titles and texts of sealed records are not here: the scanner station can open
  this file, and must not learn what it has sealed.
- `synchronous=NORMAL`: a power cut may lose the newest transactions, never
  tear the file; what is lost is replayed from the ledger.

Plain SQL that SQLite and PostgreSQL both understand; entries are plain dicts.

    catalogue.apply([(7, entry, card)], root_hex)
    catalogue.dossiers_by_key("LVGBE40K9SG105862")
"""

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sqlcipher3 import dbapi2 as sqlite

from index import (
    catalogue_destruction,
    catalogue_disposals,
    catalogue_holds,
    catalogue_incidents,
    catalogue_loans,
    catalogue_restrictions,
    catalogue_sweep,
    catalogue_volumes,
)
from index.catalogue_rows import as_json, names_as_json
from index.catalogue_view import CatalogueView, Row, key_form, translated
from index.errors import IndexOutdated, WrongIndexKey

__all__ = ["Catalogue", "Change", "Row"]

VERSION = 22  # a file of another version is rebuilt, not migrated: it is a shadow

Change = tuple[int, Mapping[str, Any], Mapping[str, Any] | None]

SCHEMA = """
CREATE TABLE meta (k TEXT PRIMARY KEY, v TEXT NOT NULL);
CREATE TABLE customer (
  id TEXT PRIMARY KEY, name TEXT, kind TEXT, class TEXT, department TEXT, owner TEXT,
  fields TEXT NOT NULL, opened TEXT NOT NULL, card TEXT, restricted TEXT);
CREATE TABLE dossier (
  id TEXT PRIMARY KEY, customer TEXT NOT NULL, type TEXT NOT NULL, keys TEXT NOT NULL,
  events TEXT NOT NULL, flags TEXT NOT NULL, closed TEXT, opened TEXT NOT NULL, card TEXT);
CREATE INDEX dossier_customer ON dossier (customer);
CREATE TABLE known_by (value TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL,
  PRIMARY KEY (value, kind, id));
CREATE INDEX known_by_id ON known_by (id);
CREATE TABLE record (
  id TEXT PRIMARY KEY, idx INTEGER NOT NULL, customer TEXT NOT NULL, dossier TEXT NOT NULL,
  type TEXT NOT NULL, grade TEXT NOT NULL, key TEXT NOT NULL, generation INTEGER,
  pages INTEGER NOT NULL, media TEXT NOT NULL, suffix TEXT NOT NULL,
  size_bytes INTEGER NOT NULL, filed TEXT NOT NULL,
  filed_by TEXT NOT NULL, claim TEXT NOT NULL, print TEXT NOT NULL, objects TEXT NOT NULL,
  clauses TEXT NOT NULL, packs TEXT NOT NULL, stored TEXT NOT NULL, until TEXT);
CREATE INDEX record_dossier ON record (dossier, type);
CREATE INDEX record_customer ON record (customer);
CREATE INDEX record_key ON record (key, idx);
CREATE TABLE print (print TEXT PRIMARY KEY, subject TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE claim (
  id TEXT PRIMARY KEY, scan TEXT NOT NULL, outcome TEXT NOT NULL, tray TEXT, reason TEXT,
  record TEXT, t TEXT NOT NULL, idx INTEGER NOT NULL, print TEXT,
  customer TEXT, dossier TEXT, type TEXT, clauses TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX claim_scan ON claim (scan);
CREATE TABLE person (
  id TEXT PRIMARY KEY, roles TEXT NOT NULL, department TEXT, added TEXT NOT NULL, key TEXT,
  recipient TEXT, left_at TEXT);
CREATE TABLE refused_login (idx INTEGER PRIMARY KEY, person TEXT NOT NULL, t TEXT NOT NULL);
CREATE INDEX refused_login_person ON refused_login (person, t);
CREATE TABLE clearance (key TEXT NOT NULL, generation INTEGER NOT NULL, person TEXT NOT NULL,
  PRIMARY KEY (key, generation, person));
CREATE TABLE grade_key (key TEXT NOT NULL, generation INTEGER NOT NULL, public TEXT NOT NULL,
  PRIMARY KEY (key, generation));
CREATE TABLE need_to_know (key TEXT PRIMARY KEY, grade TEXT NOT NULL, target TEXT NOT NULL,
  since TEXT NOT NULL, ended TEXT);
CREATE TABLE pack (id TEXT NOT NULL, version TEXT NOT NULL, sha256 TEXT NOT NULL, t TEXT NOT NULL,
  idx INTEGER NOT NULL, shortens INTEGER NOT NULL, PRIMARY KEY (id, version));
CREATE TABLE reading (sha256 TEXT PRIMARY KEY, rules TEXT NOT NULL, text TEXT NOT NULL);
CREATE TABLE attestation (
  record TEXT NOT NULL, dossier TEXT NOT NULL, point TEXT NOT NULL, name TEXT NOT NULL,
  value TEXT NOT NULL, idx INTEGER NOT NULL, PRIMARY KEY (record, point, name));
CREATE INDEX attestation_dossier ON attestation (dossier);
CREATE TABLE violation (
  id TEXT PRIMARY KEY, code TEXT NOT NULL, role TEXT NOT NULL, person TEXT, department TEXT,
  customer TEXT, dossier TEXT, record TEXT, item TEXT NOT NULL, units INTEGER NOT NULL,
  day TEXT NOT NULL, state TEXT NOT NULL, ordered TEXT, corrected TEXT, decision TEXT,
  who TEXT NOT NULL, t TEXT NOT NULL, card TEXT);
CREATE TABLE handover (
  idx INTEGER PRIMARY KEY, customer TEXT NOT NULL, dossier TEXT NOT NULL, giver TEXT NOT NULL,
  receiver TEXT NOT NULL, t TEXT NOT NULL);
CREATE TABLE routine (
  idx INTEGER PRIMARY KEY, routine TEXT NOT NULL, dossier TEXT NOT NULL, day TEXT NOT NULL);
CREATE TABLE ownership (
  idx INTEGER PRIMARY KEY, customer TEXT NOT NULL, person TEXT NOT NULL, step TEXT NOT NULL,
  department TEXT, listed TEXT, named INTEGER NOT NULL, on_duty INTEGER NOT NULL, owner TEXT,
  clauses TEXT NOT NULL, packs TEXT NOT NULL, who TEXT NOT NULL, t TEXT NOT NULL, card TEXT);
CREATE INDEX ownership_customer ON ownership (customer);
CREATE TABLE contact (
  idx INTEGER PRIMARY KEY, customer TEXT NOT NULL, person TEXT NOT NULL, kind TEXT NOT NULL,
  day TEXT NOT NULL);
CREATE INDEX contact_customer ON contact (customer, day);
CREATE TABLE reminder (
  idx INTEGER NOT NULL, dossier TEXT NOT NULL, customer TEXT NOT NULL, person TEXT,
  day TEXT NOT NULL, items TEXT NOT NULL, who TEXT NOT NULL, t TEXT NOT NULL,
  PRIMARY KEY (idx, dossier));
CREATE INDEX reminder_dossier ON reminder (dossier, day);
CREATE TABLE witness (
  name TEXT PRIMARY KEY, vkey TEXT NOT NULL, kind TEXT NOT NULL, card TEXT, t TEXT NOT NULL,
  idx INTEGER NOT NULL);
CREATE TABLE mention (subject TEXT NOT NULL, idx INTEGER NOT NULL, PRIMARY KEY (subject, idx))
  WITHOUT ROWID;
{loans}
{incidents}
{holds}
{disposals}
{destructions}
""".replace("{loans}", catalogue_loans.SCHEMA).replace("{incidents}", catalogue_incidents.SCHEMA)
SCHEMA = SCHEMA.replace("{holds}", catalogue_holds.SCHEMA)
SCHEMA = SCHEMA.replace("{disposals}", catalogue_disposals.SCHEMA)
SCHEMA = SCHEMA.replace("{destructions}", catalogue_destruction.SCHEMA)
SCHEMA += catalogue_sweep.SCHEMA
SCHEMA += catalogue_volumes.SCHEMA


# Acts on several records at once, which stand in the history of each.
_NAMING = frozenset(("loan", "export", "disposal", "destroy"))

# What filing a record says, and turning a scan away: rows that wait for others (`_hold`).
_RECORD = "INSERT INTO record VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
_MENTION = "INSERT INTO mention VALUES (?, ?)"
_PRINT = "INSERT INTO print VALUES (?, ?) ON CONFLICT (print) DO NOTHING"
_CLAIM = (
    "INSERT INTO claim VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (id) DO UPDATE SET "
    "outcome=excluded.outcome, tray=excluded.tray, reason=excluded.reason, "
    "record=excluded.record, t=excluded.t, idx=excluded.idx, customer=excluded.customer, "
    "dossier=excluded.dossier, type=excluded.type, clauses=excluded.clauses"
)
_PATIENCE_SECONDS = 30
_HELD_ROWS = 4000
# Acts whose steps neither read nor change a table in which rows may wait.
_BESIDE = frozenset(("file", "customer", "dossier"))

# Kinds of id that count up for ever.
_COUNTED = frozenset(
    ("customer", "dossier", "record", "violation", "loan", "incident", "hold", "disposal", "volume")
)


class Catalogue(CatalogueView):
    """One open catalogue file. Readers and the one writer may be different processes."""

    @classmethod
    def open(cls, path: Path, key: bytes) -> "Catalogue":
        """Open or create the file with a raw 32-byte key.

        Raises WrongIndexKey when the key does not open it or its bytes were altered,
        IndexOutdated when another version of the program made it; both are rebuilt.
        """
        new = not path.exists()
        connection = sqlite.connect(str(path), isolation_level=None, timeout=_PATIENCE_SECONDS)
        catalogue = cls(connection)
        try:
            _unlock(connection, key)
            if new or not catalogue._all("SELECT name FROM sqlite_master WHERE name = 'meta'"):
                catalogue._lay_out()
            if catalogue._meta("version") != str(VERSION):
                raise IndexOutdated(f"{path} is a catalogue of another version")
        except sqlite.DatabaseError as error:
            connection.close()
            if isinstance(error, sqlite.OperationalError):
                raise translated(error) from error
            raise WrongIndexKey(f"{path.name} does not open with this house key") from error
        except IndexOutdated:
            connection.close()
            raise
        return catalogue

    def close(self) -> None:
        """Close the file; nothing is pending."""
        self._db.close()

    def apply(self, changes: Iterable[Change], root: str) -> None:
        """Apply consecutive entries in one transaction and remember the tree's `root` after them.

        Entries at or below `applied` are skipped, so that a replay is harmless; a gap
        is a programmer's error.
        """
        with self._transaction():
            position, newest = self.applied, self.newest
            self._last, self._held = {}, {}
            for index, entry, card in changes:
                if index < position:
                    continue
                assert index == position, f"gap: entry {index} after {position}"
                self._apply(index, entry, card or {})
                newest = max(newest, str(entry["t"]))
                position += 1
            self._settle()
            for kind, number in self._last.items():
                self._set_meta(f"last_{kind}", str(number))
            self._set_meta("applied", str(position))
            self._set_meta("newest", newest)
            self._set_meta("root", root)

    def keep_reading(self, sha256: str, rules: str, text: str) -> None:
        """Keep what these rules make of the text with this digest. Raises ShadowError.

        Waits for no other writer: who reads a regulation has not come to write.
        """
        self._run("PRAGMA busy_timeout = 0")
        try:
            self._run(
                "INSERT INTO reading VALUES (?,?,?) ON CONFLICT (sha256) DO UPDATE SET "
                "rules=excluded.rules, text=excluded.text",
                sha256,
                rules,
                text,
            )
        finally:
            self._run(f"PRAGMA busy_timeout = {1000 * _PATIENCE_SECONDS}")

    def _apply(self, index: int, entry: Mapping[str, Any], card: Mapping[str, Any]) -> None:
        act, subject = entry["act"], entry["subject"]
        names = {*subject.values(), *([entry["claim"]] if "claim" in entry else [])}
        # A record moved to another key has that in its history, beside what happened to it alone.
        if act == "rewrap":
            names.update(entry.get("heads", ()))
        elif act in _NAMING:
            names.update(entry.get("records", ()))
        elif act == "volume":
            names.update(paper["record"] for paper in entry.get("papers", ()))
        self._hold(_MENTION, [(name, index) for name in names])
        for kind, identifier in subject.items():
            if kind in _COUNTED:
                number = int(identifier[1:])
                if kind not in self._last:
                    self._last[kind] = int(self._meta(f"last_{kind}"))
                if number > self._last[kind]:
                    self._last[kind] = number
        step = _STEPS.get(act)
        if step is not None:
            if act not in _BESIDE:
                self._settle()
            step(self, index, entry, subject, card)

    def _hold(self, sql: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """Insert these rows, but not yet: what files a thousand records says it in four
        statements. Each step that may read what others wrote comes after `_settle`."""
        held = self._held.get(sql)
        if held is None:
            held = self._held[sql] = []
        held += rows
        if len(held) >= _HELD_ROWS:
            self._settle()

    def _settle(self) -> None:
        held, self._held = self._held, {}
        for sql, rows in held.items():
            # In the order in which they lie. Others may stand in each other's way: as they came.
            self._run_each(sql, sorted(rows) if sql is _MENTION else rows)

    def _customer(
        self, _: int, entry: Mapping[str, Any], subject: Mapping[str, str], card: Mapping[str, Any]
    ) -> None:
        fields = card.get("fields", {})
        identifier = subject["customer"]
        self._run(
            "INSERT INTO customer VALUES (?,?,?,?,?,?,?,?,?,NULL) ON CONFLICT (id) DO UPDATE SET "
            "name=excluded.name, kind=excluded.kind, class=excluded.class, card=excluded.card, "
            "department=excluded.department, owner=excluded.owner, fields=excluded.fields",
            identifier,
            *(card.get(name) for name in ("name", "kind", "class", "department", "owner")),
            as_json(fields),
            entry["t"],
            as_json(entry.get("card")),
        )
        names = [card["name"]] if card.get("name") else []
        numbers = card.get("numbers", {})
        values = [*names, *map(str, fields.values()), *map(str, numbers.values())]
        self._known_by("customer", identifier, values)

    def _dossier(
        self, _: int, entry: Mapping[str, Any], subject: Mapping[str, str], card: Mapping[str, Any]
    ) -> None:
        identifier, keys = subject["dossier"], card.get("keys", {})
        self._run(
            "INSERT INTO dossier VALUES (?,?,?,?,?,?,?,?,?) ON CONFLICT (id) DO UPDATE SET "
            "keys=excluded.keys, events=excluded.events, flags=excluded.flags, "
            "closed=excluded.closed, card=excluded.card",
            identifier,
            subject["customer"],
            entry["type"],
            as_json(keys),
            as_json(card.get("events", {})),
            as_json(card.get("flags", {})),
            card.get("closed"),
            entry["t"],
            as_json(entry.get("card")),
        )
        self._known_by("dossier", identifier, map(str, keys.values()))

    def _known_by(self, kind: str, identifier: str, values: Iterable[str]) -> None:
        self._run("DELETE FROM known_by WHERE id = ?", identifier)
        for value in {key_form(value) for value in values} - {""}:
            self._run("INSERT INTO known_by VALUES (?, ?, ?)", value, kind, identifier)

    def _file(
        self, index: int, entry: Mapping[str, Any], subject: Mapping[str, str], _: Mapping[str, Any]
    ) -> None:
        scan, record = entry["objects"]["scan"], subject["record"]
        row = (
            record,
            index,
            subject["customer"],
            subject["dossier"],
            entry["type"],
            entry["grade"],
            entry.get("key", entry["grade"]),
            entry.get("generation"),
            entry["pages"],
            entry["media"],
            scan["suffix"],
            scan["size_bytes"],
            entry["t"],
            entry["who"],
            entry["claim"],
            entry["print"],
            as_json(entry["objects"]),
            names_as_json(*entry["clauses"]),
            names_as_json(*entry["packs"]),
            record,
            entry.get("until"),
        )
        self._hold(_RECORD, (row,))
        fingerprints = {entry["print"], entry.get("stack", entry["print"])}
        self._hold(_PRINT, [(fingerprint, record) for fingerprint in fingerprints])
        self._claim(index, entry, subject, "filed")

    def _regrade(
        self, _: int, entry: Mapping[str, Any], subject: Mapping[str, str], __: Mapping[str, Any]
    ) -> None:
        """A new grade or key, stored anew; or, when both stay, only a new end of its period."""
        if "objects" in entry:
            self._run(
                "UPDATE record SET grade = ?, key = ?, generation = ?, objects = ?, "
                "size_bytes = ?, stored = ? WHERE id = ?",
                entry["to"],
                entry.get("key", entry["to"]),
                entry.get("generation"),
                as_json(entry["objects"]),
                entry["objects"]["scan"]["size_bytes"],
                entry["stored"],
                subject["record"],
            )
        self._run("UPDATE record SET until = ? WHERE id = ?", entry.get("until"), subject["record"])

    def _attest(
        self, index: int, entry: Mapping[str, Any], subject: Mapping[str, str], _: Mapping[str, Any]
    ) -> None:
        """The newest word on each point of a paper counts; the history is the ledger's."""
        points = [
            *((kind, "", entry.get(kind)) for kind in ("copy", "sides", "dated")),
            *(("signature", who, "yes") for who in entry.get("signed", ())),
            *(("signature", who, "no") for who in entry.get("unsigned", ())),
            *(("field", name, "yes") for name in entry.get("fields", ())),
            *(("field", name, "no") for name in entry.get("lacking_fields", ())),
        ]
        for point, name, value in points:
            if value is not None:
                self._run(
                    "INSERT INTO attestation VALUES (?,?,?,?,?,?) "
                    "ON CONFLICT (record, point, name) DO UPDATE SET "
                    "value=excluded.value, idx=excluded.idx",
                    subject["record"],
                    subject["dossier"],
                    point,
                    name,
                    str(value),
                    index,
                )

    def _ownership(
        self, index: int, entry: Mapping[str, Any], subject: Mapping[str, str], _: Mapping[str, Any]
    ) -> None:
        """Every claim stays; whose customer it is after this one, the entry says itself."""
        self._run(
            "INSERT INTO ownership VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING",
            index,
            subject["customer"],
            subject["person"],
            entry["step"],
            *(entry.get(name) for name in ("department", "listed")),
            *(int(entry.get(name, False)) for name in ("named", "on_duty")),
            entry.get("owner"),
            *(as_json(entry.get(name, [])) for name in ("clauses", "packs")),
            entry["who"],
            entry["t"],
            as_json(entry.get("card")),
        )
        if "owner" in entry:
            self._run(
                "UPDATE customer SET owner = ? WHERE id = ?", entry["owner"], subject["customer"]
            )

    def _contact(
        self, index: int, entry: Mapping[str, Any], subject: Mapping[str, str], _: Mapping[str, Any]
    ) -> None:
        self._run(
            "INSERT INTO contact VALUES (?,?,?,?,?) ON CONFLICT DO NOTHING",
            index,
            subject["customer"],
            subject["person"],
            entry["kind"],
            entry["on"],
        )

    def _handover(
        self, index: int, entry: Mapping[str, Any], subject: Mapping[str, str], _: Mapping[str, Any]
    ) -> None:
        names = ("customer", "dossier", "from", "to")
        self._run(
            "INSERT INTO handover VALUES (?,?,?,?,?,?) ON CONFLICT DO NOTHING",
            index,
            *(subject[name] for name in names),
            entry["t"],
        )

    def _routine(
        self, index: int, entry: Mapping[str, Any], subject: Mapping[str, str], _: Mapping[str, Any]
    ) -> None:
        self._run(
            "INSERT INTO routine VALUES (?,?,?,?) ON CONFLICT DO NOTHING",
            index,
            subject["routine"],
            subject.get("dossier", ""),
            entry["day"],
        )

    def _remind(
        self, index: int, entry: Mapping[str, Any], subject: Mapping[str, str], _: Mapping[str, Any]
    ) -> None:
        """One row for each dossier: whoever is urged for a customer is urged for all of them."""
        for dossier, items in entry["asked"].items():
            self._run(
                "INSERT INTO reminder VALUES (?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING",
                index,
                dossier,
                subject["customer"],
                subject.get("person"),
                entry["day"],
                as_json(items),
                entry["who"],
                entry["t"],
            )

    def _refuse(
        self, index: int, entry: Mapping[str, Any], subject: Mapping[str, str], _: Mapping[str, Any]
    ) -> None:
        self._claim(index, entry, subject, "refused")

    def _reject(
        self, index: int, entry: Mapping[str, Any], subject: Mapping[str, str], _: Mapping[str, Any]
    ) -> None:
        self._claim(index, entry, subject, "rejected")

    def _claim(
        self, index: int, entry: Mapping[str, Any], subject: Mapping[str, str], outcome: str
    ) -> None:
        claim = entry["claim"]
        suggestion = entry.get("suggestion", {})
        row = (
            claim,
            claim.partition(".")[0],
            outcome,
            entry.get("tray"),
            entry.get("reason"),
            subject.get("record"),
            entry["t"],
            index,
            entry.get("print"),
            suggestion.get("customer", subject.get("customer")),
            suggestion.get("dossier", subject.get("dossier")),
            suggestion.get("type", entry.get("type")),
            names_as_json(*entry.get("clauses", ())),
        )
        self._hold(_CLAIM, (row,))

    def _person(
        self, _: int, entry: Mapping[str, Any], subject: Mapping[str, str], __: Mapping[str, Any]
    ) -> None:
        self._run(
            "INSERT INTO person VALUES (?,?,?,?,?,?,NULL) ON CONFLICT (id) DO UPDATE SET "
            "roles=excluded.roles, department=excluded.department, key=excluded.key, "
            "recipient=excluded.recipient",
            subject["person"],
            as_json(entry["roles"]),
            entry.get("department"),
            entry["t"],
            entry.get("key"),
            entry.get("recipient"),
        )

    def _leave(
        self, _: int, entry: Mapping[str, Any], subject: Mapping[str, str], __: Mapping[str, Any]
    ) -> None:
        person = subject["person"]
        self._run("UPDATE person SET left_at = ? WHERE id = ?", entry["t"], person)
        self._run("DELETE FROM clearance WHERE person = ?", person)

    def _refused_login(
        self,
        index: int,
        entry: Mapping[str, Any],
        subject: Mapping[str, str],
        _: Mapping[str, Any],
    ) -> None:
        self._run(
            "INSERT INTO refused_login VALUES (?,?,?) ON CONFLICT DO NOTHING",
            index,
            subject["person"],
            entry["t"],
        )

    def _key(
        self, _: int, entry: Mapping[str, Any], subject: Mapping[str, str], __: Mapping[str, Any]
    ) -> None:
        self._run(
            "INSERT INTO grade_key VALUES (?,?,?) ON CONFLICT DO NOTHING",
            _key_of(subject),
            entry["generation"],
            entry["public"],
        )
        for person in entry["granted"]:
            self._cleared(_key_of(subject), entry["generation"], person)

    def _clear(
        self, _: int, entry: Mapping[str, Any], subject: Mapping[str, str], __: Mapping[str, Any]
    ) -> None:
        for generation in entry["generations"]:
            self._cleared(_key_of(subject), generation, subject["person"])

    def _cleared(self, key: str, generation: int, person: str) -> None:
        self._run(
            "INSERT INTO clearance VALUES (?,?,?) ON CONFLICT DO NOTHING", key, generation, person
        )

    def _revoke(
        self, _: int, __: Mapping[str, Any], subject: Mapping[str, str], ___: Mapping[str, Any]
    ) -> None:
        self._run(
            "DELETE FROM clearance WHERE key = ? AND person = ?",
            _key_of(subject),
            subject["person"],
        )

    def _rewrap(
        self, _: int, entry: Mapping[str, Any], __: Mapping[str, str], ___: Mapping[str, Any]
    ) -> None:
        for record, head in entry["heads"].items():
            row = self._one("SELECT objects FROM record WHERE id = ?", record)
            if row is not None:
                self._run(
                    "UPDATE record SET generation = ?, objects = ? WHERE id = ?",
                    entry["generation"],
                    as_json(row["objects"] | {"head": head}),
                    record,
                )

    def _rotate(
        self, _: int, entry: Mapping[str, Any], subject: Mapping[str, str], __: Mapping[str, Any]
    ) -> None:
        """Once it ended nobody is cleared for the older generations: they are no more."""
        if entry["state"] == "ended":
            self._run(
                "DELETE FROM clearance WHERE key = ? AND generation < ?",
                _key_of(subject),
                entry["generation"],
            )

    def _limit(
        self, _: int, entry: Mapping[str, Any], subject: Mapping[str, str], __: Mapping[str, Any]
    ) -> None:
        """A list that ended stays: its key may seal records that have not moved yet."""
        ended = entry["t"] if entry["state"] == "ended" else None
        self._run(
            "INSERT INTO need_to_know VALUES (?,?,?,?,?) ON CONFLICT (key) DO UPDATE SET "
            "ended=excluded.ended",
            subject["key"],
            entry["grade"],
            subject.get("record") or subject["dossier"],
            entry["t"],
            ended,
        )

    def _adopt(
        self,
        index: int,
        entry: Mapping[str, Any],
        subject: Mapping[str, str],
        __: Mapping[str, Any],
    ) -> None:
        self._run(
            "INSERT INTO pack VALUES (?,?,?,?,?,?) ON CONFLICT (id, version) DO UPDATE SET "
            "sha256=excluded.sha256, t=excluded.t, idx=excluded.idx, shortens=excluded.shortens",
            subject["pack"],
            entry["version"],
            entry["sha256"],
            entry["t"],
            index,
            int(entry.get("shortens", False)),
        )

    def _violation(
        self, _: int, entry: Mapping[str, Any], subject: Mapping[str, str], __: Mapping[str, Any]
    ) -> None:
        # What the catalogue itself shows has no number: its first entry is the first act on it.
        self._run(
            "INSERT INTO violation VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) "
            "ON CONFLICT (id) DO UPDATE SET state=excluded.state, "
            "ordered=coalesce(excluded.ordered, ordered), "
            "corrected=coalesce(excluded.corrected, corrected), "
            "decision=coalesce(excluded.decision, decision)",
            subject.get("violation") or subject["lapse"],
            entry["code"],
            entry["role"],
            subject.get("person"),
            entry.get("department"),
            *(subject.get(name) for name in ("customer", "dossier", "record")),
            entry.get("item", ""),
            entry.get("count", 1),
            entry["on"],
            entry["state"],
            entry.get("ordered"),
            entry.get("corrected"),
            as_json(entry["decision"]) if "decision" in entry else None,
            entry["who"],
            entry["t"],
            as_json(entry.get("card")),
        )

    def _witness(
        self, index: int, entry: Mapping[str, Any], subject: Mapping[str, str], _: Mapping[str, Any]
    ) -> None:
        """Who is asked now; who was once asked, the ledger says."""
        self._run("DELETE FROM witness WHERE name = ?", subject["witness"])
        if entry["step"] == "added":
            self._run(
                "INSERT INTO witness VALUES (?,?,?,?,?,?)",
                subject["witness"],
                entry["vkey"],
                entry["kind"],
                as_json(entry.get("card")),
                entry["t"],
                index,
            )

    def _lay_out(self) -> None:
        with self._transaction():
            # Two processes may come here at once; the second finds the work done.
            if self._all("SELECT name FROM sqlite_master WHERE name = 'meta'"):
                return
            for statement in filter(str.strip, SCHEMA.split(";")):
                self._run(statement)
            start = {"version": str(VERSION), "applied": "0", "root": "", "newest": ""}
            for key, value in (start | {f"last_{kind}": "0" for kind in _COUNTED}).items():
                self._run("INSERT INTO meta VALUES (?, ?)", key, value)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._run("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._run("ROLLBACK")
            raise
        self._run("COMMIT")

    def _set_meta(self, key: str, value: str) -> None:
        self._run("UPDATE meta SET v = ? WHERE k = ?", value, key)


# What each act does to the rows; acts that only tell history are not named.
_STEPS = {
    "customer": Catalogue._customer,
    "dossier": Catalogue._dossier,
    "file": Catalogue._file,
    "regrade": Catalogue._regrade,
    "declassify": Catalogue._regrade,
    "attest": Catalogue._attest,
    "ownership": Catalogue._ownership,
    "contact": Catalogue._contact,
    "handover": Catalogue._handover,
    "routine": Catalogue._routine,
    "remind": Catalogue._remind,
    "refuse": Catalogue._refuse,
    "reject": Catalogue._reject,
    "person": Catalogue._person,
    "key": Catalogue._key,
    "rotate": Catalogue._rotate,
    "rewrap": Catalogue._rewrap,
    "clear": Catalogue._clear,
    "revoke": Catalogue._revoke,
    "limit": Catalogue._limit,
    "leave": Catalogue._leave,
    "refused-login": Catalogue._refused_login,
    "adopt": Catalogue._adopt,
    "violation": Catalogue._violation,
    "loan": catalogue_loans.loan,
    "witness": Catalogue._witness,
    "incident": catalogue_incidents.incident,
    "destroy": catalogue_destruction.destroy,
    "escrow": catalogue_destruction.escrow,
    "hold": catalogue_holds.hold,
    "disposal": catalogue_disposals.disposal,
    "restrict": catalogue_restrictions.restrict,
    "sweep": catalogue_sweep.sweep,
    "volume": catalogue_volumes.volume,
}


def _key_of(subject: Mapping[str, str]) -> str:
    return subject.get("key") or subject["grade"]


def _unlock(connection: Any, key: bytes) -> None:
    assert len(key) == 32
    for pragma in (
        "cipher_log_level=NONE",
        f"key=\"x'{key.hex()}'\"",
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "secure_delete=ON",
        "temp_store=MEMORY",
        "foreign_keys=ON",
    ):
        connection.execute(f"PRAGMA {pragma}")
