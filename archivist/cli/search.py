"""`archivist search`: pages that contain what you type.

Traditional or Simplified, any part of a word or number; words apart by a space must all
be on the page. Searches only what your keys open; indexes behind the ledger catch up
first. Changes nothing but the indexes. Exit codes: 0; 4 for a grade you name and are not
cleared for; 12 when nobody is logged in.
"""

import sys
import time

import click

from archivist import searching
from archivist.cli.door import Call, common_options, pass_call
from archivist.cli.say import say
from archivist.cli.words import iso_date
from index.engine import Filters


@click.command("search")
@click.argument("words", nargs=-1, required=True, metavar="QUERY")
@click.option("--customer", metavar="C")
@click.option("--dossier", metavar="D")
@click.option("--type", "type_", metavar="T")
@click.option("--grade", metavar="G")
@click.option("--from", "from_", metavar="DATE", help="Filed on this day or later.")
@click.option("--to", metavar="DATE", help="Filed on this day or earlier.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True)
@common_options
@pass_call
def search_command(
    call: Call, words: tuple[str, ...], customer: str | None, dossier: str | None,
    type_: str | None, grade: str | None, from_: str | None, to: str | None, limit: int,
) -> None:  # fmt: skip
    """Search the texts of all pages you are cleared for."""
    started = time.perf_counter()
    type_ = call.policy.document_type(type_).id if type_ else None
    grade = call.policy.grade(grade).code if grade else None
    filters = Filters(customer, dossier, type_, _day(from_), _day(to))
    with searching.shelves(call.settings, call.somebody().index_keys) as opened:
        late = searching.behind(call.settings, opened)
        if late:
            _catch_up(call, late)
        found = searching.search(opened, " ".join(words), filters, limit, grade)
    took_ms = round((time.perf_counter() - started) * 1000, 1)
    call.emit({"total": found["total"], "took_ms": took_ms, "hits": found["hits"]},
              lambda: _shown(found))  # fmt: skip


def _catch_up(call: Call, late: list[searching.Shelf]) -> None:
    from archivist import indexing  # opens ledger and vault, which most searches do without

    total = indexing.waiting(call.archive, late)
    label = say("更新全文索引", "indexing")
    with click.progressbar(length=total, label=label, file=sys.stderr) as bar:
        indexing.catch_up(call.archive, call.person, late, bar.update)


def _shown(found: dict[str, object]) -> str:
    hits = found["hits"]
    assert isinstance(hits, list)
    lines = [say(f"共 {found['total']} 页", f"{found['total']} pages")]
    for hit in hits:
        place = f"{hit['customer']}/{hit['dossier']}"
        page = say(f"第 {hit['page']} 页", f"page {hit['page']}")
        lines += ["", f"{hit['record']}  {hit['title']}  {page}  {place}  {hit['grade']}",
                  f"    {' '.join(hit['snippet'].split())}"]  # fmt: skip
    return "\n".join(lines)


def _day(given: str | None) -> int | None:
    return int(iso_date(given).replace("-", "")) if given else None
