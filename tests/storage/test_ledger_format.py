"""The published form and the journal, byte by byte."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledger_samples import KEY, ORIGIN, VKEY, entries, entry, files_of, make

from storage.errors import Damaged
from storage.journal import check_group, encode_record, parse_record, scan
from storage.ledger import Ledger
from storage.merkle import leaf_hash
from storage.tile_names import number_path
from storage.tiles import decode_bundle, encode_bundle

VECTORS = json.loads(
    (Path(__file__).parent.parent / "vectors" / "ledger" / "vectors.json").read_text()
)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector["size"]))
def test_published_form_is_what_another_implementation_writes(
    vector: dict[str, object], tmp_path: Path
) -> None:
    """Tiles, bundles, checkpoint and proof equal those of an independent program."""
    size = int(str(vector["size"]))
    ledger = Ledger.create(tmp_path / "ledger", ORIGIN, KEY)
    for start in range(0, size, 5000):
        ledger.append(entries(min(start + 5000, size), start))
    ledger.publish()
    published = {
        where: raw
        for where, raw in files_of(tmp_path / "ledger").items()
        if where == "checkpoint" or where.startswith("tile/")
    }
    lines = sorted(f"{w} {hashlib.sha256(raw).hexdigest()}\n" for w, raw in published.items())
    assert len(lines) == vector["files"]
    assert hashlib.sha256("".join(lines).encode()).hexdigest() == vector["digest"]
    assert ledger.checkpoint == vector["checkpoint"]
    index = int(str(vector["proof_index"]))
    assert [digest.hex() for digest in ledger.prove(index)] == vector["proof"]


def test_published_form_does_not_depend_on_how_it_came_about(tmp_path: Path) -> None:
    """Many small publications end in the same full tiles as one."""
    one = make(tmp_path / "one", 700, publish=True)
    many = make(tmp_path / "many")
    for start in range(0, 700, 37):
        many.append(entries(min(start + 37, 700), start))
        many.publish()
    first, second = files_of(tmp_path / "one"), files_of(tmp_path / "many")
    assert one.checkpoint == many.checkpoint
    assert all(second[where] == raw for where, raw in first.items() if where.startswith("tile/"))
    assert many.verify().ok


def test_full_tiles_replace_their_partial_ones(tmp_path: Path) -> None:
    """Partial tiles are gone once the full tile is there."""
    ledger = make(tmp_path / "ledger", 200, publish=True)
    ledger.append(entries(300, 200))
    ledger.publish()
    names = {w for w in files_of(tmp_path / "ledger") if w.startswith("tile/")}
    assert names == {
        "tile/0/000",
        "tile/0/001.p/44",
        "tile/1/000.p/1",
        "tile/entries/000",
        "tile/entries/001.p/44",
    }


@pytest.mark.parametrize(
    ("index", "path"), [(0, "000"), (999, "999"), (1000, "x001/000"), (1234067, "x001/x234/067")]
)
def test_tile_numbers_become_paths(index: int, path: str) -> None:
    """Tile numbers are written as the specification's example writes them."""
    assert number_path(index) == path


@given(st.lists(st.binary(min_size=1, max_size=300), min_size=1, max_size=40), st.data())
def test_bundle_cut_anywhere_is_refused(group: list[bytes], data: st.DataObject) -> None:
    """A bundle holds exactly its entries or is damage."""
    raw = encode_bundle(group)
    assert decode_bundle(raw, len(group)) == group
    cut = data.draw(st.integers(0, len(raw) - 1))
    with pytest.raises(Damaged):
        decode_bundle(raw[:cut], len(group))


@given(
    st.integers(0, 2**40),
    st.lists(st.binary(min_size=1, max_size=300), min_size=1, max_size=20),
    st.binary(min_size=1, max_size=200),
    st.data(),
)
def test_journal_record_altered_or_cut_anywhere_is_none(
    index: int, group: list[bytes], note: bytes, data: st.DataObject
) -> None:
    """A record comes back whole, or not at all."""
    raw = encode_record(index, group, note)
    found = parse_record(raw, 0)
    assert found is not None
    assert (found[0].index, list(found[0].entries), found[0].note) == (index, group, note)
    at = data.draw(st.integers(0, len(raw) - 1))
    altered = bytearray(raw)
    altered[at] ^= data.draw(st.integers(1, 255))
    assert parse_record(bytes(altered), 0) is None
    assert parse_record(raw[:at], 0) is None
    assert scan(raw[:at], index).rest == ("torn" if at else "")
    assert scan(bytes(altered) + encode_record(index, group, note), index).rest == "damaged"


def test_record_bytes_are_as_documented() -> None:
    """The example record of the format document has these bytes."""
    raw = encode_record(4711, [b"one", b"two"], b"note")
    assert raw.hex(" ") == (
        "54 4c 4a 31 00 00 00 1a 79 d0 70 ec 00 00 00 00 00 00 12 67 00 02 "
        "00 03 6f 6e 65 00 03 74 77 6f 00 04 6e 6f 74 65"
    )


@pytest.mark.parametrize("group", [[], [b""], [b"x" * 65_536], [b"x"] * 65_536])
def test_group_that_no_record_may_hold_is_refused(group: list[bytes], tmp_path: Path) -> None:
    """Entries and groups of an impossible size are refused and nothing is written."""
    ledger = make(tmp_path / "ledger", 3)
    with pytest.raises(ValueError, match="hold"):
        ledger.append(group)
    with pytest.raises(ValueError, match="too large"):
        check_group([b"x" * 65_535] * 300)
    assert ledger.size == 3
    assert ledger.append([b"x" * 65_535]) == range(3, 4)
    assert ledger.append([b"x"] * 65_535).stop == 65_539


def test_textual_proof_stands_alone(tmp_path: Path) -> None:
    """One entry, its proof text and the verifier key are enough to be sure of it."""
    from storage.merkle import verify_inclusion
    from storage.note import Verifier, open_checkpoint, parse_proof

    ledger = make(tmp_path / "ledger", 300)
    index, proof, raw = parse_proof(ledger.proof_text(123))
    head = open_checkpoint(raw, Verifier.parse(VKEY))
    assert index == 123
    assert verify_inclusion(leaf_hash(entry(123)), 123, head.size, proof, head.root)


def test_peeking_needs_no_cryptography(tmp_path: Path) -> None:
    """The size is known without loading the packages that a search has no time for."""
    make(tmp_path / "ledger", 250)
    code = (
        "import sys, pathlib; from storage.journal import peek_size;"
        "print(peek_size(pathlib.Path(sys.argv[1])), 'cryptography' in sys.modules,"
        "'asyncio' in sys.modules)"
    )
    out = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "ledger")],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert out.stdout.split() == ["250", "False", "False"]


def test_format_document_shows_the_real_bytes(tmp_path: Path) -> None:
    """Key, checkpoint, bundle, record and proof in the documentation are what is written."""
    documents = (Path(__file__).parents[2] / "docs").glob("formats*.md")
    text = "\n".join(path.read_text(encoding="utf-8") for path in documents)
    ledger = make(tmp_path / "ledger")
    ledger.append([b"one", b"two"])
    record = (tmp_path / "ledger" / "journal" / "0000000000000000.tlj").read_bytes()
    ledger.publish()
    assert len(record) == 225
    assert record[:16].hex(" ", 2) in text
    assert record[16:32].hex(" ", 2) in text
    assert (tmp_path / "ledger/tile/entries/000.p/2").read_bytes().hex(" ") in text
    assert VKEY in text
    assert ledger.checkpoint in text
    assert ledger.proof_text(1) in text
