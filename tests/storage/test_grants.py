"""Grants, seen from what lies on the disk and what can be opened."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from storage import age
from storage.counterparts import Counterparts
from storage.errors import (
    BadMac,
    Damaged,
    DiskFailed,
    Missing,
    NoCounterpart,
    NoKey,
    StorageError,
    Unsuitable,
)
from storage.grants import GRANT_KIND, Grants
from storage.vault import LABEL_KIND, Put, Vault

NAME = "C000001/D000001/R00000001"
OTHER = "C000001/D000001/R00000002"
HEAD = {"record": "R00000001", "key": "SECRET", "generation": 2}
GRANT = "L000001/R00000001"
LABEL = {"record": "R00000001", "loan": "L000001", "until": "2026-03-31", "person": "wang"}
GRADE = age.HybridIdentity(bytes(range(32)))
WANG = age.HybridIdentity(bytes(range(1, 33)))
LI = age.X25519Identity.generate()
SCAN = os.urandom(150_000)
CARD = "卡片".encode()


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    vault = Vault(tmp_path / "archive")
    bodies = {"pdf": SCAN, "card": CARD}
    vault.put_all([
        Put(NAME, HEAD, GRADE.recipient, bodies),
        Put(OTHER, HEAD | {"record": "R00000002"}, GRADE.recipient, bodies),
    ])  # fmt: skip
    return vault


@pytest.fixture
def grants(vault: Vault) -> Grants:
    return Grants(vault, Counterparts(vault.root.parent / "house.key.counterparts"))


def lend(grants: Grants, **changes) -> str:
    asked = {"name": NAME, "grant": GRANT, "identities": [GRADE], "expect_label": HEAD,
             "recipient": WANG.recipient, "label": LABEL}  # fmt: skip
    return grants.grant(**(asked | changes))


def stored(root: Path, suffix: str = "pdf") -> str:
    return hashlib.sha256((root / f"store/{NAME}.{suffix}.age").read_bytes()).hexdigest()


def read(grants: Grants, root: Path, suffix: str = "pdf", **changes) -> bytes:
    asked = {"grant": GRANT, "name": NAME, "suffix": suffix, "identities": [WANG],
             "expect_label": LABEL, "sha256": stored(root, suffix)}  # fmt: skip
    return b"".join(grants.open(**(asked | changes)))


def path_of(vault: Vault, grant: str = GRANT) -> Path:
    return vault.root / "keys/loans" / f"{grant}.head"


def inner(grants: Grants) -> bytes:
    """The grant's head without the layer of its counterpart."""
    stored = path_of(grants._vault).read_bytes()
    return age.decrypt([grants._counterparts.open("L000001-R00000001")], stored)


def overwrite(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        path.chmod(0o600)
    path.write_bytes(data)


def test_the_borrower_opens_what_was_lent(vault: Vault, grants: Grants) -> None:
    """With his own key alone he reads the scan and the card, as long as the grant lies there."""
    digest = lend(grants)
    assert digest == hashlib.sha256(path_of(vault).read_bytes()).hexdigest()
    assert read(grants, vault.root) == SCAN
    assert read(grants, vault.root, "card") == CARD
    with pytest.raises(NoKey):
        vault.read(NAME, "pdf", [WANG], HEAD, max_bytes=1 << 20)


def test_lending_leaves_the_record_as_it_was(vault: Vault, grants: Grants) -> None:
    """Neither body nor head of the record changes; one file comes to lie beside them."""
    before = {p: p.read_bytes() for p in vault.root.rglob("*") if p.is_file()}
    lend(grants)
    after = {p: p.read_bytes() for p in vault.root.rglob("*") if p.is_file()}
    assert after == before | {path_of(vault): after[path_of(vault)]}


def test_nobody_else_opens_it(vault: Vault, grants: Grants) -> None:
    """Sealed to the borrower only: neither the grade's key nor a colleague's fits."""
    lend(grants)
    for keys in ((), (LI,), (GRADE,)):
        with pytest.raises(NoKey):
            read(grants, vault.root, identities=keys)


def test_withdrawn_is_gone(vault: Vault, grants: Grants) -> None:
    """Withdrawing deletes the head and its empty folder, may be repeated, spares the others."""
    lend(grants)
    second = "L000001/R00000002"
    lend(grants, name=OTHER, grant=second, expect_label=HEAD | {"record": "R00000002"},
         label=LABEL | {"record": "R00000002"})  # fmt: skip
    assert list(grants.names()) == [GRANT, second]
    assert grants.withdraw(GRANT)
    assert not grants.withdraw(GRANT)
    assert list(grants.names()) == [second]
    with pytest.raises(Missing):
        read(grants, vault.root)
    assert grants.withdraw(second)
    assert not (vault.root / "keys/loans/L000001").exists()
    assert list(grants.names()) == []


@pytest.mark.parametrize(
    "expect", [{"until": "2026-04-30"}, {"person": "li"}, {"form": "view"}, {"person": 1}]
)
def test_label_that_differs_is_refused(vault: Vault, grants: Grants, expect) -> None:
    """What the ledger says of the loan decides, to the last field."""
    lend(grants)
    with pytest.raises(Damaged):
        read(grants, vault.root, expect_label=LABEL | expect)


def test_renewal_replaces_the_grant(vault: Vault, grants: Grants) -> None:
    """The new head binds the new day; the old one, put back, is refused."""
    lend(grants)
    old = path_of(vault).read_bytes()
    longer = LABEL | {"until": "2026-04-30"}
    digest = lend(grants, label=longer)
    assert read(grants, vault.root, expect_label=longer) == SCAN
    overwrite(path_of(vault), old)
    with pytest.raises(Damaged):
        read(grants, vault.root, expect_label=longer)
    with pytest.raises(Damaged):
        grants.verify(GRANT, NAME, longer, digest)


def test_the_holder_cannot_make_his_loan_longer(vault: Vault, grants: Grants) -> None:
    """He has the file key, so he can seal a head; it still has to say what the ledger says."""
    lend(grants)
    raw = inner(grants)
    key = age.unlock(age.Header.parse(raw), [WANG])
    (stanza,) = age.Header.parse(raw).of_kind(GRANT_KIND)
    later = age.Stanza(stanza.args, stanza.body.replace(b"2026-03-31", b"2099-12-31"))
    overwrite(path_of(vault), age.seal_header(key, [WANG.recipient], [later]))
    with pytest.raises(Damaged):
        read(grants, vault.root)


def test_altered_label_fails_the_mac(vault: Vault, grants: Grants) -> None:
    """A day written into the label without the file key is noticed by whoever opens."""
    lend(grants)
    raw = inner(grants)
    (stanza,) = age.Header.parse(raw).of_kind(GRANT_KIND)
    later = age.Stanza(stanza.args, stanza.body.replace(b"2026-03-31", b"2099-12-31"))
    overwrite(path_of(vault), raw.replace(stanza.encode(), later.encode()))
    with pytest.raises(BadMac):
        read(grants, vault.root, expect_label=LABEL | {"until": "2099-12-31"})


def test_any_altered_byte_is_noticed(vault: Vault, grants: Grants) -> None:
    """Flip any byte of the head, or cut it anywhere: nothing is given out."""
    lend(grants)
    raw = path_of(vault).read_bytes()
    for at in range(0, len(raw), 7):
        for bad in (raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :], raw[:at]):
            overwrite(path_of(vault), bad)
            with pytest.raises(StorageError):
                read(grants, vault.root)


def test_swapped_grants_are_refused(vault: Vault, grants: Grants) -> None:
    """A grant of another loan or of another record does not pass in this one's place."""
    lend(grants)
    foreign = ("L000002/R00000001", "L000001/R00000002")
    lend(grants, grant=foreign[0], label=LABEL | {"loan": "L000002"})
    lend(grants, name=OTHER, grant=foreign[1], expect_label=HEAD | {"record": "R00000002"},
         label=LABEL | {"record": "R00000002"})  # fmt: skip
    for grant in foreign:
        overwrite(path_of(vault), path_of(vault, grant).read_bytes())
        with pytest.raises(Damaged):
            read(grants, vault.root)


def test_a_grant_is_no_records_head_and_no_head_a_grant(vault: Vault, grants: Grants) -> None:
    """The two kinds never pass for each other, even under a key that opens both."""
    lend(grants, recipient=GRADE.recipient, label=LABEL | {"key": "SECRET", "generation": 2})
    granted, own = path_of(vault), vault.root / f"keys/records/{NAME}.head"
    lent, head = inner(grants), own.read_bytes()
    overwrite(own, lent)
    with pytest.raises(Damaged):
        vault.read(NAME, "pdf", [GRADE], {"record": "R00000001"}, max_bytes=1 << 20)
    overwrite(own, head)
    overwrite(granted, head)
    with pytest.raises(Damaged):
        read(grants, vault.root, identities=[GRADE])
    assert age.Header.parse(lent).of_kind(LABEL_KIND) == []


def test_bodies_are_held_against_the_ledger(vault: Vault, grants: Grants) -> None:
    """As with the record's own head: stored bytes that the ledger does not name end in Damaged."""
    lend(grants)
    with pytest.raises(Damaged):
        read(grants, vault.root, sha256="00" * 32)
    folder = vault.root / "store/C000001/D000001"
    overwrite(folder / "R00000001.pdf.age", (folder / "R00000001.card.age").read_bytes())
    with pytest.raises(Damaged):
        read(grants, vault.root)


def test_only_who_opens_the_record_can_lend_it(vault: Vault, grants: Grants) -> None:
    """Another key, another generation or another record's head: nothing is written."""
    for asked, error in (
        ({"identities": [LI]}, NoKey),
        ({"expect_label": HEAD | {"generation": 1}}, Damaged),
        ({"name": "C000001/D000001/R00000009"}, Missing),
    ):
        with pytest.raises(error):
            lend(grants, **asked)
    assert list(grants.names()) == []
    assert not (vault.root / "keys/loans").exists()


@pytest.mark.parametrize(
    "asked",
    [
        {"label": {"record": "R00000001", "loan": "L000001"}},
        {"label": LABEL | {"until": "soon"}},
        {"label": LABEL | {"until": 20260331}},
        {"label": LABEL | {"loan": "L000002"}},
        {"label": LABEL | {"name": NAME}},
        {"label": LABEL | {"grant": GRANT}},
        {"grant": "../R00000001"},
        {"grant": "L000001/R00000001/R00000002"},
        {"grant": "l000001/R00000001"},
    ],
)
def test_what_binds_too_little_is_refused(vault: Vault, grants: Grants, asked) -> None:
    """Every grant says which record, which loan and until when, and is named after them."""
    with pytest.raises(Unsuitable):
        lend(grants, **asked)
    assert not (vault.root / "keys/loans").exists()
    with pytest.raises(Unsuitable):
        read(grants, vault.root, grant=asked.get("grant", GRANT),
             expect_label=asked.get("label", LABEL))  # fmt: skip


def test_verify_needs_no_key(vault: Vault, grants: Grants) -> None:
    """An audit holds a grant against name, label and digest."""
    digest = lend(grants)
    grants.verify(GRANT, NAME, LABEL, digest)
    for name, label, sha256 in (
        (OTHER, LABEL, digest),
        (NAME, LABEL | {"until": "2026-04-30"}, digest),
        (NAME, LABEL, "00" * 32),
    ):
        with pytest.raises(Damaged):
            grants.verify(GRANT, name, label, sha256)
    grants.withdraw(GRANT)
    with pytest.raises(Missing):
        grants.verify(GRANT, NAME, LABEL, digest)


def test_an_audit_sees_whatever_lies_there(vault: Vault, grants: Grants) -> None:
    """A file that is no grant, and a folder that is a link, are named too."""
    lend(grants)
    overwrite(vault.root / "keys/loans/notes.txt", b"x")
    (vault.root / "keys/loans/L000007").symlink_to(vault.root)
    assert sorted(grants.names()) == ["L000001/R00000001", "L000007", "notes.txt"]


def test_failing_disk_leaves_the_old_grant(vault: Vault, grants: Grants, monkeypatch) -> None:
    """When the disk is full, what was granted before still opens and no scrap is left."""
    lend(grants)

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(DiskFailed):
        lend(grants, label=LABEL | {"until": "2026-04-30"})
    monkeypatch.undo()
    assert read(grants, vault.root) == SCAN
    assert list(grants.names()) == [GRANT]


def test_a_copy_of_a_grant_opens_nothing_once_it_was_withdrawn(
    vault: Vault, grants: Grants, tmp_path: Path
) -> None:
    """With the head and the bodies as they were, and the borrower's own key; before, it opens."""
    lend(grants)
    head = path_of(vault).read_bytes()
    assert grants.withdraw(GRANT) is True
    overwrite(path_of(vault), head)
    with pytest.raises(NoCounterpart):
        read(grants, vault.root)
    with pytest.raises(NoKey):
        age.decrypt([WANG, GRADE], head)


def test_a_loan_that_is_renewed_keeps_its_counterpart(vault: Vault, grants: Grants) -> None:
    """The newer head opens, and one counterpart is there for both."""
    lend(grants)
    later = LABEL | {"until": "2026-04-30"}
    lend(grants, label=later)
    assert read(grants, vault.root, expect_label=later) == SCAN
    assert grants._counterparts.names() == ["L000001-R00000001"]
    grants.withdraw(GRANT)
    assert grants._counterparts.names() == []


def test_a_grant_without_a_counterpart_opens_until_its_loan_ends(
    vault: Vault, grants: Grants
) -> None:
    """As earlier versions made them."""
    lend(grants)
    plain = inner(grants)
    grants._counterparts.destroy("L000001-R00000001")
    overwrite(path_of(vault), plain)
    assert read(grants, vault.root) == SCAN
    grants.verify(GRANT, NAME, LABEL, hashlib.sha256(plain).hexdigest())
    assert grants.withdraw(GRANT) is True


def test_a_crash_while_withdrawing_leaves_a_head_that_opens_nothing(
    vault: Vault, grants: Grants, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The counterpart went first; the head still shows what to finish."""
    lend(grants)

    def cut(path: Path) -> bool:
        if path.suffix == ".head":
            raise DiskFailed("the power went")
        path.unlink()
        return True

    with monkeypatch.context() as patch:
        patch.setattr("storage.durable.remove", cut)
        with pytest.raises(DiskFailed):
            grants.withdraw(GRANT)
    assert list(grants.names()) == [GRANT]
    with pytest.raises(NoCounterpart):
        read(grants, vault.root)
    assert grants.withdraw(GRANT) is True
    assert list(grants.names()) == []
