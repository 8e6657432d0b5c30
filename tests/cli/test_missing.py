"""`missing` against the text of the car dealer's regulation (S001-3)."""

import pytest
from archive_home import VIN

# S001-3-R13 in its order; the twelfth only for particular customers.
NEW_CAR = ["green_card", "invoice_copy", "sales_contract", "identity", "delivery_check",
           "driving_licence", "insurance", "derived_service", "conformity_cert",
           "delivery_photo", "pdi"]  # fmt: skip
SERVICE = {
    "minor_repair": {"reception", "work_order", "settlement", "free_check_12"},  # R15
    "first_service": {"reception", "work_order", "settlement", "first_service_card",
                      "free_check_12"},  # R16
    "maintenance": {"reception", "work_order", "settlement", "free_check_12"},  # R17
    "overhaul": {"reception", "work_order", "settlement", "test_drive", "estimate",
                 "free_check_12"},  # R18
    "warranty_claim": {"reception", "work_order", "settlement", "free_check_12"},  # R19
}  # fmt: skip


def items(home, *words):
    return [row["item"] for row in home.json("missing", *words)]


@pytest.mark.rule("S001-3-R13")
def test_a_new_car_file_wants_its_eleven_papers(home, scan):
    """Eleven for everybody; each that is filed leaves the list."""
    assert sorted(items(home, "--dossier", "D000001")) == sorted(NEW_CAR)
    home.drop("C000001/D000001/合同/a.pdf", scan())
    home.lines("watch", "--once")
    assert sorted(items(home, "--dossier", "D000001")) == sorted(set(NEW_CAR) - {"sales_contract"})


@pytest.mark.rule("S001-3-R13")
def test_the_twelfth_is_for_particular_customers(home):
    """其它证明类文件 is asked for when the customer's card says special."""
    home.json("customer", "edit", "C000001", "--field", "special=特殊客户")
    assert sorted(items(home, "--dossier", "D000001")) == sorted([*NEW_CAR, "other_proof"])


@pytest.mark.rule("S001-3-R13")
@pytest.mark.parametrize("paper", ["id_card", "org_code_cert", "business_licence"])
def test_any_of_three_papers_proves_identity(home, scan, paper):
    """身份证 or 组织机构代码证 or 营业执照."""
    home.drop(f"C000001/D000001/{paper}/a.pdf", scan())
    home.lines("watch", "--once")
    assert "identity" not in items(home, "--dossier", "D000001")


@pytest.mark.rule("S001-3-R11")
@pytest.mark.parametrize(
    ("sale", "due"),
    [
        ("2026-03-02", "2026-03-05"),  # Monday: three working days within the week
        ("2026-03-05", "2026-03-10"),  # Thursday: over a weekend
        ("2026-02-12", "2026-02-24"),  # Saturday the 14th is worked, then Spring Festival
        ("2026-04-30", "2026-05-08"),  # Labour Day, from the 1st to the 5th
        ("2026-09-24", "2026-09-30"),  # mid-autumn, from the 25th to the 27th
        ("2026-09-30", "2026-10-10"),  # National Day; Saturday 10 October is a make-up day
    ],
)
def test_due_three_working_days_after_the_sale(home, sale, due):
    """Working days follow the State Council's notice, make-up days included."""
    home.json("dossier", "event", "D000001", f"sale={sale}")
    rows = home.json("missing", "--dossier", "D000001")
    assert {row["due"] for row in rows} == {due}
    assert {row["department"] for row in rows} == {"sales"}
    assert {row["clause"] for row in rows} == {"S001-3-R13"}


@pytest.mark.rule("S001-3-R14")
@pytest.mark.parametrize(("delivery", "due"), [("2026-03-05", "2026-03-06"),
                                               ("2026-03-06", "2026-03-09"),
                                               ("2026-02-13", "2026-02-14")])  # fmt: skip
def test_after_sales_files_are_due_one_working_day_after_delivery(home, delivery, due):
    """On the next working day, which may be a Saturday that is worked."""
    home.json("dossier", "event", "D000002", f"delivery={delivery}")
    rows = home.json("missing", "--dossier", "D000002")
    assert {row["due"] for row in rows} == {due}
    assert {row["department"] for row in rows} == {"after_sales"}


@pytest.mark.rule("S001-3-R15")
@pytest.mark.rule("S001-3-R16")
@pytest.mark.rule("S001-3-R17")
@pytest.mark.rule("S001-3-R18")
@pytest.mark.rule("S001-3-R19")
@pytest.mark.parametrize("kind", SERVICE)
def test_service_files_want_their_papers(home, kind):
    """What may be attached to a settlement sheet is never missing."""
    home.json("dossier", "open", "C000002", kind, "--key", f"vin={VIN}")
    assert set(items(home, "--dossier", "D000003")) == SERVICE[kind]
    assert {r["dossier_type"] for r in home.json("missing", "--dossier", "D000003")} == {kind}


def test_without_the_event_there_is_no_date_and_nothing_is_overdue(home):
    """What has no due date comes last and is never overdue."""
    rows = home.json("missing", "--on", "2030-01-01")
    assert [row["dossier"] for row in rows if row["due"] is None] == ["D000002"] * 4
    assert [row["due"] for row in rows][-4:] == [None] * 4
    assert not [row for row in rows if row["due"] is None and row["overdue"]]


def test_overdue_depends_on_the_day_asked_for(home):
    """Due on the day is in time; the day after is not."""
    home.json("dossier", "event", "D000001", "sale=2026-03-02")
    assert home.json("missing", "--overdue", "--on", "2026-03-05") == []
    late = home.json("missing", "--overdue", "--on", "2026-03-06")
    assert len(late) == len(NEW_CAR)
    assert all(row["overdue"] for row in late)


def test_departments_and_customers_narrow_the_list(home):
    """By id or by the name of the department; by customer."""
    both = len(NEW_CAR) + 4
    assert len(home.json("missing")) == both
    assert len(home.json("missing", "--department", "sales")) == len(NEW_CAR)
    assert len(home.json("missing", "--department", "销售部")) == len(NEW_CAR)
    assert len(home.json("missing", "--customer", "C000002")) == 4
    assert home.json("missing", "--customer", "C000002", "--dossier", "D000001") == []
    assert home.run("missing", "--department", "没有的部门").code == 2


def test_rows_have_the_fields_of_the_contract(home):
    """Each row says what, whose, by when and by which clause."""
    row = home.json("missing")[0]
    assert {"customer", "dossier", "dossier_type", "item", "title", "due", "overdue",
            "department", "clause"} <= set(row)  # fmt: skip


def test_days_of_a_year_without_published_make_up_days_are_a_forecast(home):
    """Said once beside the list, and of each row; never of days that are known."""
    home.json("dossier", "open", "C000002", "maintenance", "--key", f"vin={VIN}",
              "--event", "delivery=2035-09-28")  # fmt: skip
    rows = {row["dossier"]: row["certain"] for row in home.json("missing", "--on", "2035-09-28")}
    assert (rows["D000001"], rows["D000003"]) == (True, False)
    told = "make-up days"
    assert told in home.run("missing", "--dossier", "D000003").err
    assert told not in home.run("missing", "--dossier", "D000001").err


def test_a_file_whose_event_nobody_recorded_says_what_it_waits_for(home):
    """Without the day of sale nothing of a new car falls due: the list says so."""
    home.json("dossier", "open", "C000001", "new_car", "--key", f"vin={VIN}",
              "--event", "delivery=2026-03-05")  # fmt: skip
    rows = home.json("missing", "--dossier", "D000003")
    assert {(row["due"], *row["waits_for"]) for row in rows} == {(None, "sale")}
    assert (
        "待“销售”" in home.run("missing", "--dossier", "D000003", ARCHIVIST_LANG="zh").out.decode()
    )
    home.json("dossier", "event", "D000003", "sale=2026-03-05")
    rows = home.json("missing", "--dossier", "D000003")
    assert {(row["due"], *row["waits_for"]) for row in rows} == {("2026-03-10",)}


def test_all_dossiers_lack_together_what_each_lacks_alone(home, scan):
    """Dossiers that look alike are worked out once, and none gets another's rows: neither papers,
    days, what is asked of its customer, nor what was said of a paper."""
    home.json("customer", "edit", "C000002", "--field", "special=特殊客户")
    sold = ("2026-03-02", "2026-03-02", "2026-03-02", "2026-03-04")
    for number, day in enumerate(sold):
        home.json("dossier", "open", f"C00000{number // 2 + 1}", "new_car",
                  "--key", f"vin={VIN[:-1]}{number}", "--event", f"sale={day}")  # fmt: skip
    for number, dossier in enumerate(("D000003", "D000004", "D000005", "D000006")):
        where = f"C00000{number // 2 + 1}/{dossier}/sales_contract/{number}.pdf"
        home.drop(where, scan(f"第{number}份"))
    home.lines("watch", "--once")
    said = [row["record"] for row in home.json("dossier", "show", "D000004")["records"]]
    home.json("attest", said[0], "--copy", "photocopy")
    alone = [row for number in range(1, 7)
             for row in home.json("missing", "--dossier", f"D{number:06}")]  # fmt: skip

    def whole(rows):
        return sorted(map(str, rows))

    assert whole(home.json("missing")) == whole(alone)
    of = {d: [(r["item"], r["due"], r["lack"]) for r in alone if r["dossier"] == d]
          for d in ("D000003", "D000004", "D000005", "D000006")}  # fmt: skip
    assert len({str(sorted(rows)) for rows in of.values()}) == 4
