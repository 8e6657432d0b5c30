"""The trays: what waits is listed, filed by a person's order, judged again, or rejected."""

import io

import pikepdf
import pytest


@pytest.fixture
def waiting(home, scan):
    """One scan in `unsorted`; its claim and its bytes."""
    content = scan("没有任何线索")
    home.drop("散页.pdf", content)
    (outcome,) = home.lines("watch", "--once")
    assert (outcome["tray"], outcome["reason"]) == ("unsorted", "no-route")
    return outcome["claim"], content


def assign(home, claim, *more, dossier="D000001", kind="sales_contract"):
    return home.run("inbox", "assign", claim, "--dossier", dossier, "--type", kind, *more, "--json")


def test_a_waiting_scan_is_listed_with_reason_and_place(home, waiting):
    """Claim, tray, reason, source and where the file lies."""
    (row,) = home.json("inbox", "list")
    assert (row["claim"], row["tray"], row["reason"]) == (waiting[0], "unsorted", "no-route")
    assert row["source"] == "散页.pdf"
    assert row["path"].endswith(f"trays/unsorted/{waiting[0]}/drop/散页.pdf")


def test_assigning_files_it_byte_for_byte(home, waiting):
    """It leaves the tray, and a second time there is nothing to assign."""
    claim, content = waiting
    ran = assign(home, claim)
    assert ran.code == 0
    (outcome,) = ran.lines
    assert (outcome["outcome"], outcome["claim"]) == ("filed", claim)
    assert home.opened(outcome["record"]) == content
    assert home.json("inbox", "list") == []
    assert home.tray_files("unsorted") == []
    assert assign(home, claim).code == 2


@pytest.mark.parametrize(
    ("place", "reason"),
    [({"dossier": "D999999"}, "unknown-dossier"), ({"kind": "nonsense"}, "unknown-type"),
     ({"dossier": "C000001"}, "unknown-dossier"), ({"dossier": "../D000001"}, "unknown-dossier")],
)  # fmt: skip
def test_a_wrong_order_leaves_it_waiting(home, waiting, place, reason):
    """Refused again with the reason, exit 3 or 2; the scan still waits, whole."""
    claim, content = waiting
    ran = assign(home, claim, **place)
    assert ran.code in (2, 3)
    if ran.code == 3:
        assert ran.lines[0]["reason"] == reason
    assert [row["claim"] for row in home.json("inbox", "list")] == [claim]
    assert home.in_tray("unsorted") == [content]
    assert assign(home, claim).code == 0


def test_retry_judges_anew(home, scan):
    """A scan for a customer who is registered later is filed by `retry` alone."""
    home.drop("王小明_D000003_合同.pdf", scan("后来登记"))
    (outcome,) = home.lines("watch", "--once")
    assert outcome["tray"] == "unsorted"
    assert home.run("inbox", "retry", outcome["claim"]).code == 3
    home.json("customer", "add", "王小明")
    home.json("dossier", "open", "C000003", "new_car")
    (again,) = home.lines("inbox", "retry", outcome["claim"])
    assert (again["outcome"], again["dossier"]) == ("filed", "D000003")


def test_a_duplicate_is_filed_again_only_when_told_to(home, waiting):
    """The same scan waits in `duplicates`; --again files it as another record."""
    claim, content = waiting
    assert assign(home, claim).code == 0
    home.drop("再来一次.pdf", content)
    (outcome,) = home.lines("watch", "--once")
    assert (outcome["tray"], outcome["reason"]) == ("duplicates", "duplicate")
    assert assign(home, outcome["claim"]).code == 3
    assert home.in_tray("duplicates") == [content]
    ran = assign(home, outcome["claim"], "--again")
    assert ran.code == 0
    assert home.records() == ["R00000001", "R00000002"]


def test_rejecting_keeps_the_scan_and_the_reason_sealed(home, waiting):
    """It leaves the list for good, lies in its own tray, and cannot be rejected twice."""
    claim, content = waiting
    home.json("inbox", "reject", claim, "--reason", "与客户无关")
    assert home.json("inbox", "list") == []
    assert home.in_tray("rejected") == [content]
    assert home.run("inbox", "reject", claim, "--reason", "又一次").code == 2
    entry = home.json("ledger", "show", "--subject", claim)[-1]
    assert entry["act"] == "reject"
    assert "无关" not in str(entry)


def test_a_busy_archive_leaves_the_scan_in_its_tray(home, waiting, monkeypatch):
    """When the lock is not had, `reject` and `assign` put back what they took."""
    from archivist.archive import Archive
    from storage.errors import Busy

    def busy(*_):
        raise Busy("another process holds the archive's writer lock")

    monkeypatch.setattr(Archive, "writing", busy)
    for words in (("reject", waiting[0], "--reason", "x"), ("retry", waiting[0])):
        assert home.run("inbox", *words).code == 11
        assert home.in_tray("unsorted") == [waiting[1]]


# ── stacks ────────────────────────────────────────────────────────────────────


def stack_of(home, scan, *, sheets, pages):
    """A stack as the feeder makes it: each cover followed by the pages of its document."""
    home.run("cover", *sheets, "-o", home.top / "covers.pdf")
    out = io.BytesIO()
    with pikepdf.new() as stack, pikepdf.open(home.top / "covers.pdf") as covers:
        for number, cover in enumerate(covers.pages):
            stack.pages.append(cover)
            for text in pages[number]:
                with pikepdf.open(io.BytesIO(scan(text))) as document:
                    stack.pages.extend(document.pages)
        stack.save(out)
    return out.getvalue()


def test_a_stack_is_cut_at_its_cover_sheets(home, scan):
    """One record for each cover, of its type, with its own pages; the covers are not filed."""
    content = stack_of(
        home, scan,
        sheets=("D000001", "sales_contract", "invoice_copy"),
        pages=[["第一页合同", "第二页合同"], ["发票内容"]],
    )  # fmt: skip
    home.drop("堆叠.pdf", content)
    outcomes = home.lines("watch", "--once")
    assert [(o["type"], o["pages"]) for o in outcomes] == [
        ("sales_contract", 2),
        ("invoice_copy", 1),
    ]
    assert {o["source"] for o in outcomes} == {"堆叠.pdf"}
    assert home.json("search", "第二页合同")["hits"][0]["record"] == outcomes[0]["record"]
    assert [path for path in home.drop_folder.rglob("*") if path.is_file()] == []
    assert list((home.root / "work").iterdir()) == []
    home.drop("堆叠 again.pdf", content)
    assert {o["reason"] for o in home.lines("watch", "--once")} == {"duplicate"}


def test_a_cover_of_an_unknown_dossier_waits(home, new_home, scan):
    """The documents of a cover that leads nowhere go to `unsorted`, each as a scan of its own."""
    twin = new_home("twin")  # the same archive, where one more dossier has been opened
    twin.json("dossier", "open", "C000001", "new_car")
    content = stack_of(
        twin, scan, sheets=("D000003", "sales_contract", "invoice_copy"), pages=[["甲"], ["乙"]]
    )
    home.drop("堆.pdf", content)
    outcomes = home.lines("watch", "--once")
    assert [o["reason"] for o in outcomes] == ["unknown-dossier"] * 2
    assert len(home.tray_files("unsorted")) == 2
    assert {row["claim"] for row in home.json("inbox", "list")} == {o["claim"] for o in outcomes}
    assert assign(home, outcomes[1]["claim"], kind="invoice_copy").code == 0


def test_a_cover_alone_is_no_document(home, scan):
    """Nothing is filed, and the sheet waits where a person sees it."""
    content = stack_of(home, scan, sheets=("D000001", "sales_contract"), pages=[[]])
    home.drop("只有封面.pdf", content)
    (outcome,) = home.lines("watch", "--once")
    assert (outcome["outcome"], outcome["reason"]) == ("refused", "empty")
    assert home.in_tray(outcome["tray"]) == [content]
