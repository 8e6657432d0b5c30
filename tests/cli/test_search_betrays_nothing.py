"""A search by somebody who is not cleared says the same whether or not there is a secret."""

import json

import pytest
from archive_home import PERSON, Home

NEW = "eine ganz andere 口令"
SECRET = "龙鳞项目并购底价"
PLAIN = "龙鳞项目例会纪要"
QUERIES = (SECRET, "龙鳞项目", "并购", "龙", "例会", "底价 龙鳞", "。", "没有这样的词")
FILTERS = (
    (),
    ("--grade", "TOP"),
    ("--grade", "PUBLIC"),
    ("--dossier", "D000001"),
    ("--dossier", "D000002"),
    ("--customer", "C000002"),
    ("--type", "sales_contract"),
    ("--to", "2000-01-01"),
    ("--limit", "1"),
)


def file(home, scan, name, text, grade, dossier="D000002"):
    """File one scan by hand; returns its record."""
    home.drop_folder.parent.joinpath(name).write_bytes(scan(text))
    path = home.root / name
    (outcome,) = home.lines("file", path, "--dossier", dossier, "--type", "sales_contract",
                            "--grade", grade)  # fmt: skip
    assert outcome["outcome"] == "filed", outcome
    return outcome["record"]


def outsider(home):
    """Add wang, who is cleared for nothing, and log him in."""
    ran = home.run("person", "add", "wang", "--role", "sales_adviser",
                   ARCHIVIST_NEW_PASSPHRASE=NEW)  # fmt: skip
    assert ran.code == 0, ran.err
    home.json("login", "wang", ARCHIVIST_PASSPHRASE=NEW)


def as_outsider(home, *words):
    """What wang sees: exit code, document without the time it took, and what went to stderr."""
    ran = home.run("--json", "search", *words, ARCHIVIST_PASSPHRASE=NEW)
    said = ran.json if ran.out else {}
    said.pop("took_ms", None)
    return ran.code, json.dumps(said, ensure_ascii=False), ran.err


@pytest.fixture
def twins(new_home, scan):
    """The same archive twice; only in the second there are secrets. wang looks at both."""
    without, having = new_home("without"), new_home("having")
    for home in (without, having):
        home.set("keys", scrypt_log_n=16)
        file(home, scan, "a.pdf", PLAIN, "PUBLIC", "D000001")
    for number, grade in enumerate(("TOP", "CONF", "SECRET", "TOP")):
        file(having, scan, f"s{number}.pdf", f"{SECRET}{number}", grade)
    assert having.json("search", SECRET)["total"] == 4
    assert {hit["grade"] for hit in having.json("search", "龙鳞项目")["hits"]} == {
        "TOP", "CONF", "SECRET", "PUBLIC",
    }  # fmt: skip
    for home in (without, having):
        outsider(home)
        home.run("search", PLAIN, ARCHIVIST_PASSPHRASE=NEW)  # the indexes have caught up
    return without, having


def test_no_answer_differs_by_what_is_closed_to_the_asker(twins):
    """Totals, hits, scores, order, errors and codes are the same, whatever is asked."""
    without, having = twins
    seen = 0
    for query in QUERIES:
        for words in FILTERS:
            expected = as_outsider(without, query, *words)
            assert as_outsider(having, query, *words) == expected, (query, words)
            seen += json.loads(expected[1])["total"]
    assert seen, "the public page is found"


def test_a_grade_one_is_not_cleared_for_is_like_one_without_records(twins):
    """Naming it is no error, finds nothing and says nothing else."""
    _, having = twins
    closed = as_outsider(having, SECRET, "--grade", "TOP")
    assert closed == as_outsider(having, SECRET, "--grade", "PUBLIC")
    assert closed == (0, '{"total": 0, "hits": []}', "")


def test_keys_of_a_session_end_with_the_clearance(home, scan):
    """Who is logged in when the clearance is withdrawn finds nothing from then on."""
    file(home, scan, "s.pdf", SECRET, "TOP")
    assert home.json("search", SECRET)["total"] == 1
    archive = home.open()
    for generation in archive.keys.generations("TOP"):
        archive.keys.withdraw("TOP", generation, PERSON)
    archive.close()
    assert home.json("search", SECRET)["total"] == 0


def test_an_older_generation_alone_opens_no_index(home, scan):
    """Somebody left out when the grade got a new key does not find what the old one opened."""
    file(home, scan, "s.pdf", SECRET, "TOP")
    assert home.json("search", SECRET)["total"] == 1
    before = sorted((path.name, path.stat().st_size) for path in (home.root / "index").iterdir())
    archive = home.open()
    archive.keys.new_generation("TOP")
    archive.close()
    assert home.json("search", SECRET)["total"] == 0
    after = sorted((path.name, path.stat().st_size) for path in (home.root / "index").iterdir())
    assert after == before, "nor is the index thrown away"


def test_a_grade_cleared_since_login_is_searched_without_another_login(home: Home, scan):
    """The session learns the new key when it is first needed."""
    file(home, scan, "s.pdf", SECRET, "TOP")
    outsider(home)
    assert home.json("search", SECRET, ARCHIVIST_PASSPHRASE=NEW)["total"] == 0
    archive = home.open()
    holder = archive.people.unlock(PERSON, home.env["ARCHIVIST_PASSPHRASE"])
    (generation,) = archive.keys.generations("TOP")
    archive.keys.grant(archive.opened("TOP", generation, holder), archive.people.person("wang"))
    archive.close()
    for _ in range(2):
        assert home.json("search", SECRET, ARCHIVIST_PASSPHRASE=None)["total"] == 1


READ = (
    ("show", "R00000001"),
    ("dossier", "show", "D000002"),
    ("dossier", "list"),
    ("customer", "show", "C000002"),
    ("customer", "list"),
    ("missing",),
    ("inbox", "list"),
    ("handover", "list"),
    ("report", "inventory"),
    ("ledger", "show"),
    ("search", SECRET),
    ("search", "并购"),
)


@pytest.mark.parametrize("words", READ, ids=" ".join)
def test_nothing_of_what_a_closed_record_says_is_told(home, scan, words):
    """Neither its text nor the name of its file shows in any list, in words or in JSON."""
    home.set("keys", scrypt_log_n=16)
    name = "麒麟计划.pdf"
    assert file(home, scan, name, SECRET, "TOP") == "R00000001"
    assert name in home.run("show", "R00000001").out.decode(), "who is cleared sees it"
    outsider(home)
    for form in ((), ("--json",)):
        ran = home.run(*form, *words, ARCHIVIST_PASSPHRASE=NEW)
        told = ran.out.decode() + ran.err
        assert ran.code == 0, told
        assert "麒麟" not in told
        assert "底价" not in told
