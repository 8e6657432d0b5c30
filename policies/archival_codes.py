"""Archival codes (档号): how they are written, which number comes next, which are missing.

Owns the answers of the `archival_code` rows. Which numbers were ever given is told to it: the
ledger remembers them, and a number once given is never given again, whatever became of what bore
it (DA/T 13: 唯一性).

Rules it keeps:
- A series of numbers is everything of the template but the number: another year, another series.
- A part that is not known (no fonds number, a keeping period that is open) makes no code. What is
  missing is named; nothing stands in its place.
- A row for the dossier type beats one for its series, that one a general one; the company's own
  beats all. Two packs that disagree: the setting `archival_code` names the pack that prevails.

    >>> template = Template("Z109-ZY·2026·Y-{number:4}", "{volume}-{item:3}")
    >>> template.volume(7), template.item("Z109-ZY·2026·Y-0007", 2)
    ('Z109-ZY·2026·Y-0007', 'Z109-ZY·2026·Y-0007-002')
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from policies import keeping_rows, reach
from policies.pack_rows import Series

if TYPE_CHECKING:
    from policies.policy import Cited, Policy

__all__ = ["Gap", "Template", "Uncoded", "gaps", "keep_counts", "template_for"]

_PART = re.compile(r"[A-Za-z0-9._\-]+")  # what may come into a code from outside the template


@dataclass(frozen=True, slots=True)
class Template:
    """A template with everything filled in but the numbers. `series` tells two of them apart."""

    series: str
    item_as: str
    clause: str = ""
    pack: str = ""

    def volume(self, number: int) -> str:
        """The code of a volume."""
        return _numbered(self.series, "number", number)

    def item(self, volume: str, number: int) -> str:
        """The code of the paper with this number in a volume."""
        return _numbered(self.item_as.replace("{volume}", volume), "item", number)


@dataclass(frozen=True, slots=True)
class Uncoded:
    """Why there is no code: `lacks` is `template`, `prevailing`, or the part that is not known."""

    lacks: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Gap:
    """A number of a series that no volume bears now, and why: `why` is `unknown` where the
    ledger does not say what became of it."""

    series: str
    number: int
    why: str


def template_for(
    policy: Policy, dossier_type: str | None, parts: Mapping[str, str]
) -> Template | Uncoded:
    """How volumes of such dossiers are numbered. `parts` are those that the policy cannot know:
    year, keep, department, customer, dossier."""
    cited = _speaking(policy, dossier_type)
    if isinstance(cited, Uncoded):
        return cited
    known = {
        **parts,
        "fonds": policy.setting("fonds") or "",
        "category": _category(policy, dossier_type) or cited.row.category,
    }
    for name, _ in re.findall(keeping_rows.PLACE, cited.row.volume):
        if name != "number" and not _PART.fullmatch(known.get(name, "")):
            return _lacking(name)
    series = re.sub(
        keeping_rows.PLACE,
        lambda found: found[0] if found[1] == "number" else known[found[1]],
        cited.row.volume,
    )
    return Template(series, cited.row.item, cited.row.clause, cited.pack)


def keep_counts(policy: Policy, dossier_type: str | None) -> bool:
    """Whether the class of keeping stands in the codes of such dossiers."""
    cited = _speaking(policy, dossier_type)
    return not isinstance(cited, Uncoded) and "{keep}" in cited.row.volume


def gaps(series: str, borne: Collection[int], given: Mapping[int, str]) -> Iterator[Gap]:
    """The numbers from 1 to the highest that no volume bears.

    `given` are all numbers that the ledger gave, each with what became of it.
    """
    highest = max((*borne, *given), default=0)
    for number in range(1, highest + 1):
        if number not in borne:
            yield Gap(series, number, given.get(number, "unknown"))


def _numbered(text: str, name: str, number: int) -> str:
    return re.sub(
        keeping_rows.PLACE,
        lambda found: f"{number:0{found[2] or 1}}" if found[1] == name else found[0],
        text,
    )


def _speaking(
    policy: Policy, dossier_type: str | None
) -> Cited[keeping_rows.ArchivalCode] | Uncoded:
    by_pack = reach.speakers(
        policy, policy.rows(keeping_rows.ArchivalCode), reach.Subject(dossier_type=dossier_type)
    )
    if not by_pack:
        return Uncoded("template", "没有采用档号编制规则", "no rule of archival codes is adopted")
    chosen = reach.prevailing(by_pack, policy.setting("archival_code"))
    if chosen is None and len(by_pack) > 1:
        return Uncoded(
            "prevailing",
            "几个制度包的档号写法不一，请用 archival_code 写明以何者为准",
            "packs write archival codes differently; name the one that prevails in archival_code",
        )
    return (chosen or next(iter(by_pack.values())))[0]


def _category(policy: Policy, dossier_type: str | None) -> str:
    wanted = reach.series_of(policy, dossier_type, None)
    rows = (c.row for c in policy.rows(Series) if c.row.id == wanted and c.row.category)
    return next((row.category for row in rows), "")


_WORDS = {
    "fonds": ("全宗号（[company] fonds）", "the fonds number (fonds in [company])"),
    "category": ("门类代码", "the category"),
    "year": ("年度", "the year"),
    "keep": ("保管期限", "the keeping period"),
    "department": ("部门", "the department"),
    "customer": ("客户", "the customer"),
    "dossier": ("档案", "the dossier"),
}


def _lacking(name: str) -> Uncoded:
    zh, en = _WORDS[name]
    return Uncoded(name, f"档号缺{zh}", f"the archival code lacks {en}")
