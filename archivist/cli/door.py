"""What every command shares: the common options, the archive, the person.

Whoever is named must exist and hold the keys: a name that nobody bears is a slip of the
hand, and an entry must not say `station` where somebody meant to answer for it.

    0 done · 1 unexpected · 2 usage · 3 refusals or findings · 4 not allowed
    10 no archive · 11 busy · 12 key missing or wrong passphrase · 13 damage found
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from archivist import config, errors
from archivist.cli.say import say, write, write_json
from archivist.cli.spoken import option
from archivist.cli.words import iso_date
from storage import session
from storage.counterparts import Counterparts
from storage.errors import WrongPassphrase
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

        archive_id = self.settings.archive_id
        return Archive.open(self.settings, house_key_path(archive_id), self.counterparts)

    @property
    def counterparts(self) -> Counterparts:
        """The halves of the keys that lie outside of the archive."""
        return counterparts_of(self.settings.archive_id)

    def close(self) -> None:
        """Close the archive; a next use would open it anew, as after a full disk."""
        opened = self.__dict__.pop("archive", None)
        if opened is not None:
            opened.close()

    @cached_property
    def policy(self) -> "Policy":
        """The adopted regulations."""
        from archivist.regulations import policy_of  # as above: most searches need none

        self.archive.follow()
        return policy_of(self.settings, self.archive.catalogue)

    @property
    def wanted(self) -> str | None:
        """The person named by --as or ARCHIVIST_PERSON, if any."""
        return self.person_name or os.environ.get("ARCHIVIST_PERSON") or None

    @cached_property
    def session(self) -> Session | None:
        """Whose keys are at hand: the one logged in, else whoever a passphrase unlocks.

        Raises NotKnown for a person who does not exist.
        """
        wanted = self.wanted
        kept = self._kept()
        if kept is not None and wanted in (None, kept.name):
            return kept
        if wanted is not None:
            self.check_person(wanted)
        passphrase = passphrase_from_environment("ARCHIVIST_PASSPHRASE")
        name = wanted or self.only_person()
        if passphrase is None or name is None:
            return None
        return self.unlock(name, passphrase, now())

    def _kept(self) -> Session | None:
        """The session of whoever is logged in; of somebody who left it is forgotten."""
        folder = session.runtime_folder(os.environ)
        kept = session.load(folder, self.settings.archive_id, now(), self.counterparts)
        if kept is None or (self.root / "keys" / "people" / f"{kept.name}.age").is_file():
            return kept
        session.forget(folder, self.settings.archive_id)
        return None

    def unlock(self, name: str, passphrase: str, until: datetime) -> Session:
        """A session of this person; it is kept only if the caller saves it."""
        from archivist.indexing import index_keys  # pays for ciphers, as entering a passphrase must

        person = self.unlocked(name, passphrase)
        keys = index_keys(self.archive, self.policy, person)
        return Session(name, until, person.identity.secret, person.signing_seed, keys)

    def unlocked(self, name: str, passphrase: str) -> "Unlocked":
        """The person with both keys, which are those that the ledger names.

        A wrong passphrase costs its time and is recorded before it is told. Raises NotKnown,
        NotAllowed for a person who left, WrongPassphrase, Damaged for keys of somebody else.
        """
        self.check_person(name)
        with self.counting_refusals(name):
            person = self.archive.people.unlock(name, passphrase)
        self.archive.vouched(name)
        return person

    @contextmanager
    def counting_refusals(self, name: str) -> Iterator[None]:
        """Record a wrong passphrase for `name`, then let it pass."""
        try:
            yield
        except WrongPassphrase:
            from archivist.clearing import refused_login  # only what went wrong pays for it

            refused_login(self.archive, name, now())
            raise

    @cached_property
    def person(self) -> "Unlocked | None":
        """The person with both keys, or None."""
        return self.session.unlocked() if self.session else None

    def somebody(self) -> Session:
        """The session; KeyNeeded when nobody is logged in and no passphrase is given."""
        if self.session is None:
            zh, en = self.wanted or "姓名", self.wanted or "NAME"
            raise errors.KeyNeeded(
                f"{zh} 没有登录" if self.wanted else "没有人登录",
                f"{en} is not logged in" if self.wanted else "nobody is logged in",
                f"请先登录：archivist login {zh}",
                f"log in first: archivist login {en}",
            )
        return self.session

    @property
    def who(self) -> str:
        """Who is named in the ledger for what this call does: the station when nobody is."""
        return self.somebody().name if self.session or self.wanted else "station"

    def only_person(self) -> str | None:
        """The archive's one person, or None when there are several."""
        # With one person there is nobody to confuse; the passphrase still decides.
        self.archive.follow()
        names = [row["id"] for row in self.archive.catalogue.people() if not row["left_at"]]
        return names[0] if len(names) == 1 else None

    def check_person(self, name: str) -> None:
        """Raises NotKnown, with the names that there are, and NotAllowed for a person who left."""
        self.archive.follow()
        self.archive.active(name)

    def emit(self, value: Any, shown: str | Callable[[], str]) -> None:
        """The result: JSON for programs, words for people."""
        if self.json:
            write_json(value)
        else:
            write(shown if isinstance(shown, str) else shown())


pass_call = click.make_pass_decorator(Call, ensure=True)


def common_options(command: F) -> F:
    """--archive, --as and --json, before or behind the command's name."""
    for add in (
        option("--json", "as_json", is_flag=True, expose_value=False, callback=_keep("json"),
               zh="输出一份 JSON。", help="Print one JSON document."),
        option("--as", "as_person", metavar="PERSON", expose_value=False,
               callback=_keep("person_name"), zh="以此人身份操作。", help="Act as this person."),
        option("--archive", metavar="DIR", expose_value=False, callback=_keep("archive_dir"),
               zh="档案库目录。", help="The archive's folder."),
    ):  # fmt: skip
        command = add(command)
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


DRY_RUN = ("加上 --dry-run 只列出", "add --dry-run to list only")


def day_of(given: str | None) -> date:
    """The day that somebody names; today where none is named. Raises BadRequest."""
    return date.fromisoformat(iso_date(given) if given else today())


def day_come(given: str | None, *hint: str) -> date:
    """The same for what is done and not only planned: a day to come is refused, with this hint in
    Chinese and English."""
    day = day_of(given)
    if day > day_of(None):
        raise errors.BadRequest("还没有到那一天", "that day has not come", *hint)
    return day


def house_key_path(archive_id: str) -> Path:
    """Where the house key lies: never inside the archive folder."""
    given = os.environ.get("ARCHIVIST_HOUSE_KEY")
    if given:
        return Path(given)
    base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "archivist" / f"{archive_id}.key"


def counterparts_of(archive_id: str) -> Counterparts:
    """Where the counterparts of the keys lie: beside the house key, or where a service, to which
    that is handed read-only, is told to write them."""
    given = os.environ.get("ARCHIVIST_COUNTERPARTS")
    return Counterparts(Path(given)) if given else Counterparts.beside(house_key_path(archive_id))


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
                zh, en = errors.system_said(error)
                raise errors.KeyNeeded(f"{path}: {zh}", f"{path}: {en}") from None
            except UnicodeDecodeError:
                raise errors.KeyNeeded(f"{path} 不是 UTF-8 文本", f"{path}: not UTF-8") from None
    return None


def ask_passphrase(who: str, *first: str) -> str:
    """From the environment (the variables `first`, then ARCHIVIST_PASSPHRASE), else from the
    terminal. Raises KeyNeeded when neither is there."""
    given = passphrase_from_environment(*first, "ARCHIVIST_PASSPHRASE")
    if given is not None:
        return given
    return _prompt(say(f"{who} 的口令", f"passphrase of {who}"))


def ask_new_passphrase(who: str, *or_else: str) -> str:
    """A new person's passphrase: ARCHIVIST_NEW_PASSPHRASE, the variables `or_else`, else typed
    twice at the terminal."""
    given = passphrase_from_environment("ARCHIVIST_NEW_PASSPHRASE", *or_else)
    if given is None:
        name = "ARCHIVIST_NEW_PASSPHRASE"
        given = _prompt(say(f"为 {who} 设置口令", f"new passphrase for {who}"), name)
        if _prompt(say("再输入一次", "once more"), name) != given:
            raise errors.BadRequest("两次输入不一致", "the two do not match")
    if not given:
        raise errors.BadRequest("口令不能为空", "a passphrase must not be empty")
    return given


def ask_escrow_passphrase(new: bool = False) -> str:
    """The recovery bundle's own passphrase: ARCHIVIST_ESCROW_PASSPHRASE, else typed, a `new` one
    twice. Raises KeyNeeded when neither is there."""
    name = "ARCHIVIST_ESCROW_PASSPHRASE"
    given = passphrase_from_environment(name)
    if given is None:
        given = _prompt(say("恢复包的口令", "passphrase of the recovery bundle"), name)
        if new and _prompt(say("再输入一次", "once more"), name) != given:
            raise errors.BadRequest("两次输入不一致", "the two do not match")
    if not given:
        raise errors.BadRequest("口令不能为空", "a passphrase must not be empty")
    return given


def _prompt(text: str, name: str = "ARCHIVIST_PASSPHRASE") -> str:
    if not sys.stdin.isatty():
        raise errors.KeyNeeded(
            "需要口令，但没有终端可以输入",
            "a passphrase is needed and there is no terminal",
            f"请设置 {name} 或 {name}_FILE",
            f"set {name} or {name}_FILE",
        )
    answer: str = click.prompt(text, hide_input=True, err=True)
    return answer
