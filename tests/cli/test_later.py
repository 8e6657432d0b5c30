"""Modules that are read at the first look into them."""

import importlib
import subprocess
import sys
from threading import Barrier, Thread

import pytest

from archivist.cli import later


@pytest.fixture
def room(tmp_path, monkeypatch):
    """A room of its own, whose modules are read late while the test runs."""
    (tmp_path / "attic").mkdir()
    (tmp_path / "attic" / "__init__.py").write_text("reads = []\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(later, "ROOMS", ("attic",))
    monkeypatch.setattr(sys, "meta_path", [later.Reader, *sys.meta_path])
    yield tmp_path / "attic"
    for name in [name for name in sys.modules if name.partition(".")[0] == "attic"]:
        del sys.modules[name]


def test_a_module_is_read_at_the_first_look(room):
    """Not when it is imported, and once."""
    (room / "box.py").write_text("import attic\nattic.reads.append('box')\nlid = 1\n")
    attic = importlib.import_module("attic")
    box = importlib.import_module("attic.box")
    assert attic.reads == []
    assert (box.lid, box.lid, attic.reads) == (1, 1, ["box"])
    assert type(box) is type(sys)


def test_a_module_that_is_not_there_is_missed_at_once(room):
    """A slip in a name is no surprise of some later day."""
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("attic.chest")


def test_a_module_that_fails_fails_at_every_look(room):
    """It never passes for one that is empty."""
    (room / "box.py").write_text("lid = 1\nraise ValueError('torn')\n")
    box = importlib.import_module("attic.box")
    for _ in range(2):
        with pytest.raises(ValueError, match="torn"):
            _ = box.hinge


def test_modules_may_know_each_other(room):
    """One that looks back from within its reading sees what is there."""
    (room / "box.py").write_text("from attic import lid\nsize = 2\nfits = lid.size\n")
    (room / "lid.py").write_text("from attic import box\nsize = box.size\n")
    assert importlib.import_module("attic.box").fits == 2


def test_threads_that_look_together_read_it_once(room):
    """Each of them gets the whole of it."""
    (room / "box.py").write_text(
        "import attic, time\nattic.reads.append('box')\ntime.sleep(0.05)\nlid = 1\n"
    )
    attic, box = importlib.import_module("attic"), importlib.import_module("attic.box")
    start, found = Barrier(4), []

    def look():
        start.wait()
        found.append(box.lid)

    threads = [Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (found, attic.reads) == ([1] * 4, ["box"])


def test_every_module_of_ours_can_be_read_first():
    """Whichever a command looks into first: no module leans on another having been read."""
    code = (
        "import pkgutil, importlib, archivist, archivist.cli\n"
        "from archivist.cli import later\n"
        "later.read_later()\n"
        "for m in pkgutil.iter_modules(archivist.__path__, 'archivist.'):\n"
        "    getattr(importlib.import_module(m.name), 'anything', None)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
