"""`key list`, `rotate`, `escrow`, `recover`: new keys for old, and a way back when one is lost."""

import hashlib
import json
import shutil
import stat

import pytest
from archive_home import PASSPHRASE, PERSON, Home

from storage.age.files import decrypt, parse_identity_file
from storage.age.passphrase import Passphrase

ESCROW = "a passphrase for the safe 保险柜"
NEW = "the next passphrase 新口令"


@pytest.fixture
def filed(home, scan, tmp_path):
    """An archive with three sealed records of one grade, R00000001 to R00000003."""
    for number in range(3):
        path = tmp_path / f"合同{number}.pdf"
        path.write_bytes(scan(f"甲方购买乙方出售{number}", "销售合同"))
        (outcome,) = home.lines("file", path, "--dossier", "D000001", "--type", "合同")
        assert outcome["grade"] == "SECRET"
    return home


def records(home):
    """Every record's bytes, by id: what the archive is for."""
    return {record: home.opened(record) for record in home.records()}


def generation(home, record="R00000001"):
    return home.json("show", record)["generation"]


def private_halves(home, grade="SECRET"):
    """Which generations somebody can still open: (generation, holder)."""
    found = (home.root / "keys" / "grades" / grade).glob("*/*.age")
    return sorted((int(path.parent.name), path.stem) for path in found)


def other(home, name="zhao", *grades):
    """A second person, cleared for these grades."""
    home.json("person", "add", name, "--role", "sales_adviser", ARCHIVIST_NEW_PASSPHRASE=NEW)
    for grade in grades:
        home.json("person", "clear", name, grade)


def as_other(home, name="zhao", run="other"):
    """The environment of a session of one's own."""
    place = home.top / run
    place.mkdir(exist_ok=True)
    return {"XDG_RUNTIME_DIR": str(place), "ARCHIVIST_PASSPHRASE": NEW, "ARCHIVIST_PERSON": name}


# ── rotating ──────────────────────────────────────────────────────────────────


def test_rotation_moves_every_record_and_destroys_the_old_key(filed):
    """Afterwards each record opens with the new key, and nobody holds the old one."""
    before = records(filed)
    bodies = {p: p.read_bytes() for p in (filed.root / "store").rglob("R*.age")}
    result = filed.json("key", "rotate", "秘密")
    assert result == {"grade": "SECRET", "target": None, "generation": 2, "records": 3,
                      "destroyed": [1], "damaged": []}  # fmt: skip
    assert private_halves(filed) == [(2, PERSON)]
    assert [generation(filed, record) for record in before] == [2, 2, 2]
    assert records(filed) == before
    assert {p: p.read_bytes() for p in bodies} == bodies


def test_rotation_leaves_other_grades_alone(filed):
    """Only the grade that is named gets a new key."""
    before = private_halves(filed, "TOP")
    filed.json("key", "rotate", "SECRET")
    assert private_halves(filed, "TOP") == before


def test_rotation_stands_in_the_ledger(filed):
    """Begun, each record's new head, ended with a digest over all heads in the order of ids."""
    filed.json("key", "rotate", "SECRET")
    entries = [e for e in filed.json("ledger", "show") if e["act"] in ("rotate", "rewrap")]
    begun, rewrap, ended = entries
    assert (begun["state"], begun["generation"], begun["replaces"]) == ("begun", 2, [1])
    heads = {
        path.stem: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (filed.root / "keys" / "records").rglob("R*.head")
    }
    assert rewrap["heads"] == heads
    lines = "".join(f"{record} {heads[record]}\n" for record in sorted(heads))
    assert ended["heads"] == hashlib.sha256(lines.encode()).hexdigest()
    assert (ended["state"], ended["records"]) == ("ended", 3)
    assert filed.json("ledger", "verify")["ok"]
    assert "rewrap" in [line["act"] for line in filed.json("show", "R00000002")["history"]]


def test_what_is_filed_after_a_rotation_uses_the_new_key(filed, scan):
    """The station seals to the new generation, and the next rotation moves that as well."""
    filed.json("key", "rotate", "SECRET")
    filed.drop("C000001/D000001/合同/新.pdf", scan("轮换之后"))
    (outcome,) = filed.lines("watch", "--once")
    assert generation(filed, outcome["record"]) == 2
    assert filed.json("key", "rotate", "SECRET")["records"] == 4
    assert private_halves(filed) == [(3, PERSON)]


def test_an_old_head_put_back_is_refused_and_named(filed):
    """A head of the destroyed generation opens nothing, and the ledger's check says which."""
    (head,) = (filed.root / "keys" / "records").rglob("R00000001.head")
    old = head.read_bytes()
    filed.json("key", "rotate", "SECRET")
    head.chmod(0o644)
    head.write_bytes(old)
    assert filed.run("view", "R00000001", "--purpose", "x").code == 13
    ran = filed.run("--json", "ledger", "verify")
    assert ran.code == 13
    assert any("R00000001" in found["where"] for found in ran.json["findings"])


def test_a_damaged_head_keeps_the_old_key(filed):
    """Nothing is destroyed while one record cannot be moved; put back, the rotation ends."""
    (head,) = (filed.root / "keys" / "records").rglob("R00000002.head")
    old = head.read_bytes()
    head.chmod(0o644)
    head.write_bytes(old[:-10] + b"AAAAAAAAA\n")
    result = filed.json("key", "rotate", "SECRET", code=13)
    assert (result["damaged"], result["destroyed"], result["records"]) == (["R00000002"], [], 2)
    assert private_halves(filed) == [(1, PERSON), (2, PERSON)]
    head.write_bytes(old)
    assert filed.opened("R00000002") and filed.opened("R00000001")
    again = filed.json("key", "rotate", "SECRET")
    assert (again["generation"], again["records"], again["destroyed"]) == (2, 1, [1])
    assert len(records(filed)) == 3


def test_full_text_survives_a_rotation_without_reading_a_page(filed):
    """The index moves to the new key; the old one opens it no more."""
    assert filed.json("search", "乙方出售")["total"] == 3
    before = (filed.root / "index" / "SECRET.db").stat().st_ino
    filed.json("key", "rotate", "SECRET")
    ran = filed.run("--json", "search", "乙方出售")
    assert ran.json["total"] == 3
    assert "anew" not in ran.err
    assert (filed.root / "index" / "SECRET.db").stat().st_ino == before


def test_a_whoosh_index_moves_to_the_new_key(filed):
    """The other engine's sealed files are moved likewise."""
    filed.set("search", engine="whoosh")
    assert filed.json("search", "乙方出售")["total"] == 3
    filed.json("key", "rotate", "SECRET")
    ran = filed.run("--json", "search", "乙方出售")
    assert ran.json["total"] == 3
    assert "anew" not in ran.err


def test_whoever_is_cleared_stays_cleared(filed):
    """A second person reads and searches on after a rotation, in the session begun before it."""
    other(filed, "zhao", "SECRET")
    env = as_other(filed)
    filed.json("login", "zhao", **env)
    assert filed.json("search", "乙方出售", **env)["total"] == 3
    filed.json("key", "rotate", "SECRET")
    assert private_halves(filed) == [(2, PERSON), (2, "zhao")]
    assert filed.json("search", "乙方出售", **env)["total"] == 3
    assert filed.run("view", "R00000001", "--purpose", "x", **env).code == 0


def test_only_whoever_holds_the_key_rotates_it(filed):
    """Somebody without clearance is refused, and nothing has begun."""
    other(filed)
    entries = len(filed.json("ledger", "show"))
    assert filed.run("key", "rotate", "SECRET", **as_other(filed)).code == 4
    assert private_halves(filed) == [(1, PERSON)]
    acts = [entry["act"] for entry in filed.json("ledger", "show")[entries:]]
    assert not {"rotate", "key"} & set(acts)


def test_after_a_revocation_no_key_of_the_person_opens_a_record(filed):
    """Whoever was shut out holds nothing any more, and the grade can be rotated as before."""
    other(filed, "zhao", "SECRET")
    filed.json("person", "revoke", "zhao", "SECRET", "--reason", "调岗")
    filed.json("key", "rotate", "SECRET")
    ((_, holder),) = private_halves(filed)
    assert holder == PERSON
    assert len(records(filed)) == 3


def test_the_key_of_an_open_grade_is_rotated_by_whoever_is_there(filed):
    """It takes no clearance, and afterwards everybody opens it as before."""
    (row,) = [row for row in filed.json("key", "list") if row["grade"] == "PUBLIC"]
    assert (row["generation"], row["holders"], row["state"]) == (1, ["@house"], "current")
    other(filed, "zhao")
    done = filed.json("key", "rotate", "公开", **as_other(filed))
    assert (done["generation"], done["destroyed"]) == (2, [1])
    rows = [row for row in filed.json("key", "list") if row["grade"] == "PUBLIC"]
    assert [row["state"] for row in rows] == ["destroyed", "current"]


def test_the_list_tells_generations_holders_and_records(filed):
    """Each generation with who holds it, how many records it seals and what became of it."""
    rows = [r for r in filed.json("key", "list") if r["grade"] == "SECRET"]
    (row,) = rows
    assert (row["generation"], row["holders"], row["records"]) == (1, [PERSON], 3)
    assert (row["state"], row["escrowed"]) == ("current", False)
    filed.json("key", "rotate", "SECRET")
    old, new = (r for r in filed.json("key", "list") if r["grade"] == "SECRET")
    assert (old["state"], old["holders"], old["records"]) == ("destroyed", [], 0)
    assert (new["state"], new["holders"], new["records"]) == ("current", [PERSON], 3)
    assert "destroyed" in filed.run("key", "list").out.decode()


# ── escrow and recovery ───────────────────────────────────────────────────────


def bundle(home, name="bundle.age"):
    """A recovery bundle of the archive as it is."""
    path = home.top / name
    home.json("key", "escrow", "-o", path, ARCHIVIST_ESCROW_PASSPHRASE=ESCROW)
    return path


def recover(home, path, name=PERSON, **env):
    keys = {"ARCHIVIST_ESCROW_PASSPHRASE": ESCROW, "ARCHIVIST_NEW_PASSPHRASE": NEW,
            "ARCHIVIST_PASSPHRASE": None}  # fmt: skip
    return home.run("--json", "key", "recover", path, "--person", name, **keys | env)


def stranded(home, top):
    """Only the archive folder, on another machine: no house key, no session, no passphrase."""
    shutil.copytree(home.root, top / "archive")
    new = Home(top)
    new.env["ARCHIVIST_PASSPHRASE"] = NEW
    return new


def test_the_bundle_is_an_age_file_that_opens_records(filed):
    """Without the program: passphrase, identities, a record's head and body."""
    path = bundle(filed)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = decrypt([Passphrase(ESCROW)], path.read_bytes()).decode()
    identities = parse_identity_file(text)
    (head,) = (filed.root / "keys" / "records").rglob("R00000001.head")
    (body,) = (filed.root / "store").rglob("R00000001.pdf.age")
    plain = decrypt(identities, head.read_bytes() + body.read_bytes())
    assert plain == filed.opened("R00000001")


def test_the_ledger_names_the_bundle_by_its_digest(filed):
    """Digest and generations; no secret."""
    path = bundle(filed)
    (entry,) = [e for e in filed.json("ledger", "show") if e["act"] == "escrow"]
    assert entry["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert entry["generations"]["SECRET"] == [1]
    assert all(row["escrowed"] for row in filed.json("key", "list"))
    assert "SECRET-KEY" not in json.dumps(entry)


def test_a_lost_passphrase_is_not_a_lost_archive(filed, tmp_path):
    """The drill: archive folder and bundle alone, on another machine, open everything again."""
    before = records(filed)
    path = bundle(filed)
    home = stranded(filed, tmp_path / "elsewhere")
    ran = recover(home, path)
    assert ran.code == 0, ran.err
    assert ran.json["restored"] is True
    assert records(home) == before
    assert home.json("search", "乙方出售")["total"] == 3
    assert (
        home.run("view", "R00000001", "--purpose", "x", ARCHIVIST_PASSPHRASE=PASSPHRASE).code == 12
    )
    assert home.json("ledger", "verify")["ok"]
    assert home.json("key", "rotate", "SECRET")["records"] == 3
    (person,) = home.json("person", "list")
    assert person["roles"] == ["archivist"]


def test_somebody_new_can_take_over(filed, tmp_path):
    """A person who was never there gets keys, roles and every clearance."""
    path = bundle(filed)
    home = stranded(filed, tmp_path / "elsewhere")
    assert recover(home, path, "wang").code == 0
    ran = home.run("view", "R00000001", "--purpose", "x", ARCHIVIST_PERSON="wang")
    assert ran.code == 0, ran.err
    acts = [e["act"] for e in home.json("ledger", "show")]
    assert acts[acts.index("recover") - 1] == "person"


def test_recovering_twice_is_harmless(filed, tmp_path):
    """A drill that was cut short is done again from the start."""
    path = bundle(filed)
    home = stranded(filed, tmp_path / "elsewhere")
    assert recover(home, path).code == 0
    again = recover(home, path)
    assert again.code == 0
    assert again.json["restored"] is False
    assert len(records(home)) == 3


def test_a_rotation_makes_older_bundles_void(filed, tmp_path):
    """What an old bundle holds opens nothing, and recovery with it changes nothing."""
    path = bundle(filed)
    filed.json("key", "rotate", "SECRET")
    assert not all(row["escrowed"] for row in filed.json("key", "list"))
    home = stranded(filed, tmp_path / "elsewhere")
    ran = recover(home, path)
    assert (ran.code, "void" in ran.err) == (2, True)
    assert not (home.top / "config").exists()
    assert recover(home, bundle(filed, "next.age")).code == 0


def test_a_bundle_of_another_archive_is_refused(filed, tmp_path):
    """It changes nothing in this one."""
    path = bundle(filed)
    home = Home(tmp_path / "foreign")
    home.json("init", home.root, "--pack", "secrecy", "--person", PERSON, "--work-factor", "16")
    ran = recover(home, path)
    assert (ran.code, "another archive" in ran.err) == (2, True)


def test_a_wrong_passphrase_and_another_file_are_refused(filed, tmp_path):
    """Each is said in its own words, and nothing is written."""
    path = bundle(filed)
    home = stranded(filed, tmp_path / "elsewhere")
    assert recover(home, path, ARCHIVIST_ESCROW_PASSPHRASE="wrong").code == 12
    (tmp_path / "note.txt").write_text("hello")
    assert recover(home, tmp_path / "note.txt").code == 13
    assert recover(home, tmp_path / "none").code == 2
    assert not (home.top / "config").exists()


def test_recovery_on_another_machine_gives_everybody_his_keys_anew(filed, tmp_path):
    """Other counterparts are made there; who was cleared opens again, with his old passphrase."""
    other(filed, "zhao", "SECRET")
    path = bundle(filed)
    home = stranded(filed, tmp_path / "elsewhere")
    assert recover(home, path).code == 0
    names = home.open().counterparts.names()
    assert {"SECRET-0001", "PUBLIC-0001"} <= set(names)
    assert home.run("view", "R00000001", "--purpose", "x", **as_other(home)).code == 0
    rows = {row["check"]: row for row in home.run("--json", "doctor").json}
    assert rows["counterparts"]["ok"], rows["counterparts"]


def test_without_the_counterparts_nothing_opens_and_it_is_said_what_to_do(filed):
    """Exit 12 and a hint; doctor names what is missing, and the bundle mends it."""
    path = bundle(filed)
    folder = filed.open().counterparts.folder
    shutil.rmtree(folder)
    ran = filed.run("view", "R00000001", "--purpose", "x")
    assert (ran.code, ran.out) == (12, b"")
    assert "SECRET-0001" in ran.err and "key recover" in ran.err
    rows = {row["check"]: row for row in filed.run("--json", "doctor").json}
    assert not rows["counterparts"]["ok"] and "SECRET-0001" in rows["counterparts"]["detail"]
    assert recover(filed, path).code == 0
    env = {"ARCHIVIST_PASSPHRASE": NEW}
    filed.json("login", PERSON, **env)
    assert filed.run("view", "R00000001", "--purpose", "x", **env).code == 0
    (folder / "SECRET-0001").chmod(0o644)
    rows = {row["check"]: row for row in filed.run("--json", "doctor", **env).json}
    assert not rows["counterparts"]["ok"]


def test_no_rotation_begins_where_nothing_could_be_destroyed(filed, monkeypatch):
    """Said before anything is changed."""
    size = len(filed.json("ledger", "show"))
    with monkeypatch.context() as patch:
        patch.setattr("storage.counterparts.os.access", lambda *_: False)
        ran = filed.run("key", "rotate", "SECRET")
    assert ran.code == 1 and "counterparts" in ran.err
    assert len(filed.json("ledger", "show")) == size
    assert filed.json("key", "rotate", "SECRET")["generation"] == 2


def test_another_house_key_is_never_overwritten(filed, tmp_path):
    """The key that lies there stays, and so does everything else."""
    path = bundle(filed)
    home = stranded(filed, tmp_path / "elsewhere")
    place = home.top / "other.key"
    from storage.house_key import HouseKey

    HouseKey(bytes(32)).save(place)
    before = place.read_bytes()
    entries = sorted((home.root / "keys" / "people").iterdir())
    assert recover(home, path, ARCHIVIST_HOUSE_KEY=str(place)).code == 2
    assert place.read_bytes() == before
    assert sorted((home.root / "keys" / "people").iterdir()) == entries


def test_a_bundle_is_not_put_into_the_archive(filed):
    """Whoever copies the folder would take every key along."""
    path = filed.root / "bundle.age"
    ran = filed.run("key", "escrow", "-o", path, ARCHIVIST_ESCROW_PASSPHRASE=ESCROW)
    assert ran.code == 2
    assert not path.exists()


def test_only_whoever_holds_every_key_makes_a_bundle(filed):
    """A bundle that lacks a key would be found out on the day it is needed."""
    other(filed, "zhao", "SECRET")
    path = filed.top / "half.age"
    env = as_other(filed) | {"ARCHIVIST_ESCROW_PASSPHRASE": ESCROW}
    assert filed.run("key", "escrow", "-o", path, **env).code == 4
    assert not path.exists()
