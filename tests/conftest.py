"""What the tests of the whole house share: archives that cost a copy, and scans to drop.

One archive is made for the session; each test gets a copy of it under its own folder, with
its own house key and its own place for sessions, so that nothing reaches the user's home or
another test. It starts with

    C000001  张伟  (person)      D000001  new_car, sold on 2026-09-25
    C000002  上海远行商贸有限公司 (company, uscc)    D000002  maintenance

    def test_…(home, scan):
        home.drop("C000001/D000001/合同/扫描.pdf", scan("甲方"))
        assert home.lines("watch", "--once")[0]["outcome"] == "filed"
"""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from archive_home import CUSTOMERS, PERSON, VIN, Home
from kept_examiners import KeptDriver, end_all

# What is about examining children themselves, or about processes that die, starts its own.
OWN_CHILDREN = ("test_examine", "test_watermark", "crash")


@pytest.fixture(scope="session", autouse=True)
def _kept_examiners() -> Iterator[None]:
    yield
    end_all()


@pytest.fixture(scope="session", autouse=True)
def _remembered_passphrases() -> Iterator[None]:
    """Stretch each passphrase once: copies of one archive have the same people and salts."""
    from storage.age import passphrase

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passphrase, "_stretch", cache(passphrase._stretch))
        yield


@pytest.fixture(scope="module", autouse=True)
def _share_examiners(request: pytest.FixtureRequest) -> Iterator[None]:
    """One examining child for a whole worker: starting one takes longer than most tests."""
    with pytest.MonkeyPatch.context() as patch:
        if not any(part in str(request.path) for part in OWN_CHILDREN):
            patch.setattr("archivist.examine.pool.Driver", KeptDriver)
        yield


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One archive with two customers and a dossier for each."""
    top = tmp_path_factory.mktemp("template")
    home = Home(top)
    home.json("init", home.root, "--pack", "auto-dealer", "--pack", "secrecy",
              "--person", PERSON, "--work-factor", "16")  # fmt: skip
    home.set("drop", settle_seconds=0.0, unfinished_seconds=0.0)
    home.json("customer", "add", CUSTOMERS[0], "--field", "phone=13800138000")
    home.json("customer", "add", CUSTOMERS[1], "--kind", "company",
              "--field", "uscc=91310000MA1FL8TQ32")  # fmt: skip
    home.json("dossier", "open", "C000001", "new_car", "--key", f"vin={VIN}",
              "--key", "plate=沪A12345", "--event", "sale=2026-09-25")  # fmt: skip
    home.json("dossier", "open", "C000002", "maintenance", "--key", "plate=沪B67890")
    home.json("login", PERSON)
    return top


@pytest.fixture(scope="session")
def disposing(
    template: Path, tmp_path_factory: pytest.TempPathFactory, scan: Callable[..., bytes]
) -> Home:
    """Three contracts whose period is over (R1 to R3), one that is 秘密 (R4), and an invoice that
    is kept (R5); with the people of `disposal_home`."""
    from disposal_home import filed, staffed

    home = staffed(Home.copy_of(template, tmp_path_factory.mktemp("disposing")))
    filed(home, scan, "合同甲", "合同乙", "合同丙")
    filed(home, scan, "合同丁", grade="SECRET")
    filed(home, scan, "发票", type_="invoice")
    return home


@pytest.fixture
def new_home(template: Path, tmp_path: Path) -> Iterator[Callable[..., Home]]:
    """Make further archives: copies of the template (all with one house key)."""
    made: list[Home] = []

    def make(name: str = "home", folder: str = "archive") -> Home:
        made.append(Home.copy_of(template, tmp_path / name, folder))
        return made[-1]

    yield make
    for home in made:
        home.end()


@pytest.fixture
def home(new_home: Callable[..., Home]) -> Home:
    """An archive of the test's own."""
    return new_home()


@pytest.fixture(scope="session")
def scan() -> Callable[..., bytes]:
    """Make a small text PDF: a title, a line of text, and more pages when asked for."""
    from archivist.printing import Paper

    def make(text: str = "甲方与乙方", title: str = "", pages: int = 1) -> bytes:
        paper = Paper("")
        for number in range(1, pages + 1):
            for line, words in enumerate(filter(None, (title if number == 1 else "", text))):
                paper.text(words, 14, 60, 780 - 24 * line)
            paper.text(f"第 {number} 页", 10, 280, 40)
            paper.next_page()
        return paper.finished()

    return make
