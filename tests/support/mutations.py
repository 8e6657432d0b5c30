"""Take a row out of a pack: some test of its rule must notice.

A rule test is a function in tests/regulations with the one argument `law`, marked with the rules it
proves. For every row of a pack that cites a clause, the pack is made once more without that row,
and the tests of each rule in the clause are called on it. Where none fails, the row could vanish
unnoticed: the test asserts too little, or the row says nothing.

    python tests/support/mutations.py leasing        names every such row; exit 1 when there is one
"""

from __future__ import annotations

import importlib.util
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from law import Law

from policies.packs import Pack

RULE_TESTS = Path(__file__).parent.parent / "regulations"
RULE = re.compile(r"S\d{3}(?:-\d+)?-R\d+")

RuleTest = Callable[[Law], None]


@dataclass(frozen=True)
class Mutant:
    """A pack without one row."""

    pack: Pack
    row: str
    clause: str


def rules_in(clause: str) -> list[str]:
    """The rules a clause names; a clause of the law or the company is one name of its own."""
    return RULE.findall(clause) or [clause]


def rule_tests(folder: Path = RULE_TESTS) -> dict[str, list[RuleTest]]:
    """Rule → the test functions marked with it."""
    found: dict[str, list[RuleTest]] = defaultdict(list)
    for path in sorted(folder.glob("test_*.py")):
        spec = importlib.util.spec_from_file_location(f"mutated_{path.stem}", path)
        assert spec and spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for name, function in vars(module).items():
            if name.startswith("test_"):
                for mark in getattr(function, "pytestmark", ()):
                    if mark.name == "rule":
                        for rule in mark.args:
                            found[rule].append(function)
    return found


def mutants(pack: Pack) -> Iterator[Mutant]:
    """The pack once for each row with a clause, without that row; rows below rows as well."""
    for kind, rows in pack.tables.items():
        for position, row in enumerate(rows):
            others = rows[:position] + rows[position + 1 :]
            name = f"{kind.__name__} {getattr(row, 'id', getattr(row, 'code', position))}"
            if clause := getattr(row, "clause", ""):
                yield Mutant(_with(pack, kind, others), name, clause)
            for field, smaller, inner in _shrunk(row):
                changed = (
                    *rows[:position],
                    replace(row, **{field: smaller}),
                    *rows[position + 1 :],
                )
                label = getattr(inner, "id", "") or getattr(inner, "after", "")
                yield Mutant(_with(pack, kind, changed), f"{name} / {field} {label}", inner.clause)


def _shrunk(row: Any) -> Iterator[tuple[str, tuple[Any, ...], Any]]:
    for field in fields(row):
        value = getattr(row, field.name)
        if isinstance(value, tuple) and value and hasattr(value[0], "clause"):
            for position, inner in enumerate(value):
                yield field.name, value[:position] + value[position + 1 :], inner


def _with(pack: Pack, kind: type[Any], rows: tuple[Any, ...]) -> Pack:
    return Pack(pack.head, {**pack.tables, kind: rows})


def survivors(law: Law, pack: Pack, tests: Mapping[str, list[RuleTest]]) -> Iterator[str]:
    """What could be taken out of `pack` unnoticed: "row (rule)", one line each."""
    if pack.head.kind == "company":
        return  # its clauses are the company's; test_company_sample takes each decision out
    for mutant in mutants(pack):
        mutated = law.without(mutant.pack)
        for rule in rules_in(mutant.clause):
            if not any(_notices(test, mutated) for test in tests.get(rule, ())):
                yield f"{pack.id}: {mutant.row} ({rule})"


def _notices(test: RuleTest, law: Law) -> bool:
    try:
        test(law)
    except Exception:  # whatever goes wrong in a test is a red test
        return True
    return False


def main(names: list[str]) -> int:
    """Print the survivors of the named packs, or of all."""
    law, tests = Law.shipped(), rule_tests()
    broken = {
        test.__name__ for functions in tests.values() for test in functions if _notices(test, law)
    }
    for name in sorted(broken):
        print(f"fails on the packs as they are: {name}")
    found = [
        line
        for name in names or sorted(law.packs)
        for line in survivors(law, law.pack(name), tests)
    ]
    print("\n".join(found) if found else "every row is missed when it is gone")
    return 1 if found or broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
