"""Made-up pages, scans and archives to measure with: the same for the same numbers."""

import json
import os
import random
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
# What tests make, benches make as well: the hostile corpus, the Go program.
sys.path.insert(0, str(TOP / "tests" / "support"))


BIN = Path(sys.executable).parent


WORDS = (
    "客户档案管理制度合同交车检查保险单身份证复印件购车发票销售部售后服务移交签收保管期限"
    "秘密机密绝密经办人审批借阅归还销毁鉴定台账车辆识别代号发动机号码价税合计金额日期地址电话"
)


def page_text(seed: int, characters: int = 600) -> str:
    """A page of made-up Chinese business text; the same for the same seed."""
    rng = random.Random(seed)
    body = "".join(rng.choices(WORDS, k=characters))
    return "\n".join(body[at : at + 38] for at in range(0, characters, 38))


def text_pdf(path: Path, seed: int, pages: int) -> None:
    """A text PDF with embedded font, as office programs write it."""
    from archivist.printing import Paper

    paper = Paper(f"{seed}")
    for page in range(pages):
        for number, line in enumerate(page_text(seed * 100 + page).splitlines()):
            paper.text(line, 12, 60, 780 - 20 * number)
        paper.next_page()
    path.write_bytes(paper.finished())


class Bench:
    """A fresh archive with one dossier, in a temporary folder with its own keys."""

    def __init__(
        self,
        folder: Path,
        engine: str = "fts5",
        packs: Sequence[str] = ("auto-dealer", "secrecy"),
    ) -> None:
        self.folder = folder
        self.root = folder / "archive"
        self.peak_mib = 0  # the most that one command held, seen ten times a second
        self.environment = {
            **os.environ,
            "XDG_CONFIG_HOME": str(folder / "config"),
            "XDG_RUNTIME_DIR": str(folder / "runtime"),
            "ARCHIVIST_PASSPHRASE": "bench",
            "ARCHIVIST_ARCHIVE": str(self.root),
            "ARCHIVIST_LANG": "en",
        }
        (folder / "runtime").mkdir(parents=True)
        self.run("init", str(self.root), *(f"--pack={pack}" for pack in packs),
                 "--person", "bench", "--work-factor", "16")  # fmt: skip
        settings = self.root / "archive.toml"
        text = settings.read_text("utf-8").replace("settle_seconds = 1.0", "settle_seconds = 0.0")
        settings.chmod(0o644)
        settings.write_text(text.replace('engine = "fts5"', f'engine = "{engine}"'), "utf-8")
        self.run("customer", "add", "bench")
        self.run("dossier", "open", "C000001", "new_car")
        self.place = self.root / "drop" / "C000001" / "D000001" / "sales_contract"
        self.place.mkdir(parents=True)

    def run(self, *words: str) -> str:
        """Run one command; a failure ends the benchmark."""
        pipe = subprocess.PIPE
        with subprocess.Popen([BIN / "archivist", *words], env=self.environment, text=True,
                              stdout=pipe, stderr=pipe) as process:  # fmt: skip
            while True:
                with suppress(subprocess.TimeoutExpired):
                    out, complaint = process.communicate(timeout=0.1)
                    break
                self.peak_mib = max(self.peak_mib, held_mib(process.pid))
        if process.returncode not in (0, 3):
            sys.exit(f"archivist {words[0]} failed: {complaint}")
        return out

    def watch_once(self) -> int:
        """Take in what was dropped; returns how many were filed."""
        lines = self.run("watch", "--once", "--json").splitlines()
        return sum(json.loads(line)["outcome"] == "filed" for line in lines)


def held_mib(process: int) -> int:
    """The most memory a process has held since it became this program; 0 when it has ended.

    What the system tells of ended children counts what their parent held when it started them.
    """
    with suppress(OSError):
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) // 1024
    return 0


class NoScans(Exception):
    """The sample pages are not part of the source; whoever has none cannot measure recognition."""


def sample_scans() -> Path:
    """The folder of sample scans."""
    return Path(os.environ.get("ARCHIVIST_SCANS", TOP.parent / "shared" / "scans"))


def scans(folder: Path, count: int) -> list[Path]:
    """Copies of the sample pages, each with bytes of its own so that none is a duplicate."""
    samples = sample_scans() / "pages"
    pages = sorted(samples.glob("sc_*_200.jpg")) + sorted(samples.glob("tc_*.jpg"))
    if not pages:
        raise NoScans(f"there are no sample scans in {samples}; name a folder in ARCHIVIST_SCANS")
    folder.mkdir()
    made = []
    for number in range(count):
        data = pages[number % len(pages)].read_bytes()
        note = f"copy {number}".encode()
        comment = b"\xff\xfe" + (len(note) + 2).to_bytes(2) + note  # a JPEG comment segment
        made.append(folder / f"{number:04}.jpg")
        made[-1].write_bytes(data[:2] + comment + data[2:])
    return made


GRADES = ("SECRET", "CONF", "TOP", "INTERNAL", "PUBLIC")


def house_key(bench: Bench, archive_id: str) -> Path:
    """Where the bench's archives have their house key."""
    return bench.folder / "config" / "archivist" / f"{archive_id}.key"


def filed_heads(bench: Bench, count: int, scan_bytes: int = 4) -> None:
    """Records of a grade as filing leaves them, in dossiers of ten that are really opened; without
    their bodies' size where nothing reads a body, as in a rotation."""
    from archivist import config
    from archivist.archive import Archive, as_card, as_object, record_label
    from archivist.dossiers import DossierCard
    from storage.vault import Put

    settings = config.load(bench.root)
    archive = Archive.open(settings, house_key(bench, settings.archive_id))
    now = datetime.now(UTC)
    for start in range(0, count, 500):
        with archive.writing(now, "station") as desk:
            generation, recipient = desk.sealing_key("SECRET")
            opened = {}
            for number in range(start // 10, (min(start + 500, count) + 9) // 10):
                dossier = f"D{number + 2:06}"
                content = DossierCard({"vin": f"LSVAA49J1{number:08}"}, {}, {}).plain()
                opened[dossier] = desk._card(f"C000001/{dossier}", dossier, content)
            sealed = desk.make_durable()
            for dossier, card in opened.items():
                subject = {"customer": "C000001", "dossier": dossier}
                desk.say("dossier", subject, card=as_card(sealed[card]), type="new_car")
            names = {}
            for number in range(start, min(start + 500, count)):
                record, dossier = f"R{number + 1:08}", f"D{number // 10 + 2:06}"
                names[record] = ("C000001", dossier)
                label = record_label(record, "SECRET", generation)
                card = b"{}" if scan_bytes < 1000 else os.urandom(4000)
                bodies: dict[str, Path | bytes] = {"pdf": os.urandom(scan_bytes), "card": card}
                desk.seal(Put(f"C000001/{dossier}/{record}", label, recipient, bodies))
            receipts = desk.make_durable()
            for record, (customer, dossier) in names.items():
                receipt = receipts[f"{customer}/{dossier}/{record}"]
                objects = {"head": receipt.head_sha256, "scan": as_object(receipt, "pdf"),
                           "card": as_object(receipt, "card")}  # fmt: skip
                subject = {"customer": customer, "dossier": dossier, "record": record}
                desk.say("file", subject, claim=record, type="sales_contract", grade="SECRET",
                         generation=generation, pages=1, media="application/pdf",
                         objects=objects, print=record, clauses=[], packs=[])  # fmt: skip
            desk.append()
    archive.follow()
    # As every command that files leaves it: what is not published is held in memory.
    archive.ledger.publish()
    archive.close()
