"""The door for people and scripts: words in, results on stdout, everything else on stderr.

Only this room reads the clock, prints and exits. Each command is a file of its own and
is imported when it is called, so that `search` does not pay for what `watch` needs.

    archivist [--archive DIR] [--as PERSON] [--json] COMMAND …

The three options may also stand behind the command.
"""

import importlib
import io
import os
import signal
import sys
from typing import Any

import click

from archivist import remarks
from archivist.cli import door, spoken
from archivist.cli.later import read_later
from archivist.cli.say import say

# Command → (module below archivist.cli, what it is for: Chinese, English).
COMMANDS = {
    "init": ("founding", "新建档案库", "create an archive, its keys, its first person"),
    "login": ("persons", "登录", "unlock your keys for some hours"),
    "logout": ("persons", "退出", "forget the unlocked keys"),
    "whoami": ("persons", "当前用户", "who is logged in, and cleared for what"),
    "person": ("persons", "人员", "people: add, clear, revoke, leave, list"),
    "need-to-know": ("need_to_know", "知悉范围", "who must know: only those on a list open it"),
    "key": ("keys", "密钥", "keys of the grades: list, rotate, escrow, recover"),
    "pack": ("packs", "制度包", "the regulations: list, check, adopt, coverage"),
    "ask": ("ask", "查问制度", "ask the rules: approvals, deadlines, keeping, penalties"),
    "customer": ("customers", "客户", "add, list and show customers"),
    "dossier": ("dossiers", "客户档案", "open, list and show dossiers; record events"),
    "cover": ("cover", "二维码封面页", "print QR cover sheets for the feeder"),
    "watch": ("watch", "监视扫描投放目录", "take in what the scanner drops"),
    "file": ("file", "手工归档", "file documents by hand"),
    "handover": ("handover", "移交签收", "hand papers over: both sides sign; the receipt book"),
    "routines": ("routines", "例行工作", "work that comes again: due, done, overdue"),
    "remind": ("remind", "催办", "urge somebody to hand in what is missing; who was urged"),
    "attest": ("attest", "核对登记", "say what you saw on a paper"),
    "inbox": ("inbox", "待处理扫描件", "settle scans that wait in a tray"),
    "missing": ("missing", "缺件清单", "what checklists still lack, and by when"),
    "form": ("forms", "登记簿与表格", "print the registers and forms the regulations name"),
    "report": ("report", "报表", "rates, violations, loans, complaints: table or file"),
    "loan": ("loans", "借阅", "loans: request, approve, issue, renew, recall, return, list"),
    "volume": ("volumes", "立卷", "volumes: compose, check, contents list, notes sheet, list"),
    "incident": (
        "incidents",
        "泄密遗失等事件",
        "leaks, loss, damage: report, confirm, close",
    ),
    "disposal": ("disposals", "销毁", "disposals: propose, appraise, approve, refuse, list, show"),
    "hold": ("holds", "冻结", "holds: what must not be destroyed: place, release, list"),
    "violation": ("violations", "违规", "violations: record, confirm, dismiss, list"),
    "search": ("search", "全文检索", "search the texts you are cleared for"),
    "show": ("show", "查看档案信息", "what is known of a record, and its history"),
    "regrade": ("regrade", "变更密级、延长保密期限", "give a record another grade, or a later end"),
    "declassify": ("regrade", "解密", "end a record's secrecy; or of all whose period is over"),
    "sweep": ("sweep", "到期清查", "what is over, overdue or due today, and do what needs nobody"),
    "view": ("view", "调阅档案", "open a record; logged"),
    "export": ("export", "导出资料", "export papers: for their subject, or a bag"),
    "ledger": ("ledger", "操作台账", "show and verify the ledger"),
    "audit": ("audit", "四性检测", "check all that is kept: every byte, file, row; a report"),
    "backup": ("backup", "备份与恢复", "backups: create, verify, restore"),
    "rebuild": ("rebuild", "重建目录和索引", "make catalogue and full text anew"),
    "reconcile": ("rebuild", "扫描件去向核对", "every scan that ever came has one recorded end"),
    "doctor": ("doctor", "自检", "check that everything is in its place"),
}


class Doorway(spoken.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"archivist.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, f"{cmd_name.replace('-', '_')}_command")
        return command

    def rows(self, ctx: click.Context) -> list[tuple[str, str]]:
        return [(name, say(zh, en)) for name, (_, zh, en) in COMMANDS.items()]


@click.group(
    cls=Doorway,
    zh="客户档案管理：归档、查缺、加密、检索，每一步都有账可查。",
)
@click.version_option(
    package_name="archivist", prog_name="archivist", cls=spoken.Option,
    zh="显示版本。", help="Show the version.",
)  # fmt: skip
@door.common_options
@click.pass_context
def archivist(ctx: click.Context) -> None:
    """Keep customers' files: filed, complete, sealed, found, and accounted for."""
    ctx.call_on_close(ctx.ensure_object(door.Call).close)


def main() -> None:
    """Entry point of the `archivist` command."""
    # A closed pipe (`archivist … | head`) is the reader's good right, not our error.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal that lacks a character gets its number; the command goes on.
        sys.stdout.reconfigure(errors="backslashreplace")
    read_later()
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code."""
    try:
        with remarks.heard(_aside):
            result: Any = archivist.main(arguments, prog_name="archivist", standalone_mode=False)
    except click.exceptions.Exit as end:
        return int(end.exit_code)
    except Exception as error:
        return _failed(error)
    except KeyboardInterrupt:
        return _failed(click.Abort())
    return int(result) if isinstance(result, int) else door.DONE


def _aside(zh: str, en: str, about: tuple[object, ...]) -> None:
    from archivist.cli import complaints

    complaints.aside(zh, en, about)


def _failed(error: Exception) -> int:
    from archivist.cli import complaints  # only what went wrong pays for the words

    if isinstance(error, click.Abort):
        complaints.complain(say("已中断", "interrupted"))
        return door.UNEXPECTED
    return complaints.explain(error, debug="ARCHIVIST_DEBUG" in os.environ)
