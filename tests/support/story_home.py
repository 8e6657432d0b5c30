"""The archive in which random stories begin: people with keys, rules to lend and to destroy by, and
scans that are read already.

    li      archivist: files, hands out, proposes    lin     salesman, borrows, cleared for nothing
    zhao    head of the department: approves         gm      general manager: approves destruction
    wang    appraises, cleared up to 秘密            chen    appraises, executes, cleared for all
    xu, he  witnesses
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import disposal_home
import lending_home
from archive_home import PASSPHRASE, PERSON, Home
from disposal_home import adopted

from archivist.examine import Examiners

# Each stands in one scan and nowhere else.
WORDS = ("蒹葭苍苍", "白露为霜", "所谓伊人", "溯洄从之", "道阻且长", "宛在水中", "羁鸟旧林")
CLEARED = {
    PERSON: ("INTERNAL", "SECRET", "CONF", "TOP"),
    "wang": ("INTERNAL", "SECRET"),
    "chen": ("INTERNAL", "SECRET", "CONF"),
    "zhao": (),
    "lin": (),
}
ROLES = {
    "lin": "salesman",
    "zhao": "department_head",
    "gm": "general_manager",
    "wang": "archive_clerk",
    "chen": "archive_clerk",
    "xu": "finance",
    "he": "finance",
}
OFFICES = {'"role.drafting_unit"': "archivist", "secrecy_notice": "30", "loan_days": 14,
           '"approval.view"': "lending"}  # fmt: skip


@dataclass(frozen=True)
class Staged:
    """The archive to copy, everybody's unlocked keys, and every scan with what was read of it."""

    home: Home
    keys: dict[str, Any]
    scans: dict[str, bytes]
    facts: dict[str, Any]


def staged(template: Path, top: Path, scan: Any) -> Staged:
    """All of it, made once."""
    home = Home.copy_of(template, top)
    home.set("keys", scrypt_log_n=16)
    home.set("company", **OFFICES)
    for name, role in ROLES.items():
        home.json("person", "add", name, "--role", role, "--department", "sales",
                  ARCHIVIST_NEW_PASSPHRASE=PASSPHRASE)  # fmt: skip
    for name in ("wang", "chen"):
        for grade in CLEARED[name]:
            home.json("person", "clear", name, grade)
    lending = home.top / "lending.toml"
    lending.write_text(lending_home.RULES, "utf-8")
    home.json("pack", "adopt", lending)
    own_roles = disposal_home.RULES.index("[[role]]"), disposal_home.RULES.index("[[approval]]")
    adopted(home, disposal_home.RULES[: own_roles[0]] + disposal_home.RULES[own_roles[1] :])
    home.json("dossier", "event", "D000001", "sale=2015-03-05")
    scans = {word: scan(word, pages=1) for word in WORDS}
    with Examiners(workers=1) as examiners:
        facts = {}
        for word, content in scans.items():
            path = home.top / f"{word}.pdf"
            path.write_bytes(content)
            facts[word] = examiners.examine(path)
    archive = home.open()
    keys = {name: archive.people.unlock(name, PASSPHRASE) for name in (PERSON, *ROLES)}
    archive.close()
    return Staged(home, keys, scans, facts)
