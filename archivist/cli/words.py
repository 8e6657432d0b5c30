"""Reading the words people type: K=V pairs and dates."""

from collections.abc import Iterable
from datetime import date

from archivist.errors import BadRequest


def pairs(given: Iterable[str]) -> dict[str, str]:
    """`("vin=LVG…", "plate=沪A12345")` as a dict. Raises BadRequest for anything else."""
    found: dict[str, str] = {}
    for item in given:
        key, equals, value = item.partition("=")
        if not equals or not key.strip():
            raise BadRequest(
                f"“{item}” 应写成 名称=值", f"{item!r} must be written NAME=VALUE", "例如 vin=LVG…",
                "for example vin=LVG…",
            )  # fmt: skip
        found[key.strip()] = value.strip()
    return found


def iso_date(given: str) -> str:
    """A date as YYYY-MM-DD. Raises BadRequest otherwise."""
    try:
        return date.fromisoformat(given).isoformat()
    except ValueError:
        raise BadRequest(
            f"“{given}” 不是日期", f"{given!r} is not a date", "例如 2026-03-05", "e.g. 2026-03-05"
        ) from None
