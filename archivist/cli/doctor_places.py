"""What `doctor` looks at on the machine: room, rights, clock, fonts, the scanner's folder, readers.

Each check gives whether it is in order, and lines: first what was found, then, where something is
wrong, what to do about it. They look and change nothing.
"""

from __future__ import annotations

import grp
import os
import shutil
import stat
from datetime import datetime, timedelta
from pathlib import Path

from archivist import drop_events, examine, printing
from archivist.cli.door import Call, house_key_path, now
from archivist.cli.say import counted, say
from archivist.examine.confine import lacking
from storage import session

Found = tuple[bool, str]
SEPARATOR = "\n"  # between several things that one check tells
SESSION_BYTES = 16_000_000  # what sessions of a few people take in memory
TRIED = "档案馆查阅归还國資—〔〕"  # simplified, traditional and the signs of document numbers
AHEAD = timedelta(days=400)  # nothing was recorded for so long: the clock may be wrong
SLACK = timedelta(minutes=2)  # between the clocks of machines that share an archive


def told(wrong: list[str], found: str) -> Found:
    """What was found, and below it what is wrong and to be done."""
    return not wrong, SEPARATOR.join([found, *wrong])


def folder(call: Call) -> Found:
    """The archive's folder: drop, work and trays hold scans in clear."""
    mode = _mode(call.root)
    wrong = [say(f"他人可读：chmod 700 {call.root}", f"others can read it: chmod 700 {call.root}")]
    return told(wrong if mode & 0o077 else [], f"{call.root} {mode:03o}")


def house_key(call: Call) -> Found:
    """Outside of the archive, readable by its owner alone, in a folder only he can change."""
    path = house_key_path(call.settings.archive_id)
    mode, above = _mode(path), _mode(path.parent)
    call.archive.house.catalogue_key()
    wrong = []
    if path.absolute().is_relative_to(call.root):
        wrong.append(
            say(
                "馆钥放在档案库目录内：移到别处，并设 ARCHIVIST_HOUSE_KEY",
                "the house key lies inside the archive folder: move it away and set "
                "ARCHIVIST_HOUSE_KEY",
            )
        )
    if mode & 0o077:
        wrong.append(say(f"他人可读：chmod 600 {path}", f"others can read it: chmod 600 {path}"))
    if above & 0o022:
        wrong.append(
            say(
                f"他人可替换馆钥：chmod go-w {path.parent}",
                f"others can replace it: chmod go-w {path.parent}",
            )
        )
    return told(wrong, f"{path} {mode:03o}")


def drop_folder(call: Call) -> Found:
    """There, ours to empty, the scanner's to fill, nobody else's; whether a claim is a rename."""
    place = call.settings.drop
    if not place.is_dir():
        return False, say(f"{place} 不存在：mkdir {place}", f"{place} is not there: mkdir {place}")
    status = place.stat()
    kind = "polling" if call.settings.polling or drop_events.is_network(place) else "inotify"
    group = _group(status.st_gid)
    writable = bool(status.st_mode & stat.S_IWGRP)
    zh = f"组 {group} {'可写' if writable else '不可写'}"
    en = f"group {group} {'may' if writable else 'may not'} write"
    found = f"{place} ({kind}), {stat.S_IMODE(status.st_mode):03o}, {say(zh, en)}"
    if status.st_dev != call.root.stat().st_dev:
        found += say(
            "；在另一文件系统上，领取时复制", "; on another file system: claims are copied"
        )
    wrong = []
    if not os.access(place, os.R_OK | os.W_OK | os.X_OK):
        wrong.append(
            say(
                "本程序不能从中取走文件：请改目录权限",
                "this program cannot take files out of it: change its mode",
            )
        )
    if status.st_mode & stat.S_IWOTH:
        wrong.append(
            say(
                f"任何人都可投放或删除：chmod o-w {place}",
                f"anybody can add and remove scans: chmod o-w {place}",
            )
        )
    return told(wrong, found)


def space(call: Call) -> Found:
    """Room for the archive, the scanner's folder, and sessions in memory."""
    places = [(call.root, call.settings.room_bytes), (call.settings.drop, call.settings.room_bytes)]
    places.append((session.runtime_folder(os.environ), SESSION_BYTES))
    found, wrong, seen = [], [], set()
    for place, least_bytes in places:
        if not place.is_dir() or (device := place.stat().st_dev) in seen:
            continue
        seen.add(device)
        free_bytes = shutil.disk_usage(place).free
        found.append(f"{free_bytes / 1e9:.1f} GB")
        if free_bytes < least_bytes:
            left, wanted = f"{free_bytes / 1e9:.2f} GB", f"{least_bytes / 1e9:.2f} GB"
            zh = f"{place} 只剩 {left}，至少应有 {wanted}：请腾出空间"
            en = f"{place}: {left} left, at least {wanted} wanted: make room"
            wrong.append(say(zh, en))
    return told(wrong, ", ".join(found))


def clock(call: Call) -> Found:
    """Not behind what was recorded, and not so far ahead that nobody worked for a year."""
    call.archive.follow()
    newest = call.archive.catalogue.newest
    at = now()
    last = datetime.fromisoformat(newest) if newest else at
    wrong = []
    if at < last - SLACK:
        wrong.append(
            say(
                "时钟落后于台账：请校时，在此之前不要归档",
                "the clock is behind the ledger: set it, and file nothing before",
            )
        )
    if at > last + AHEAD:
        days = (at - last).days
        wrong.append(
            say(
                f"最近一条台账在 {days} 天前：请核对日期",
                f"the newest entry is {counted(days, 'day')} old: check the date",
            )
        )
    return told(wrong, at.astimezone().isoformat(" ", "seconds"))


def fonts(_call: Call) -> Found:
    """Whether printed pages can show Chinese."""
    lost = printing.missing_glyphs(TRIED)
    wrong = [
        say(
            f"字体缺字 {lost}：请重新安装本程序", f"the font lacks {lost}: install the program anew"
        )
    ]
    return told(wrong if lost else [], say("可打印中文", "Chinese can be printed"))


def readers(_call: Call) -> Found:
    """The recognition engine that loads, and everything the kernel does not deny to a reader."""
    with examine.Examiners(workers=1) as examiners:
        engine, held = examiners.backend()
    found = f"{engine} ({', '.join(held)})"
    not_denied = [say(zh, en) for zh, en in lacking(held)]
    if not_denied:
        not_denied.append(
            say(
                "请用较新的 Linux 内核，服务单元中不要设 SystemCallFilter",
                "use a newer Linux kernel, and set no SystemCallFilter in the unit",
            )
        )
    return told(not_denied, found)


def trays(call: Call) -> Found:
    """What waits for a person; nothing is wrong with that, but somebody has to look."""
    waiting = len(call.archive.catalogue.claims_in_trays())
    found = say(f"{waiting} 件待处理", f"{counted(waiting, 'scan')} in trays")
    return True, found + (": archivist inbox list" if waiting else "")


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def _group(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)
