"""The shipped packs, adopted the way a new archive adopts them."""

from pathlib import Path

import pytest

import policies
from policies.calendar import Calendar
from policies.packs import parse_pack
from policies.policy import Policy

PACKS = Path(policies.__file__).parent / "packs"


@pytest.fixture(scope="session", autouse=True)
def library_of_holidays():
    """Loaded before any test: it takes longer than a property test allows one example."""
    return Calendar().certain_until


@pytest.fixture(scope="session")
def pack_texts():
    """File name → text of every shipped pack."""
    return {path.name: path.read_text("utf-8") for path in sorted(PACKS.glob("*.toml"))}


@pytest.fixture(scope="session")
def packs(pack_texts):
    """The two packs this suite is about, parsed."""
    names = ("auto-dealer.toml", "secrecy.toml")
    return tuple(parse_pack(pack_texts[name], name) for name in names)


@pytest.fixture(scope="session")
def policy(packs):
    """A settled policy."""
    periods = {f"secrecy_period_{grade}": "3 years" for grade in ("top", "conf", "secret")}
    return Policy.adopt(packs, {"ungraded": "SECRET", "secrecy_notice": "30", **periods})
