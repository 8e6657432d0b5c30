"""Witnesses: others who remember how far the ledger came.

Owns the act `witness` and the asking. A witness is a folder of somebody else (another
department's share, a stick: `storage.witness`) or an HTTP service (C2SP tlog-witness); it gets a
signed head and a proof that the ledger only grew, never an entry.

Rules it keeps:
- Who is asked is on record: adding and removing is an entry with the witness's verifier key.
  Where it is (a path, an address) stands in a sealed card.
- What is cosigned is on the disk first. A head is fixed under the writer's lock; a power cut after
  an unflushed one would else leave the witness ahead of the ledger, as if it had been rolled back.
- A witness that is away costs nothing but its cosignature. One that holds another history is an
  alarm, and no witness that is added later makes up for it.
- A folder inside the archive is no witness: who rolls back the one rolls back the other.

    added = add_folder(archive, "audit", Path("/media/stick"), seed, "lin", now)
    for outcome in ask_all(archive, now):
        print(outcome.witness, outcome.state)        # cosigned, away, refused, contradicts
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from archivist import fetching
from archivist.archive import Archive
from archivist.errors import BadRequest, NotAllowed, NotKnown
from index.catalogue import Row
from storage import cosigned
from storage.durable import read_bytes
from storage.errors import Damaged, DiskFailed, Missing, Occupied, StorageError
from storage.ledger_findings import WITNESS, Finding, Seen
from storage.merkle import EMPTY_ROOT
from storage.note import COSIGNATURE, MAX_NOTE_BYTES, Checkpoint, Verifier, open_checkpoint
from storage.witness import (
    MAX_ANSWER_BYTES,
    Answer,
    WitnessFolder,
    cosignature,
    parse_size,
    request,
)

CARDS = "WITNESSES"
State = Literal["cosigned", "away", "refused", "contradicts"]


@dataclass(frozen=True, slots=True)
class Witness:
    """Somebody who is asked: name, verifier key, and where."""

    name: str
    verifier: Verifier
    kind: Literal["folder", "url"]
    place: str
    since: str

    def ask(self, body: bytes, now: datetime) -> Answer:
        """One `add-checkpoint` call. Raises Away, StorageError."""
        if self.kind == "folder":
            folder = WitnessFolder(Path(self.place))
            if folder.verifier != self.verifier:
                raise Damaged("another witness lies in its folder")
            return folder.add_checkpoint(body, int(now.timestamp()))
        reply = fetching.post(
            f"{self.place.rstrip('/')}/add-checkpoint", body, "text/plain",
            max_bytes=MAX_ANSWER_BYTES,
        )  # fmt: skip
        return Answer(reply.status, reply.body, reply.media)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How asking one witness ended: state, size of the ledger asked about, why if not cosigned."""

    witness: str
    state: State
    size: int
    detail: str = ""


# ── who is asked ──────────────────────────────────────────────────────────────


def add_folder(
    archive: Archive, name: str, folder: Path, seed: bytes, who: str, now: datetime
) -> Witness:
    """Let the witness in `folder` watch this ledger; its key is made there on first use.

    Raises NotAllowed for a folder inside the archive, BadRequest for a name that cannot be or is
    taken, Missing when the folder is not there, Occupied when it knows this ledger otherwise.
    """
    place = folder.resolve()
    if place.is_relative_to(archive.root.resolve()):
        raise NotAllowed(
            "见证目录不能在档案库之内", "a witness's folder cannot lie inside the archive",
            "请用其他部门的共享目录、U 盘或另一台机器",
            "use another department's share, a USB stick or another machine",
        )  # fmt: skip
    if not place.is_dir():
        raise BadRequest(f"没有目录 {folder}", f"there is no folder {folder}")
    _check_name(archive, name)
    try:
        made = WitnessFolder.found(place, name, seed)
        made.watch(archive.settings.vkey)
    except Occupied:
        raise BadRequest(
            "该见证目录中的同名台账使用另一把公钥",
            "the witness in this folder knows a ledger of this name by another key",
        ) from None
    return _add(archive, name, made.verifier, "folder", str(place), who, now)


def add_url(archive: Archive, name: str, url: str, vkey: str, who: str, now: datetime) -> Witness:
    """Ask an HTTP witness from now on, known by its verifier key. Raises BadRequest."""
    _check_name(archive, name)
    try:
        verifier = Verifier.parse(vkey)
    except ValueError:
        raise BadRequest(
            "这不是见证人的验证公钥", "this is not the verifier key of a witness",
            "见证方启动时会显示：名称+编号+公钥", "the witness shows it: name+id+key",
        ) from None  # fmt: skip
    return _add(archive, name, verifier, "url", fetching.check_url(url), who, now)


def remove(archive: Archive, name: str, who: str, now: datetime) -> None:
    """Ask a witness no more. What it cosigned stays true, its folder as it is. Raises NotKnown."""
    with archive.writing(now, who) as desk:
        row = next((row for row in archive.catalogue.witnesses() if row["name"] == name), None)
        if row is None:
            raise NotKnown(f"没有名为 {name} 的见证人", f"there is no witness {name}")
        desk.say("witness", _subject(archive, name), step="removed", vkey=row["vkey"])
        desk.append()
    cosigned.forget(archive.root / "ledger", Verifier.parse(row["vkey"]))
    archive.follow()


def _check_name(archive: Archive, name: str) -> None:
    # It stands in the ledger for ever and in every cosignature of a folder made here.
    if not (name.isascii() and name.replace("-", "").replace(".", "").isalnum() and len(name) < 41):
        raise BadRequest(
            "见证人名称只能用字母、数字、点和连字符",
            "a witness's name is made of letters, digits, dots and hyphens",
        )
    archive.follow()
    if any(row["name"] == name for row in archive.catalogue.witnesses()):
        raise BadRequest(f"已有名为 {name} 的见证人", f"there is a witness {name} already")


def _add(
    archive: Archive, name: str, verifier: Verifier, kind: Literal["folder", "url"], place: str,
    who: str, now: datetime,
) -> Witness:  # fmt: skip
    if verifier.algorithm != COSIGNATURE:
        raise BadRequest(
            "这是台账的公钥，不是见证人的", "this is the key of a log, not that of a witness"
        )
    with archive.writing(now, who) as desk:
        known = {row["vkey"]: row["name"] for row in archive.catalogue.witnesses()}
        if verifier.vkey() in known:
            other = known[verifier.vkey()]
            raise BadRequest(f"它已是见证人 {other}", f"it is the witness {other} already")
        desk.say_with_card(
            CARDS, "WITNESS", {"v": 1, "place": place}, "witness", _subject(archive, name),
            step="added", kind=kind, vkey=verifier.vkey(),
        )  # fmt: skip
    archive.follow()
    return next(witness for witness in listed(archive) if witness.name == name)


def _subject(archive: Archive, name: str) -> dict[str, str]:
    return {"archive": archive.settings.archive_id, "witness": name}


def listed(archive: Archive) -> list[Witness]:
    """Everybody who is asked now, as the catalogue knows them.

    The ledger is not opened for it: when that is damaged, witnesses are wanted most.
    """
    return [_witness(archive, row) for row in archive.catalogue.witnesses()]


def _witness(archive: Archive, row: Row) -> Witness:
    card = row["card"]
    place = archive.read_card(card["name"], card["sha256"])["place"]
    return Witness(row["name"], Verifier.parse(row["vkey"]), row["kind"], place, row["t"])


# ── asking ────────────────────────────────────────────────────────────────────


def ask_all(
    archive: Archive, now: datetime, witnesses: Sequence[Witness] | None = None
) -> list[Outcome]:
    """Ask every witness to cosign the newest head; each that does is remembered."""
    head, note = archive.newest_head()
    asked = listed(archive) if witnesses is None else witnesses
    return [_ask(archive, witness, head, note, now) for witness in asked]


def _ask(
    archive: Archive, witness: Witness, head: Checkpoint, note: bytes, now: datetime
) -> Outcome:
    root, log = archive.root / "ledger", Verifier.parse(archive.settings.vkey)
    last = cosigned.last_of(root, log, witness.verifier)
    try:
        state, detail = _put(
            lambda old: witness.ask(request(old, _proof(archive, old, head.size), note), now),
            last.head.size if last else 0,
            head,
        )
        if state == "cosigned":
            cosigned.keep(root, note, cosignature(detail, note, witness.verifier))
            return Outcome(witness.name, "cosigned", head.size)
        return Outcome(witness.name, state, head.size, detail.decode())
    except (fetching.Away, Missing, DiskFailed) as error:
        return Outcome(witness.name, "away", head.size, str(error))
    except StorageError as error:
        return Outcome(witness.name, "refused", head.size, str(error))


def _proof(archive: Archive, old: int, size: int) -> list[bytes]:
    return archive.ledger.consistency(old, size)


def _put(ask: Callable[[int], Answer], old: int, head: Checkpoint) -> tuple[State, bytes]:
    """Ask, once more from where the witness says it is, and say what its answer means."""
    answer = ask(old)
    if answer.status == 409:
        held = parse_size(answer.body)
        if held > head.size:
            return "contradicts", f"it holds {held} entries, the ledger {head.size}".encode()
        if held == old == head.size:
            return "contradicts", f"it holds another root at {held} entries".encode()
        old = held
        answer = ask(old)
    if answer.status == 200:
        return "cosigned", answer.body
    if answer.status == 422:
        return "contradicts", f"the ledger is no continuation of its {old} entries".encode()
    if answer.status == 409 and old == head.size:
        return "contradicts", f"it holds another root at {old} entries".encode()
    means = {403: "it does not accept the ledger's signature", 404: "it does not watch this ledger"}
    return "refused", means.get(answer.status, f"it answers {answer.status}").encode()


# ── what they hold ────────────────────────────────────────────────────────────


def held_by(witness: Witness, log: Verifier) -> Seen | None:
    """The head in a witness's folder; None when it has seen nothing. Raises StorageError."""
    folder = WitnessFolder(Path(witness.place))
    head = folder.held(log)
    return None if head is None else Seen(head.size, head.root, f"witness {witness.name}")


def seen_by_folders(archive: Archive) -> tuple[list[Seen], list[Finding], list[str]]:
    """What the folders that are there hold, what is wrong in them, and who is away."""
    log = Verifier.parse(archive.settings.vkey)
    seen, found, away = [], [], []
    for witness in listed(archive):
        if witness.kind != "folder":
            continue
        try:
            head = held_by(witness, log)
        except (Missing, DiskFailed):
            away.append(witness.name)
        except StorageError as error:
            found.append(Finding(WITNESS, witness.name, str(error)))
        else:
            seen += [head] if head else []
    return seen, found, away


def read_head(path: Path, log: Verifier) -> Seen:
    """A checkpoint that somebody kept: its file, or the folder of a witness. Raises Damaged,
    Missing when there is none."""
    if path.is_dir():
        head = WitnessFolder(path).held(log)
        return Seen(0, EMPTY_ROOT, str(path)) if head is None else Seen(*_of(head), str(path))
    return Seen(*_of(open_checkpoint(read_bytes(path, MAX_NOTE_BYTES), log)), str(path))


def _of(head: Checkpoint) -> tuple[int, bytes]:
    return head.size, head.root


def new_seed() -> bytes:
    """The secret of a witness that is made now; it is kept in the witness's folder alone."""
    return os.urandom(32)
