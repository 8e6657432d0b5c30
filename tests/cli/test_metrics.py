"""The page of numbers: scraped from a running watcher, local, and of nobody."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

import pytest

from archivist.cli.metrics import address, is_local, served
from archivist.errors import BadRequest, Unavailable
from archivist.numbers import METRICS, Numbers

LINE = re.compile(r'archivist_[a-z_]+(?:\{[a-z]+="[a-z_-]*"(?:,[a-z]+="[a-z_-]*")*\})? [0-9.e+-]+')


SETTLED = {
    'archivist_documents_total{outcome="filed",reason="ok"}',
    'archivist_documents_total{outcome="refused",reason="damaged"}',
}


def fetched(host, port, path="/metrics"):
    with urllib.request.urlopen(f"http://{host}:{port}{path}", timeout=10) as answer:
        return answer.headers["Content-Type"], answer.read().decode()


def values(page):
    """Series → value; every line that is no remark must be one of the text format."""
    found = {}
    for line in page.splitlines():
        if not line.startswith("# "):
            assert LINE.fullmatch(line), line
            name, value = line.rsplit(" ", 1)
            found[name] = float(value)
    return found


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as one:
        return one.getsockname()[1]


def test_a_running_watcher_is_scraped(home, scan):
    """One scan filed, one refused: outcomes, stages, ledger and the last sweep are on the page."""
    home.json("sweep")
    home.drop("C000001/D000001/合同/张伟 一.pdf", scan("一"))
    home.drop("C000001/D000001/合同/张伟 二.pdf", b"%PDF-1.4 cut off")
    port = free_port()
    daemon = home.process("watch", "--json", "--metrics", f"127.0.0.1:{port}",
                          stdout=subprocess.DEVNULL)  # fmt: skip
    deadline, got = time.monotonic() + 60, {}
    while got.get("archivist_ledger_entries") is None or SETTLED - got.keys():
        assert time.monotonic() < deadline, got
        assert daemon.poll() is None, daemon.stderr.read().decode()
        time.sleep(0.1)
        with contextlib.suppress(urllib.error.URLError, ConnectionError):
            kind, page = fetched("127.0.0.1", port)
            got = values(page)
    entries = len(home.json("ledger", "show"))
    while got["archivist_ledger_entries"] != entries:
        assert time.monotonic() < deadline, got
        time.sleep(0.1)
        _, page = fetched("127.0.0.1", port)
        got = values(page)
    os.kill(daemon.pid, signal.SIGTERM)
    _, told = daemon.communicate(timeout=30)
    assert daemon.returncode == 0
    assert kind == "text/plain; version=0.0.4; charset=utf-8"
    assert got['archivist_documents_total{outcome="filed",reason="ok"}'] == 1
    assert got['archivist_documents_total{outcome="refused",reason="damaged"}'] == 1
    assert got['archivist_stage_runs_total{stage="look"}'] == 2
    assert got['archivist_stage_seconds_total{stage="file"}'] > 0
    assert got["archivist_ledger_entries"] == entries
    assert abs(got['archivist_last_act_timestamp_seconds{act="sweep"}'] - time.time()) < 600
    assert got['archivist_errors_total{place="archive"}'] == 0
    assert "张伟" not in page
    events = [json.loads(line)["event"] for line in told.decode().splitlines()]
    assert "metrics" in events
    assert "metrics-open" not in events


def test_only_the_page_is_served_and_only_while_asked_for():
    """Another path is 404; after the block nobody listens; the address is the one given."""
    with served(("127.0.0.1", 0), Numbers()) as (host, port):
        assert host == "127.0.0.1"
        assert fetched(host, port)[1].startswith("# HELP archivist_")
        with pytest.raises(urllib.error.HTTPError, match="404") as refused:
            fetched(host, port, "/keys")
        refused.value.close()
        with pytest.raises(OSError):  # bound to one address of this machine, not to all
            socket.create_connection(("127.0.0.2", port), timeout=5)
        with pytest.raises(Unavailable), served((host, port), Numbers()):
            pass
    with pytest.raises(OSError):
        socket.create_connection((host, port), timeout=5)


def test_whoever_asks_slowly_keeps_nobody_waiting_for_good(monkeypatch):
    """A connection that says nothing is cut off, and the next one is answered."""
    monkeypatch.setattr("archivist.cli.metrics.PATIENCE_SECONDS", 0.2)
    with (
        served(("127.0.0.1", 0), Numbers()) as (host, port),
        socket.create_connection((host, port)),
    ):
        assert "archivist_ledger_entries" in fetched(host, port)[1]


def test_addresses_are_read_and_told_apart():
    """HOST:PORT, brackets for IPv6; only loopback is local."""
    assert address("127.0.0.1:9100") == ("127.0.0.1", 9100)
    assert address("[::1]:9100") == ("::1", 9100)
    for wrong in ("9100", ":9100", "127.0.0.1:", "127.0.0.1:http", "h:70000"):
        with pytest.raises(BadRequest):
            address(wrong)
    assert all(map(is_local, ("127.0.0.1", "127.9.9.9", "::1", "localhost")))
    assert not any(map(is_local, ("0.0.0.0", "::", "192.168.1.2", "archive.example")))


def test_every_number_is_there_from_the_start_and_explained():
    """Zeros before the first scan; each metric has its help and type; unknown times are absent."""
    page = Numbers().page()
    found = values(page)
    assert found['archivist_errors_total{place="reading"}'] == 0
    assert not [name for name in found if "last_act" in name]
    for name, metric in METRICS.items():
        assert f"# HELP archivist_{name} {metric.words}\n" in page
        assert f"# TYPE archivist_{name} {metric.kind}\n" in page


def test_no_name_becomes_a_label():
    """A value that is no code, or not one of those known, is a programmer's error."""
    numbers = Numbers()
    for labels in ({"stage": "张伟"}, {"stage": "other"}, {"stage": 'a"b'}, {}):
        with pytest.raises(AssertionError):
            numbers.add("stage_runs_total", **labels)
