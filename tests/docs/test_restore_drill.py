"""The restore drill of the operations page, typed as it stands there, step by step."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest
from archive_home import PERSON, Home
from backup_home import BUNDLE, NEW, make

OPERATIONS = Path(__file__).resolve().parents[2] / "docs" / "operations.md"


def steps():
    """The lines of the one code block under the heading."""
    section = OPERATIONS.read_text("utf-8").partition("\n### The drill\n")[2]
    block = re.search(r"^```\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    assert block
    return block[1].splitlines()


@pytest.fixture(scope="module")
def places(template, scan, tmp_path_factory):
    """What the page calls by these names, here."""
    top = tmp_path_factory.mktemp("drill")
    made = make(template, top, scan)
    (top / "media").mkdir()
    made.dest.rename(top / "media" / "backup")
    made.bundle.rename(top / "media" / "archive-2026.escrow")
    return {"/media/stick": str(top / "media"), "/media/other": str(top / "media"),
            "/srv/drill": str(top / "srv" / "drill")}  # fmt: skip


def test_the_restore_drill_works_as_it_is_written(places, tmp_path):
    """Each line, pasted in its order on an empty machine, does what the page says."""
    machine = Home(tmp_path)
    del machine.env["ARCHIVIST_ARCHIVE"]
    machine.env |= {"ARCHIVIST_PASSPHRASE": NEW, "ARCHIVIST_NEW_PASSPHRASE": NEW,
                    "ARCHIVIST_ESCROW_PASSPHRASE": BUNDLE}  # fmt: skip
    seen = {}
    for line in steps():
        for named, here in places.items():
            line = line.replace(named, here)
        first, *words = shlex.split(line.replace(" lin", f" {PERSON}"))
        if first == "export":
            name, _, value = words[0].partition("=")
            machine.env[name] = value
        elif first == "archivist":
            ran = machine.run(*words)
            seen[" ".join(words[:2])] = ran
            assert ran.code == 0, (line, ran.code, ran.err)
            check = Path(places["/srv/drill"]) / "check.pdf"
            assert words[0] != "view" or check.read_bytes().startswith(b"%PDF")
        else:
            subprocess.run([first, *words], check=True)
    assert "3 pages" in seen["search 合同"].out.decode()
    assert "来历不明" in seen["inbox list"].out.decode()
    assert "ok" in seen["ledger verify"].out.decode()
    assert not Path(places["/srv/drill"]).exists()
    assert not list((tmp_path / "config").rglob("*.key"))
