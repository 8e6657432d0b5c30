"""Make the table of policies/public_days.py: days off in years whose notice is out.

The days come from the `holidays` library. A notice that is out does not change any more, so its
days are written down once: loading the library takes longer than most answers. Run this when a
newer library knows a further notice.

    python scripts/make_public_days.py            # writes the table anew
    python scripts/make_public_days.py --check    # exit 1 when it is stale
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import holidays

MODULE = Path(__file__).parent.parent / "policies" / "public_days.py"
FIRST_YEAR = 1990

# What stands between these two is made here; all else in the module is written by hand.
BEFORE, BEHIND = '_TABLE = """\\\n', '"""\n\n_LINES'


def main() -> int:
    written = MODULE.read_text("utf-8")
    head, _, rest = written.partition(BEFORE)
    _, end, tail = rest.partition(BEHIND)
    assert end, f"{MODULE.name} holds no table"
    lines = "".join(map(_line, range(FIRST_YEAR, _last_year() + 1)))
    text = f"{head}{BEFORE}{lines}{BEHIND}{tail}"
    if "--check" in sys.argv:
        return int(written != text)
    MODULE.write_text(text, "utf-8")
    return 0


def _last_year() -> int:
    return max(holidays.country_holidays("CN").special_public_holidays)


def _line(year: int) -> str:
    china = holidays.country_holidays("CN", years=year)
    # Of every year the library gives some New Year's Eves of others too.
    made_up = _written(day for day in china.weekend_workdays if day.year == year)
    off = _written(china)
    line = f"{year} {off}{f' | {made_up}' if made_up else ''}"
    return textwrap.fill(line, 96, subsequent_indent="   ") + "\n"


def _written(days: Iterable[date]) -> str:
    return " ".join(f"{day:%m%d}" for day in sorted(days))


if __name__ == "__main__":
    sys.exit(main())
