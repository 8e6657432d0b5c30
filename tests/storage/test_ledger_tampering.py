"""The tamper table: each attack, with and without a witness, against everything that looks.

Each attack is made on a folder of 1000 entries that once had 600, and the outcome is compared with
the table in docs/threat-model.md: what the files alone show, and what needs somebody who
remembers. Three look: opening, the archive's own verification, and the script that outsiders run.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from ledger_samples import KEY, ORIGIN, OTHER_KEY, VKEY, entries, entry, make
from test_ledger_damage import flip, last_segment, records_of, write

from storage import cosigned
from storage.errors import StorageError
from storage.ledger import Ledger
from storage.ledger_audit import verify
from storage.ledger_findings import Seen
from storage.note import Verifier
from storage.tiles import decode_bundle, encode_bundle
from storage.witness import WitnessFolder, cosignature, request

TOP = Path(__file__).parents[2]
SIZE, OLD = 1000, 600
LOG = Verifier.parse(VKEY)


@dataclass(frozen=True)
class Scene:
    """The ledger's folder, a copy of it from earlier, and the witness's folder elsewhere."""

    root: Path
    earlier: Path
    witness: Path


def cosign_newest(ledger: Ledger, folder: Path, *, kept: bool) -> None:
    """What `ledger witness update` does; `kept`: the cosignature lies beside the ledger, too."""
    witness, note = WitnessFolder(folder), ledger.checkpoint.encode()
    held = witness.held(LOG)
    old = held.size if held else 0
    answer = witness.add_checkpoint(request(old, ledger.consistency(old), note), 1)
    assert answer.status == 200
    if kept:
        cosigned.keep(ledger._root, note, cosignature(answer.body, note, witness.verifier))


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    top = tmp_path_factory.mktemp("tampering")
    scene = Scene(top / "ledger", top / "earlier", top / "witness")
    scene.witness.mkdir()
    WitnessFolder.found(scene.witness, "w.example", b"\5" * 32).watch(VKEY)
    ledger = make(scene.root, OLD, publish=True)
    cosign_newest(ledger, scene.witness, kept=False)
    shutil.copytree(scene.root, scene.earlier)
    for start in range(OLD, SIZE, 50):
        ledger.append(entries(start + 50, start))
        if start == 850:
            ledger.publish()
    cosign_newest(ledger, scene.witness, kept=False)
    return scene


@pytest.fixture
def scene(template: Scene, tmp_path: Path) -> Scene:
    made = Scene(tmp_path / "ledger", tmp_path / "earlier", tmp_path / "witness")
    for old, new in zip(vars(template).values(), vars(made).values(), strict=True):
        shutil.copytree(old, new)
    return made


# --- the attacks ----------------------------------------------------------------------


def altered(scene: Scene) -> None:
    flip(scene.root / "tile/entries/001", 100)


def deleted(scene: Scene) -> None:
    """One entry is taken out of its bundle and the last one is doubled to fill the gap."""
    path = scene.root / "tile/entries/000"
    held = decode_bundle(path.read_bytes())
    write(path, encode_bundle([*held[:7], *held[8:], held[-1]]))


def swapped(scene: Scene) -> None:
    path = scene.root / "tile/entries/000"
    held = decode_bundle(path.read_bytes())
    held[3], held[200] = held[200], held[3]
    write(path, encode_bundle(held))


def truncated(scene: Scene) -> None:
    """The newest acknowledged commits, not published yet, are cut off."""
    write(last_segment(scene.root), b"".join(records_of(last_segment(scene.root))[:-1]))


def rolled_back(scene: Scene) -> None:
    shutil.rmtree(scene.root)
    shutil.copytree(scene.earlier, scene.root)


def _rewritten(scene: Scene, key: object) -> None:
    shutil.rmtree(scene.root)
    ledger = Ledger.create(scene.root, ORIGIN, key)  # type: ignore[arg-type]
    for start in range(0, SIZE, 100):
        ledger.append([b"what I wish had happened %d" % n for n in range(start, start + 100)])
    ledger.publish()


def rewritten_without_key(scene: Scene) -> None:
    _rewritten(scene, OTHER_KEY)


def rewritten_with_key(scene: Scene) -> None:
    _rewritten(scene, KEY)


def rewritten_from_some_point(scene: Scene) -> None:
    """The key's holder keeps what was true up to entry 700 and tells the rest otherwise."""
    shutil.rmtree(scene.root)
    ledger = make(scene.root, 700)
    ledger.append([b"what I wish had happened %d" % n for n in range(700, SIZE)])
    ledger.publish()


def journal_cut_below_published(scene: Scene) -> None:
    write(last_segment(scene.root), b"".join(records_of(last_segment(scene.root))[:-5]))


def journal_byte_flipped(scene: Scene) -> None:
    path = last_segment(scene.root)
    flip(path, len(path.read_bytes()) // 2)


FILES, WITNESS, OPEN = "the files", "a witness", "opening"

# Attack: (what is done, what finds it at the least: the files alone, or only with a witness;
# and whether opening refuses without any witness). docs/threat-model.md has the same rows.
ATTACKS: dict[str, tuple[Callable[[Scene], None], str, bool]] = {
    "alter one entry": (altered, FILES, False),
    "delete an entry": (deleted, FILES, False),
    "swap two entries": (swapped, FILES, False),
    "cut off the newest entries": (truncated, WITNESS, False),
    "put back an older copy of the folder": (rolled_back, WITNESS, False),
    "rewrite everything without the key": (rewritten_without_key, FILES, True),
    "rewrite everything with the key": (rewritten_with_key, WITNESS, False),
    "rewrite from some point on with the key": (rewritten_from_some_point, WITNESS, False),
    "cut the journal below the published head": (journal_cut_below_published, FILES, True),
    "flip a byte of the journal": (journal_byte_flipped, FILES, True),
}


def script(scene: Scene, *more: str | Path) -> int:
    """Exit code of the verifier that outsiders run."""
    words = [scene.root, "--vkey", VKEY, *more]
    ran = subprocess.run(
        [sys.executable, "-I", TOP / "scripts" / "verify_ledger.py", *words],
        capture_output=True, check=False,
    )  # fmt: skip
    return ran.returncode


def opens(scene: Scene, must_hold: tuple[int, bytes] | None = None) -> bool:
    try:
        Ledger.open(scene.root, VKEY, must_hold=must_hold)
    except StorageError:
        return False
    return True


def held(scene: Scene) -> Seen:
    head = WitnessFolder(scene.witness).held(LOG)
    assert head is not None
    return Seen(head.size, head.root, "witness w.example")


def test_untouched_ledger_passes_everywhere(scene: Scene) -> None:
    """Without an attack nobody complains: else the table would prove nothing."""
    (kept,) = (scene.witness / "logs").glob("*.checkpoint")
    assert verify(scene.root, VKEY, against=[held(scene)]).ok
    assert script(scene, "--against", kept) == 0
    assert opens(scene, tuple(held(scene))[:2])  # type: ignore[arg-type]


@pytest.mark.parametrize("attack", ATTACKS)
def test_files_alone_show_what_they_can(attack: str, scene: Scene) -> None:
    """Verifier, script and opening agree with the table where nobody remembers anything."""
    do, needs, refused = ATTACKS[attack]
    do(scene)
    assert (verify(scene.root, VKEY).ok, script(scene) == 0) == ((needs != FILES),) * 2
    assert opens(scene) != refused


@pytest.mark.parametrize("attack", ATTACKS)
def test_witness_shows_every_attack(attack: str, scene: Scene) -> None:
    """With the one head that a witness holds, no attack passes; and each is called what it is."""
    do, needs, _ = ATTACKS[attack]
    do(scene)
    report = verify(scene.root, VKEY, against=[held(scene)])
    assert not report.ok
    if needs == WITNESS:
        (finding,) = report.findings
        assert finding.code == "L-ROLLBACK"
        assert "witness w.example" in finding.message
        assert not opens(scene, tuple(held(scene))[:2])  # type: ignore[arg-type]
    (kept,) = (scene.witness / "logs").glob("*.checkpoint")
    assert script(scene, "--against", kept) == 13


@pytest.mark.parametrize("attack", [name for name, row in ATTACKS.items() if row[1] == WITNESS])
def test_witness_refuses_to_cosign_what_was_tampered_with(attack: str, scene: Scene) -> None:
    """Asked to cosign a rollback or a fork it says no, and goes on remembering the truth."""
    before = held(scene)
    ATTACKS[attack][0](scene)
    ledger, witness = Ledger.open(scene.root, VKEY, KEY), WitnessFolder(scene.witness)
    for old in {0, min(OLD, ledger.size), ledger.size}:
        body = request(old, ledger.consistency(old), ledger.checkpoint.encode())
        assert witness.add_checkpoint(body, 2).status == 409
    if ledger.size == SIZE:
        ledger.append([entry(SIZE)])
        body = request(SIZE, ledger.consistency(SIZE), ledger.checkpoint.encode())
        assert witness.add_checkpoint(body, 2).status == 422
    assert held(scene) == before


@pytest.mark.parametrize("cut", [truncated, journal_cut_below_published])
def test_cosignature_beside_the_ledger_shows_a_cut_journal(
    cut: Callable[[Scene], None], scene: Scene
) -> None:
    """Who cuts the journal and forgets `witnessed/` is found without asking the witness."""
    cosign_newest(Ledger.open(scene.root, VKEY, KEY), scene.witness, kept=True)
    assert verify(scene.root, VKEY).ok
    assert opens(scene)
    cut(scene)
    assert "L-ROLLBACK" in {found.code for found in verify(scene.root, VKEY).findings}
    assert script(scene) == 13
    assert not opens(scene)


def test_cosignature_beside_the_ledger_cannot_be_forged(scene: Scene) -> None:
    """A cosignature that does not hold, or is another's, is a finding for who knows the key."""
    cosign_newest(Ledger.open(scene.root, VKEY, KEY), scene.witness, kept=True)
    verifier = WitnessFolder(scene.witness).verifier
    (kept,) = (scene.root / "witnessed").iterdir()
    assert verify(scene.root, VKEY, witnesses=[verifier]).ok
    assert script(scene, "--witness", verifier.vkey()) == 0
    good = kept.read_text()
    bare = good[: good.rindex("— ")]
    forged = good[:-10] + ("A" if good[-10] != "A" else "B") + good[-9:]
    for spoiled in (bare, forged):
        kept.write_text(spoiled)
        found = verify(scene.root, VKEY, witnesses=[verifier]).findings
        assert [(f.code, f.where) for f in found] == [("L-WITNESS", f"witnessed/{kept.name}")]
        assert script(scene, "--witness", verifier.vkey()) == 13
    kept.unlink()
    assert script(scene, "--witness", verifier.vkey()) == 13


def test_table_in_the_threat_model_is_this_one() -> None:
    """The document has a row for each attack, with the same answers."""
    text = (TOP / "docs" / "threat-model.md").read_text("utf-8")
    rows = re.findall(r"^\| (.+?) \| (found|not found)(?:, at opening)? \| (found) \|$", text, re.M)
    expected = {
        (name, "found" if needs == FILES else "not found", "found")
        for name, (_, needs, _) in ATTACKS.items()
    }
    assert set(rows) == expected
