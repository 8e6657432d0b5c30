"""The counterparts beside the house key: what an audit looks at outside of the archive's folder.

Owns the question whether the other half of every key in use is there and is what it was. Entries
name no digests of them. So each file is held against the one way of writing it, checksum included,
and what the house itself may open is opened; whether the rest fit is seen when somebody's keys open
records.

    K-COUNTERPART   one that a key in use needs is missing, altered or another's
    K-STRAY         one whose key is no more, or never was

Subjects are `counterparts/<name>`, wherever the folder lies.

    for finding in counterparts(truth):
        print(finding.code, finding.where)
"""

import re
from collections.abc import Iterator

from archivist.audit_folder import held
from archivist.vouching import Truth
from policies.loan_life import OUT
from storage.errors import Damaged, NoCounterpart, NoKey, StorageError
from storage.keys import AT_HOUSE, counterpart_name
from storage.ledger_findings import Finding

CODE, TOP = "K-COUNTERPART", "counterparts"
# Of a loan that is out, and of one that is being handed out: its entry comes after it.
_LENT = frozenset(("requested", "approved", *OUT))
_GRANT = re.compile(r"(L\d{6,})-R\d{8,}")
_TEMPORARY = re.compile(r"\.[^/]+\.tmp")


def counterparts(truth: Truth) -> Iterator[Finding]:
    """Every counterpart of a key in use, and every file that is none."""
    known = truth.archive.counterparts
    needed = _needed(truth)
    try:
        there = sorted(path.name for path in known.folder.iterdir())
    except OSError:
        if any(needed.values()):
            yield Finding(CODE, TOP, "the folder is not here, or not to be read: nothing opens")
        return
    for name in sorted({*needed, *there}):
        if name in there and not (name in needed or _is_lent(truth, name)):
            if not _TEMPORARY.fullmatch(name):
                yield Finding("K-STRAY", f"{TOP}/{name}", "belongs to no key in use")
        elif name in there or needed[name]:
            yield from _as_it_was(truth, name)


def _needed(truth: Truth) -> dict[str, bool]:
    """Counterparts of the generations that somebody holds and of what is lent; whether each was
    made with one."""
    found: dict[str, bool] = {}
    for place in held(truth):
        if place.startswith("grades/"):
            _, key, generation, _ = place.split("/")
            name = counterpart_name(key, int(generation))
            if name not in found:
                found[name] = _made_with_one(truth, key, int(generation))
    for loan in truth.replay.loans():
        for record in (loan["grants"] or {}) if loan["state"] in OUT else ():
            name = f"{loan['id']}/{record}"
            found[name.replace("/", "-")] = truth.archive.grants.takes_counterpart(name)
    return found


def _made_with_one(truth: Truth, key: str, generation: int) -> bool:
    for entry in truth.entries_of(key):
        if entry.act == "key" and entry.fields["generation"] == generation:
            return bool(entry.fields.get("counterpart"))
    return False


def _is_lent(truth: Truth, name: str) -> bool:
    found = _GRANT.fullmatch(name)
    loan = truth.replay.loan(found[1]) if found else None
    return loan is not None and loan["state"] in _LENT


def _as_it_was(truth: Truth, name: str) -> Iterator[Finding]:
    archive, where = truth.archive, f"{TOP}/{name}"
    try:
        archive.counterparts.verify(name)
    except NoCounterpart:
        yield Finding(CODE, where, "is missing: nothing sealed to its key opens")
        return
    except StorageError as error:
        yield Finding(CODE, where, str(error))
        return
    key, _, generation = name.rpartition("-")
    if not _GRANT.fullmatch(name) and archive.keys.holds(key, int(generation), AT_HOUSE):
        try:
            archive.keys.open_grade(key, int(generation), archive.house_holder)
        except NoCounterpart as error:
            yield Finding(CODE, where, str(error))
        except (Damaged, NoKey):
            return  # the sealed copy is wrong, and is named as such
