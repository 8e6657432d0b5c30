"""Holding what is stored against the ledger while others work on both."""

import contextlib

import pytest
from archive_home import Home

from archivist.audit_bodies import Early, Read, Scope
from archivist.vouching import vouched
from index.catalogue import Catalogue

LATER = "R00000002"


@pytest.fixture
def filed(home: Home, scan):
    """Two secret records; the archivist decides on grades."""
    home.set("company", **{'"role.drafting_unit"': "archivist", "secrecy_notice": "30"})
    home.set("keys", scrypt_log_n=16)
    for number in (1, 2):
        path = home.top / f"{number}.pdf"
        path.write_bytes(scan(f"甲方购买乙方出售{number}"))
        (outcome,) = home.lines("file", path, "--dossier", "D000001", "--type", "合同")
        assert outcome["grade"] == "SECRET"
    return home


ROTATE = ("key", "rotate", "SECRET")
TO_TOP = ("regrade", LATER, "TOP", "--reason", "理由", "--until", "2099-01-01")
DEEDS = {
    "rotated": (ROTATE,),
    "rotated twice": (ROTATE, ROTATE),
    "declassified": (("regrade", LATER, "PUBLIC", "--reason", "理由"),),
    "sealed for another grade": (TO_TOP,),
    "regraded and rotated": (TO_TOP, ("key", "rotate", "TOP")),
}  # fmt: skip


@pytest.mark.parametrize("deeds", DEEDS.values(), ids=DEEDS)
def test_what_is_sealed_anew_meanwhile_is_no_damage(filed: Home, deeds) -> None:
    """A record that moves to another key after its row was read still is what was filed."""
    steps = []

    def meanwhile(size_bytes: int) -> None:
        # Called when the rows are read, and nothing of what they name.
        assert size_bytes > 0 and not steps
        steps.append(size_bytes)
        for deed in deeds:
            ran = filed.run(*deed)
            assert ran.code == 0, ran.err

    with contextlib.closing(filed.open()) as archive:
        assert list(vouched(archive, scope=Scope(pace=meanwhile))) == []
    assert steps


@pytest.mark.parametrize("deeds", [(), (ROTATE,), (TO_TOP,)], ids=["filed", "rotated", "regraded"])
def test_what_is_read_before_its_row_is_made_counts_as_much_and_excuses_nothing(
    filed: Home, deeds, monkeypatch
) -> None:
    """Read by their entries or by their rows: the same files, the same bytes, the same damage."""
    for deed in deeds:
        assert filed.run(*deed).code == 0
    monkeypatch.setattr("archivist.vouching.WORTH_RECORDS", 0)
    counted: list[int] = []
    counting = Early.counting

    def watched(*asked: object) -> dict[int, Read]:
        found = counting(*asked)
        counted.append(len(found))
        return found

    monkeypatch.setattr(Early, "counting", watched)

    def told(early: bool) -> tuple[object, ...]:
        scope = Scope(early=early, key=bytes(16), workers=1)
        with contextlib.closing(filed.open()) as archive:
            found = [(one.code, one.where) for one in vouched(archive, scope=scope)]
        return found, scope.records, scope.size_bytes, scope.files, scope.names, scope.last

    assert told(True) == told(False)
    assert told(True)[0] == []
    # An entry that filed a record otherwise than it lies there now is no word on it.
    assert any(counted) == (not deeds)
    (body,) = filed.root.glob(f"store/*/*/{LATER}*.pdf.age")
    body.chmod(0o600)
    raw = bytearray(body.read_bytes())
    raw[-1] ^= 1
    body.write_bytes(raw)
    assert told(True) == told(False)
    assert [code for code, _ in told(True)[0]] == ["S-BODY"]
    next(filed.root.glob("store/**/D000001-*.card.age")).unlink()
    assert told(True) == told(False)
    assert {"S-BODY", "S-CARD"} <= {code for code, _ in told(True)[0]}


def test_damage_done_meanwhile_is_named(filed: Home) -> None:
    """Looking again excuses nothing that does not fit in the end."""
    (head,) = filed.root.glob(f"keys/records/*/*/{LATER}.head")

    def meanwhile(size_bytes: int) -> None:
        assert filed.run(*ROTATE).code == 0
        head.write_bytes(head.with_name("R00000001.head").read_bytes())

    with contextlib.closing(filed.open()) as archive:
        (finding,) = vouched(archive, scope=Scope(pace=meanwhile))
    assert (finding.code, finding.where[-9:]) == ("S-HEAD", LATER)


def test_a_ledger_that_grows_while_it_is_opened_is_not_called_altered(
    filed: Home, monkeypatch
) -> None:
    """What the catalogue saw of it, size and root, is of one moment."""
    ask, asked = Catalogue._all, []

    def meanwhile(catalogue: Catalogue, sql: str, *values):
        found = ask(catalogue, sql, *values)
        if "FROM meta" in sql and not asked:
            asked.append(sql)
            assert filed.run("customer", "add", "赵敏").code == 0
        return found

    with contextlib.closing(filed.open()) as archive:
        assert archive.catalogue.applied
        size = archive.ledger.size
    with contextlib.closing(filed.open()) as archive:
        assert archive.catalogue
        monkeypatch.setattr(Catalogue, "_all", meanwhile)
        assert archive.ledger.size == size + 1
    assert asked
