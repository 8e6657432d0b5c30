"""`backup create`, `verify`, `restore`: what a snapshot holds, its proof, the way back."""

import json
import shutil
from datetime import timedelta
from functools import partial

import pytest
from archive_home import PASSPHRASE, PERSON, Home, now
from backup_home import BUNDLE, DROP, NEW, TRAY, WORDS, make, restore

from archivist import backing_up, backup_proofs, destruction, rotation, waiting_scans
from archivist.backup_proofs import newest_of, proved
from archivist.destruction import Order
from storage.backups import Medium
from storage.copying import Copying


@pytest.fixture(scope="module")
def made(template, scan, tmp_path_factory):
    """An archive with its backup, for tests that only look."""
    return make(template, tmp_path_factory.mktemp("made"), scan)


@pytest.fixture
def own(made, tmp_path):
    """Archive and backup of one test."""
    vaulted = made.copy(tmp_path)
    yield vaulted
    vaulted.home.end()


def files(dest):
    """Every file of a backup with its bytes."""
    return {p.relative_to(dest).as_posix(): p.read_bytes() for p in dest.rglob("*") if p.is_file()}


def verified(home, dest, *words, code=0):
    return home.json("backup", "verify", dest, *words, code=code)


def codes(result):
    return {finding["code"] for finding in result["findings"]}


def overwrite(path, raw):
    path.chmod(0o644)
    path.write_bytes(raw)


# ── making ────────────────────────────────────────────────────────────────────


def test_a_second_snapshot_copies_only_what_is_new(own, scan):
    """Nothing that lies there is written again, and the first snapshot stays whole."""
    before = files(own.dest)
    path = own.home.top / "later.pdf"
    path.write_bytes(scan("后来之约", "销售合同"))
    own.home.lines("file", path, "--dossier", "D000001", "--type", "合同")
    result = own.home.json("backup", "create", own.dest)
    after = files(own.dest)
    assert {name: raw for name, raw in after.items() if name in before} == before
    new = {name.partition("~")[0] for name in set(after) - set(before)}
    stored = [name for name in new if name.startswith("store/")]
    assert {name.rpartition("/")[2] for name in stored} == {
        "R00000004.pdf.age", "R00000004.card.age"}  # fmt: skip
    assert not any(name.startswith(("scans/", "settings", "keys/grades")) for name in new)
    assert result["copied"] == len(new) - 1  # the manifest is none of its files
    first, second = Medium.open(own.dest).snapshots()
    for snapshot in (first, second):
        assert verified(own.home, own.dest, "--snapshot", snapshot)["ok"]


def test_a_backup_holds_no_key_and_nothing_in_clear(made):
    """No private half, no identity, no shadow; of scans that wait neither bytes nor names."""
    names = files(made.dest)
    paths = [name.partition("~")[0] for name in names]
    assert not any(path.startswith("keys/") and path.endswith(".age") for path in paths)
    assert not any(path.endswith(".db") for path in paths)
    everything = b"\n".join(names.values()) + "\n".join(names).encode()
    waiting = list((made.home.root / "trays").rglob("*.pdf"))
    waiting += list((made.home.root / "drop").rglob("*.pdf"))
    assert len(waiting) == 2
    for path in waiting:
        assert path.read_bytes()[:64] not in everything
        assert path.name.encode() not in everything
    for word in ("AGE-SECRET-KEY", "ARCHIVIST-HOUSE-KEY", "张伟", *WORDS, TRAY, DROP):
        assert word.encode() not in everything


def test_what_is_made_and_verified_stands_in_the_ledger(own):
    """Ids, digests and counts, no path; the doctor says how old it is and whether it was tried."""
    told = {row["check"]: row for row in own.home.json("doctor", code=3)}
    assert not told["backup"]["ok"] and "never verified" in told["backup"]["detail"]
    result = verified(own.home, own.dest)
    assert result["recorded"]
    made_, proof = [e for e in own.home.json("ledger", "show") if e["act"] == "backup"]
    assert (made_["step"], proof["step"], proof["findings"]) == ("create", "verify", 0)
    assert made_["snapshot"] == proof["snapshot"] == result["snapshot"]
    assert made_["manifest"] == proof["manifest"] == result["manifest"]
    assert made_["entries"] == made_["index"]
    assert str(own.dest) not in json.dumps([made_, proof])
    assert {row["check"]: row["ok"] for row in own.home.json("doctor")}["backup"]


def test_a_record_filed_meanwhile_does_not_spoil_the_snapshot(own, scan, monkeypatch):
    """What comes while files are copied is in the next snapshot; this one is of one moment."""
    shutil.rmtree(own.dest)
    during(monkeypatch, "store/", lambda: file_one(own.home, scan, "其间"))
    archive = own.home.open()
    result = backing_up.create(archive, own.dest, now(), "station")
    archive.close()
    assert result.entries < own.home.open().ledger.size - 1
    assert verified(own.home, own.dest)["ok"]
    assert not list(own.dest.glob("store/**/R00000004*"))


def test_a_rotation_meanwhile_ends_in_a_snapshot_that_opens(own, monkeypatch, tmp_path):
    """Heads that changed while they were copied make it look again; the newest are in it."""
    shutil.rmtree(own.dest)
    person = own.home.open().people.unlock(PERSON, PASSPHRASE)
    during(monkeypatch, "store/C000001/D000001/R00000001",
           lambda: rotation.rotate(own.home.open(), "SECRET", person, now()))  # fmt: skip
    archive = own.home.open()
    backing_up.create(archive, own.dest, now(), "station")
    archive.close()
    assert verified(own.home, own.dest)["ok"]
    bundle = tmp_path / "newer"
    own.home.json("key", "escrow", "-o", bundle, ARCHIVIST_ESCROW_PASSPHRASE=BUNDLE)
    other, _ = restore(type(own)(own.home, own.dest, bundle), tmp_path / "other")
    assert other.opened("R00000001") == own.home.opened("R00000001")


def test_a_scan_on_its_way_is_in_the_snapshot(own, monkeypatch, tmp_path):
    """A scan that leaves the drop folder between two looks is found where it went."""
    shutil.rmtree(own.dest)
    look, drop = waiting_scans.look, own.home.drop_folder
    turns = iter(range(9))

    def moving(archive):
        found = look(archive)
        if next(turns) == 1:  # under the lock: claiming takes none
            assert archive.claims.take(drop / "刚到.pdf", drop, now(), bytes(10))
        return found

    monkeypatch.setattr(waiting_scans, "look", moving)
    archive = own.home.open()
    backing_up.create(archive, own.dest, now(), "station")
    archive.close()
    other, _ = restore(own, tmp_path / "other")
    (claimed,) = (p for p in (other.root / "work").rglob("*") if p.is_file())
    assert claimed.name == "刚到.pdf"
    other.lines("watch", "--once")
    assert len(other.in_tray("unsorted")) == 2


def test_what_is_damaged_does_not_keep_the_rest_out(own):
    """The snapshot is made without it, says so, and is complete when the file is put back."""
    shutil.rmtree(own.dest)
    body = own.home.root / "store/C000001/D000001/R00000001.pdf.age"
    whole = body.read_bytes()
    overwrite(body, whole[:-1] + bytes([whole[-1] ^ 1]))
    result = own.home.json("backup", "create", own.dest, code=13)
    assert result["lacking"] == ["store/C000001/D000001/R00000001.pdf.age"]
    proof = verified(own.home, own.dest)
    assert proof["ok"] and codes(proof) == {"B-LACKING"}
    overwrite(body, whole)
    assert own.home.json("backup", "create", own.dest)["lacking"] == []
    assert codes(verified(own.home, own.dest)) == set()


@pytest.mark.parametrize("case", ["inside", "around", "full", "another", "later", "forked"])
def test_a_folder_that_cannot_take_a_backup_is_refused(own, made, case, new_home):
    """Nothing is written into the archive, over something else, or over another history."""
    home, dest, code = own.home, own.dest, 2
    if case == "inside":
        dest = home.root / "backup"
    elif case == "around":
        dest = home.top
    elif case == "full":
        dest = home.top / "full"
        dest.mkdir()
        (dest / "thesis.txt").write_text("x")
    elif case == "another":
        home = Home(own.home.top / "another")
        home.json("init", home.root, "--pack", "secrecy", "--person", "zhao",
                  "--work-factor", "16")  # fmt: skip
    else:  # an archive put back from a copy by hand, which may have gone another way since
        home = Home.copy_of(made.home.top, own.home.top / "old")
        own.home.json("customer", "add", "先来者")
        own.home.json("backup", "create", own.dest)
        if case == "forked":
            for number in range(4):
                home.json("customer", "add", f"后来者{number}")
        code = 13
    before = files(dest) if dest.is_dir() else None
    ran = home.run("backup", "create", dest)
    assert ran.code == code, ran.err
    assert "archivist: hint: " in ran.err
    if case in ("later", "forked"):
        assert "L-ROLLBACK" in ran.err
    assert (files(dest) if dest.is_dir() else None) == before


def test_children_make_the_same_snapshot(own, tmp_path, monkeypatch):
    """What they copied is what is copied here, proved and restored by children, too."""
    other = own.home.top / "other stick"
    own.home.json("backup", "create", other)
    children = partial(Copying, worth=0)
    monkeypatch.setattr(backing_up, "Copying", children)
    monkeypatch.setattr(backup_proofs, "Copying", children)
    third = own.home.top / "third stick"
    own.home.json("backup", "create", third)

    def stored(dest):
        return {name: raw for name, raw in files(dest).items() if name[0] in "ks"}

    records = {name for name in stored(other) if "/R0" in name}
    assert len(records) == 9
    assert {n: stored(third)[n] for n in records} == {n: stored(other)[n] for n in records}
    assert verified(own.home, third)["ok"]
    for path in sorted(third.rglob("R00000003.pdf*")):
        flip(path)
    assert codes(verified(own.home, third, code=13)) == {"B-FILE"}
    restored, _ = restore(own, tmp_path / "machine")
    assert restored.opened("R00000001") == own.home.opened("R00000001")


def during(monkeypatch, path, act):
    """Let something happen while a file below this path is copied, once."""
    job, pending = Medium.job, [act]

    def asked(self, stored, *words):
        if stored.path.startswith(path) and pending:
            pending.pop()()
        return job(self, stored, *words)

    monkeypatch.setattr(Medium, "job", asked)


def file_one(home, scan, text):
    path = home.top / f"{text}.pdf"
    path.write_bytes(scan(text, "销售合同"))
    home.lines("file", path, "--dossier", "D000001", "--type", "合同")


# ── proving ───────────────────────────────────────────────────────────────────


def flip(path):
    whole = path.read_bytes()
    at = len(whole) // 2
    overwrite(path, whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])


def test_every_kind_of_file_is_proved_byte_for_byte(own):
    """A flipped byte in any kind of file is found without a key, and the right file is named."""
    stranger = Home(own.home.top / "stranger")
    stranger.env.pop("ARCHIVIST_ARCHIVE")
    whole = own.home.top / "whole"
    shutil.copytree(own.dest, whole)
    for top in ("", "lists", "snapshots"):  # each hides what is named only in it
        everything = {p for p in own.dest.rglob("*~*") if p.is_file()}
        chosen = {p for p in everything if p.parent.name != "lists"} if not top else set()
        chosen = chosen or {p for p in (own.dest / top).iterdir() if p.is_file()}
        for path in chosen:
            flip(path)
        named = {finding["where"] for finding in verified(stranger, own.dest, code=13)["findings"]}
        for path in chosen:
            where = path.relative_to(own.dest).as_posix()
            assert any(where in name or name in where for name in named), (where, named)
        shutil.rmtree(own.dest)
        shutil.copytree(whole, own.dest)
    assert verified(stranger, own.dest)["ok"]


def test_what_is_missing_exchanged_or_forged_is_found(own):
    """A file or list that is gone, a list with a file less, a manifest that nobody signed."""
    (snapshot,) = Medium.open(own.dest).snapshots()
    manifest = own.dest / "snapshots" / f"{snapshot}.json"
    text, signature = manifest.read_bytes().splitlines()
    body = next(own.dest.glob("store/C000001/D000001/R00000002.pdf.age~*"))
    records = next(own.dest.glob("lists/records-*"))
    shutil.copytree(own.dest, own.home.top / "kept")

    body.unlink()
    assert [f["code"] for f in verified(own.home, own.dest, code=13)["findings"]] == ["B-FILE"]
    records.unlink()
    assert "B-LIST" in codes(verified(own.home, own.dest, code=13))
    forged = text.replace(b'"lacking":[]', b'"lacking":["store/C000001/D000001/R00000002.pdf.age"]')
    overwrite(manifest, forged + b"\n" + signature + b"\n")
    assert codes(verified(own.home, own.dest, code=13)) == {"B-MANIFEST"}


def test_a_snapshot_that_lacks_what_its_ledger_names_is_found(own, monkeypatch):
    """Even a manifest that the house signed is held against the ledger in it."""
    shutil.rmtree(own.dest)
    kept = backing_up._Run._kept
    monkeypatch.setattr(
        backing_up._Run, "_kept",
        lambda run, named, *told: (
            None if "R00000003.pdf" in named.path else kept(run, named, *told)
        ),
    )  # fmt: skip
    own.home.json("backup", "create", own.dest)
    result = verified(own.home, own.dest, code=13)
    assert [(f["code"], f["where"]) for f in result["findings"]] == [
        ("B-NAMED", "store/C000001/D000001/R00000003.pdf.age")]  # fmt: skip


# ── restoring ─────────────────────────────────────────────────────────────────


def test_an_archive_comes_back_on_a_machine_that_has_nothing(own, tmp_path):
    """With backup and bundle alone: records, names, waiting scans, ledger, full text."""
    other, ran = restore(own, tmp_path / "other")
    assert ran.json["records"] == 3 and ran.json["scans"] == 2 and ran.json["house_key_put"]
    assert (other.root.stat().st_mode & 0o777) == 0o700
    for record in ("R00000001", "R00000002", "R00000003"):
        assert other.opened(record) == own.home.opened(record)
    assert other.json("customer", "list")[0]["name"] == "张伟"
    assert other.json("search", WORDS[0])["total"] == 1
    assert other.in_tray("unsorted") == own.home.in_tray("unsorted")
    assert [p.name for p in other.drop_folder.rglob("*.pdf")] == ["刚到.pdf"]
    assert other.json("ledger", "verify")["ok"]
    entry = next(e for e in other.json("ledger", "show") if e["act"] == "restore")
    assert (entry["who"], entry["snapshot"]) == (PERSON, ran.json["snapshot"])
    assert entry["entries"] == entry["index"] == ran.json["entries"]
    # It goes on: files, and adds to the same backup.
    assert [line["tray"] for line in other.lines("watch", "--once")] == ["unsorted"]
    assert other.json("reconcile")["findings"] == []
    assert other.json("backup", "create", own.dest)["lacking"] == []


def test_a_place_or_a_bundle_that_does_not_fit_restores_nothing(own, tmp_path):
    """Not over something else, not with another archive's bundle, not with a void one."""
    full = tmp_path / "full" / "archive"
    full.mkdir(parents=True)
    (full / "x").write_text("x")
    _, ran = restore(own, tmp_path / "full", code=2)
    assert "is not empty" in ran.err
    wrong = own.home.top / "wrong"
    another = Home(own.home.top / "another")
    another.json("init", another.root, "--pack", "secrecy", "--person", "zhao",
                 "--work-factor", "16")  # fmt: skip
    another.json("key", "escrow", "-o", wrong, ARCHIVIST_ESCROW_PASSPHRASE=BUNDLE)
    other, ran = restore(type(own)(own.home, own.dest, wrong), tmp_path / "other", code=2)
    assert "another archive" in ran.err
    own.home.json("key", "rotate", "SECRET")
    own.home.json("backup", "create", own.dest)
    other, ran = restore(own, tmp_path / "other", code=2)
    assert "two times" in ran.err
    assert not other.root.exists() and not list(other.top.glob(".*restoring"))
    # The older snapshot still belongs to the older bundle.
    snapshot = Medium.open(own.dest).snapshots()[0]
    restore(own, tmp_path / "third", "--snapshot", snapshot)


def test_a_damaged_snapshot_is_restored_only_when_asked(own, tmp_path):
    """Refused with the file named; with --damaged the rest comes back, and what lacks is said."""
    body = next(own.dest.glob("store/C000001/D000001/R00000001.pdf.age~*"))
    raw = body.read_bytes()
    overwrite(body, raw[:-1] + bytes([raw[-1] ^ 1]))
    other, ran = restore(own, tmp_path / "other", code=13)
    assert body.name in ran.err and not other.root.exists()
    other, ran = restore(own, tmp_path / "other", "--damaged", code=13)
    assert {f["code"] for f in ran.json["findings"]} == {"B-FILE"}
    assert other.opened("R00000003") == own.home.opened("R00000003")
    assert other.run("view", "R00000001", "--purpose", "x").code == 13
    ledger = next(own.dest.glob("ledger/journal/*.tlj~*"))
    overwrite(ledger, ledger.read_bytes()[:-200])
    third, ran = restore(own, tmp_path / "third", "--damaged", code=13)
    assert not third.root.exists()


def test_a_witness_who_saw_more_is_told_of(own, tmp_path):
    """What came after the snapshot is lost, and the one who saw it proves that it was there."""
    (tmp_path / "witness").mkdir()
    own.home.json("ledger", "witness", "add", "stick", "--folder", tmp_path / "witness")
    own.home.json("backup", "create", own.dest)
    own.home.json("customer", "add", "后来者")
    own.home.json("ledger", "witness", "update")
    other, ran = restore(own, tmp_path / "other", code=3)
    (witness,) = ran.json["witnesses"]
    assert witness["witness"] == "stick" and witness["size"] > ran.json["entries"]
    entry = next(e for e in other.json("ledger", "show") if e["act"] == "restore")
    assert entry["witnesses"] == {"stick": witness["size"]}
    assert "the witness stick saw" in ran.err


def test_scans_of_a_destroyed_key_stay_shut(own, tmp_path):
    """Whatever grade a waiting scan would have got: a rotation of any shuts the older copies."""
    before = {p.name for p in (own.dest / "scans").iterdir()}
    own.home.json("key", "rotate", "TOP")
    own.home.json("backup", "create", own.dest)
    sealed = {p.name for p in (own.dest / "scans").iterdir()} - before
    assert len(sealed) == 2  # sealed anew to the keys there are now
    own.home.json("key", "escrow", "-o", tmp_path / "newer", ARCHIVIST_ESCROW_PASSPHRASE=BUNDLE)
    _other, ran = restore(type(own)(own.home, own.dest, tmp_path / "newer"), tmp_path / "other")
    assert ran.json["scans"] == 2 and ran.json["shut"] == 0


def test_what_was_destroyed_leaves_every_snapshot(own):
    """The files of a destroyed record go from the backup; older snapshots stay proved without."""
    keys = signers(own.home)
    own.home.json("backup", "create", own.dest)
    older = Medium.open(own.dest).snapshots()
    archive = own.home.open()
    order = Order(
        "X000001", now().date(), ("R00000001",), (1, 2), frozenset({"zhang"}), 2, ("X-1",)
    )
    destruction.execute(archive, "X000001", lambda: order, keys[PERSON],
                        [keys["wang"], keys["zhao"]], "档案室", now())  # fmt: skip
    destruction.finish(archive, "X000001", keys[PERSON], now())
    archive.close()
    assert list(own.dest.glob("store/**/R00000001*"))
    result = own.home.json("backup", "create", own.dest)
    assert result["removed"] >= 3
    assert not list(own.dest.glob("**/R00000001*"))
    for snapshot in (*older, result["snapshot"]):
        proof = verified(own.home, own.dest, "--snapshot", snapshot)
        assert proof["ok"] and bool(proof["destroyed"]) == (snapshot in older)
    assert own.home.json("reconcile", code=3)["ends"]["destroyed"] == 1


def signers(home):
    for name in ("wang", "zhao"):
        home.json("person", "add", name, "--role", "archivist", ARCHIVIST_NEW_PASSPHRASE=NEW)
    archive = home.open()
    found = {name: archive.people.unlock(name, NEW) for name in ("wang", "zhao")}
    found[PERSON] = archive.people.unlock(PERSON, PASSPHRASE)
    archive.close()
    return found


def test_the_lists_are_read_by_the_stock_tool(made):
    """Whoever has neither program nor key proves every file with sha256sum."""
    import subprocess

    lists = [p.relative_to(made.dest) for p in (made.dest / "lists").iterdir()]
    assert lists
    for name in lists:
        subprocess.run(["sha256sum", "--quiet", "--strict", "-c", name], cwd=made.dest, check=True)


def test_the_medium_that_is_gone_is_not_written_on(own, monkeypatch):
    """A share that vanishes midway leaves its mount point: nothing goes there."""
    shutil.rmtree(own.dest)
    away = own.home.top / "away"

    def vanish():
        own.dest.rename(away)
        own.dest.mkdir()

    during(monkeypatch, "keys/records/C000002/", vanish)
    ran = own.home.run("backup", "create", own.dest)
    assert ran.code == 1 and "medium is gone" in ran.err
    assert [p for p in own.dest.rglob("*") if p.is_file()] == []
    own.dest.rmdir()
    away.rename(own.dest)
    assert len(Medium.open(own.dest).unfinished()) == 1
    own.home.json("backup", "create", own.dest)
    assert Medium.open(own.dest).unfinished() == []
    assert verified(own.home, own.dest)["ok"]


def test_the_newest_snapshot_is_the_one_that_knows_most_whatever_the_clock_says(own, tmp_path):
    """Set back, far ahead, back again: each is proved, and the last one comes back."""
    names = Medium.open(own.dest).snapshots()
    for days in (-400, 3650, -1):
        archive = own.home.open()
        at = now() + timedelta(days=days)
        names.append(backing_up.create(archive, own.dest, at, "station").snapshot)
        assert backing_up.last(archive)[0].fields["snapshot"] == names[-1]
        archive.close()
    medium = Medium.open(own.dest)
    assert medium.snapshots() == names
    assert newest_of(medium) == names[-1]
    assert all(proved(medium, name).findings == () for name in names)
    _, ran = restore(own, tmp_path / "other")
    assert ran.json["snapshot"] == names[-1]
