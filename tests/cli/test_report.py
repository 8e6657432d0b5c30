"""`archivist report`: formats and files, and that nothing is cut or run."""

import csv
import io
import re

import pypdfium2
import pytest
from archive_home import VIN

EVIL = "=HYPERLINK(0)"


@pytest.fixture
def late(home):
    """The template's archive with a service that came late, whose adviser has an odd name."""
    home.json("dossier", "open", "C000002", "maintenance", "--key", f"vin={VIN}",
              "--key", f"adviser={EVIL}", "--event", "delivery=2026-03-05")  # fmt: skip
    return home


def rows_of(content):
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def pages_of(path):
    pdf = pypdfium2.PdfDocument(path)
    return [(page.get_size(), page.get_textpage().get_text_range()) for page in pdf]


MONTH = ("--month", "2026-03", "--on", "2026-03-31")


def test_a_report_is_a_table_with_both_numbers(late):
    """On the screen, without a format."""
    ran = late.run("report", "timeliness", *MONTH)
    assert ran.code == 0
    assert "0/1 (0%)" in ran.out.decode()
    assert "S001-3-R14" in ran.out.decode()


def test_csv_begins_with_its_heads_for_a_spreadsheet_program(late, tmp_path):
    """A byte order mark, then the heads; a further table follows an empty line."""
    path = tmp_path / "rates.csv"
    assert late.run("report", "timeliness", *MONTH, "-o", path).code == 0
    content = path.read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    rows = rows_of(content)
    assert rows[0][:3] == ["department", "month", "met / due"]
    assert rows[1][:3] == ["After-sales service", "2026-03", "0/1 (0%)"]
    assert rows[2] == [] and rows[3] == ["not in time"]


def test_csv_on_stdout_is_the_file_itself(late, tmp_path):
    """The same bytes, and nothing else."""
    path = tmp_path / "rates.csv"
    late.run("report", "inventory", "--on", "2027-01-01", "-o", path)
    ran = late.run("report", "inventory", "--on", "2027-01-01", "--format", "csv")
    assert ran.out == path.read_bytes()


def test_a_cell_that_looks_like_a_formula_is_text(late):
    """A name must not run when a clerk opens the file."""
    ran = late.run("report", "violations", *MONTH, "--format", "csv")
    cells = {cell for row in rows_of(ran.out) for cell in row}
    assert f"'{EVIL}" in cells
    assert not {cell for cell in cells if cell.startswith(("=", "+", "-", "@"))}


def test_html_stands_alone_and_runs_nothing(late):
    """No script, nothing from elsewhere; names are text."""
    late.json("dossier", "open", "C000002", "maintenance", "--key", f"vin={VIN}",
              "--key", "adviser=<script>x</script>", "--event", "delivery=2026-03-05")  # fmt: skip
    page = late.run("report", "violations", *MONTH, "--format", "html").out.decode("utf-8")
    assert "<script" not in page and "&lt;script&gt;" in page
    assert not re.search(r"(?:src|href)=|url\(|@import|https?:", page)
    assert "no payroll" in page


@pytest.mark.parametrize("kind", ["timeliness", "completeness", "violations", "complaints",
                                  "inventory"])  # fmt: skip
def test_every_report_is_a_pdf_on_a4_with_numbered_pages(late, tmp_path, kind):
    """Upright or across, with its title, Chinese and all."""
    path = tmp_path / f"{kind}.pdf"
    ran = late.run("report", kind, *MONTH, "-o", path, ARCHIVIST_LANG="zh")
    assert ran.code == 0, ran.err
    for number, (size, text) in enumerate(pages_of(path), 1):
        assert sorted(size) == [595, 842]
        assert f"第 {number} 页" in text


def test_no_row_of_a_long_report_is_lost_on_paper(late, tmp_path):
    """Sixty late services: each id once, the heads on every page."""
    for number in range(60):
        late.json("dossier", "open", "C000002", "maintenance", "--key", f"vin={VIN}",
                  "--event", f"delivery=2026-03-{number % 28 + 1:02}")  # fmt: skip
    path = tmp_path / "violations.pdf"
    late.run("report", "violations", "--year", "2026", "--on", "2026-12-31", "-o", path,
             ARCHIVIST_LANG="zh")  # fmt: skip
    pages = pages_of(path)
    assert len(pages) > 1
    assert {size for size, _ in pages} == {(842, 595)}
    text = re.sub(r"\s", "", "".join(text for _, text in pages))
    listed = late.json("report", "violations", "--year", "2026", "--on", "2026-12-31")["rows"]
    assert len(listed) == 61
    assert [row["violation"] for row in listed if row["violation"] not in text] == []
    assert "不是工资表" in text
    assert all("评估金额" in re.sub(r"\s", "", text) for _, text in pages[:-1])


def test_json_holds_numbers_clauses_and_pack_versions(late):
    """For every kind of report."""
    for kind in ("timeliness", "completeness", "violations", "complaints", "inventory"):
        told = late.json("report", kind, *MONTH)
        assert {"numerator", "denominator", "clauses", "packs", "rows"} <= set(told)
        assert all(re.fullmatch(r"[a-z-]+@[\w.]+", pack) for pack in told["packs"])
        assert all({"numerator", "denominator", "clauses"} <= set(row) for row in told["rows"])


@pytest.mark.parametrize(
    "words",
    [
        ("inspection",),
        ("timeliness", "--month", "2026-13"),
        ("timeliness", "--year", "26"),
        ("timeliness", "--month", "2026-03", "--year", "2026"),
        ("timeliness", "--format", "table", "-o", "x.txt"),
        ("timeliness", "-o", "nowhere/x.csv"),
    ],
)
def test_words_that_do_not_fit_are_refused(home, words):
    """Exit code 2; what a later version will report is not offered."""
    assert home.run("report", *words).code == 2


@pytest.mark.parametrize(
    ("said", "kind"),
    [("及时率", "timeliness"), ("完整率", "completeness"), ("违规", "violations"),
     ("投诉", "complaints"), ("目录", "inventory"), ("库存", "inventory")],
)  # fmt: skip
def test_reports_are_asked_for_by_their_chinese_names(late, said, kind):
    """What a clerk calls 及时率 is the report of timeliness."""
    assert late.json("report", said)["report"] == kind
