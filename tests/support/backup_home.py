"""An archive with a backup and a recovery bundle, made once for a module: `Vaulted`.

Three records (two sealed, one of an open grade), a scan in a tray, one in the drop folder; a second
person; a witness's folder beside it.
"""

from dataclasses import dataclass
from pathlib import Path

from archive_home import PERSON, Home

BUNDLE, NEW = "ein Tresor 保险柜", "das neue 新口令"
WORDS = ("黯然销魂之约", "池鱼思故渊", "所谓伊人")
TRAY, DROP = "无人认领之件", "刚刚扫描之件"


@dataclass(frozen=True)
class Vaulted:
    """The archive, its backup, its bundle."""

    home: Home
    dest: Path
    bundle: Path

    def copy(self, top: Path) -> "Vaulted":
        """All three once more, for one test."""
        import shutil

        home = Home.copy_of(self.home.top, top / "home")
        shutil.copytree(self.dest, top / "stick")
        return Vaulted(home, top / "stick", self.bundle)


def make(template: Path, top: Path, scan) -> Vaulted:
    """Everything in the module's words."""
    home = Home.copy_of(template, top / "home")
    home.set("keys", scrypt_log_n=16)
    for number, text in enumerate(WORDS):
        path = home.top / f"机密来函{number}.pdf"
        path.write_bytes(scan(text, "销售合同"))
        more = ("--grade", "PUBLIC") if number == 1 else ()
        (line,) = home.lines("file", path, "--dossier", "D000001", "--type", "合同", *more)
        assert line["outcome"] == "filed", line
    home.drop("张伟/来历不明.pdf", scan(TRAY))
    (line,) = home.lines("watch", "--once")
    assert line["tray"] == "unsorted"
    home.drop("刚到.pdf", scan(DROP))
    home.json("search", WORDS[0])
    dest, bundle = top / "stick", top / "bundle"
    home.json("backup", "create", dest)
    home.json("key", "escrow", "-o", bundle, ARCHIVIST_ESCROW_PASSPHRASE=BUNDLE)
    return Vaulted(home, dest, bundle)


def restore(vaulted: Vaulted, top: Path, *words: str, code: int = 0, **env: str):
    """Restore on a machine of its own; the home there, and how the call ended."""
    other = Home(top)
    other.env["ARCHIVIST_PASSPHRASE"] = NEW
    phrases = {"ARCHIVIST_ESCROW_PASSPHRASE": BUNDLE, "ARCHIVIST_NEW_PASSPHRASE": NEW}
    ran = other.run("--json", "backup", "restore", vaulted.dest, other.root, "--bundle",
                    vaulted.bundle, "--person", PERSON, *words, **phrases, **env)  # fmt: skip
    assert ran.code == code, (ran.code, ran.err)
    return other, ran
