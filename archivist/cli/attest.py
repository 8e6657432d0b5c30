"""`archivist attest`: say what you saw on a paper.

Signatures, kind of copy, sides and fields are seen by people; checklists judge by what they
say. The options are shared with `file`, where the paper is in your hands anyway.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from archivist import attesting
from archivist.cli.door import Call, common_options, now, pass_call
from archivist.cli.say import say
from archivist.cli.spoken import ENTRY, command, option
from archivist.cli.words import iso_date
from policies import wording

if TYPE_CHECKING:
    from policies.policy import Policy

F = TypeVar("F", bound=Callable[..., Any])


def copy_options(decorated: F) -> F:
    """--signed, --copy and --sides, as `seen` takes them."""
    for add in (
        option("--sides", type=click.IntRange(1, 20), metavar="N", zh="有几面。",
               help="How many sides it shows."),
        option("--copy", type=click.Choice(["original", "photocopy"]),
               zh="原件 original 还是复印件 photocopy。", help="Original or photocopy."),
        option("--signed", multiple=True, metavar="WHO",
               zh="谁签了字，如 customer（客户）、internal（内部人员）；可多次使用。",
               help="Who has signed it, e.g. customer, internal; repeatable."),
    ):  # fmt: skip
        decorated = add(decorated)
    return decorated


@command("attest", zh="写明在资料 RECORD 上看到了什么：签字、原件或复印件、面数、栏目、日期。\n\n"
         "缺件清单据此判断；每一点以最新的为准。须有人登录。",
         changes=ENTRY, never=("资料本身；以前写明的", "the record; what was said before"),
         exits=(0, 2, 4, 10, 11, 12, 13))  # fmt: skip
@click.argument("records", metavar="RECORD…", nargs=-1, required=True)
@copy_options
@option("--unsigned", multiple=True, metavar="WHO", zh="谁没有签字，或签错了；可多次使用。",
        help="Who has not signed it, or wrongly; repeatable.")  # fmt: skip
@option("--field", "fields", multiple=True, metavar="NAME",
        zh="填写无误的栏目或核对无误的要点；可多次使用。",
        help="A field or point that is in order; repeatable.")  # fmt: skip
@option("--lacks-field", "lacking", multiple=True, metavar="NAME",
        zh="没有填写或不符的栏目、要点；可多次使用。",
        help="A field or point that is wanting; repeatable.")  # fmt: skip
@option("--dated", metavar="DATE", zh="资料上写的日期。", help="The date written on it.")
@common_options
@pass_call
def attest_command(
    call: Call, records: tuple[str, ...], signed: tuple[str, ...], unsigned: tuple[str, ...],
    copy: str | None, sides: int | None, fields: tuple[str, ...], lacking: tuple[str, ...],
    dated: str | None,
) -> None:  # fmt: skip
    """Say what you saw on RECORD: signatures, kind of copy, sides, fields, date.

    Checklists judge by it; on each point the newest word counts. Somebody must be logged in.
    """
    seen = attesting.Seen(signed, unsigned, copy or "", sides or 0, fields, lacking,
                iso_date(dated) if dated else "")  # fmt: skip
    who = call.somebody().name
    call.archive.follow()
    attesting.attest(call.archive, call.policy, records, seen, now(), who)
    told = {record: said(call, record) for record in records}
    rows = [{"record": record, "attested": words} for record, words in told.items()]
    shown = "\n".join(f"{name}  {seen_words(call.policy, words)}" for name, words in told.items())
    call.emit(rows[0] if len(rows) == 1 else rows, shown)


def said(call: Call, record: str) -> dict[str, Any]:
    """What people said of a record, point by point."""
    return attesting.attested(call.archive, call.archive.record_or_stone(record))


def seen_words(policy: Policy, attested: dict[str, Any]) -> str:
    """The same in words: `客户已签字；原件`."""
    words = [say(*wording.copy_words(attested["copy"]))] if "copy" in attested else []
    if "sides" in attested:
        words.append(say(f"{attested['sides']} 面", f"{attested['sides']} side(s)"))
    for name, zh, en in (("signed", "已签字", "signed"), ("unsigned", "未签字", "not signed")):
        for code in attested.get(name, ()):
            who = wording.signer_words(policy, code)
            words.append(say(f"{who[0]}{zh}", f"{en} by {who[1]}"))
    for name, zh, en in (("fields", "无误", "in order"), ("lacking_fields", "不符", "wanting")):
        words += [say(f"“{field}”{zh}", f"{field}: {en}") for field in attested.get(name, ())]
    if "dated" in attested:
        words.append(say(f"日期 {attested['dated']}", f"dated {attested['dated']}"))
    return say("；", "; ").join(words)
