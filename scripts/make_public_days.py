"""Make policies/public_days.py: China's days off and make-up days in years whose notice is out.

The days come from the `holidays` library. A notice that is out does not change any more, so its
days are written down once: loading the library takes longer than most answers. Run this when a
newer library knows a further notice.

    python scripts/make_public_days.py            # writes policies/public_days.py
    python scripts/make_public_days.py --check    # exit 1 when the file is stale
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

HEAD = '''"""China's days off, and the weekend days made up for them (调休), once they are known.

Made by scripts/make_public_days.py from the `holidays` library; not edited by hand. Behind a year
stand its days off as MMDD, and behind the bar the Saturdays and Sundays on which people work. For
years that are not here `policies.calendar` asks the library.

    >>> public_days(2026)[1] >= {date(2026, 10, 10)}
    True
"""

from __future__ import annotations

from datetime import date

_TABLE = """\\
'''

TAIL = '''"""

_LINES = {int(line[:4]): line[4:] for line in _TABLE.replace("\\n  ", "").splitlines()}

KNOWN_UNTIL = max(_LINES)
"""The last year whose notice stands here."""


def public_days(year: int) -> tuple[frozenset[date], frozenset[date]] | None:
    """A year's days off and its make-up days; None for a year that is not here."""
    line = _LINES.get(year)
    if line is None:
        return None
    off, _, made_up = line.partition("|")
    return _days(year, off), _days(year, made_up)


def _days(year: int, written: str) -> frozenset[date]:
    return frozenset(date(year, int(day[:2]), int(day[2:])) for day in written.split())
'''


def main() -> int:
    text = HEAD + "".join(map(_line, range(FIRST_YEAR, _last_year() + 1))) + TAIL
    if "--check" in sys.argv:
        return int(MODULE.read_text("utf-8") != text)
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
