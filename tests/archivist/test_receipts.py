"""The receipt on paper: what is signed and who signed stand on one page."""

import pypdfium2
import pytest
from law import Law

from archivist.receipts import receipt_sheet
from archivist.records import Entry
from archivist.report_pages import as_pdf
from policies.handover import receipt_terms

KEY = "ab12 cd34 ef56 7890"
SIGNATURE = "0123456789abcdef" * 8


def printed(copies, unattested):
    """The text of each page of the receipt of a new-car file with its twelve papers."""
    policy = Law.shipped().policy("auto-dealer", "secrecy")
    kind = policy.dossier_type("new_car")
    records = [
        {"record": f"R{n:08}", "type": item.types[0], "pages": 2, "copy": copies}
        for n, item in enumerate(kind.items, 1)
    ]
    points = [{"item": item.id, "points": ["signature:customer"]} for item in kind.items]
    statement = {
        "dossier": "D000001", "customer": "C000001", "type": "new_car", "from": "zhao",
        "time": "2026-03-05T09:00:00Z", "to": "lin", "records": records, "missing": [],
        "unattested": points if unattested else [],
    }  # fmt: skip
    signatures = [{"person": who, "key": "", "signature": SIGNATURE} for who in ("zhao", "lin")]
    fields = {"statement": statement, "signatures": signatures, "clauses": ["S001-3-R12"]}
    entry = Entry(4711, "2026-03-05T09:00:00Z", "handover", "lin", {}, fields)
    terms = receipt_terms(policy, "handover", "new_car")
    pdf = pypdfium2.PdfDocument(
        as_pdf(receipt_sheet(policy, entry, "张伟", terms, [KEY, KEY]), chinese=True)
    )
    return ["".join(page.get_textpage().get_text_range().split()) for page in pdf]


@pytest.mark.parametrize("unattested", [False, True])
def test_a_dozen_papers_and_both_signatures_share_a_page(unattested):
    """Also where nobody has looked at any of them yet; the sheet stands upright."""
    (page,) = printed("" if unattested else "original", unattested)
    assert "其它证明类文件" in page
    assert page.count(SIGNATURE) == 2
    assert page.count(KEY.replace(" ", "")) == 2
    assert ("尚未核对的事项" in page) == unattested
    assert "台账第4711条" in page
