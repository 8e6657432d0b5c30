"""With the archive folder alone, nothing of a sealed record can be read: not in any byte."""

import signal
import subprocess
import time

import pytest

ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "gb18030")
NAME = "欧阳菁菁"
COMPANY = "葫芦岛渤海航运"
TEXT = "违约金肆拾柒万圆整"
FILE = "龙门吊租赁"
PURPOSE = "核对滞纳金"
REASON = "墨迹太淡看不清"
PHONE = "13911223344"
VIN = "LSVAA49J132047388"
# Folders that a person has made in the drop folder stay, emptied, with the names he gave them.
UNSEALED = ("trays", "drop")
SECRETS = (NAME, COMPANY, TEXT, FILE, PURPOSE, REASON, PHONE, VIN)


def traces(root, *, spare=()):
    """(file, secret) wherever a secret stands in a file's bytes or in its name."""
    needles = {secret: [secret.encode(name) for name in ENCODINGS] for secret in SECRETS}
    # Pieces too: an index that kept single words would betray as much.
    needles |= {text[:3]: [text[:3].encode(name) for name in ENCODINGS] for text in (NAME, TEXT)}
    found = []
    for path in root.rglob("*"):
        inside = path.relative_to(root)
        if inside.parts[0] in spare:
            continue
        content = path.read_bytes() if path.is_file() else b""
        for secret, spellings in needles.items():
            if secret in str(inside) or any(spelling in content for spelling in spellings):
                found.append((str(inside), secret))
    return found


def busy_archive(home, scan):
    """An archive in which everything has happened that handles names and texts."""
    home.json("customer", "add", NAME, "--field", f"phone={PHONE}", "--owner", "li")
    home.json("customer", "add", COMPANY, "--kind", "company")
    home.json("dossier", "open", "C000003", "new_car", "--key", f"vin={VIN}")
    home.drop(f"{NAME}/D000003/合同/{FILE}.pdf", scan(TEXT, "销售合同"))
    home.drop(f"{NAME}_{FILE}.pdf", scan(f"{TEXT} 二"))
    home.lines("watch", "--once")
    assert home.json("search", TEXT)["total"] == 1
    home.run("view", "R00000001", "--purpose", PURPOSE)
    for row in home.json("inbox", "list"):
        home.json("inbox", "reject", row["claim"], "--reason", REASON)
    home.json("customer", "edit", "C000003", "--name", f"{NAME}二")


@pytest.mark.rule("S000-R05")
def test_nothing_can_be_read_from_the_folder(home, scan):
    """Names, numbers, texts, file names, purposes and reasons stand nowhere in clear."""
    busy_archive(home, scan)
    assert traces(home.root, spare=UNSEALED) == []
    assert traces(home.root), "the search for traces finds what lies in a tray"


def test_the_whoosh_engine_betrays_nothing_either(home, scan):
    """The second engine's files are sealed too."""
    home.set("search", engine="whoosh")
    busy_archive(home, scan)
    assert list((home.root / "index").glob("*.whoosh"))
    assert traces(home.root, spare=UNSEALED) == []


def test_a_killed_daemon_betrays_nothing_once_restarted(home, scan):
    """After SIGKILL, write-ahead logs and half-written files hold no plain text either."""
    for number in range(30):
        home.drop(f"{NAME}/合同/{FILE}{number}.pdf", scan(f"{TEXT}{number}", "销售合同"))
    home.json("customer", "add", NAME, "--field", f"phone={PHONE}")
    home.json("dossier", "open", "C000003", "new_car", "--key", f"vin={VIN}")
    for seconds in (0.9, 1.2, 1.5):
        daemon = home.process("watch", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(seconds)
        daemon.send_signal(signal.SIGKILL)
        daemon.wait()
        # What is claimed and not yet filed lies in work/ as the scanner made it.
        assert traces(home.root, spare=(*UNSEALED, "work")) == []
    home.lines("watch", "--once")
    assert len(home.records()) == 30
    assert traces(home.root, spare=UNSEALED) == []


def test_error_messages_and_logs_name_nothing(home, scan):
    """What goes to stderr never holds a text or a title of a sealed record."""
    busy_archive(home, scan)
    body = next((home.root / "store" / "C000003").rglob("R*.pdf.age"))
    body.chmod(0o600)
    body.write_bytes(body.read_bytes()[:-1] + b"\0")
    said = home.run("view", "R00000001", "--purpose", PURPOSE, ARCHIVIST_DEBUG="1").err
    said += home.run("view", "R00000009", "--purpose", PURPOSE).err
    said += home.run("search", TEXT, ARCHIVIST_DEBUG="1").err
    assert [secret for secret in (NAME, TEXT, FILE, PURPOSE) if secret in said] == []
