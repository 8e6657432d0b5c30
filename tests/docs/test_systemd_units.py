"""The units for systemd that are shipped: whole, shut in, and without a path of any machine."""

import re
import shutil
import subprocess
from configparser import ConfigParser
from pathlib import Path

import pytest

UNITS = Path(__file__).parents[2] / "scripts" / "systemd"
SERVICES = ("archivist-watch.service", "archivist-sweep.service")
SHUT_IN = {"NoNewPrivileges": "yes", "ProtectSystem": "strict", "PrivateNetwork": "yes",
           "ReadWritePaths": "%S/archivist %S/archivist-counterparts", "UMask": "0077",
           "CapabilityBoundingSet": ""}  # fmt: skip


def parsed(name):
    unit = ConfigParser(strict=False, interpolation=None, delimiters=("=",))
    unit.optionxform = str
    unit.read_string((UNITS / name).read_text("utf-8"))
    return unit


@pytest.mark.parametrize("name", [*SERVICES, "archivist-sweep.timer"])
def test_systemd_finds_no_fault_with_a_unit(name):
    """As systemd itself reads it; where it is not installed, as an INI file with a section each."""
    if shutil.which("systemd-analyze"):
        done = subprocess.run(["systemd-analyze", "verify", UNITS / name], capture_output=True,
                              text=True, check=False)  # fmt: skip
        assert (done.returncode, done.stdout + done.stderr) == (0, "")
    assert parsed(name).sections()[0] == "Unit"


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_shut_in(name):
    """It writes to the archive and nowhere else, has no network and gains no right."""
    service = parsed(name)["Service"]
    assert {key: service[key] for key in SHUT_IN} == SHUT_IN
    assert service["LoadCredential"].startswith("house.key:%E/")


@pytest.mark.parametrize("name", SERVICES)
def test_a_unit_names_no_place_of_a_machine(name):
    """Every path is a specifier, but for the program that finds the archivist."""
    text = "\n".join(line for line in (UNITS / name).read_text("utf-8").splitlines()
                     if not line.startswith("#"))  # fmt: skip
    assert re.findall(r"(?:=|:| )(/[\w/.-]+)", text) == ["/usr/bin/env"]


def test_a_day_that_the_machine_slept_through_is_made_up_for():
    """The timer comes once a day, and remembers."""
    timer = parsed("archivist-sweep.timer")["Timer"]
    assert (timer["OnCalendar"], timer["Persistent"]) == ("*-*-* 02:30", "true")
