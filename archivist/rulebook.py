"""Which rule of the source regulations is carried out where, and what proves it.

Joins four things that lie in `policies/`: `rules.json` (every rule of the source regulations,
with its class), the shipped packs (whose rows cite rules), `coverage/*.toml` (rules that a module
keeps, and rules that lie outside an archive with the reason), and `rule_tests.json` (which tests
are marked with which rule; written by `scripts/rule-tests`, and a test holds it up to date).

Classes: a, data; b, a feature; a+b, a feature that data steers; c, outside the archive.
"""

import json
import re
import tomllib
from collections import defaultdict
from importlib import resources
from typing import Any

from archivist.regulations import shipped_packs
from policies.packs import cited, parse_pack

_RULE = re.compile(r"S\d{3}(?:-\d+)?-R\d+")


def coverage() -> list[dict[str, Any]]:
    """One row for each rule: class, pack, where, tests; `outside` says why a rule is not ours."""
    policies = resources.files("policies")
    rules = json.loads((policies / "rules.json").read_text("utf-8"))
    tests = json.loads((policies / "rule_tests.json").read_text("utf-8"))
    rows, packs = _cited()
    modules: dict[str, str] = {}
    outside: dict[str, dict[str, str]] = {}
    for entry in sorted((policies / "coverage").iterdir(), key=lambda entry: entry.name):
        if entry.name.endswith(".toml"):
            said = tomllib.loads(entry.read_text("utf-8"))
            modules.update(said.get("modules", {}))
            outside.update(said.get("outside", {}))
    return [
        {
            "rule": rule["rule"],
            "class": rule["class"],
            "pack": ", ".join(packs[rule["rule"]]) or None,
            "where": "; ".join([*rows[rule["rule"]], *_module(modules, rule["rule"])]) or None,
            "tests": tests.get(rule["rule"], []),
            "outside": outside.get(rule["rule"]),
            "zh": rule["zh"],
            "en": rule["en"],
        }
        for rule in rules
    ]


def uncovered(rows: list[dict[str, Any]]) -> list[str]:
    """The rules that nothing carries out or nothing proves, and why it is one."""
    found = []
    for row in rows:
        if row["class"] == "c":
            if not row["outside"] and not row["where"]:
                found.append(f"{row['rule']}: nothing says why it lies outside")
        elif not row["where"]:
            found.append(f"{row['rule']}: no row and no module")
        elif not row["tests"]:
            found.append(f"{row['rule']}: no test")
    return found


def _module(modules: dict[str, str], rule: str) -> list[str]:
    return [modules[rule]] if rule in modules else []


def _cited() -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Rule → rows that cite it ("leasing: approval view"), and rule → packs."""
    rows: dict[str, list[str]] = defaultdict(list)
    packs: dict[str, list[str]] = defaultdict(list)
    for name, text in shipped_packs().items():
        for where, clause in cited(parse_pack(text, name)):
            for rule in _RULE.findall(clause):
                rows[rule].append(f"{name}: {where}")
                if name not in packs[rule]:
                    packs[rule].append(name)
    return rows, packs
