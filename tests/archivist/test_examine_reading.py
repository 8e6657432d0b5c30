"""Recognition on the sample scans: text, orientation, blank sides, covers, all through the pool."""

import json
import os
import unicodedata
from pathlib import Path

import pypdfium2
import pytest
from PIL import Image

from archivist.cover_sheets import Sheet, cover_pdf
from archivist.examine import Examiners

SCANS = Path(
    os.environ.get("ARCHIVIST_SCANS", Path(__file__).resolve().parents[3] / "shared" / "scans")
)
pytestmark = pytest.mark.skipif(
    not (SCANS / "manifest.json").is_file(),
    reason="the sample scans are not here; set ARCHIVIST_SCANS to their folder",
)
# Characters that the model writes in another form of the same character.
SAME = str.maketrans("戶內則", "户内则")


@pytest.fixture(scope="module")
def examiners():
    with Examiners(workers=2) as pool:
        yield pool


@pytest.fixture(scope="module")
def truth() -> dict[tuple[str, int], dict]:
    rows = json.loads((SCANS / "manifest.json").read_text(encoding="utf-8"))
    return {(row["file"], row["page"]): row for row in rows}


def bare(text: str) -> str:
    normal = unicodedata.normalize("NFKC", text).translate(SAME)
    return "".join(char for char in normal if char.isalnum())


def error_rate(found: str, expected: str) -> float:
    """Character error rate: edits per expected character, punctuation and spaces left out."""
    found, expected = bare(found), bare(expected)
    row = list(range(len(expected) + 1))
    for i, char in enumerate(found, 1):
        above, row[0] = row[0], i
        for j, other in enumerate(expected, 1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (char != other))
    return row[-1] / max(1, len(expected))


@pytest.mark.parametrize(
    ("name", "allowed"),
    [("pages/sc_combo150.jpg", 0.005), ("pages/invoice_150.jpg", 0.03)],
)
def test_a_scan_is_read(examiners, truth, name, allowed):
    """A degraded page of print and a form come out with next to no wrong character."""
    facts = examiners.examine(SCANS / name)
    (page,) = facts.pages
    assert page.source == "ocr"
    assert error_rate(page.text, truth[name, 0]["truth"]) <= allowed
    assert all(
        0 <= line.box[0] < line.box[2] <= page.width
        and 0 <= line.box[1] < line.box[3] <= page.height
        for line in page.lines
    )


def test_a_pdf_of_scans_is_read_page_by_page(examiners, truth):
    """Pictures inside a PDF are read, also under red stamps, also upside down, in page order."""
    name = "docs/file_contract.pdf"
    facts = examiners.examine(SCANS / name)
    assert [page.rotation for page in facts.pages] == [0, 180, 0]
    for index, page in enumerate(facts.pages):
        assert error_rate(page.text, truth[name, index]["truth"]) <= 0.02


def test_every_side_of_a_multi_page_tiff_is_turned_upright(examiners, truth):
    """Sideways both ways and upside down; the grey, noisy empty sheet is found to be blank."""
    name = "docs/scan_multi_gray.tif"
    facts = examiners.examine(SCANS / name)
    assert [page.rotation for page in facts.pages] == [90, 180, 270, 0]
    assert [page.blank for page in facts.pages] == [False, False, False, True]
    for index, page in enumerate(facts.pages[:3]):
        assert error_rate(page.text, truth[name, index]["truth"]) <= 0.005
    assert facts.pages[3].text == ""


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_form_fed_the_wrong_way_is_turned(examiners, truth, tmp_path, turn):
    """The clockwise turn that sets the page upright is found for a sparse form too."""
    name = "pages/invoice_150.jpg"
    with Image.open(SCANS / name) as upright:
        upright.rotate(turn, expand=True).save(tmp_path / "turned.png", compress_level=1)
    (page,) = examiners.examine(tmp_path / "turned.png").pages
    assert page.rotation == turn
    assert error_rate(page.text, truth[name, 0]["truth"]) <= 0.03


def test_a_long_strip_is_read_in_pieces(examiners, truth, tmp_path):
    """A strip two pages long keeps every line, once, in order."""
    name = "pages/sc_combo150.jpg"
    with Image.open(SCANS / name) as page:
        strip = Image.new("L", (page.width, 2 * page.height), 255)
        for index in range(2):
            strip.paste(page.convert("L"), (0, index * page.height))
    strip.save(tmp_path / "strip.png", compress_level=1)
    (read,) = examiners.examine(tmp_path / "strip.png").pages
    assert error_rate(read.text, truth[name, 0]["truth"] * 2) <= 0.005


def test_a_white_page_is_blank(examiners):
    """An empty sheet has no text and says so."""
    (page,) = examiners.examine(SCANS / "pages/blank_white.png").pages
    assert (page.blank, page.text, page.source) == (True, "", "none")


@pytest.fixture(scope="module")
def scanned_cover(tmp_path_factory) -> Path:
    """Two cover sheets as a scanner would deliver them: grey, slightly askew, one side turned."""
    printed = pypdfium2.PdfDocument(
        cover_pdf([Sheet("D000001", "sales_contract", "", ""), Sheet("D000002", None, "", "")])
    )
    sides = [page.render(scale=150 / 72).to_pil().convert("L") for page in printed]
    sides = [sides[0].rotate(2, fillcolor=250), sides[1].rotate(90, expand=True)]
    path = tmp_path_factory.mktemp("covers") / "stack.tif"
    sides[0].save(path, save_all=True, append_images=sides[1:])
    return path


def test_scanned_covers_are_found(examiners, scanned_cover):
    """The code routes, whichever way the sheet went through the feeder."""
    facts = examiners.examine(scanned_cover)
    assert [(c.page_index, c.dossier, c.doc_type) for c in facts.covers] == [
        (0, "D000001", "sales_contract"),
        (1, "D000002", None),
    ]


def test_a_cover_is_found_when_both_codes_are_ruined(examiners, scanned_cover, tmp_path):
    """The printed payload is read when the codes cannot be."""
    with Image.open(scanned_cover) as stack:
        stack.seek(0)
        page = stack.convert("L").rotate(-2, fillcolor=250)
    for top in (250, 830):
        page.paste(250, (500, top, 740, top + 420))
    page.save(tmp_path / "ruined.png")
    facts = examiners.examine(tmp_path / "ruined.png")
    assert [(c.dossier, c.doc_type) for c in facts.covers] == [("D000001", "sales_contract")]


def test_the_engine_has_a_name(examiners):
    """`doctor` can say which engine reads here."""
    assert examiners.backend()[0] in ("openvino", "onnxruntime")
