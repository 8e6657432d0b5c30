"""Personal numbers in lists, snippets and messages: hidden, unless somebody says what for."""

import json

import pytest
from archive_home import CUSTOMERS

PHONE = "13800138000"  # C000001 has it
HIDDEN = "138××××8000"
WHY = "回访前核对电话"


def unmaskings(home):
    """Every entry that says that numbers were shown."""
    return [entry for entry in home.json("ledger", "show") if entry["act"] == "unmask"]


@pytest.fixture
def known(home, scan):
    """Numbers everywhere: in a customer's field, a page's text, a dossier's key, a file's name."""
    home.drop(f"C000001/D000001/合同/{PHONE}.pdf", scan(f"联系电话 {PHONE} 张伟"))
    home.drop(f"{PHONE}.pdf", scan("没有去处"))
    home.lines("watch", "--once")
    home.json("customer", "edit", "C000002", "--name", f"{CUSTOMERS[1]} {PHONE}")
    return home


LISTS = [
    ("search", "联系电话"),
    ("customer", "show", "C000001"),
    ("inbox", "list"),
]


@pytest.mark.parametrize("words", LISTS)
def test_a_number_shows_only_with_a_purpose_and_the_ledger_says_so(known, words):
    """Masked before; with a purpose in full, and the entry names the person and ids only."""
    for form in ((), ("--json",)):
        shown = known.run(*form, *words).out.decode()
        assert PHONE not in shown
        assert HIDDEN in shown
    assert unmaskings(known) == []
    assert PHONE in known.run(*words, "--purpose", WHY).out.decode()
    (entry,) = unmaskings(known)
    assert entry["who"] == "li"
    told = json.dumps(entry, ensure_ascii=False)
    assert PHONE not in told
    assert WHY not in told
    archive = known.open()
    card = archive.read_card(entry["card"]["name"], entry["card"]["sha256"])
    archive.close()
    assert card["purpose"] == WHY


def test_the_entry_names_what_was_looked_at(known):
    """The customer, or the records of a search."""
    known.json("customer", "show", "C000001", "--purpose", WHY)
    record = known.json("search", "联系电话", "--purpose", WHY)["hits"][0]["record"]
    one, many = unmaskings(known)
    assert one["subject"] == {"customer": "C000001"}
    assert (many["subject"], many["shown"]) == ({}, [record])
    assert [row["act"] for row in known.json("show", record)["history"]] == ["file"]


def test_a_purpose_for_nothing_is_not_recorded(known):
    """Where no number was hidden nobody saw one."""
    known.json("search", "没有这样的词", "--purpose", WHY)
    known.json("dossier", "list", "--purpose", WHY)
    assert unmaskings(known) == []


def test_an_empty_purpose_and_nobody_to_answer_for_it_show_nothing(known):
    """Exit codes 2 and 12; no number and no entry."""
    alone = {"ARCHIVIST_PASSPHRASE": None}
    assert known.run("customer", "show", "C000001", "--purpose", " ").code == 2
    known.json("logout")
    ran = known.run("customer", "show", "C000001", "--purpose", WHY, **alone)
    assert (ran.code, ran.out) == (12, b"")
    masked = known.run("customer", "show", "C000001", **alone)
    assert masked.code == 0
    assert PHONE not in masked.out.decode()
    assert unmaskings(known) == []


def test_a_search_for_a_number_finds_it_and_marks_it_masked(known):
    """What was typed is found in full; the snippet marks where, and shows no more than its ends."""
    (hit,) = known.json("search", PHONE)["hits"]
    assert f"**{HIDDEN}**" in hit["snippet"]
    (hit,) = known.json("search", "0013")["hits"]
    assert "13**8××××8**000" not in hit["snippet"]
    assert "0013" not in hit["snippet"]


def test_part_of_a_number_marked_in_a_snippet_is_recorded_too(known):
    """The marks cut the number apart; it was shown all the same."""
    (hit,) = known.json("search", "0013", "--purpose", WHY)["hits"]
    assert "138**0013**8000" in hit["snippet"]
    assert len(unmaskings(known)) == 1


def test_names_with_numbers_are_masked_in_lists_and_in_what_the_station_says(home, scan):
    """The list of customers, the lines of `watch` and messages name no number."""
    home.json("customer", "edit", "C000002", "--name", f"{CUSTOMERS[1]} {PHONE}")
    assert PHONE not in home.run("customer", "list").out.decode()
    home.drop(f"{PHONE}.pdf", scan("没有去处"))
    ran = home.run("watch", "--once")
    assert HIDDEN in ran.out.decode()
    assert PHONE not in ran.out.decode() + ran.err
    assert PHONE not in home.run("customer", "show", PHONE).err


def test_company_codes_and_vehicle_numbers_stay(home):
    """They identify no person, and a clerk must be able to copy them."""
    assert "91310000MA1FL8TQ32" in home.run("customer", "show", "C000002").out.decode()
    assert "LSVAA49J132047371" in home.run("dossier", "show", "D000001").out.decode()
