"""Hits show a grade by its label, and a search stays cheap."""

import subprocess
import sys

import pytest
from archive_home import PERSON, Home

from archivist.cli.grades import named_otherwise, usual_words
from policies.pack_rows import GRADE_CODES

COMMERCIAL = """
[[grade]]
code = "CONF"
zh = "核心商密"
en = "core commercial secret"
"""


@pytest.fixture
def filed(home, scan):
    """A contract about which one can search."""
    home.drop("C000001/D000001/合同/a.pdf", scan("甲方与乙方签订购车合同"))
    home.lines("watch", "--once")
    return home


def test_hits_show_the_label_and_programs_the_code(filed):
    """秘密 and secret for people, SECRET for programs."""
    code = filed.json("search", "购车合同")["hits"][0]["grade"]
    for language, label in zip(("zh", "en"), usual_words(code), strict=True):
        shown = filed.run("search", "购车合同", ARCHIVIST_LANG=language).out.decode()
        assert f"  {label}\n" in shown
        assert code not in shown


def test_the_usual_words_are_those_of_the_shipped_regulation(home):
    """What stands in the program must not drift from the pack."""
    assert not named_otherwise(home.root / "packs")
    assert all(usual_words(code) != (code, code) for code in GRADE_CODES)
    assert usual_words("XX") == ("XX", "XX")


@pytest.mark.parametrize(
    "text",
    [
        COMMERCIAL,
        COMMERCIAL.replace("核心商密", "机密"),  # in English it has another name
        "[[grade]]\ncode='CONF'\nzh='机密'\nen='highly confidential'\n",  # not written plainly
    ],
)
def test_a_pack_with_labels_of_its_own_is_asked(tmp_path, text):
    """Also one whose words cannot be read without the grammar of packs."""
    (tmp_path / "own.toml").write_text(text, "utf-8")
    assert named_otherwise(tmp_path)


def test_an_archive_of_commercial_secrets_calls_them_so(tmp_path, scan):
    """普通商密 stands where others say 秘密."""
    home = Home(tmp_path / "top")
    home.json("init", home.root, "--pack", "auto-dealer", "--pack", "secrecy-commercial",
              "--person", PERSON, "--work-factor", "16")  # fmt: skip
    home.set("drop", settle_seconds=0.0, unfinished_seconds=0.0)
    home.json("login", PERSON)
    home.json("customer", "add", "张伟")
    home.json("dossier", "open", "C000001", "new_car")
    path = tmp_path / "a.pdf"
    path.write_bytes(scan("甲方与乙方签订购车合同"))
    home.json("file", path, "--dossier", "D000001", "--type", "sales_contract", "--grade", "SECRET")
    assert "普通商密" in home.run("search", "购车合同", ARCHIVIST_LANG="zh").out.decode()
    home.end()


def test_a_search_loads_no_regulations():
    """Its modules are imported without the policies' grammar, the vault or the ledger."""
    code = (
        "import sys, archivist.cli.search; "
        "print([m for m in sys.modules if m.startswith('policies.') or m == 'archivist.archive'])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
