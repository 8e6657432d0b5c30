"""The campaign of `scripts/bench kills`, short: it ends well, and it would notice a loss.

ARCHIVIST_LONG=1 runs it with 2,000 scans and 500 kills.
"""

import importlib.util
import os
import random
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "kills.py"
FILES, KILLS = (2000, 500) if "ARCHIVIST_LONG" in os.environ else (22, 3)


@pytest.fixture(scope="module")
def kills():
    """The script as a module."""
    spec = importlib.util.spec_from_file_location("kills", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules["kills"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["kills"]


def test_a_watcher_killed_at_random_moments_loses_nothing(home, kills):
    """Every scan has one end, by digest; a scan taken out of a tray afterwards is missed."""
    campaign = kills.Campaign(home.outer({}), home.root, random.Random(7))
    bases = kills.bases(4)
    found = campaign.run(bases, files=FILES, kills=KILLS)
    assert (found["lost"], found["twice"]) == (0, 0)
    assert found["filed"] + found["in_trays"] == FILES
    home.tray_files("duplicates")[0].unlink()
    again = kills.Campaign(home.outer({}), home.root, random.Random(7))
    with pytest.raises(AssertionError, match="'lost': 1"):
        again._counted(again._mixture(bases, FILES))
