"""`person clear`, `revoke`, `leave`: who can open a grade, and who no longer can."""

import hashlib
import json
from datetime import datetime, timedelta

import pytest
from archive_home import PERSON, Home

NEW = "eine ganz andere 口令"
TEXT = "违约金肆拾柒万圆整"


@pytest.fixture(autouse=True)
def cheap(home):
    """Passphrases that cost little to try."""
    home.set("keys", scrypt_log_n=16)


def add(home, name="wang", *roles):
    home.json("person", "add", name, "--role", *(roles or ("sales_adviser",)),
              ARCHIVIST_NEW_PASSPHRASE=NEW)  # fmt: skip
    return name


def as_(home, name, *words, **env):
    """Run as somebody who was added here, by his passphrase."""
    return home.run("--json", "--as", name, *words, **({"ARCHIVIST_PASSPHRASE": NEW} | env))


def people(home):
    return {row["person"]: row for row in home.json("person", "list")}


def entries(home, *acts):
    return [entry for entry in home.json("ledger", "show") if entry["act"] in acts]


def file(home, scan, text=TEXT):
    home.drop("C000001/D000001/合同/一.pdf", scan(text, "销售合同"))
    (outcome,) = home.lines("watch", "--once")
    assert outcome["grade"] == "SECRET"
    return outcome["record"]


def copies(home):
    """Every sealed copy of a grade's key that lies in the folder: (grade, generation, holder)."""
    found = (home.root / "keys" / "grades").rglob("*.age")
    return {(p.parent.parent.name, int(p.parent.name), p.stem) for p in found}


def opens(home, name, record):
    """Whether somebody can open a record; to whoever is not cleared it does not exist."""
    ran = home.run("--as", name, "view", record, "--purpose", "test", ARCHIVIST_PASSPHRASE=NEW)
    assert ran.code in (0, 2, 4), ran.err
    return ran.code == 0


# ── giving ────────────────────────────────────────────────────────────────────


def test_a_cleared_person_opens_what_was_sealed_before_and_after(home, scan):
    """Clearance is the key: without it not even the title, with it every generation."""
    first = file(home, scan)
    add(home)
    assert not opens(home, "wang", first)
    done = home.json("person", "clear", "wang", "秘密")
    assert done == {"person": "wang", "grade": "SECRET", "generations": [1]}
    assert opens(home, "wang", first)
    assert opens(home, "wang", file(home, scan, "后来的"))


def test_only_the_grade_that_was_given_opens(home):
    """One grade says nothing of another; `whoami` and `person list` tell which."""
    add(home)
    home.json("person", "clear", "wang", "SECRET")
    assert people(home)["wang"]["grades"] == ["SECRET"]
    told = as_(home, "wang", "whoami").json
    assert told["grades"] == [{"grade": "SECRET", "generation": 1}]
    shown = home.run("person", "list", ARCHIVIST_LANG="zh").out.decode()
    assert "秘密" in next(line for line in shown.splitlines() if line.startswith("wang"))


def test_the_entry_names_grade_generations_and_both_people(home):
    """Ids only; who gave it, to whom, and which keys."""
    add(home)
    home.json("person", "clear", "wang", "SECRET")
    (entry,) = entries(home, "clear")
    assert (entry["who"], entry["subject"]) == (PERSON, {"person": "wang", "grade": "SECRET"})
    assert entry["generations"] == [1]


def test_the_full_text_catches_up_for_whoever_was_cleared(home, scan):
    """What the station sealed is found at the next search, also by whoever is logged in."""
    add(home)
    home.json("logout")
    file(home, scan)
    assert as_(home, "wang", "login").code == 0
    assert as_(home, "wang", "search", TEXT).json["total"] == 0
    ran = home.run("--json", "person", "clear", "wang", "SECRET", "--as", PERSON)
    assert ran.code == 0, ran.err
    assert as_(home, "wang", "search", TEXT).json["total"] == 1


@pytest.mark.parametrize(
    ("name", "grade", "code"),
    [(PERSON, "SECRET", 4), ("nobody", "SECRET", 2), ("wang", "公开", 2), ("wang", "没有", 2)],
)
def test_what_cannot_be_given_changes_nothing(home, name, grade, code):
    """Nobody clears himself; strangers, open grades and unknown ones are refused."""
    add(home)
    before = copies(home)
    assert home.run("person", "clear", name, grade).code == code
    assert copies(home) == before and not entries(home, "clear")


def test_whoever_is_not_cleared_clears_nobody(home):
    """What one cannot open one cannot hand on."""
    add(home)
    add(home, "zhao")
    assert as_(home, "wang", "person", "clear", "zhao", "SECRET").code == 4
    home.json("person", "clear", "wang", "SECRET")
    assert as_(home, "wang", "person", "clear", "zhao", "SECRET").code == 0
    assert as_(home, "wang", "person", "clear", "zhao", "TOP").code == 4


def test_a_session_that_is_over_clears_nobody(home):
    """The keys are gone with it."""
    add(home)
    session = next((home.top / "run").rglob("*.session"))
    fields = json.loads(session.read_text("utf-8"))
    past = datetime.fromisoformat(fields["expires_at"]) - timedelta(days=5)
    session.write_text(json.dumps(fields | {"expires_at": past.isoformat()}), "utf-8")
    ran = home.run("person", "clear", "wang", "SECRET", ARCHIVIST_PASSPHRASE=None)
    assert ran.code == 12
    assert not session.exists() and not entries(home, "clear")


def test_what_a_crash_left_undone_is_done_by_the_same_command(home, scan):
    """After the entry keys may be missing; repeating gives and names them."""
    record = file(home, scan)
    add(home)
    home.json("person", "clear", "wang", "SECRET")
    assert home.run("person", "clear", "wang", "SECRET").code == 2  # is cleared already
    (home.root / "keys/grades/SECRET/0001/wang.age").unlink()
    assert not opens(home, "wang", record)
    assert home.run("person", "clear", "wang", "SECRET").code == 0
    assert opens(home, "wang", record)
    named = [dict(entry["sealed"]) for entry in entries(home, "clear")]
    sealed = [one["grades/SECRET/0001/wang.age"] for one in named]
    there = hashlib.sha256((home.root / "keys/grades/SECRET/0001/wang.age").read_bytes())
    assert len(sealed) == 2 and sealed[1] == there.hexdigest() != sealed[0]


def test_a_swapped_page_gets_no_key(home):
    """Somebody puts his own public key in another's place: nothing is sealed to it."""
    add(home)
    add(home, "zhao")
    folder = home.root / "keys" / "people"
    pages = {n: json.loads((folder / f"{n}.json").read_text("utf-8")) for n in ("zhao", "wang")}
    page = pages["wang"] | {"recipient": pages["zhao"]["recipient"]}
    (folder / "wang.json").chmod(0o644)
    (folder / "wang.json").write_text(json.dumps(page), "utf-8")
    before = copies(home)
    assert home.run("person", "clear", "wang", "SECRET").code == 13
    assert copies(home) == before and not entries(home, "clear")


# ── who may ───────────────────────────────────────────────────────────────────

OFFICE = """
[pack]
id = "office"
version = "1"
zh = "三员"
en = "three officers"
source = "X"
effective_from = 2020-01-01
[[role]]
id = "sec_officer"
zh = "安全保密员"
en = "security officer"
clause = "X-7"
excludes = ["audit_officer"]
[[duty]]
id = "clearing"
zh = "授予和撤销涉密权限"
en = "clears people"
clause = "X-8"
act = "clear"
roles = ["sec_officer"]
"""


def adopt_office(home):
    path = home.top / "office.toml"
    path.write_text(OFFICE, "utf-8")
    home.json("pack", "adopt", path)


def test_where_a_regulation_names_an_office_it_takes_that_office(home):
    """The officer must hold the keys too; the entry cites the clause."""
    add(home)
    add(home, "chen", "sec_officer")
    home.json("person", "clear", "chen", "SECRET")
    adopt_office(home)
    ran = home.run("person", "clear", "wang", "SECRET")
    assert ran.code == 4 and "X-8" in ran.err
    assert as_(home, "chen", "person", "clear", "wang", "SECRET").code == 0
    assert as_(home, "chen", "person", "clear", "wang", "TOP").code == 4
    assert (entries(home, "clear")[-1]["clauses"]) == ["X-8"]
    assert home.run("person", "revoke", "wang", "SECRET", "--reason", "x").code == 4
    assert as_(home, "chen", "person", "revoke", "wang", "SECRET", "--reason", "x").code == 0


def test_offices_held_apart_in_one_hand_give_no_power(home):
    """Roles from before the regulation: whoever holds both neither clears nor is cleared."""
    add(home, "chen", "sec_officer", "audit_officer")
    home.json("person", "clear", "chen", "SECRET")
    add(home)
    adopt_office(home)
    ran = as_(home, "chen", "person", "clear", "wang", "SECRET")
    assert ran.code == 4 and "X-7" in ran.err


def test_the_founder_cannot_hold_what_is_held_apart(tmp_path):
    """Whoever makes the archive is bound by its regulations."""
    pack = tmp_path / "office.toml"
    pack.write_text(OFFICE, "utf-8")
    made = Home(tmp_path)
    both = ("--role", "sec_officer", "--role", "audit_officer")
    packs = ("--pack", pack, "--pack", "secrecy")
    ran = made.run("init", made.root, *packs, "--person", "li", *both, "--work-factor", "16")
    assert ran.code == 4, ran.err
    assert not made.root.exists()


# ── taking away ───────────────────────────────────────────────────────────────


def test_after_a_revocation_nothing_new_opens(home, scan):
    """The copies are gone, and what is filed from then on has a key he never held."""
    add(home)
    add(home, "zhao")
    for name in ("wang", "zhao"):
        home.json("person", "clear", name, "SECRET")
    before = file(home, scan)
    kept = (home.root / "keys/grades/SECRET/0001/wang.age").read_bytes()
    done = home.json("person", "revoke", "wang", "SECRET", "--reason", "调岗")
    assert done == {"person": "wang", "grade": "SECRET", "withdrawn": [1], "generation": 2,
                    "holders": [PERSON, "zhao"], "records": 1, "rotated": True,
                    "target": None, "lists": []}  # fmt: skip
    after = file(home, scan, "后来的")
    assert not any(holder == "wang" for _, _, holder in copies(home))
    assert not opens(home, "wang", before) and not opens(home, "wang", after)
    assert opens(home, "zhao", before) and opens(home, "zhao", after)
    # Even with the copy he kept: the heads of the older records are sealed anew.
    (home.root / "keys/grades/SECRET/0001/wang.age").write_bytes(kept)
    assert not opens(home, "wang", before) and not opens(home, "wang", after)


def test_an_old_key_that_was_kept_is_shut_out_by_a_rotation(home, scan):
    """Whoever withdraws without holding the new key cannot move the records: it is said."""
    add(home)
    home.json("person", "clear", "wang", "SECRET")
    record = file(home, scan)
    ran = home.run("person", "revoke", PERSON, "SECRET", "--reason", "x")
    assert ran.code == 0 and "key rotate SECRET" in ran.out.decode()
    assert home.json("show", record, "--as", "wang", ARCHIVIST_PASSPHRASE=NEW)["generation"] == 1
    assert opens(home, "wang", record)
    assert as_(home, "wang", "key", "rotate", "SECRET").json["records"] == 1
    assert {n for grade, n, _ in copies(home) if grade == "SECRET"} == {2}
    assert opens(home, "wang", record)


def test_a_revoked_person_who_is_logged_in_finds_nothing(home, scan):
    """The session keeps its secrets; they open no index any more, old or new."""
    add(home)
    home.json("person", "clear", "wang", "SECRET")
    file(home, scan)
    assert as_(home, "wang", "login").code == 0
    assert as_(home, "wang", "search", TEXT).json["total"] == 1
    ran = home.run("person", "revoke", "wang", "SECRET", "--reason", "x", "--as", PERSON)
    assert ran.code == 0, ran.err
    assert as_(home, "wang", "search", TEXT, ARCHIVIST_PASSPHRASE=None).json["total"] == 0
    ran = home.run("--json", "--as", PERSON, "search", TEXT)
    assert ran.json["total"] == 1


def test_the_reason_is_sealed_and_the_entries_stand_together(home):
    """The new key and the withdrawal are one group; the words are in a card."""
    add(home)
    home.json("person", "clear", "wang", "SECRET")
    home.json("person", "revoke", "wang", "SECRET", "--reason", "调到外地")
    key, entry = entries(home, "key", "revoke")[-2:]
    assert (key["generation"], key["granted"]) == (2, [PERSON])
    assert entry["index"] == key["index"] + 1
    assert entry["generations"] == [1]
    archive = home.open()
    card = archive.read_card(entry["card"]["name"], entry["card"]["sha256"])
    archive.close()
    assert card["reason"] == "调到外地"
    assert "调到外地" not in json.dumps(home.json("ledger", "show"), ensure_ascii=False)
    assert home.json("ledger", "verify")["ok"]


def test_the_last_holder_keeps_the_grade(home):
    """What nobody can open is lost."""
    add(home)
    home.json("person", "clear", "wang", "SECRET")
    home.json("person", "revoke", PERSON, "SECRET", "--reason", "x")
    before = copies(home)
    ran = as_(home, "wang", "person", "revoke", "wang", "SECRET", "--reason", "x")
    assert ran.code == 4
    assert copies(home) == before
    assert not any(g == "SECRET" and holder == PERSON for g, _, holder in copies(home))
    assert home.run("person", "revoke", PERSON, "SECRET", "--reason", "x").code == 4


def test_who_is_not_cleared_cannot_be_revoked(home):
    """A copy that no entry speaks of is removed all the same, and opens nothing any more."""
    add(home)
    assert home.run("person", "revoke", "wang", "SECRET", "--reason", "x").code == 2
    here = home.root / "keys/grades/SECRET/0001"
    (here / "wang.age").write_bytes((here / f"{PERSON}.age").read_bytes())
    assert home.run("person", "revoke", "wang", "SECRET", "--reason", "x").code == 0
    assert {(n, holder) for grade, n, holder in copies(home) if grade == "SECRET"} == {(2, PERSON)}
    assert not entries(home, "revoke")


def test_a_generation_that_a_crash_left_is_not_filed_to(home, scan):
    """Made, but not recorded: filing goes on with the newest that the ledger knows."""
    archive = home.open()
    made = archive.keys.new_generation("SECRET")
    archive.keys.grant(made, archive.people.person(PERSON))
    archive.close()
    record = file(home, scan)
    assert home.json("show", record)["generation"] == 1
    add(home)
    home.json("person", "clear", "wang", "SECRET")
    home.json("person", "revoke", "wang", "SECRET", "--reason", "x")
    assert home.opened(file(home, scan, "后来的"))


def test_a_newest_generation_that_was_deleted_is_missed(home, scan):
    """Whoever deletes it does not make the station file to the key of before."""
    add(home)
    home.json("person", "clear", "wang", "SECRET")
    home.json("person", "revoke", "wang", "SECRET", "--reason", "x")
    (home.root / "keys/grades/SECRET/0002/public").unlink()
    home.drop("C000001/D000001/合同/二.pdf", scan("新的", "销售合同"))
    assert home.run("watch", "--once").code != 0
    assert home.records() == []


# ── leaving ───────────────────────────────────────────────────────────────────


def test_whoever_left_opens_nothing_and_is_not_let_in(home, scan):
    """Keys, login and session are gone; the name and the public page stay."""
    add(home)
    home.json("person", "clear", "wang", "SECRET")
    record = file(home, scan)
    assert as_(home, "wang", "login").code == 0
    assert home.run("person", "leave", "wang", "--as", PERSON).code == 0
    assert home.run("whoami", ARCHIVIST_PASSPHRASE=None).code == 12  # forgotten
    assert as_(home, "wang", "login").code == 4
    assert not opens(home, "wang", record)
    assert not any(holder == "wang" for _, _, holder in copies(home))
    row = people(home)["wang"]
    assert row["left"] and row["grades"] == []
    revoked, left = entries(home, "revoke", "leave")[-2:]
    assert (revoked["subject"], left["subject"]) == (
        {"person": "wang", "grade": "SECRET"}, {"person": "wang"},
    )  # fmt: skip
    assert home.open().people.person("wang").name == "wang"


def test_a_key_file_put_back_lets_nobody_in(home):
    """The ledger says that he left, whatever lies in the folder."""
    add(home)
    path = home.root / "keys" / "people" / "wang.age"
    kept = path.read_bytes()
    home.json("person", "leave", "wang")
    path.write_bytes(kept)
    assert as_(home, "wang", "whoami").code == 4


def test_whoever_left_is_named_in_nothing_new(home):
    """No clearance, no customer, no second set of keys, no signature."""
    add(home)
    home.json("person", "leave", "wang")
    for words in (
        ("person", "clear", "wang", "SECRET"),
        ("person", "revoke", "wang", "SECRET", "--reason", "x"),
        ("customer", "claim", "C000001", "--person", "wang"),
        ("customer", "contact", "C000001", "--kind", "call", "--person", "wang"),
        ("customer", "add", "钱多", "--owner", "wang"),
        ("dossier", "key", "D000001", "adviser=wang"),
        (
            "dossier",
            "open",
            "C000001",
            "new_car",
            "--key",
            "vin=LVGBE40K9SG105862",
            "--key",
            "adviser=wang",
        ),
        ("remind", "D000001", "--person", "wang"),
        ("handover", "D000001", "--from", "wang", "--to", PERSON, "-o", home.top / "r.pdf"),
    ):
        assert home.run(*words).code == 4, words
    assert (
        home.run("person", "add", "wang", "--role", "clerk", ARCHIVIST_NEW_PASSPHRASE=NEW).code == 2
    )
    assert home.run("person", "leave", "wang").code == 2


@pytest.mark.rule("S001-1-R04", "S001-14-R13")
def test_nobody_leaves_with_open_things(home):
    """The list is told and nothing is done, until a successor has them."""
    add(home)
    add(home, "zhao")
    dossier = home.json("dossier", "open", "C000001", "new_car", "--key", "vin=LVGBE40K9SG105862",
                        "--key", "adviser=wang")["dossier"]  # fmt: skip
    customer = home.json("customer", "add", "钱多", "--owner", "wang")["customer"]
    refused = home.json("person", "leave", "wang", code=3)
    assert refused["left"] is False
    assert {(thing["kind"], thing["id"]) for thing in refused["open"]} == {
        ("dossier", dossier), ("customer", customer),
    }  # fmt: skip
    told = home.run("person", "leave", "wang", ARCHIVIST_LANG="zh")
    assert told.code == 3 and dossier in told.out.decode() and customer in told.out.decode()
    assert people(home)["wang"]["left"] is None and not entries(home, "leave")
    home.json("dossier", "key", dossier, "adviser=zhao")
    home.json("customer", "edit", customer, "--owner", "zhao")
    assert home.json("person", "leave", "wang")["left"] is True


def test_nobody_certifies_his_own_leaving_nor_that_of_the_last_holder(home):
    """Somebody else does; and a grade keeps a holder."""
    add(home)
    assert home.run("person", "leave", PERSON).code == 4
    home.json("person", "clear", "wang", "SECRET")
    before = copies(home)
    ran = as_(home, "wang", "person", "leave", PERSON)
    assert ran.code == 4, ran.err  # wang is not cleared for the other grades
    assert copies(home) == before and people(home)[PERSON]["left"] is None


def test_a_leaving_that_was_cut_short_is_finished_by_the_same_command(home):
    """The entry stands; keys that are still there go."""
    add(home)
    home.json("person", "clear", "wang", "SECRET")
    sealed = home.root / "keys/grades/SECRET/0001/wang.age"
    kept = sealed.read_bytes()
    home.json("person", "leave", "wang")
    sealed.write_bytes(kept)
    assert home.run("person", "leave", "wang").code == 0
    assert not sealed.exists()
    assert len(entries(home, "leave")) == 1


# ── wrong passphrases ─────────────────────────────────────────────────────────


def test_a_wrong_passphrase_is_recorded_and_counted(home):
    """By the station, because nobody is logged in; the passphrase stands nowhere."""
    home.json("logout")
    for _ in range(2):
        assert home.run("login", PERSON, ARCHIVIST_PASSPHRASE="geraten 123").code == 12
    home.run("whoami", "--as", PERSON, ARCHIVIST_PASSPHRASE="geraten 123")
    told = entries(home, "refused-login")
    assert [(e["who"], e["subject"], e["count"]) for e in told] == [
        ("station", {"person": PERSON}, n) for n in (1, 2, 3)
    ]
    assert "geraten" not in json.dumps(home.json("ledger", "show"))
    assert home.run("login", PERSON).code == 0
    assert len(entries(home, "refused-login")) == 3


def test_the_count_is_of_the_last_hour(home):
    """What was tried yesterday frightens nobody today."""
    from datetime import UTC

    from archivist.clearing import refused_login

    archive = home.open()
    noon = datetime(2026, 12, 1, 12, tzinfo=UTC)
    counts = [refused_login(archive, PERSON, noon + timedelta(minutes=m)) for m in (0, 59, 61)]
    archive.close()
    assert counts == [1, 2, 2]


def test_a_wrong_passphrase_at_a_signature_is_recorded_too(home):
    """Whoever signs for another is not let in either."""
    add(home)
    ran = home.run("handover", "D000001", "--from", PERSON, "--to", "wang", "-o",
                   home.top / "r.pdf", ARCHIVIST_PASSPHRASE_TO="geraten")  # fmt: skip
    assert ran.code == 12, ran.err
    assert [e["subject"] for e in entries(home, "refused-login")] == [{"person": "wang"}]


def test_each_guess_costs_the_work_factor(home):
    """No key file is sealed with less than 2^16, neither the founder's nor a new one."""
    add(home)
    for name in (PERSON, "wang"):
        head = (home.root / "keys" / "people" / f"{name}.age").read_bytes().split(b"\n---")[0]
        (stanza,) = (line for line in head.splitlines() if line.startswith(b"-> scrypt "))
        assert int(stanza.split()[3]) >= 16
    home.set("keys", scrypt_log_n=12)
    ran = home.run("person", "add", "zhao", "--role", "clerk", ARCHIVIST_NEW_PASSPHRASE=NEW)
    assert ran.code != 0
    assert "zhao" not in home.open().people.names()


def test_keys_that_are_not_the_ledgers_let_nobody_in(home):
    """Page and key file of somebody else's making under a known name."""
    folder = home.root / "keys" / "people"
    home.json("logout")
    for ending in ("json", "age"):
        (folder / f"{PERSON}.{ending}").unlink()
    archive = home.open()
    archive.people.create(PERSON, NEW, created="2026-03-05T09:00:00Z", log_n=16)
    archive.close()
    assert home.run("login", PERSON, ARCHIVIST_PASSPHRASE=NEW).code == 13
