"""Errors at the door: what went wrong, what to do about it, and the exit code.

One table maps every error of every room to an exit code and, where the error itself
brings none, a hint. Nothing here carries a secret, a document's text or a title. Loaded
when something went wrong, so that no other call pays for it.

    archivist: error: there is no person nobody
    archivist: hint: there are: li, zhang
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from archivist import errors
from archivist.cli import click_words
from archivist.cli.door import (
    BUSY,
    DAMAGE,
    NO_ARCHIVE,
    NO_KEY,
    NOT_ALLOWED,
    UNEXPECTED,
    USAGE,
)
from archivist.cli.say import note, say
from index.errors import IndexDamaged, IndexUnwritable, ShadowError, WrongIndexKey
from policies.errors import PackInvalid, PolicyError, UnknownName
from storage.errors import (
    Busy,
    Damaged,
    DiskFailed,
    NoCounterpart,
    NoKey,
    StorageError,
    WrongPassphrase,
)

if TYPE_CHECKING:
    from policies.pack_text import Problem
    from policies.policy import Question

_REBUILT = (
    "核对馆钥；再移走该文件（目录是 catalogue.db、catalogue.db-wal、catalogue.db-shm）"
    "重新运行，它会由台账重建",
    "check the house key; then move the file away (for the catalogue: catalogue.db, "
    "catalogue.db-wal, catalogue.db-shm) and run again: it is rebuilt from the ledger",
)
# The rooms' own errors, most specific first:
# (error, exit code, what it means in Chinese, hint in Chinese, hint in English).
_TABLE: tuple[tuple[type[Exception], int, str, str, str], ...] = (
    (WrongPassphrase, NO_KEY, "口令不对", "请核对口令", "check the passphrase"),
    (NoKey, NO_KEY, "没有能打开它的密钥", "请核对密钥文件", "check the key file"),
    (NoCounterpart, NO_KEY, "密钥的另一半不在这台机器上",
     "若密钥已轮换或销毁，旧副本再也打不开；若是换了机器，请从原机器安全地移来馆钥旁的 "
     ".counterparts 目录，或用恢复包：archivist key recover",
     "where the key was rotated or destroyed, no old copy opens any more; on another machine bring "
     "the .counterparts folder beside the house key over from the old one by a safe way, or use a "
     "recovery bundle: archivist key recover"),
    (Busy, BUSY, "档案库正忙", "另一个进程正在写入，请稍后重试",
     "another process is writing; try again shortly"),
    (Damaged, DAMAGE, "发现损坏", "请运行 archivist ledger verify，不要手工修改任何文件",
     "run archivist ledger verify, and change nothing by hand"),
    (DiskFailed, UNEXPECTED, "磁盘读写失败", "请检查磁盘空间和硬件；扫描件仍在投放目录或 work 中",
     "check space and hardware; scans are still in the drop folder or in work/"),
    (StorageError, DAMAGE, "存储不完整", "请运行 archivist doctor", "run archivist doctor"),
    (WrongIndexKey, NO_KEY, "密钥打不开这个索引", _REBUILT[0], _REBUILT[1]),
    (IndexDamaged, DAMAGE, "索引已损坏", _REBUILT[0], _REBUILT[1]),
    (IndexUnwritable, UNEXPECTED, "索引写不进磁盘", "请检查磁盘空间和硬件",
     "check space and hardware"),
    (ShadowError, BUSY, "索引暂时不可用", "请稍后重试", "try again shortly"),
    (UnknownName, USAGE, "所采用的制度中没有这个名称", "可用名称见 archivist pack show 制度包",
     "for the names there are: archivist pack show PACK"),
    (PolicyError, USAGE, "制度包有误", "请运行 archivist pack check 文件",
     "run archivist pack check FILE"),
    (UnicodeEncodeError, USAGE, "输入的文字不是 UTF-8", "请检查终端的编码",
     "type text in UTF-8; check the terminal's encoding"),
)  # fmt: skip

_OWN: tuple[tuple[type[errors.ArchivistError], int], ...] = (
    (errors.NoArchive, NO_ARCHIVE),
    (errors.KeyNeeded, NO_KEY),
    (errors.NotAllowed, NOT_ALLOWED),
    (errors.Unavailable, UNEXPECTED),
    (errors.ArchivistError, USAGE),
)


def explain(error: Exception, debug: bool = False) -> int:
    """Say what went wrong in plain words; returns the exit code."""
    if debug:
        import traceback  # only whoever asks for it pays

        traceback.print_exception(error)
    if isinstance(error, click.ClickException):
        return _explain_words(error)
    if isinstance(error, errors.ArchivistError):
        complain(say(error.zh, error.en), say(error.hint_zh, error.hint_en))
        return next(code for kind, code in _OWN if isinstance(error, kind))
    if isinstance(error, PackInvalid):
        return _explain_pack(error)
    if isinstance(error, UnknownName) and error.known:
        return _explain_name(error)
    for kind, code, zh, hint_zh, hint_en in _TABLE:
        if isinstance(error, kind):
            # What could not be encoded was typed by a person, and may be anything.
            told = "not UTF-8" if kind is UnicodeEncodeError else str(error)
            complain(say(f"{_meant(error, zh)}（{told}）", told), say(hint_zh, hint_en))
            return code
    if isinstance(error, OSError):
        complain(_of_system(error))
        return UNEXPECTED
    complain(
        say(f"程序内部错误（{type(error).__name__}）", f"internal error ({type(error).__name__})"),
        say(
            "设置 ARCHIVIST_DEBUG=1 后重试可看到细节",
            "run again with ARCHIVIST_DEBUG=1 for details",
        ),
    )
    return UNEXPECTED


def aside(zh: str, en: str, about: tuple[object, ...]) -> None:
    """Show a room's remark; an error in it is told in the person's language as well."""
    words = say(zh, en) % tuple(_named(one) if isinstance(one, Exception) else one for one in about)
    note(say(f"注意：{words}", f"note: {words}"))


def _named(error: Exception) -> str:
    if isinstance(error, errors.ArchivistError):
        return say(error.zh, error.en)
    if isinstance(error, OSError):
        return _of_system(error)
    found = (zh for kind, _, zh, *_ in _TABLE if isinstance(error, kind))
    return say(f"{_meant(error, next(found, type(error).__name__))}（{error}）", str(error))


def _meant(error: Exception, zh: str) -> str:
    """A full disk is not a broken one."""
    why = errors.in_chinese(error.errno) if isinstance(error, DiskFailed) else None
    return f"{zh}：{why}" if why else zh


def _of_system(error: OSError) -> str:
    place = f"{error.filename}: " if error.filename else ""
    return place + say(*errors.system_said(error))


def _explain_pack(error: PackInvalid) -> int:
    """One line for each mistake, as compilers write them: file, line, field, words."""
    complain(say("制度包有误", "the pack cannot be adopted"))
    for problem in error.problems:
        note(shown_problem(problem_row(problem)))
    return USAGE


def problem_row(problem: Problem) -> dict[str, Any]:
    """One mistake in a pack, as it stands in JSON."""
    return {"file": problem.file, "line": problem.line, "field": problem.field,
            "zh": problem.zh, "en": problem.en}  # fmt: skip


def question_row(question: Question) -> dict[str, Any]:
    """What the company must decide; it stands in no one file, but in the clauses it names."""
    return {"file": None, "line": None, "field": question.setting, "zh": question.zh,
            "en": question.en, "clauses": list(question.clauses)}  # fmt: skip


def tell_open(questions: Sequence[Question]) -> None:
    """Say what regulations contradict each other in, clause by clause, and how much is open."""
    contradicting = [q for q in questions if q.contradiction]
    left = [q for q in questions if not q.contradiction]
    for question in contradicting:
        told = shown_problem(question_row(question))
        note(say(f"制度互相矛盾，须由公司决定：{told}", f"regulations contradict: {told}"))
    if left:
        note(
            say(
                f"制度另有 {len(left)} 项留待公司决定，见 archivist doctor。",
                f"{len(left)} more things are left to the company: see archivist doctor.",
            )
        )


def shown_problem(row: dict[str, Any]) -> str:
    """A mistake as compilers write it, or a question with its clauses."""
    words = say(row["zh"], row["en"])
    if row["file"]:
        return f"{row['file']}:{row['line']}: {row['field']}: {words}"
    clauses = say("、", ", ").join(row["clauses"])
    return f"{row['field']}: {words}" + (f" ({clauses})" if clauses else "")


def _explain_name(error: UnknownName) -> int:
    complain(
        say(f"所采用的制度中没有“{error.name}”", str(error)),
        say(f"可用：{'、'.join(error.known_zh)}", f"there are: {', '.join(error.known)}"),
    )
    return USAGE


def _explain_words(error: click.ClickException) -> int:
    """A call that click cannot read; its own words are English."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        note(error.format_message())  # `archivist` alone: its help page is the answer
        return USAGE
    said = error.format_message().rstrip(".")
    message = said[:1].lower() + said[1:]
    complain(say(_in_chinese(error, message), message), _usage_hint(error))
    return USAGE


def _in_chinese(error: click.ClickException, message: str) -> str:
    match error:
        case click.MissingParameter(param=click.Argument() as param, ctx=click.Context() as ctx):
            return f"缺少参数 {param.make_metavar(ctx)}"
        case click.MissingParameter(param=click.Option() as param):
            return f"缺少选项 {'、'.join(param.opts)}"
        case click.NoSuchOption(option_name=name, possibilities=near):
            return f"没有选项 {name}" + (f"，是否想用 {'、'.join(near)}" if near else "")
        case click.BadParameter(param=click.Parameter(type=click.Choice() as choice) as param):
            return f"{_name(error, param)} 只能是 {'、'.join(map(str, choice.choices))}"
        case click.BadParameter(param=click.Parameter() as param):
            why = click_words.in_chinese(error.message) or error.message
            return f"{_name(error, param)} 的值不对：{why}"
    return click_words.in_chinese(message) or f"命令写法不对（{message}）"


def _name(error: click.BadParameter, param: click.Parameter) -> str:
    """What the help page calls it."""
    if error.ctx and isinstance(param, click.Argument):
        return param.make_metavar(error.ctx)
    return "、".join(param.opts)


def complain(message: str, hint: str = "") -> None:
    """An error, and what to do about it."""
    note(f"archivist: error: {message}")
    if hint:
        note(f"archivist: hint: {hint}")


def _usage_hint(error: click.ClickException) -> str:
    """Where to read on after a wrong call."""
    ctx = getattr(error, "ctx", None)
    return f"{ctx.command_path} --help" if ctx else "archivist --help"
