"""A child that was taken over gets nowhere: every way out is tried from inside, on this kernel."""

import contextlib
import io
import json
import os
import platform
import socket
import subprocess
import sys
from pathlib import Path

import pikepdf
import pytest

from archivist.examine import Examiners, Limits, driver, process
from archivist.examine.confine import MEASURES, lacking
from archivist.examine.process import Child

PROBE = Path(__file__).parents[1] / "support" / "prison_probe.py"
# Landlock and user namespaces can be switched off; the rest every kernel of this machine has.
MAY_LACK = {"no network", "no files"} | (
    set() if platform.machine() == "x86_64" else {"no programs"}
)
# Where the kernel has no such measure there is nothing to prove; doctor says so there.
NEEDS = {
    "no network": ("connect_to_this_host", "send_a_datagram", "listen"),
    "no files": (
        "write_a_new_file", "write_to_a_file", "cut_a_file", "remove_a_file", "rename_a_file",
        "make_a_folder", "make_a_link", "read_a_file", "list_a_folder",
        "read_the_parents_environment", "look_into_the_parents_files",
    ),
    "no programs": (
        "fork", "start_a_program", "become_a_program", "connect_to_a_socket_file",
        "take_a_files_mode", "turn_back_a_files_time", "signal_the_parent", "narrow_the_parent",
        "enter_a_world_of_its_own",
    ),
    "limits": (
        "take_memory_without_end", "write_to_memory_files", "open_hundreds_of_files",
    ),
    "no privileges": ("lift_its_limits",),
}  # fmt: skip


def drawn(content):
    """A page of 200 points with this content and one font."""
    out = io.BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(200, 200))
        font = pikepdf.Dictionary(
            Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica
        )
        pdf.pages[0].Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F=font))
        pdf.pages[0].Contents = pdf.make_stream(content)
        pdf.save(out)
    return out.getvalue()


def probed(mode, folder):
    """What the probe managed in this mode, against a listener and a victim of its own."""
    folder.mkdir()
    for name in ("victim", "spare", "other"):
        (folder / f"{name}.txt").write_bytes(b"whose")
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        contextlib.closing(socket.socket(socket.AF_UNIX)) as in_folder,
        subprocess.Popen(
            ["sleep", "60"], env={"SECRET": "passphrase"}, stdout=subprocess.DEVNULL
        ) as victim,
    ):
        in_folder.bind(str(folder / "socket"))
        in_folder.listen()
        try:
            port = listener.getsockname()[1]
            words = [sys.executable, "-I", PROBE, mode, folder, str(port), str(victim.pid)]
            ran = subprocess.run(
                words, capture_output=True, text=True, check=True, start_new_session=True
            )
        finally:
            victim.kill()
    return json.loads(ran.stdout)


@pytest.fixture(scope="module")
def free(tmp_path_factory):
    return probed("free", tmp_path_factory.mktemp("probe") / "free")


@pytest.fixture(scope="module")
def confined(tmp_path_factory):
    return probed("confined", tmp_path_factory.mktemp("probe") / "confined")


def test_every_attempt_would_succeed_outside(free):
    """The probe is no paper tiger: without confinement all of it works (limits lift as root)."""
    expected = dict.fromkeys(free["attempts"], "done")
    if os.geteuid() != 0:
        expected.pop("lift_its_limits")
        expected.pop("enter_a_world_of_its_own")
    assert {name: free["attempts"][name] for name in expected} == expected


@pytest.mark.rule("S001-1-R06")
@pytest.mark.parametrize("measure", NEEDS)
def test_nothing_that_a_measure_forbids_succeeds_inside(confined, measure):
    """Network, files, programs, limits and privileges: each attempt ends with an error."""
    if measure not in confined["held"]:
        assert measure in MAY_LACK, f"every kernel offers: {measure}"
        pytest.skip(f"this kernel does not offer: {measure}")
    got = {name: confined["attempts"][name] for name in NEEDS[measure]}
    assert "done" not in got.values(), got


def test_every_attempt_of_the_probe_belongs_to_a_measure(confined):
    """No attempt is made and then forgotten."""
    assert sorted(name for names in NEEDS.values() for name in names) == sorted(
        confined["attempts"]
    )
    assert set(NEEDS) == set(MEASURES)


def test_a_confined_process_still_dies_with_its_parent(confined):
    """Changing namespaces and privileges does not undo that the kernel ends it with its parent."""
    assert confined["dies_with_parent"] == 9


def test_the_reading_child_is_confined_as_the_probe_is(tmp_path):
    """The child that reads scans holds the same measures, and its status in /proc shows them."""
    with contextlib.closing(driver.Driver(Limits(), "", None)) as asked:
        reply = asked.backend()
        pid = asked._child._process.pid
        status = Path(f"/proc/{pid}/status").read_text()
        limits = Path(f"/proc/{pid}/limits").read_text()
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert reply["confined"] == [name for name in MEASURES if name in reply["confined"]]
    assert fields["NoNewPrivs"] == "1"
    if "no programs" in reply["confined"]:
        assert fields["Seccomp"] == "2"
    if "no privileges" in reply["confined"]:
        assert int(fields["CapEff"], 16) & ~0b100 == int(fields["CapPrm"], 16) & ~0b100 == 0
    for row in ("Max file size", "Max core file size"):
        (line,) = (line for line in limits.splitlines() if line.startswith(row))
        assert line.split()[-3:-1] == ["0", "0"]


def test_a_child_that_starts_threads_without_end_is_ended(tmp_path, scan, monkeypatch):
    """More threads than reading needs: the child is ended, and the file is damaged."""
    (tmp_path / "scan.pdf").write_bytes(drawn(b"BT /F 1 Tf " + b"(ab) Tj " * 40_000 + b"ET"))
    with Examiners(workers=1) as pool:
        assert pool.examine(tmp_path / "scan.pdf").defect is None
        monkeypatch.setattr(process, "_MOST_THREADS", 0)
        facts = pool.examine(tmp_path / "scan.pdf")
    assert (facts.defect, "threads" in facts.detail) == ("damaged", True)


def test_what_a_kernel_does_not_enforce_is_named():
    """Whatever is not among the measures held is told in both languages."""
    assert lacking(MEASURES) == []
    assert lacking(["limits", "no files"]) == [
        MEASURES[name] for name in ("no network", "no privileges", "no programs")
    ]


def test_what_takes_too_much_computing_time_is_not_tried_again(tmp_path, scan, monkeypatch):
    """The file that used its computing time up is refused after one child, not after two."""
    (tmp_path / "good.pdf").write_bytes(scan())
    (tmp_path / "slow.pdf").write_bytes(drawn(b"BT /F 1 Tf " + b"(ab) Tj " * 400_000 + b"ET"))
    started = []

    class Counted(Child):
        def __init__(self, *args):
            started.append(args)
            super().__init__(*args)

    monkeypatch.setattr(driver, "Child", Counted)
    with Examiners(workers=1, limits=Limits(look_cpu_seconds=0)) as pool:
        assert pool.examine(tmp_path / "good.pdf").defect is None
        facts = pool.examine(tmp_path / "slow.pdf")
        assert (facts.defect, "computing time" in facts.detail) == ("too-large", True)
        assert len(started) == 1
        assert pool.examine(tmp_path / "good.pdf").defect is None
