"""What a person saw on a paper, and what the checklists make of it."""

import json

import pytest


@pytest.fixture
def service(home, scan, tmp_path):
    """A dossier of S001-3-R17, delivered on a Thursday, with its signed and unsigned sheets."""
    home.json("dossier", "event", "D000002", "delivery=2026-03-05")
    for name in ("reception", "work_order", "settlement", "free_check_12"):
        path = tmp_path / f"{name}.pdf"
        path.write_bytes(scan(name))
        home.json("file", path, "--dossier", "D000002", "--type", name)
    assert lacks(home) == []
    return home


def lacks(home, dossier="D000002"):
    rows = home.json("missing", "--dossier", dossier)
    return [(row["item"], row["lack"], row["detail"]) for row in rows]


def entries(home, act):
    return [entry for entry in home.json("ledger", "show") if entry["act"] == act]


@pytest.mark.rule("S001-3-R24")
def test_an_unsigned_sheet_is_owed_until_it_is_signed(service):
    """无用户签名: due with the set, overdue after it, settled by the newest word."""
    home = service
    home.json("attest", "R00000001", "--unsigned", "customer", "--signed", "internal")
    assert lacks(home) == [("reception", "signature", "customer")]
    (row,) = home.json("missing", "--on", "2026-03-06", "--dossier", "D000002")
    assert (row["due"], row["overdue"], row["due_clause"][:10]) == (
        "2026-03-06", False, "S001-3-R14",
    )  # fmt: skip
    assert home.json("missing", "--on", "2026-03-07", "--dossier", "D000002")[0]["overdue"]
    home.json("attest", "R00000001", "--signed", "customer")
    assert lacks(home) == []
    assert [entry["subject"]["record"] for entry in entries(home, "attest")] == ["R00000001"] * 2


def test_each_point_keeps_its_newest_word(service):
    """A later word on the signature leaves what was said of the copy."""
    service.json("attest", "R00000002", "--copy", "photocopy", "--sides", "1")
    said = service.json("attest", "R00000002", "--signed", "customer", "--dated", "2026-03-05")
    assert said["attested"] == {
        "copy": "photocopy", "sides": 1, "dated": "2026-03-05", "signed": ["customer"],
    }  # fmt: skip
    assert service.json("show", "R00000002")["attested"] == said["attested"]
    rows = {
        r["record"]: r["attested"] for r in service.json("dossier", "show", "D000002")["records"]
    }
    assert rows == {
        "R00000001": {}, "R00000002": said["attested"], "R00000003": {}, "R00000004": {},
    }  # fmt: skip
    assert "客户已签字" in service.run("show", "R00000002", ARCHIVIST_LANG="zh").out.decode()


def test_several_papers_are_attested_at_once(service):
    """One signature through the whole set, typed once."""
    words = ("R00000001", "R00000002", "R00000003", "--unsigned", "customer")
    assert len(service.json("attest", *words)) == 3
    assert [kind for _, kind, _ in lacks(service)] == ["signature"] * 3


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--signed", "王小明"),
        ("--field", "不存在的栏目"),
        ("--signed", "customer", "--unsigned", "customer"),
        ("--dated", "上周"),
        ("--sides", "0"),
        ("--copy", "fax"),
    ],
)
def test_what_no_checklist_asks_for_is_refused(service, words):
    """A slip of the hand must not stand in the ledger for ever; the list is told."""
    before = service.json("ledger", "verify")["size"]
    ran = service.run("attest", "R00000001", *words)
    assert ran.code == 2
    assert service.json("ledger", "verify")["size"] == before
    if words[:2] == ("--signed", "王小明"):
        assert "customer, internal" in ran.err
        assert "王小明" not in ran.err
    if words[:1] == ("--field",):
        assert "联系人" in ran.err


def test_all_or_none(service):
    """One record that is not asked for it stops the whole."""
    ran = service.run("attest", "R00000001", "R99999999", "--signed", "customer")
    assert ran.code == 2
    assert entries(service, "attest") == []


def test_the_station_attests_nothing(service):
    """Somebody must be logged in: he answers for what he saw."""
    service.json("logout")
    ran = service.run("attest", "R00000001", "--signed", "customer", ARCHIVIST_PASSPHRASE=None)
    assert ran.code == 12
    assert entries(service, "attest") == []


@pytest.mark.rule("S001-3-R13")
def test_filing_by_hand_says_at_once_what_is_seen(home, scan, tmp_path):
    """销售合同原件: a photocopy is filed, and still owed as an original."""
    path = tmp_path / "合同.pdf"
    path.write_bytes(scan("甲方", "销售合同"))
    told = ("--dossier", "D000001", "--type", "合同")
    assert home.run("file", path, *told, "--copy", "photocopy").code == 0
    assert ("sales_contract", "copy", "original") in lacks(home, "D000001")
    assert "must be the original" in home.run("missing", "--dossier", "D000001").out.decode()
    home.json("attest", "R00000001", "--copy", "original")
    assert "sales_contract" not in {item for item, _, _ in lacks(home, "D000001")}


@pytest.mark.parametrize(
    "words",
    [
        ("--copy", "original"),
        ("--dossier", "D000001", "--copy", "original"),
        ("--dossier", "D000001", "--type", "合同", "--signed", "nobody"),
    ],
)
def test_nothing_is_filed_when_what_is_seen_does_not_fit(home, scan, tmp_path, words):
    """The words are looked at before the paper."""
    path = tmp_path / "合同.pdf"
    path.write_bytes(scan("甲方", "销售合同"))
    assert home.run("file", path, *words).code == 2
    assert home.records() == []


def test_a_rebuilt_catalogue_knows_what_was_attested(service):
    """The ledger alone is enough."""
    service.json("attest", "R00000001", "--unsigned", "customer", "--lacks-field", "唯一联系方式")
    before = lacks(service)
    assert len(before) == 2
    for file in service.root.glob("catalogue.db*"):
        file.unlink()
    assert lacks(service) == before


def test_the_entry_holds_codes_and_no_words_of_the_paper(service):
    """Ids, codes and the pack's own names of fields."""
    service.json("attest", "R00000001", "--signed", "customer", "--field", "唯一联系方式")
    (entry,) = entries(service, "attest")
    assert set(entry["subject"]) == {"customer", "dossier", "record"}
    assert (entry["signed"], entry["fields"]) == (["customer"], ["唯一联系方式"])
    assert "张伟" not in json.dumps(entry, ensure_ascii=False)


def test_signers_are_called_as_the_regulation_calls_them(service):
    """客户 is customer in the ledger; a slip of the hand is answered in Chinese."""
    service.json("attest", "R00000001", "--unsigned", "客戶", "--signed", "内部人员")
    (entry,) = entries(service, "attest")
    assert (entry["unsigned"], entry["signed"]) == (["customer"], ["internal"])
    wrong = service.run("attest", "R00000001", "--signed", "经理", ARCHIVIST_LANG="zh")
    assert (wrong.code, "客户、内部人员" in wrong.err) == (2, True)
    both = service.run("attest", "R00000001", "--signed", "客户", "--unsigned", "customer")
    assert both.code == 2


def test_a_user_who_signs_is_the_customer(service):
    """The dealer's regulation writes 用户签名 where others write 客户."""
    service.json("attest", "R00000001", "--unsigned", "用户")
    assert service.json("show", "R00000001")["attested"] == {"unsigned": ["customer"]}
