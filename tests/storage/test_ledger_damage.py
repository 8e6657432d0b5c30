"""Somebody changes the folder: what is found, under which name, and what is refused."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from ledger_samples import (
    KEY,
    ORIGIN,
    OTHER_KEY,
    VKEY,
    entries,
    files_of,
    make,
    reopen,
)

from storage.errors import Damaged, DiskFailed
from storage.journal import encode_record, scan, segment_name
from storage.ledger import Ledger, LedgerDamaged, peek_size
from storage.ledger_findings import Report
from storage.merkle import EMPTY_ROOT, Edge, leaf_hash
from storage.note import Checkpoint, Signer
from storage.tiles import encode_bundle

SIZE = 700


def sample(root: Path) -> Ledger:
    """600 entries published, 100 more in the journal, in ten commits."""
    ledger = make(root, 600, publish=True)
    for start in range(600, SIZE, 10):
        ledger.append(entries(start + 10, start))
    return ledger


def write(path: Path, raw: bytes) -> None:
    """Overwrite, also what is write-protected."""
    if path.exists():
        path.chmod(0o600)
    path.write_bytes(raw)


def flip(path: Path, at: int) -> None:
    raw = bytearray(path.read_bytes())
    raw[at] ^= 1
    write(path, bytes(raw))


def last_segment(root: Path) -> Path:
    return max((root / "journal").glob("*.tlj"))


def records_of(path: Path) -> list[bytes]:
    raw, first = path.read_bytes(), int(path.stem)
    offsets = [offset for offset, _ in scan(raw, first).records] + [len(raw)]
    return [raw[a:b] for a, b in pairwise(offsets)]


def swap_entries(root: Path) -> None:
    raw = (root / "tile/entries/000").read_bytes()
    write(root / "tile/entries/000", raw.replace(b"entry 3 ", b"entry 4 ", 1))


def cut_journal_below_checkpoint(root: Path) -> None:
    path = last_segment(root)
    write(path, b"".join(records_of(path)[:-15]))


def drop_a_record(root: Path) -> None:
    path = last_segment(root)
    records = records_of(path)
    write(path, b"".join(records[:-3] + records[-2:]))


def swap_records(root: Path) -> None:
    path = last_segment(root)
    records = records_of(path)
    records[-2], records[-3] = records[-3], records[-2]
    write(path, b"".join(records))


def foreign_record(root: Path) -> None:
    """A stranger appends a well-formed record signed with his own key."""
    head = Checkpoint(ORIGIN, SIZE + 1, bytes(32))
    note = Signer(ORIGIN, OTHER_KEY).sign(head)
    with last_segment(root).open("ab") as file:
        file.write(encode_record(SIZE, [b"forged"], note))


def recomputed_record(root: Path) -> None:
    """The last record's entries are altered and its CRC made to fit."""
    path = last_segment(root)
    *before, last = records_of(path)
    record = scan(last, SIZE - 10).records[0][1]
    forged = (b"forged", *record.entries[1:])
    write(path, b"".join(before) + encode_record(record.index, forged, record.note))


def rewritten_without_key(root: Path) -> None:
    """Everything is made anew with other entries, signed with another key."""
    shutil.rmtree(root)
    ledger = Ledger.create(root, ORIGIN, OTHER_KEY)
    ledger.append([b"history as I like it"] * SIZE)
    ledger.publish()


def older_checkpoint(root: Path) -> None:
    """The head of the empty ledger is put back: signed by the right key, and long outdated."""
    write(root / "checkpoint", Signer(ORIGIN, KEY).sign(Checkpoint(ORIGIN, 0, EMPTY_ROOT)))


def bundle_and_tile(root: Path) -> None:
    """An entry is exchanged and the hash tile above it made to fit."""
    forged = [b"forged", *entries(256, 1)]
    write(root / "tile/entries/000", encode_bundle(forged))
    write(root / "tile/0/000", b"".join(map(leaf_hash, forged)))


TAMPERING: dict[str, tuple[Callable[[Path], None], str, bool]] = {
    # what is done, the code it is found under, whether opening refuses at once
    "entry altered in a bundle": (lambda r: flip(r / "tile/entries/001", 100), "L-ENTRY", False),
    "entry replaced by its neighbour": (swap_entries, "L-ENTRY", False),
    "bundle cut": (lambda r: write(r / "tile/entries/001", b"\0\1x"), "L-TILE", False),
    "bundle missing": (lambda r: (r / "tile/entries/000").unlink(), "L-TILE", False),
    "bundles swapped": (
        lambda r: (r / "tile/entries/000").replace(r / "tile/entries/001"),
        "L-ENTRY",
        False,
    ),
    "hash tile altered": (lambda r: flip(r / "tile/0/000", 77), "L-TILE", False),
    "hash tile missing": (lambda r: (r / "tile/0/001").unlink(), "L-TILE", False),
    "row at the edge altered": (lambda r: flip(r / "tile/1/000.p/2", 5), "L-TILE", True),
    "row at the edge missing": (lambda r: (r / "tile/1/000.p/2").unlink(), "L-TILE", True),
    "partial tile altered": (lambda r: flip(r / "tile/0/002.p/88", 5), "L-TILE", False),
    "partial bundle altered": (lambda r: flip(r / "tile/entries/002.p/88", 9), "L-TILE", False),
    "partial bundle missing": (
        lambda r: (r / "tile/entries/002.p/88").unlink(),
        "L-TILE",
        False,
    ),
    "checkpoint altered": (lambda r: flip(r / "checkpoint", 24), "L-CHECKPOINT", True),
    "checkpoint replaced by an older one": (older_checkpoint, "L-CHECKPOINT", True),
    "bundle altered with its tile": (bundle_and_tile, "L-CHECKPOINT", False),
    "checkpoint missing": (lambda r: (r / "checkpoint").unlink(), "L-CHECKPOINT", True),
    "base altered": (lambda r: flip(r / "journal/base", 30), "L-CHECKPOINT", True),
    "base missing": (lambda r: (r / "journal/base").unlink(), "L-CHECKPOINT", True),
    "journal altered in the middle": (
        lambda r: flip(last_segment(r), last_segment(r).stat().st_size // 2),
        "L-JOURNAL",
        True,
    ),
    "journal record removed": (drop_a_record, "L-JOURNAL", True),
    "journal records swapped": (swap_records, "L-JOURNAL", True),
    "journal record of a stranger": (foreign_record, "L-JOURNAL", True),
    "journal record recomputed": (recomputed_record, "L-JOURNAL", True),
    "journal missing": (lambda r: last_segment(r).unlink(), "L-JOURNAL", True),
    "journal cut below the checkpoint": (cut_journal_below_checkpoint, "L-ROLLBACK", True),
    "last record torn": (
        lambda r: flip(last_segment(r), last_segment(r).stat().st_size - 9),
        "L-TORN",
        False,
    ),
    "file added": (lambda r: write(r / "tile/0/notes.txt", b"x"), "L-STRAY", False),
    "tile added": (lambda r: write(r / "tile/0/009", bytes(8192)), "L-STRAY", False),
    "partial tile added": (lambda r: write(r / "tile/0/002.p/9", bytes(288)), "L-STRAY", False),
    "rewritten without the key": (rewritten_without_key, "L-CHECKPOINT", True),
}


@pytest.mark.parametrize("name", TAMPERING)
def test_tampering_is_found_and_named(name: str, tmp_path: Path) -> None:
    """Every kind of interference is reported by verification under its code."""
    root = tmp_path / "ledger"
    ledger = sample(root)
    tamper, code, refused = TAMPERING[name]
    tamper(root)
    report = ledger.verify()
    assert not report.ok
    assert code in {finding.code for finding in report.findings}, report.findings
    if refused:
        with pytest.raises(LedgerDamaged):
            reopen(root)
    else:
        reopen(root)


@pytest.mark.parametrize("name", [n for n, (_, _, refused) in TAMPERING.items() if not refused])
def test_altered_history_is_never_handed_out(name: str, tmp_path: Path) -> None:
    """Reading after interference yields recorded entries, then damage; never anything else."""
    root = tmp_path / "ledger"
    sample(root)
    TAMPERING[name][0](root)
    read = []
    try:
        for _, entry in reopen(root).entries():
            read.append(entry)
    except Damaged:
        pass
    assert read == entries(SIZE)[: len(read)]


def test_altered_entry_is_one_finding_that_names_it(tmp_path: Path) -> None:
    """The report says which file and which entry, and nothing besides."""
    ledger = make(tmp_path / "ledger", 600, publish=True)
    swap_entries(tmp_path / "ledger")
    (finding,) = ledger.verify().findings
    assert (finding.code, finding.where) == ("L-ENTRY", "tile/entries/000 entry 3")


@pytest.mark.parametrize("step", [1, 97])
@pytest.mark.rule("S001-10-R07")
def test_any_single_altered_byte_is_found(step: int, tmp_path: Path) -> None:
    """Wherever a byte of the ledger is changed, verification says so."""
    root = tmp_path / "ledger"
    ledger = make(root, 300, publish=True)
    ledger.append(entries(310, 300))
    assert ledger.verify().ok
    unnoticed = []
    for where, raw in files_of(root).items():
        if where == "lock":
            continue  # holds a note to the next writer about flushing, nothing of the ledger
        for at in range(step % 7, len(raw), max(step, len(raw) // 12)):
            flip(root / where, at)
            if verified(root).ok:
                unnoticed.append((where, at))
            write(root / where, raw)
    assert unnoticed == []
    assert verified(root).ok


def verified(root: Path, *against: tuple[int, bytes]) -> Report:
    from storage.ledger_audit import verify

    return verify(root, VKEY, against=against)


def test_old_copy_is_found_by_what_a_witness_saw(tmp_path: Path) -> None:
    """A folder replaced by an older copy looks whole; only the newer head gives it away."""
    root = tmp_path / "ledger"
    ledger = sample(root)
    shutil.copytree(root, tmp_path / "old")
    ledger.append([b"what should be forgotten"])
    seen = (ledger.size, ledger.root_hash)
    shutil.rmtree(root)
    shutil.move(tmp_path / "old", root)
    assert verified(root).ok
    (finding,) = verified(root, seen).findings
    assert finding.code == "L-ROLLBACK"
    with pytest.raises(LedgerDamaged, match="L-ROLLBACK"):
        reopen(root, must_hold=seen)


def test_rewrite_with_the_stolen_key_is_found_by_what_a_witness_saw(tmp_path: Path) -> None:
    """Whoever has the key can make another history, but not one the witness remembers."""
    root = tmp_path / "ledger"
    ledger = sample(root)
    seen = (ledger.size, ledger.root_hash)
    shutil.rmtree(root)
    forged = make(root, SIZE - 1)
    forged.append([b"forged", b"and longer"])
    forged.publish()
    assert forged.verify().ok
    assert [f.code for f in verified(root, seen).findings] == ["L-ROLLBACK"]
    with pytest.raises(LedgerDamaged, match="differs from the witness"):
        reopen(root, must_hold=seen)


def test_what_a_witness_saw_and_is_still_held_opens(tmp_path: Path) -> None:
    """Every head the ledger ever had is accepted as a witness's."""
    root = tmp_path / "ledger"
    ledger = sample(root)
    for size in (0, 1, 256, 512, 600, 655, SIZE):
        seen = (size, ledger.root_at(size))
        assert reopen(root, must_hold=seen).size == SIZE
        assert verified(root, seen).ok


def test_torn_tail_is_ignored_by_readers_and_cut_by_the_next_writer(tmp_path: Path) -> None:
    """Bytes of an unfinished commit are kept aside, cut off, and the ledger goes on."""
    root = tmp_path / "ledger"
    sample(root)
    torn = encode_record(SIZE, [b"unfinished"], b"note")[:-3]
    with last_segment(root).open("ab") as file:
        file.write(torn)
    reader = Ledger.open(root, VKEY)
    assert reader.size == SIZE == peek_size(root)
    assert not list((root / "journal").glob("torn-*"))
    writer = reopen(root)
    assert writer.append([b"next"]) == range(SIZE, SIZE + 1)
    (kept,) = (root / "journal").glob("torn-*")
    assert kept.read_bytes() == torn
    assert writer.verify().ok
    assert reader.refresh()
    assert reader.root_hash == writer.root_hash


def test_torn_tail_that_hides_a_witnessed_entry_is_refused(tmp_path: Path) -> None:
    """A damaged last record is not taken for a torn one if somebody saw its entries."""
    root = tmp_path / "ledger"
    ledger = sample(root)
    seen = (ledger.size, ledger.root_hash)
    TAMPERING["last record torn"][0](root)
    with pytest.raises(LedgerDamaged) as caught:
        reopen(root, must_hold=seen)
    assert caught.value.finding.code == "L-ROLLBACK"
    assert not list((root / "journal").glob("torn-*"))


def test_torn_tail_that_hides_a_published_entry_is_not_cut(tmp_path: Path) -> None:
    """What the checkpoint promised is never cut off, and the damaged bytes stay."""
    root = tmp_path / "ledger"
    ledger = make(root, 300, group=300)
    ledger.append([b"last"])
    ledger.publish()
    path = last_segment(root)
    flip(path, path.stat().st_size - 5)
    before = path.read_bytes()
    with pytest.raises(LedgerDamaged, match="L-ROLLBACK"):
        reopen(root)
    assert path.read_bytes() == before


def test_checkpoint_put_back_is_called_old(tmp_path: Path) -> None:
    """An outdated head of the right history is named as such, not as another history."""
    root = tmp_path / "ledger"
    ledger = make(root, 100, publish=True)
    old = (root / "checkpoint").read_bytes()
    ledger.append(entries(600, 100))
    ledger.publish()
    write(root / "checkpoint", old)
    (finding,) = verified(root).findings
    assert (finding.code, finding.message) == ("L-CHECKPOINT", "is older than journal/base")
    with pytest.raises(LedgerDamaged, match="older than journal/base"):
        reopen(root)


def test_torn_tail_is_not_cut_by_a_writer_that_read_less_than_was_published(
    tmp_path: Path,
) -> None:
    """A writer that opened earlier asks the checkpoint again before it cuts anything."""
    root = tmp_path / "ledger"
    early = make(root, 300, group=300)
    other = reopen(root)
    other.append([b"last"])
    other.publish()
    flip(last_segment(root), last_segment(root).stat().st_size - 5)
    before = last_segment(root).read_bytes()
    with pytest.raises(LedgerDamaged, match="L-ROLLBACK"):
        early.append([b"x"])
    assert last_segment(root).read_bytes() == before


def test_size_is_not_taken_from_a_record_that_is_torn_or_out_of_place(tmp_path: Path) -> None:
    """Peeking counts neither a record whose body never arrived nor one that does not follow."""
    root = tmp_path / "ledger"
    make(root, 20, group=10)
    path = last_segment(root)
    whole = path.read_bytes()
    write(path, whole[:-100] + bytes(100))
    assert peek_size(root) == 10
    write(path, whole + whole[: len(whole) // 3])
    assert peek_size(root) == 20
    write(path, whole + encode_record(99, [b"x"], b"note"))
    assert peek_size(root) == 20


def test_edge_is_checked_even_when_the_journal_adds_nothing(tmp_path: Path) -> None:
    """Where the tiles are all there is, their rows must have the signed root by themselves."""
    root = tmp_path / "ledger"
    make(root, 512, publish=True)
    flip(root / "tile/1/000.p/2", 40)
    with pytest.raises(LedgerDamaged, match="L-TILE"):
        reopen(root)


def test_journal_emptied_below_the_tiles_is_damage(tmp_path: Path) -> None:
    """The last segment must reach the tiles; else new records would not join on."""
    root = tmp_path / "ledger"
    make(root, 512, publish=True)
    write(last_segment(root), b"")
    with pytest.raises(LedgerDamaged, match="L-JOURNAL"):
        reopen(root)
    assert "L-JOURNAL" in {finding.code for finding in verified(root).findings}


def test_other_history_under_a_running_reader_is_refused(tmp_path: Path) -> None:
    """A reader that starts again compares what it finds with what it had."""
    root = tmp_path / "ledger"
    make(root, 300)
    reader = Ledger.open(root, VKEY)
    shutil.rmtree(root)
    forged = make(root)
    for _ in range(5):
        forged.append([b"other"] * 700)
        forged.publish()
    with pytest.raises(LedgerDamaged, match="L-ROLLBACK"):
        reader.refresh()


def test_upper_tiles_are_checked_as_well(tmp_path: Path) -> None:
    """In a ledger of more than 65536 entries a flipped bit two levels up is found and named."""
    root = tmp_path / "ledger"
    ledger = make(root, 66_000, group=6000, publish=True)
    assert ledger.verify().ok
    flip(root / "tile/1/000", 3)
    assert ("L-TILE", "tile/1/000") in {(f.code, f.where) for f in ledger.verify().findings}
    with pytest.raises(LedgerDamaged, match="L-TILE tile/1/000"):
        next(reopen(root).entries())
    flip(root / "tile/1/000", 3)
    flip(root / "tile/0/005", 3)
    codes = {(f.code, f.where) for f in ledger.verify().findings}
    assert codes == {("L-TILE", "tile/0/005")}


def test_second_segment_missing_is_damage_not_a_torn_tail(tmp_path: Path) -> None:
    """A hole between segments is named."""
    root = tmp_path / "ledger"
    make(root, 5000, group=500)
    names = sorted(path.name for path in (root / "journal").glob("*.tlj"))
    (root / "journal" / names[1]).unlink()
    with pytest.raises(LedgerDamaged, match="L-JOURNAL"):
        reopen(root)
    assert "L-JOURNAL" in {finding.code for finding in verified(root).findings}


def test_journal_that_contradicts_the_tiles_is_found(tmp_path: Path) -> None:
    """Records kept below the published part must say the same as the tiles."""
    root = tmp_path / "ledger"
    make(root, 300, group=300, publish=True)
    path = root / "journal" / segment_name(0)
    record = scan(path.read_bytes(), 0).records[0][1]
    forged = (b"forged", *record.entries[1:])
    write(path, encode_record(0, forged, record.note))
    (finding,) = [f for f in verified(root).findings if f.code == "L-ENTRY"]
    assert finding.where.endswith("entry 0")


def test_follower_meeting_damage_keeps_what_it_had(tmp_path: Path) -> None:
    """A refresh that meets a forged record raises and leaves the view as it was."""
    root = tmp_path / "ledger"
    ledger = sample(root)
    reader = Ledger.open(root, VKEY)
    foreign_record(root)
    with pytest.raises(LedgerDamaged, match="L-JOURNAL"):
        reader.refresh()
    with pytest.raises(LedgerDamaged, match="L-JOURNAL"):
        ledger.append([b"x"])
    assert (reader.size, reader.root_hash) == (SIZE, ledger.root_hash)


def test_journal_shortened_under_a_running_process_is_refused(tmp_path: Path) -> None:
    """A process that saw more than is there now says so instead of going on."""
    root = tmp_path / "ledger"
    ledger = sample(root)
    path = last_segment(root)
    write(path, b"".join(records_of(path)[:-1]))
    with pytest.raises(LedgerDamaged, match="L-ROLLBACK"):
        ledger.append([b"x"])


@pytest.mark.parametrize("call", ["pwrite", "fdatasync"])
def test_failed_write_kills_the_object_and_loses_nothing(
    call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a disk error nothing more is written, and reopening finds all that was promised."""
    root = tmp_path / "ledger"
    ledger = sample(root)

    def fail(*_: object) -> int:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, call, fail)
        with pytest.raises(DiskFailed):
            ledger.append([b"lost or not"])
    with pytest.raises(DiskFailed, match="opened again"):
        ledger.append([b"later"])
    again = reopen(root)
    again.append([b"new"])
    held = [entry for _, entry in again.entries()]
    assert held[:SIZE] == entries(SIZE)
    assert held[SIZE:] in ([b"new"], [b"lost or not", b"new"])
    assert again.verify().ok


def test_short_write_counts_as_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A record of which only a part was taken is never acknowledged."""
    root = tmp_path / "ledger"
    ledger, real = sample(root), os.pwrite

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", lambda fd, raw, at: real(fd, raw[: len(raw) // 2], at))
        with pytest.raises(DiskFailed, match="short write"):
            ledger.append([b"lost"])
    again = reopen(root)
    assert again.append([b"new"]) == range(SIZE, SIZE + 1)
    assert again.verify().ok


def test_verification_of_nothing_is_not_approval(tmp_path: Path) -> None:
    """An empty folder is reported as damaged, not as fine."""
    (tmp_path / "ledger").mkdir()
    report = verified(tmp_path / "ledger")
    assert not report.ok
    assert {"L-CHECKPOINT", "L-JOURNAL"} <= {finding.code for finding in report.findings}


def test_verification_reports_its_progress(tmp_path: Path) -> None:
    """Whoever waits is told how many entries of how many are done."""
    seen: list[tuple[int, int]] = []
    make(tmp_path / "ledger", 600, publish=True).verify(lambda *step: seen.append(step))
    assert seen == [(256, 600), (512, 600), (600, 600)]


def test_message_holds_no_byte_of_an_entry(tmp_path: Path) -> None:
    """Neither errors nor findings quote what an entry says."""
    root = tmp_path / "ledger"
    ledger = make(root)
    ledger.append([b"SECRET"] * 300)
    ledger.publish()
    flip(root / "tile/entries/000", 5)
    assert all("SECRET" not in f"{f.where}{f.message}" for f in ledger.verify().findings)
    with pytest.raises(LedgerDamaged) as caught:
        list(reopen(root).entries())
    assert "SECRET" not in str(caught.value)


def test_head_signed_over_another_tree_is_refused(tmp_path: Path) -> None:
    """A checkpoint that the key signed over another tree is refused."""
    root = tmp_path / "ledger"
    sample(root)
    edge = Edge()
    for index in range(600):
        edge.push(leaf_hash(b"fork %d" % index))
    forged = Signer(ORIGIN, KEY).sign(Checkpoint(ORIGIN, 600, edge.root()))
    write(root / "checkpoint", forged)
    with pytest.raises(LedgerDamaged, match="L-ROLLBACK"):
        reopen(root)
    assert "L-CHECKPOINT" in {finding.code for finding in verified(root).findings}
