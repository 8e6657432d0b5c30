"""archive.toml, read once into one frozen value and passed in.

The archive is found as git finds a repository. Every setting says here why it
exists and in what unit it counts; `init` writes the file with the same words.

    [archive]
    id = "5b0e3c9ad21f4e77"
    packs = ["auto-dealer@2026.2", "secrecy@2026.2"]
    [company]
    ungraded = "SECRET"
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from archivist.errors import Away, BadRequest, NoArchive

FILE_NAME = "archive.toml"
SUITES = ("hybrid", "x25519")


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one archive."""

    root: Path
    archive_id: str  # names the house key file and the session; 16 hex digits
    packs: tuple[str, ...]  # adopted packs as "id@version"; where they disagree, `company` decides
    vkey: str  # C2SP verifier key of the ledger: who may sign checkpoints
    company: Mapping[str, Any] = field(default_factory=dict)  # what regulations leave open
    drop_folder: Path = Path("drop")  # relative to the archive, or anywhere else
    tsa: str = ""  # address of an RFC 3161 time-stamp authority; "" asks nobody
    tsa_certificates: str = ""  # PEM file, from the archive's folder, that its signature leads to
    settle_seconds: float = 1.0  # a file must have stood still this long
    unfinished_seconds: float = 10.0  # … and this long where its own trailer is missing
    rescan_seconds: float = 5.0  # events are hints; this look at the folder is the truth
    polling: bool = False  # for network shares, whose other writers inotify never sees
    max_size_bytes: int = 500_000_000  # larger scans are refused as too-large
    max_pages: int = 999  # a scan of more pages is a mistake of the feeder or an attack
    max_pixels: int = 80_000_000  # of one page; A3 at 600 dpi has 70 million
    virus_socket: str = ""  # clamd's Unix socket, or host:port; "" scans nothing
    room_bytes: int = 2_000_000_000  # doctor warns below: a day of scanning may fill the disk
    sweep_at: str = "02:30"  # the watcher sweeps once a day from this time on; "" never
    sweep_patience_hours: float = 4.0  # scans that lie in the drop folder delay it no longer
    sweep_reminds: bool = True  # whether a sweep enters reminders for what is overdue
    engine: str = "fts5"  # full text: "fts5" or "whoosh"
    suite: str = "hybrid"  # grade keys: "hybrid" (post-quantum) or "x25519" (any age tool)
    scrypt_log_n: int = 18  # work factor of passphrases, power of two; never below 16
    login_hours: float = 8.0  # how long an unlocked person stays unlocked

    @property
    def drop(self) -> Path:
        """The scanner's folder."""
        return self.root / self.drop_folder


# Where each field stands in the file: field → (table, key).
_PLACES = {
    "tsa": ("ledger", "tsa"),
    "tsa_certificates": ("ledger", "tsa_certificates"),
    "drop_folder": ("drop", "folder"),
    "settle_seconds": ("drop", "settle_seconds"),
    "unfinished_seconds": ("drop", "unfinished_seconds"),
    "rescan_seconds": ("drop", "rescan_seconds"),
    "polling": ("drop", "polling"),
    "max_size_bytes": ("limits", "max_size_bytes"),
    "max_pages": ("limits", "max_pages"),
    "max_pixels": ("limits", "max_pixels"),
    "virus_socket": ("virus", "socket"),
    "room_bytes": ("limits", "room_bytes"),
    "sweep_at": ("sweep", "daily_at"),
    "sweep_patience_hours": ("sweep", "patience_hours"),
    "sweep_reminds": ("sweep", "remind"),
    "engine": ("search", "engine"),
    "suite": ("keys", "suite"),
    "scrypt_log_n": ("keys", "scrypt_log_n"),
    "login_hours": ("keys", "login_hours"),
}

# Eleven days in seconds, a century in hours; and a thousand terabytes.
_MOST_TIME = 1_000_000
_MOST_COUNT = 10**15
_TIME_OF_DAY = r"([01][0-9]|2[0-3]):[0-5][0-9]"
_ARCHIVE_ID = re.compile(r"[0-9a-f]{16}")
_KINDS_ZH = {
    str: "文字",
    bool: "true 或 false",
    int: f"0 到 {_MOST_COUNT} 的整数",
    float: f"0 到 {_MOST_TIME} 的数",
    Path: "文件夹",
}
_KINDS_EN = {
    str: "a text",
    bool: "true or false",
    int: f"a whole number from 0 to {_MOST_COUNT}",
    float: f"a number from 0 to {_MOST_TIME}",
    Path: "a folder",
}


def find(start: Path) -> Path:
    """The nearest folder at or above `start` that holds archive.toml."""
    for folder in (start, *start.parents):
        if (folder / FILE_NAME).is_file():
            return folder
    raise NoArchive(
        f"{start} 及其上级目录中没有档案库",
        f"no archive in {start} or above",
        "请进入档案库目录，或用 --archive 指明，或新建：archivist init",
        "go to the archive's folder, name it with --archive, or make one: archivist init",
    )


def check_in_place(root: Path) -> None:
    """Raises Away while an archive's folder is away: moved, or its disk taken out.

    What makes folders asks first: it would make the archive's anew, and what it put there would
    lie hidden below the disk that comes back. Asked for is the ledger: while an archive is restored
    its settings come last.
    """
    if not (root / "ledger").is_dir():
        raise Away(
            f"档案库 {root} 不在原处",
            f"the archive {root} is not in its place",
            "请把它的磁盘或文件夹放回；扫描件留在投放目录中",
            "put its disk or folder back; scans stay in the drop folder",
        )


def load(root: Path) -> Settings:
    """Read archive.toml. A wrong or missing field is named, never replaced by a guess."""
    path = root / FILE_NAME
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise NoArchive(f"{root} 不是档案库", f"{root} is not an archive") from None
    except (ValueError, RecursionError) as error:
        # No TOML, no UTF-8, a number of thousands of digits, brackets without end.
        raise BadRequest(f"{path} 无法读取：{error}", f"{path}: {error}") from None
    for table in ("archive", "ledger", "company", *(table for table, _ in _PLACES.values())):
        if not isinstance(data.get(table, {}), dict):
            raise BadRequest(f"{path}：{table} 应为一段", f"{path}: {table} must be a table")
    given: dict[str, Any] = {}
    for name, (table, key) in _PLACES.items():
        if key in data.get(table, {}):
            given[name] = _typed(path, f"{table}.{key}", data[table][key], Settings, name)
    if given.get("suite", "hybrid") not in SUITES:
        # A mistyped one would seal every new key in the weaker way, for decades and unseen.
        raise BadRequest(
            f"{path}：keys.suite 应为 {' 或 '.join(SUITES)}",
            f"{path}: keys.suite must be {' or '.join(SUITES)}",
        )
    if (at := given.get("sweep_at")) and not re.fullmatch(_TIME_OF_DAY, at):
        raise BadRequest(
            f"{path}：sweep.daily_at 应为几点几分，如 02:30",
            f"{path}: sweep.daily_at must be a time of day, as 02:30",
        )
    try:
        return Settings(
            root=root,
            archive_id=_archive_id(path, data["archive"]["id"]),
            packs=_pack_refs(path, data["archive"]["packs"]),
            vkey=_typed(path, "ledger.vkey", data["ledger"]["vkey"], Settings, "vkey"),
            company=_company(path, data.get("company", {})),
            **given,
        )
    except KeyError as missing:
        raise BadRequest(
            f"{path} 中缺少 {missing}",
            f"{path}: {missing} is missing",
            "请从备份恢复该文件",
            "restore the file from a backup",
        ) from None


def _typed(path: Path, where: str, value: Any, owner: type[Settings], name: str) -> Any:
    kind = owner.__annotations__[name]
    if kind is Path and isinstance(value, str) and "\0" not in value:
        return Path(value)
    # Compared before it is turned: infinity, not-a-number and what no clock counts stay outside.
    if kind is float and type(value) in (int, float) and 0 <= value <= _MOST_TIME:
        return float(value)
    if kind is int and type(value) is int and 0 <= value <= _MOST_COUNT:
        return value
    if kind in (str, bool) and type(value) is kind:
        return value
    shown = _shortened(value)
    raise BadRequest(
        f"{path}：{where} 应为 {_KINDS_ZH[kind]}，而不是 {shown}",
        f"{path}: {where} must be {_KINDS_EN[kind]}, not {shown}",
    )


def _archive_id(path: Path, value: Any) -> str:
    # File names are made of it (the house key's, the session's): nothing else may stand there.
    if isinstance(value, str) and _ARCHIVE_ID.fullmatch(value):
        return value
    raise BadRequest(
        f"{path}：archive.id 应为 16 位十六进制数字",
        f"{path}: archive.id must be 16 hex digits",
        "请从备份恢复该文件",
        "restore the file from a backup",
    )


def _pack_refs(path: Path, value: Any) -> tuple[str, ...]:
    # A single text would else be taken for the list of its letters.
    if isinstance(value, list) and all(isinstance(ref, str) for ref in value):
        return tuple(value)
    raise BadRequest(
        f'{path}：archive.packs 应为制度包的列表，如 ["auto-dealer@2026.2"]',
        f'{path}: archive.packs must be a list of packs, as ["auto-dealer@2026.2"]',
    )


def _company(path: Path, table: Mapping[str, Any]) -> Mapping[str, Any]:
    """The company's answers: texts, numbers, yes or no, days, and lists of texts or days."""
    for name, value in table.items():
        plain = value if isinstance(value, list) else [value]
        if not all(
            isinstance(one, str | float | date)
            or (isinstance(one, int) and abs(one) <= _MOST_COUNT)
            for one in plain
        ):
            raise BadRequest(
                f"{path}：[company] 的 {name} 只能是文字、数、日期或其列表",
                f"{path}: [company] {name} must be a text, a number, a day or a list of them",
                '名称里有点的要加引号，如 "grade.contract" = "SECRET"',
                'quote a name with a dot in it: "grade.contract" = "SECRET"',
            )
    return table


def _shortened(value: Any) -> str:
    try:
        shown = repr(value)
    except ValueError:  # a hexadecimal number that would be thousands of digits in decimal
        return "…"
    return shown if len(shown) <= 60 else f"{shown[:60]}…"


TEMPLATE = """\
# 本档案库的设置。The settings of this archive.

[archive]
id = "{archive_id}"
created = "{created}"
# 采用的制度包及其版本；互相矛盾之处须在 [company] 中决定，不分先后。
# Adopted packs and their versions. Where they disagree [company] decides, not their order.
packs = [{packs}]

[company]
# 制度没有写明、由公司决定的事项。What the regulations leave to the company.
{company}
[ledger]
# 台账签名的验证公钥。Whoever holds this line can verify the ledger.
vkey = "{vkey}"

[drop]
# 扫描投放目录，可写绝对路径。The scanner's folder; may lie elsewhere.
folder = "drop"
# 文件静止多久才算写完（秒）。How long a file must stand still, in seconds.
settle_seconds = 1.0
# 网络共享目录请设为 true。Set to true where the folder is on a network share.
polling = false

[sweep]
# 监视程序每天在此时刻之后清查到期事项；"" 表示不清查。The watcher sweeps once a day from this time.
daily_at = "02:30"

[search]
# 全文检索引擎：fts5（默认）或 whoosh。
engine = "fts5"

[keys]
# hybrid：抗量子（默认）；x25519：旧版 age 工具也能打开。
suite = "{suite}"
scrypt_log_n = {scrypt_log_n}
login_hours = 8.0
"""
