"""`archivist doctor`: is everything in its place?

Looks and changes nothing.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from archivist import backing_up, destruction_book, holding, regulations, sweeping, virus
from archivist.cli import doctor_places
from archivist.cli.complaints import problem_row, question_row, shown_problem
from archivist.cli.doctor_places import SEPARATOR
from archivist.cli.door import FINDINGS, Call, common_options, now, pass_call
from archivist.cli.progress import Progress
from archivist.cli.say import counted, say, table
from archivist.cli.spoken import NOTHING, command
from policies import questions
from storage import session

_NAMES = {
    "python": "Python",
    "folder": "档案库权限",
    "house-key": "馆钥",
    "counterparts": "密钥对半",
    "policy": "制度",
    "company": "公司事项",
    "ledger": "台账",
    "catalogue": "目录",
    "drop-folder": "投放目录",
    "space": "磁盘空间",
    "clock": "时钟",
    "fonts": "字体",
    "trays": "托盘",
    "backup": "备份",
    "destructions": "销毁",
    "sweep": "到期清查",
    "session": "登录",
    "search-engine": "检索引擎",
    "ocr": "文字识别",
    "virus": "病毒扫描",
}
BACKUP_DAYS, PROOF_DAYS = 7, 100
MISSED_DAYS = 3  # a weekend without power is no finding


@command("doctor", zh="检查一切是否就位。", never=NOTHING, exits=(0, 3, 10))
@common_options
@pass_call
def doctor_command(call: Call) -> int:
    """Check that everything is in its place."""
    rows: list[dict[str, Any]] = []
    with Progress(say("检查", "checking"), len(_NAMES)) as bar:
        for name, ok, detail in _checks(call):
            rows.append({"check": name, "ok": ok, "detail": detail})
            bar.advance()
    heads = (say("检查", "check"), say("正常", "ok"), say("说明", "detail"))
    call.emit(
        rows,
        lambda: table(
            heads,
            [line for row in rows for line in _lines(row)],
            cut=(2,),
        ),
    )
    return 0 if all(row["ok"] for row in rows) else FINDINGS


def _lines(row: dict[str, Any]) -> Iterator[tuple[str, bool | str, str]]:
    """One line for each thing told; a dozen open questions in one would hide all others."""
    first, *rest = row["detail"].split(SEPARATOR)
    yield say(_NAMES[row["check"]], row["check"]), row["ok"], first
    yield from (("", "", more) for more in rest)


def _checks(call: Call) -> Iterator[tuple[str, bool, str]]:
    """Each check stands alone: one that fails says why, and the next is made all the same."""
    settings = call.settings
    checks: tuple[tuple[str, Callable[[], tuple[bool, str]]], ...] = (
        ("python", lambda: (sys.version_info >= (3, 11), sys.version.split()[0])),
        ("folder", lambda: doctor_places.folder(call)),
        ("house-key", lambda: doctor_places.house_key(call)),
        ("counterparts", lambda: _counterparts(call)),
        ("policy", lambda: _policy(call)),
        ("company", lambda: _company(call)),
        ("ledger", lambda: (True, _entries(call.archive.ledger.size))),
        ("catalogue", lambda: _catalogue(call)),
        ("drop-folder", lambda: doctor_places.drop_folder(call)),
        ("space", lambda: doctor_places.space(call)),
        ("clock", lambda: doctor_places.clock(call)),
        ("fonts", lambda: doctor_places.fonts(call)),
        ("trays", lambda: doctor_places.trays(call)),
        ("backup", lambda: _backup(call)),
        ("destructions", lambda: _destructions(call)),
        ("sweep", lambda: _sweep(call)),
        ("session", lambda: _session(call)),
        ("search-engine", lambda: (settings.engine in ("fts5", "whoosh"), settings.engine)),
        ("ocr", lambda: doctor_places.readers(call)),
        ("virus", lambda: _virus(call)),
    )
    for name, check in checks:
        try:
            ok, detail = check()
        except Exception as error:
            ok, detail = False, f"{type(error).__name__}: {error}"
        yield name, ok, detail


def _entries(count: int) -> str:
    return say(f"{count} 条", counted(count, "entry"))


def _counterparts(call: Call) -> tuple[bool, str]:
    """There for every key in use, outside of the archive, and nobody else's to read."""
    archive, folder = call.archive, call.counterparts.folder
    archive.follow()
    if folder.resolve().is_relative_to(call.root.resolve()):
        return False, say(f"{folder} 在档案库目录内", f"{folder} lies inside the archive folder")
    lacking, before, outlived = holding.halves(archive)
    lines = [say(f"缺少 {name}", f"{name} is missing") for name in lacking]
    lines += [
        say(
            f"{name} 的密钥已销毁，对半却还在：请运行 archivist watch --once",
            f"{name} outlived its key: run archivist watch --once",
        )
        for name in outlived
    ]
    lines += [say(f"{place} 可被他人读取", f"{place} can be read by others")
              for place in call.counterparts.exposed()]  # fmt: skip
    if not lines and before:
        # Told, but nothing is wrong: the archive works as it did before there were any.
        told = "、".join(before)
        lines = [say(f"{told} 尚无对半，轮换后才有：archivist key rotate",
                     f"{', '.join(before)}: none until archivist key rotate")]  # fmt: skip
        return True, SEPARATOR.join(lines)
    return not lines, SEPARATOR.join(lines) or str(folder)


def _policy(call: Call) -> tuple[bool, str]:
    call.archive.follow()
    troubles = regulations.in_force(call.settings, call.archive.catalogue).troubles
    lines = [f"{trouble.pack}: {say(trouble.zh, trouble.en)}" for trouble in troubles]
    lines += [shown_problem(problem_row(p)) for trouble in troubles for p in trouble.problems]
    found = questions.open_questions(call.policy)
    lines += [shown_problem(question_row(q)) for q in found if q.blocks or q.contradiction]
    return not lines, SEPARATOR.join(lines) or ", ".join(call.policy.packs)


def _company(call: Call) -> tuple[bool, str]:
    """What the regulations leave to the company waits for it, and holds up nothing else."""
    left = [q for q in questions.open_questions(call.policy) if not (q.blocks or q.contradiction)]
    told = SEPARATOR.join(
        f"{question.setting}: {say(question.zh, question.en)}" for question in left
    )
    return True, told or say("没有待公司决定的事项", "nothing is left to decide")


def _catalogue(call: Call) -> tuple[bool, str]:
    archive = call.archive
    archive.follow()
    behind = archive.ledger.size - archive.catalogue.applied
    count = archive.catalogue.record_count()
    zh = f"{count} 件资料，落后 {behind} 条"
    return behind == 0, say(zh, f"{counted(count, 'record')}, {_entries(behind)} behind")


def _backup(call: Call) -> tuple[bool, str]:
    """How old the last backup is; a week is what may be lost, and what is never tried is hope."""
    made, proof = backing_up.last(call.archive)
    if made is None:
        first = next(iter(call.archive.catalogue.filed_first()), None)
        overdue = first is not None and _days_since(first) > BACKUP_DAYS
        return not overdue, say("还没有备份", "no backup was ever made")
    age = _days_since(made.time)
    told = say(f"最近一次备份在 {age} 天前", f"the last backup is {counted(age, 'day')} old")
    if proof is None:
        return False, told + say("；从未核验", "; never verified")
    proved = _days_since(proof.time)
    told += say(f"；最近一次核验在 {proved} 天前", f"; verified {counted(proved, 'day')} ago")
    return age <= BACKUP_DAYS and proved <= PROOF_DAYS, told


def _days_since(time: str) -> int:
    return max(0, (now() - datetime.fromisoformat(time)).days)


def _destructions(call: Call) -> tuple[bool, str]:
    """What was decided and is not carried out waits for somebody who holds the keys."""
    call.archive.follow()
    told = []
    for disposal in destruction_book.waiting(call.archive):
        row = call.archive.catalogue.destruction(disposal) or {}
        names = ", ".join(destruction_book.finishers(call.archive, row)) or "—"
        words = f"archivist disposal execute {disposal}"
        told.append(say(f"{disposal} 尚未销毁完毕：由 {names} 运行 {words}",
                        f"{disposal} is not destroyed yet: {words}, by {names}"))  # fmt: skip
    return not told, SEPARATOR.join(told) or say("没有未完成的", "none is left undone")


def _sweep(call: Call) -> tuple[bool, str]:
    call.archive.follow()
    today = now().astimezone().date()
    last = sweeping.last_day(call.archive)
    days = (today - (sweeping.swept_until(call.archive) or today)).days
    if last is None:
        return days <= MISSED_DAYS, say("还没有清查过", "never swept")
    ago = f"{days} day{'s' * (days != 1)} ago"
    told = say(f"上次清查 {last}，{days} 天前", f"last sweep {last}, {ago}")
    return days <= MISSED_DAYS, told


def _session(call: Call) -> tuple[bool, str]:
    folder = session.runtime_folder(os.environ)
    person: Any = session.load(folder, call.settings.archive_id, now(), call.counterparts)
    return True, person.name if person else say("没有人登录", "nobody is logged in")


def _virus(call: Call) -> tuple[bool, str]:
    place = call.settings.virus_socket
    if not place:
        return True, say("未配置（[virus] socket）", "none is configured ([virus] socket)")
    return True, virus.Scanner(place, timeout_seconds=5.0).version()
