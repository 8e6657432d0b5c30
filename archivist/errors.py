"""What can go wrong for a person, and nothing about how it is printed.

    ArchivistError
    ├── BadRequest       the words of a command do not fit together
    ├── NoArchive        no archive.toml here or above
    ├── NotKnown         a customer, dossier, record or claim that does not exist
    ├── NotAllowed       clearance, approval or separation of duties says no
    ├── KeyNeeded        house key or passphrase missing, or nobody logged in
    └── Unavailable      this machine cannot do it now; nothing is wrong with the request
        └── Away         the archive's folder is not in its place

A refusal of a document is not an error but an outcome (`policies.Refused`).
The leaves raise their own roots (`StorageError`, `ShadowError`, `PolicyError`);
one table in `archivist.cli` maps all of them to exit codes and hints.

Messages never carry a secret, a document's text or a graded title.
"""

import errno as codes

_SYSTEM = {
    codes.EACCES: "没有权限",
    codes.EADDRINUSE: "地址已被占用",
    codes.EADDRNOTAVAIL: "这台机器没有这个地址",
    codes.ECONNREFUSED: "连接被拒绝",
    codes.ECONNRESET: "连接中断",
    codes.EDQUOT: "磁盘配额已用完",
    codes.EEXIST: "已经存在",
    codes.EIO: "磁盘读写出错",
    codes.EISDIR: "这是文件夹，不是文件",
    codes.ELOOP: "链接转了一圈",
    codes.EMFILE: "打开的文件太多",
    codes.ENAMETOOLONG: "文件名太长",
    codes.ENOENT: "没有这个文件或文件夹",
    codes.ENOSPC: "磁盘已满",
    codes.ENOTDIR: "路径中有一段不是文件夹",
    codes.ENOTEMPTY: "文件夹不是空的",
    codes.EPERM: "不允许这样做",
    codes.EROFS: "磁盘是只读的",
    codes.ESTALE: "网络共享已断开",
    codes.ETIMEDOUT: "没有及时回答",
}


def system_said(error: OSError) -> tuple[str, str]:
    """Why the system refused, in Chinese and in English; the rare reasons in English only."""
    en = error.strerror or type(error).__name__
    return in_chinese(error.errno) or en, en


def in_chinese(number: int | None) -> str | None:
    """What an `errno` means; None for the rare ones."""
    return _SYSTEM.get(number or 0)


class ArchivistError(Exception):
    """Root of the stem's errors: what is wrong and what the person can do, in both languages."""

    def __init__(self, zh: str, en: str, hint_zh: str = "", hint_en: str = "") -> None:
        super().__init__(en)
        self.zh = zh
        self.en = en
        self.hint_zh = hint_zh
        self.hint_en = hint_en


class BadRequest(ArchivistError):
    """The command's words do not fit together; nothing was done."""


class NoArchive(ArchivistError):
    """There is no archive at the given place or above it."""


class NotKnown(ArchivistError):
    """The named customer, dossier, record, claim or person does not exist."""


class NotAllowed(ArchivistError):
    """Clearance, approval or separation of duties forbids it; nothing was done."""


class KeyNeeded(ArchivistError):
    """The house key or a person's passphrase is missing or wrong."""


class Unavailable(ArchivistError):
    """This machine cannot do it now; nothing is wrong with the request or the document."""


class Away(Unavailable):
    """The archive's folder is not in its place: moved, or its disk taken out. It may come back."""
