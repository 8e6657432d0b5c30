"""`handover`: both sides sign at the desk; the receipt, the receipt book, and their proof."""

import csv
import io
import json
from datetime import datetime

import pypdfium2
import pytest
from archive_home import CUSTOMERS, PASSPHRASE, PERSON

from archivist import handover
from archivist.records import canonical

GIVER, SECRET = "zhao", "zhao 的口令"
BOTH = {"ARCHIVIST_PASSPHRASE": SECRET, "ARCHIVIST_PASSPHRASE_TO": PASSPHRASE}


@pytest.fixture
def desk(home, scan, tmp_path):
    """A second person, and a new-car file with two of its papers."""
    home.set("keys", scrypt_log_n=16)
    words = ("person", "add", GIVER, "--role", "sales_adviser", "--department", "sales")
    home.json(*words, ARCHIVIST_NEW_PASSPHRASE=SECRET)
    for name, kind, pages in (("合同", "sales_contract", 3), ("发票", "invoice_copy", 1)):
        path = tmp_path / f"{name}.pdf"
        path.write_bytes(scan(name, pages=pages))
        home.json("file", path, "--dossier", "D000001", "--type", kind)
    home.json("attest", "R00000001", "--copy", "photocopy")
    return home


def over(home, to, *words, giver=GIVER, receiver=PERSON, dossier="D000001", **env):
    names = ("--from", giver, "--to", receiver, "-o", to)
    return home.run("--json", "handover", dossier, *names, *words, **(BOTH | env))


@pytest.fixture
def handed(desk, tmp_path):
    """The same, handed over; with the document that `handover` printed."""
    ran = over(desk, tmp_path / "receipt.pdf")
    assert ran.code == 0, ran.err
    return desk, ran.json


def entries(home):
    return [entry for entry in home.json("ledger", "show") if entry["act"] == "handover"]


def text_of(path):
    document = pypdfium2.PdfDocument(path)
    pages = [document[number].get_textpage().get_text_range() for number in range(len(document))]
    document.close()
    return "".join("\n".join(pages).split())


@pytest.mark.rule("S001-3-R12")
def test_the_statement_says_what_was_handed_over_and_what_is_missing(handed):
    """交接双方在《用户档案签收薄》签字确认，如资料不齐时需注明."""
    home, said = handed
    (entry,) = entries(home)
    statement = entry["statement"]
    assert [(r["record"], r["type"], r["pages"], r["copy"]) for r in statement["records"]] == [
        ("R00000001", "sales_contract", 3, "photocopy"),
        ("R00000002", "invoice_copy", 1, ""),
    ]
    stored = [home.json("show", r)["objects"]["scan"]["sha256"] for r in said["records"]]
    assert [r["sha256"] for r in statement["records"]] == stored
    missing = {(row["item"], row["lack"], row["detail"]) for row in statement["missing"]}
    listed = home.json("missing", "--dossier", "D000001")
    assert missing == {(row["item"], row["lack"], row["detail"]) for row in listed}
    assert ("sales_contract", "copy", "original") in missing
    assert {row["due"] for row in statement["missing"]} == {"2026-09-30"}
    assert {"item": "invoice_copy", "points": ["copy:photocopy"]} in statement["unattested"]
    assert (statement["from"], statement["to"]) == (GIVER, PERSON)
    assert "S001-3-R12" in entry["clauses"]
    assert any(ref.startswith("auto-dealer@") for ref in entry["packs"])
    assert CUSTOMERS[0] not in json.dumps(entry, ensure_ascii=False)


def test_both_sides_sign_with_their_own_keys(handed):
    """Each signature verifies with the key on that person's public page."""
    home, _ = handed
    (entry,) = entries(home)
    people = home.open().people
    assert [one["person"] for one in entry["signatures"]] == [GIVER, PERSON]
    for one in entry["signatures"]:
        page = people.person(one["person"])
        signature = bytes.fromhex(one["signature"])
        assert page.verifies(canonical(entry["statement"]), signature)


def test_the_ledger_alone_verifies_it(handed):
    """Read from its beginning, without catalogue, keys or paper."""
    home, said = handed
    archive = home.open()
    raw = [bytes_ for _, bytes_ in archive.ledger.entries()]
    archive.close()
    assert dict(handover.verify(enumerate(raw))) == {said["entry"]: ()}


def altered(value):
    """Every way to change one thing in a JSON value: (what, the changed value)."""
    if isinstance(value, dict):
        for key, inner in value.items():
            for where, changed in altered(inner):
                yield f"{key}.{where}", {**value, key: changed}
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            for where, changed in altered(inner):
                yield f"{at}.{where}", [*value[:at], changed, *value[at + 1 :]]
        yield "one more", [*value, value[0] if value else "x"]
    elif isinstance(value, str):
        flipped = "0" if value[:1] != "0" else "1"
        yield "first letter", flipped + value[1:]
    else:
        yield "number", value + 1


def test_one_altered_letter_is_found(handed):
    """Whatever is changed in statement or signatures, the proof no longer holds."""
    home, said = handed
    archive = home.open()
    raw = [json.loads(bytes_) for _, bytes_ in archive.ledger.entries()]
    archive.close()
    entry = raw[said["entry"]]
    changes = [
        (name, where, changed)
        for name in ("statement", "signatures", "subject")
        for where, changed in altered(entry[name])
    ]
    assert len(changes) > 60
    for name, where, changed in changes:
        ledger = [*raw]
        ledger[said["entry"]] = {**entry, name: changed}
        ((_, found),) = handover.verify(
            (index, canonical(each)) for index, each in enumerate(ledger)
        )
        assert found, (name, where)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda e: e.pop("signatures"), "malformed"),
        (lambda e: e.update(statement="signed"), "malformed"),
        (lambda e: e["signatures"].reverse(), "signatures"),
        (lambda e: e["signatures"].__setitem__(0, e["signatures"][1]), "signatures"),
        (lambda e: e["signatures"][0].update(key="00" * 32), f"wrong-key:{GIVER}"),
    ],
)
def test_a_forged_receipt_is_named(handed, change, found):
    """What is wrong with it has a code."""
    home, said = handed
    archive = home.open()
    raw = [json.loads(bytes_) for _, bytes_ in archive.ledger.entries()]
    archive.close()
    change(raw[said["entry"]])
    ((_, problems),) = handover.verify((i, canonical(each)) for i, each in enumerate(raw))
    assert found in problems


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ({}, ()),
        ({"archive": "another"}, ("wrong-archive",)),  # carried over from somewhere else
        ({"from": PERSON}, ("same-person",)),
        ({"act": "loan"}, ("wrong-subject",)),  # signed for something else
        ({"dossier": "D000009"}, ("wrong-subject",)),
    ],
)
def test_true_signatures_under_another_statement_prove_nothing(home, statement, found):
    """Both keys signed it; it is not a handover of these two, here."""
    people = home.open().people
    names = {"from": GIVER, "to": PERSON} | {k: v for k, v in statement.items() if k == "from"}
    keys = {PERSON: people.unlock(PERSON, PASSPHRASE)}
    keys[GIVER] = people.create(GIVER, SECRET, created="2026-03-05T09:00:00Z", log_n=16)
    subject = {"customer": "C000001", "dossier": "D000001", **names}
    said = {"act": "handover", "v": 1, "archive": "here", **subject, **statement}
    signatures = [
        {"person": name, "key": keys[name].verify_key.hex(),
         "signature": keys[name].sign(canonical(said)).hex()}
        for name in (names["from"], names["to"])
    ]  # fmt: skip
    fields = {"statement": said, "subject": subject, "signatures": signatures}
    known = {name: key.verify_key.hex() for name, key in keys.items()}
    assert handover.problems(fields, known, "here") == found


def test_a_key_counts_from_the_entry_that_names_it(handed):
    """A receipt by somebody the ledger does not know proves nothing."""
    home, said = handed
    archive = home.open()
    kept = [
        (index, raw)
        for index, raw in archive.ledger.entries()
        if not (json.loads(raw)["act"] == "person" and json.loads(raw)["who"] == PERSON)
        or json.loads(raw)["subject"]["person"] == PERSON
    ]
    archive.close()
    assert dict(handover.verify(kept)) == {said["entry"]: (f"unknown-key:{GIVER}",)}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"receiver": GIVER}, 4),
        ({"receiver": "nobody"}, 2),
        ({"dossier": "D999999"}, 2),
        ({"dossier": "D000002"}, 2),  # nothing in it
        ({"ARCHIVIST_PASSPHRASE_TO": SECRET}, 12),
        ({"ARCHIVIST_PASSPHRASE": "wrong"}, 12),
        ({"ARCHIVIST_PASSPHRASE_TO": None}, 12),  # falls back to the giver's
    ],
)
def test_what_does_not_fit_hands_nothing_over(desk, tmp_path, change, code):
    """No entry and no receipt; the person logged in does not stand in for anybody."""
    ran = over(desk, tmp_path / "receipt.pdf", **change)
    assert ran.code == code, ran.err
    assert entries(desk) == []
    assert not (tmp_path / "receipt.pdf").exists()


def test_a_receipt_that_cannot_be_written_is_said_before_anybody_signs(desk, tmp_path):
    """The folder is looked at first."""
    assert over(desk, tmp_path / "nowhere" / "receipt.pdf").code == 2
    assert entries(desk) == []


def test_keys_put_into_the_folder_sign_nothing(desk, tmp_path):
    """Whoever may write to the folder cannot become somebody else."""
    people = desk.open().people
    folder = desk.root / "keys" / "people"
    for file in folder.glob(f"{GIVER}.*"):
        file.unlink()
    people.create(GIVER, "forged", created="2026-03-05T09:00:00Z", log_n=16)
    ran = over(desk, tmp_path / "receipt.pdf", ARCHIVIST_PASSPHRASE="forged")
    assert ran.code == 13
    assert entries(desk) == []


def test_the_regulation_names_who_should_and_others_are_told(desk, tmp_path):
    """A receiver who is no archive clerk is allowed, and it is said."""
    ran = over(desk, tmp_path / "receipt.pdf")
    assert "archive_clerk" in ran.err
    assert "sales" not in ran.err


def test_whoever_holds_a_role_belongs_to_its_department(desk, tmp_path):
    """A sales adviser entered without a department gives as the sales department does."""
    desk.json("person", "add", "wu", "--role", "销售顾问", ARCHIVIST_NEW_PASSPHRASE=SECRET)
    ran = over(desk, tmp_path / "receipt.pdf", giver="wu")
    assert ran.code == 0 and "wu is none" not in ran.err


def test_the_receipt_names_everything_in_chinese(handed, tmp_path):
    """Titles, pages, what is missing by when, what nobody looked at, both sides, the ledger."""
    _, said = handed
    text = text_of(tmp_path / "receipt.pdf")
    for words in (
        "资料移交签收单", "D000001", CUSTOMERS[0], "销售合同", "购车发票复印件", "R00000002",
        "应为原件", "绿卡", "2026-09-30", "尚未核对的事项", GIVER, PERSON, "密钥指纹",
        f"台账第{said['entry']}条", "S001-3-R12", "销售部检查", "复印件",
    ):  # fmt: skip
        assert words in text, words


def test_a_receipt_printed_again_is_the_same(handed, tmp_path):
    """Byte for byte, also after more was filed; another entry is none."""
    home, said = handed
    home.json("attest", "R00000002", "--copy", "photocopy")
    home.json("handover", "print", str(said["entry"]), "-o", tmp_path / "again.pdf")
    assert (tmp_path / "again.pdf").read_bytes() == (tmp_path / "receipt.pdf").read_bytes()
    assert home.run("handover", "print", "0", "-o", tmp_path / "none.pdf").code == 2


@pytest.mark.rule("S001-3-R06")
def test_the_receipt_book_lists_and_verifies(handed):
    """每日登记: by month, with both signatures verified."""
    home, said = handed
    (row,) = home.json("handover", "list")
    assert (row["entry"], row["dossier"], row["from"], row["to"]) == (
        said["entry"], "D000001", GIVER, PERSON,
    )  # fmt: skip
    assert (row["records"], row["pages"], row["verified"]) == (["R00000001", "R00000002"], 4, True)
    month = f"{datetime.now().astimezone():%Y-%m}"
    assert home.json("handover", "list", "--month", month) == [row]
    assert home.json("handover", "list", "--month", "2020-01") == []
    assert home.run("handover", "list", "--month", "三月").code == 2
    assert "有效" in home.run("handover", "list", ARCHIVIST_LANG="zh").out.decode()


@pytest.mark.rule("S001-3-R06")
def test_the_receipt_book_has_the_columns_of_the_regulation(handed, tmp_path):
    """《用户档案签收薄》, as a table for a spreadsheet and on paper."""
    home, said = handed
    ran = home.run("handover", "list", "--format", "csv")
    assert ran.out.startswith("\ufeff".encode())
    heads, line = csv.reader(io.StringIO(ran.out.decode("utf-8-sig")))
    told = dict(zip(heads, line, strict=True))
    assert heads[:5] == ["日期", "移交部门", "车架号", "车牌号", "客户名称"]
    assert (told["移交部门"], told["客户名称"], told["份数"]) == ("销售部", CUSTOMERS[0], "2")
    assert (told["车牌号"], told["移交人"], told["接收人"]) == ("沪A12345", GIVER, PERSON)
    assert told["资料名称"] == "销售合同、购车发票复印件"
    assert "绿卡" in told["缺件"]
    assert told["台账"] == str(said["entry"])
    home.json("handover", "list", "--format", "pdf", "-o", tmp_path / "book.pdf")
    assert "用户档案签收薄" in text_of(tmp_path / "book.pdf")
    assert home.run("handover", "list", "--format", "pdf").code == 2
