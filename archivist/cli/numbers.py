"""Personal numbers at the door: masked in what is shown, open with `--purpose`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from archivist.cli.door import Call, now
from archivist.cli.spoken import ENTRY, option
from archivist.errors import BadRequest
from archivist.masking import masked_in

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")

UNMASKS = (f"写明用途时，{ENTRY[0]}（用途另行加密保存）",
           f"with a purpose, {ENTRY[1]} (the purpose is sealed beside it)")  # fmt: skip


def purpose_option(command: F) -> F:
    """--purpose, with which personal numbers are shown in full."""
    add = option(
        "--purpose", metavar="TEXT",
        zh="写明用途则显示完整的身份证号、电话和卡号，并记入台账；用途加密保存。",
        help="Show personal numbers in full; the ledger says so, and the purpose is sealed.",
    )  # fmt: skip
    return add(command)


def discreet(
    call: Call,
    value: T,
    purpose: str | None,
    subject: Mapping[str, str] | None = None,
    shown: Sequence[str] = (),
) -> T:
    """`value` with its personal numbers masked; in full, and recorded, when there is a purpose."""
    hidden: T = masked_in(value)
    return disclosed(call, value, hidden, purpose, subject, shown)


def disclosed(
    call: Call,
    value: T,
    hidden: T,
    purpose: str | None,
    subject: Mapping[str, str] | None = None,
    shown: Sequence[str] = (),
) -> T:
    """`hidden`, or with a purpose `value`; where the two differ the ledger says so first.

    Raises KeyNeeded when nobody is there to answer for it, BadRequest for an empty purpose.
    """
    if purpose is None:
        return hidden
    if not purpose.strip():
        raise BadRequest("请写明用途", "a purpose is needed")
    if hidden != value:
        from archivist.unmasking import record_unmasking  # a search otherwise opens no ledger

        who = call.somebody().name
        record_unmasking(call.archive, purpose, subject or {}, who, now(), shown)
    return value
