"""What every command shares: the common options, the archive, the person, and errors.

One table maps every error of every room to an exit code and, where the error itself
brings none, a hint. Nothing here carries a secret, a document's text or a title.

    0 done · 1 unexpected · 2 usage · 3 refusals or findings · 4 not allowed
    10 no archive · 11 busy · 12 key missing or wrong passphrase · 13 damage found
"""

import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from archivist import config, errors
from archivist.cli.say import note, say, write, write_json
from index.errors import IndexDamaged, IndexUnwritable, ShadowError, WrongIndexKey
from policies.errors import PolicyError, UnknownName
from storage import session
from storage.errors import (
    Busy,
    Damaged,
    DiskFailed,
    Missing,
    NoKey,
    StorageError,
    Unsuitable,
    WrongPassphrase,
)
from storage.session import Session

if TYPE_CHECKING:
    from archivist.archive import Archive
    from policies.policy import Policy
    from storage.people import Unlocked

DONE, UNEXPECTED, USAGE, FINDINGS, NOT_ALLOWED = 0, 1, 2, 3, 4
NO_ARCHIVE, BUSY, NO_KEY, DAMAGE = 10, 11, 12, 13

F = TypeVar("F", bound=Callable[..., Any])


class Call:
    """One call of the program: the common options and what they lead to."""

    def __init__(self) -> None:
        self.archive_dir: str | None = None
        self.person_name: str | None = None
        self.json = False

    @cached_property
    def root(self) -> Path:
        """The archive's folder: --archive, else ARCHIVIST_ARCHIVE, else at or above here."""
        given = self.archive_dir or os.environ.get("ARCHIVIST_ARCHIVE")
        if given is None:
            return config.find(Path.cwd())
        root = Path(given).absolute()
        if not (root / config.FILE_NAME).is_file():
            raise errors.NoArchive(
                f"{root} 不是档案库",
                f"{root} is not an archive",
                "新建档案库：archivist init 目录 --pack 制度包",
                "make one with: archivist init DIR --pack PACK",
            )
        return root

    @cached_property
    def settings(self) -> config.Settings:
        """The archive's settings."""
        return config.load(self.root)

    @cached_property
    def archive(self) -> "Archive":
        """The archive, opened with its house key."""
        # Imported here: a search whose indexes are up to date opens neither ledger nor vault,
        # and must not pay for the ciphers.
        from archivist.archive import Archive

        return Archive.open(self.settings, house_key_path(self.settings.archive_id))

    def reopen(self) -> None:
        """Close the archive; the next use opens it anew. For going on after a full disk."""
        opened = self.__dict__.pop("archive", None)
        if opened is not None:
            opened.close()

    @cached_property
    def policy(self) -> "Policy":
        """The adopted regulations."""
        from archivist.regulations import policy_of  # as above: most searches need none

        return policy_of(self.settings)

    @cached_property
    def session(self) -> Session | None:
        """Whose keys are at hand: the one logged in, else whoever a passphrase unlocks."""
        wanted = self.person_name or os.environ.get("ARCHIVIST_PERSON")
        kept = session.load(session.runtime_folder(os.environ), self.settings.archive_id, now())
        if kept is not None and wanted in (None, kept.name):
            return kept
        passphrase = passphrase_from_environment("ARCHIVIST_PASSPHRASE")
        name = wanted or self.only_person()
        if passphrase is None or name is None:
            return None
        return self.unlock(name, passphrase, now())

    def unlock(self, name: str, passphrase: str, until: datetime) -> Session:
        """A session of this person; it is kept only if the caller saves it."""
        from archivist.indexing import index_keys  # pays for ciphers, as entering a passphrase must

        try:
            person = self.archive.people.unlock(name, passphrase)
        except (Missing, Unsuitable):
            raise errors.NotKnown(f"没有名为 {name} 的人员", f"there is no person {name}") from None
        keys = index_keys(self.archive, self.policy, person)
        return Session(name, until, person.identity.secret, person.signing_seed, keys)

    @cached_property
    def person(self) -> "Unlocked | None":
        """The person with both keys, or None."""
        return self.session.unlocked() if self.session else None

    def somebody(self) -> Session:
        """The session; KeyNeeded when nobody is logged in and no passphrase is given."""
        if self.session is None:
            raise errors.KeyNeeded(
                "没有人登录",
                "nobody is logged in",
                "请先登录：archivist login 姓名",
                "log in first: archivist login NAME",
            )
        return self.session

    @property
    def who(self) -> str:
        """Who is named in the ledger for what this call does."""
        return self.session.name if self.session else "station"

    def only_person(self) -> str | None:
        """The archive's one person, or None when there are several."""
        # With one person there is nobody to confuse; the passphrase still decides.
        names = self.archive.people.names()
        return names[0] if len(names) == 1 else None

    def emit(self, value: Any, shown: str | Callable[[], str]) -> None:
        """The result: JSON for programs, words for people."""
        if self.json:
            write_json(value)
        else:
            write(shown if isinstance(shown, str) else shown())


pass_call = click.make_pass_decorator(Call, ensure=True)


def common_options(command: F) -> F:
    """--archive, --as and --json, before or behind the command's name."""
    for option in (
        click.option("--json", "as_json", is_flag=True, expose_value=False, callback=_keep("json"),
                     help="Print one JSON document."),
        click.option("--as", "as_person", metavar="PERSON", expose_value=False,
                     callback=_keep("person_name"), help="Act as this person."),
        click.option("--archive", metavar="DIR", expose_value=False, callback=_keep("archive_dir"),
                     help="The archive's folder."),
    ):  # fmt: skip
        command = option(command)
    return command


def _keep(name: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    def keep(ctx: click.Context, _: click.Parameter, value: Any) -> None:
        if value:
            setattr(ctx.ensure_object(Call), name, value)

    return keep


def now() -> datetime:
    """The clock is read here and passed down."""
    return datetime.now(UTC)


def today() -> str:
    """The local date, ISO."""
    return datetime.now().astimezone().date().isoformat()


def house_key_path(archive_id: str) -> Path:
    """Where the house key lies: never inside the archive folder."""
    given = os.environ.get("ARCHIVIST_HOUSE_KEY")
    if given:
        return Path(given)
    base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "archivist" / f"{archive_id}.key"


def passphrase_from_environment(*names: str) -> str | None:
    """The first of the variables that is set, or the file that its …_FILE sibling names."""
    for name in names:
        if name in os.environ:
            return os.environ[name]
        if f"{name}_FILE" in os.environ:
            path = Path(os.environ[f"{name}_FILE"])
            try:
                return path.read_text("utf-8").rstrip("\r\n")
            except OSError as error:
                text = f"{path}: {error.strerror}"
                raise errors.KeyNeeded(text, text) from None
    return None


def ask_passphrase(who: str) -> str:
    """From the environment, else from the terminal. Raises KeyNeeded when neither is there."""
    given = passphrase_from_environment("ARCHIVIST_PASSPHRASE")
    if given is not None:
        return given
    return _prompt(say(f"{who} 的口令", f"passphrase of {who}"))


def ask_new_passphrase(who: str) -> str:
    """A new person's passphrase, typed twice when it comes from the terminal."""
    given = passphrase_from_environment("ARCHIVIST_NEW_PASSPHRASE", "ARCHIVIST_PASSPHRASE")
    if given is None:
        given = _prompt(say(f"为 {who} 设置口令", f"new passphrase for {who}"))
        if _prompt(say("再输入一次", "once more")) != given:
            raise errors.BadRequest("两次输入不一致", "the two do not match")
    if not given:
        raise errors.BadRequest("口令不能为空", "a passphrase must not be empty")
    return given


def _prompt(text: str) -> str:
    if not sys.stdin.isatty():
        raise errors.KeyNeeded(
            "需要口令，但没有终端可以输入",
            "a passphrase is needed and there is no terminal",
            "请设置 ARCHIVIST_PASSPHRASE 或 ARCHIVIST_PASSPHRASE_FILE",
            "set ARCHIVIST_PASSPHRASE or ARCHIVIST_PASSPHRASE_FILE",
        )
    answer: str = click.prompt(text, hide_input=True, err=True)
    return answer


# ── errors at the door ────────────────────────────────────────────────────────

# The rooms' own errors, most specific first:
# (error, exit code, what it means in Chinese, hint in Chinese, hint in English).
_TABLE: tuple[tuple[type[Exception], int, str, str, str], ...] = (
    (WrongPassphrase, NO_KEY, "口令不对", "请核对口令", "check the passphrase"),
    (NoKey, NO_KEY, "没有能打开它的密钥", "请核对密钥文件", "check the key file"),
    (Busy, BUSY, "档案库正忙", "另一个进程正在写入，请稍后重试",
     "another process is writing; try again shortly"),
    (Damaged, DAMAGE, "发现损坏", "请运行 archivist ledger verify，不要手工修改任何文件",
     "run archivist ledger verify, and change nothing by hand"),
    (DiskFailed, UNEXPECTED, "磁盘读写失败", "请检查磁盘空间和硬件；扫描件仍在投放目录或 work 中",
     "check space and hardware; scans are still in the drop folder or in work/"),
    (StorageError, DAMAGE, "存储不完整", "请运行 archivist doctor", "run archivist doctor"),
    (WrongIndexKey, NO_KEY, "密钥打不开这个索引", "它可由台账重建：移走该文件后再运行",
     "it can be rebuilt from the ledger: move the file away and run again"),
    (IndexDamaged, DAMAGE, "索引已损坏", "它可由台账重建：移走该文件后再运行",
     "it can be rebuilt from the ledger: move the file away and run again"),
    (IndexUnwritable, UNEXPECTED, "索引写不进磁盘", "请检查磁盘空间和硬件",
     "check space and hardware"),
    (ShadowError, BUSY, "索引暂时不可用", "请稍后重试", "try again shortly"),
    (UnknownName, USAGE, "所采用的制度中没有这个名称", "可用名称见 archivist pack show 制度包",
     "for the names there are: archivist pack show PACK"),
    (PolicyError, USAGE, "制度包有误", "请运行 archivist pack check 文件",
     "run archivist pack check FILE"),
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
    if isinstance(error, errors.ArchivistError):
        complain(say(error.zh, error.en), say(error.hint_zh, error.hint_en))
        return next(code for kind, code in _OWN if isinstance(error, kind))
    for kind, code, zh, hint_zh, hint_en in _TABLE:
        if isinstance(error, kind):
            complain(say(f"{zh}（{error}）", str(error)), say(hint_zh, hint_en))
            return code
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else ""
        complain(f"{place}{error.strerror or type(error).__name__}")
        return UNEXPECTED
    complain(
        say(f"程序内部错误（{type(error).__name__}）", f"internal error ({type(error).__name__})"),
        say(
            "设置 ARCHIVIST_DEBUG=1 后重试可看到细节",
            "run again with ARCHIVIST_DEBUG=1 for details",
        ),
    )
    return UNEXPECTED


def complain(message: str, hint: str = "") -> None:
    """An error, and what to do about it."""
    note(f"archivist: error: {message}")
    if hint:
        note(f"archivist: hint: {hint}")


def usage_hint(error: click.ClickException) -> str:
    """Where to read on after a wrong call."""
    ctx = getattr(error, "ctx", None)
    return f"{ctx.command_path} --help" if ctx else "archivist --help"
