"""`archivist search`: pages that contain what you type.

Traditional or Simplified, any part of a word or number; words apart by a space must all
be on the page. Searches only what your keys open; indexes behind the ledger catch up
first.
"""

from __future__ import annotations

import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from archivist import searching
from archivist.cli.door import Call, common_options, now, pass_call
from archivist.cli.grades import named_otherwise, usual_words
from archivist.cli.numbers import disclosed, purpose_option
from archivist.cli.say import counted, say
from archivist.cli.spoken import command, option
from archivist.cli.words import iso_date
from index import engine
from storage import session

if TYPE_CHECKING:
    from storage.session import Session


@command("search", zh="检索您有权限看的所有页。\n\n"
         "简体、繁体均可，词和号码的任何一段都能找到；用空格分开的几段须在同一页；引号内的文字须连在一起。"
         "个人号码不完整显示。",
         changes=("全文索引随台账更新；写明用途时，加台账一条",
                  "the indexes catch up with the ledger; with a purpose, one ledger entry"),
         never=("档案", "records"),
         exits=(0, 2, 4, 10, 11, 12))  # fmt: skip
@click.argument("words", nargs=-1, required=True, metavar="QUERY")
@option("--customer", metavar="C", zh="只找这位客户的。", help="Only this customer's.")
@option("--dossier", metavar="D", zh="只找这份档案的。", help="Only this dossier's.")
@option("--type", "type_", metavar="T", zh="只找这种资料。", help="Only this document type.")
@option("--grade", metavar="G", zh="只找这个密级。", help="Only this grade.")
@option("--from", "from_", metavar="DATE", zh="这一天或以后归档的。",
        help="Filed on this day or later.")  # fmt: skip
@option("--to", metavar="DATE", zh="这一天或以前归档的。", help="Filed on this day or earlier.")
@option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, metavar="N",
        zh="最多列出几页。", help="How many pages to list.")  # fmt: skip
@purpose_option
@common_options
@pass_call
def search_command(
    call: Call, words: tuple[str, ...], customer: str | None, dossier: str | None,
    type_: str | None, grade: str | None, from_: str | None, to: str | None, limit: int,
    purpose: str | None,
) -> None:  # fmt: skip
    """Search the texts of all pages you are cleared for.

    Simplified or Traditional, any part of a word or number. Words apart by a space must all
    be on the page; words in double quotes stand together. Personal numbers are masked.
    """
    started = time.perf_counter()
    type_ = call.policy.document_type(type_).id if type_ else None
    grade = call.policy.grade(grade).code if grade else None
    filters = engine.Filters(customer, dossier, type_, _day(from_), _day(to))
    with searching.shelves(call.settings, _session(call)) as opened:
        late = searching.behind(call.settings, opened)
        if late:
            _catch_up(call, late)
        query = " ".join(words)
        found = searching.search(opened, query, filters, limit, grade)
        if purpose is not None:
            full = searching.search(opened, query, filters, limit, grade, in_full=True)
            records = [hit["record"] for hit in full["hits"]]
            found = disclosed(call, full, found, purpose, shown=records)
    took_ms = round((time.perf_counter() - started) * 1000, 1)
    call.emit({"total": found["total"], "took_ms": took_ms, "hits": found["hits"]},
              lambda: _shown(call, found))  # fmt: skip


def _session(call: Call) -> Session:
    """The session, with the keys that came since login."""
    found = call.somebody()
    if not searching.outdated(call.settings, found):
        return found
    from archivist.indexing import index_keys  # opens sealed keys; rarely needed

    person = found.unlocked()
    fresh = replace(found, index_keys=index_keys(call.archive, call.policy, person))
    folder = session.runtime_folder(os.environ)
    counterparts = call.counterparts
    if session.load(folder, call.settings.archive_id, now(), counterparts) == found:
        session.save(folder, call.settings.archive_id, person, found.expires_at, fresh.index_keys,
             counterparts)  # fmt: skip
    return fresh


def _catch_up(call: Call, late: list[searching.Shelf]) -> None:
    from archivist import indexing  # opens ledger and vault, which most searches do without
    from archivist.cli.progress import Progress

    total = indexing.waiting(call.archive, late)
    with Progress(say("更新全文索引", "indexing"), total) as bar:
        indexing.catch_up(call.archive, call.person, late, bar.advance)


def _shown(call: Call, found: dict[str, object]) -> str:
    hits = found["hits"]
    assert isinstance(hits, list)
    total = found["total"]
    assert isinstance(total, int)
    lines = [
        say(
            f"共 {total} 页" if total else "没有找到",
            counted(total, "page") if total else "nothing found",
        )
    ]
    grades = _labels(call, {hit["grade"] for hit in hits})
    for hit in hits:
        place = f"{hit['customer']}/{hit['dossier']}"
        page = say(f"第 {hit['page']} 页", f"page {hit['page']}")
        lines += ["", f"{hit['record']}  {hit['title']}  {page}  {place}  {grades[hit['grade']]}",
                  f"    {' '.join(hit['snippet'].split())}"]  # fmt: skip
    return "\n".join(lines)


def _labels(call: Call, codes: set[str]) -> dict[str, str]:
    """Grades as this archive calls them; most call them what everybody does."""
    if codes and named_otherwise(call.root / "packs"):
        from archivist.cli.labels import grade_label  # loads the regulations, which few need

        return {code: grade_label(call.policy, code) for code in codes}
    return {code: say(*usual_words(code)) for code in codes}


def _day(given: str | None) -> int | None:
    return int(iso_date(given).replace("-", "")) if given else None
