"""The clock is set, forward or back, in the middle of an intake.

Order comes from the ledger, never from the clock. What a wrong clock refuses (loans, disposals, a
second sweep), which snapshot is the newest, and what an audit says of it is tested where those
acts are.
"""

from datetime import timedelta

from archive_home import now
from whole import assert_whole

from archivist.cli import reading

DAYS = (-400, 3650, -1)


def test_scans_that_come_while_the_clock_jumps_are_filed_once_each(home, scan, monkeypatch):
    """A year back, ten years forward, back again within one intake."""
    shifts = [timedelta(days=days) for days in DAYS]
    calls = []

    def jumping():
        calls.append(1)
        return now() + shifts[len(calls) % 3]

    monkeypatch.setattr(reading, "now", jumping)
    for number in range(4):
        home.drop(f"C000001/D000001/合同/{number}.pdf", scan(f"第{number}份"))
    lines = home.lines("watch", "--once", "--workers", "1")
    assert len(calls) > 4
    assert [line["outcome"] for line in lines] == ["filed"] * 4
    assert len({line["record"] for line in lines}) == 4
    archive = home.open()
    archive.follow()
    assert_whole(archive)
    archive.close()
