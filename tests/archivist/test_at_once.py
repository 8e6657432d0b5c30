"""What is asked of a whole archive at once is what each dossier and record answers alone."""

import json
import random
from collections import Counter
from datetime import date, timedelta

import pytest
from archive_home import Home

from archivist.keeping import Schedule
from archivist.missing import missing_items
from archivist.regulations import policy_of
from archivist.standing import company_calendar
from archivist.sweeping import plan_of

TODAY = date(2026, 11, 29)
CALENDAR = company_calendar({})
TYPES = ("green_card", "invoice_copy", "sales_contract", "id_card", "business_licence", "pdi",
         "other_proof", "handover_receipt")  # fmt: skip


def day(chance, years):
    return (TODAY - timedelta(days=chance.randint(0, 365 * years))).isoformat()


def dossier(chance, number):
    events = {"sale": day(chance, 16)} if chance.random() < 0.8 else {}
    closed = day(chance, 14) if chance.random() < 0.5 else None
    return (f"D{number:06}", f"C{number % 7 + 1:06}", "new_car", json.dumps({"vin": "x"}),
            json.dumps(events), "{}", closed, "2010-01-01T00:00:00Z", None)  # fmt: skip


def record(chance, number, packs):
    name, index = f"R{number:08}", chance.randint(0, 40)
    return (name, index, "C000001", f"D{chance.randint(1, 60):06}", chance.choice(TYPES), "SECRET",
            "SECRET", 1, 1, "application/pdf", "pdf", 9, f"{day(chance, 14)}T18:30:00Z", "li",
            f"{number:026}", f"{number:064}", "{}", "[]", chance.choice(packs), name,
            None)  # fmt: skip


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """An archive with 60 dossiers and 500 records made up at random, straight in the catalogue."""
    home, chance = Home(tmp_path_factory.mktemp("full")), random.Random(5)
    home.json("init", home.root, "--pack", "auto-dealer", "--pack", "secrecy", "--pack",
              "statutory-floors", "--work-factor", "16")  # fmt: skip
    archive = home.open()
    archive.follow()
    refs = sorted(f"{row['id']}@{row['version']}" for row in archive.catalogue.all_adoptions())
    packs = [json.dumps(refs), json.dumps(refs[:2])]
    rows = {
        "customer": [(f"C{n:006}", f"name {n}", "person", None, None, None,
                      json.dumps({"special": "yes"} if n % 2 else {}), "2010-01-01T00:00:00Z",
                      None, "2020-01-01T00:00:00Z" if n == 3 else None)
                     for n in range(1, 8)],
        "dossier": [dossier(chance, n) for n in range(1, 61)],
        "record": [record(chance, n, packs) for n in range(1, 501)],
        "attestation": [(f"R{n:08}", "", "signature", "customer", "no", n)
                        for n in range(1, 501, 9)],
        "kept": [(f"R{n:08}", day(chance, 3)) for n in range(1, 501, 20)],
    }  # fmt: skip
    for table, some in rows.items():
        marks = ", ".join("?" * len(some[0]))
        archive.catalogue._run_each(f"INSERT INTO {table} VALUES ({marks})", some)
    archive.catalogue._run("UPDATE attestation SET dossier = "
                           "(SELECT dossier FROM record WHERE record.id = record)")  # fmt: skip
    yield archive, policy_of(archive.settings, archive.catalogue)
    archive.close()


def test_all_dossiers_lack_what_each_lacks(full):
    """The list of everything against the lists of each dossier, which read every paper."""
    archive, policy = full
    whole = missing_items(archive, policy, CALENDAR, TODAY)
    alone = []
    for n in range(1, 61):
        alone += missing_items(archive, policy, CALENDAR, TODAY, dossier=f"D{n:06}")

    def in_order(rows):
        return sorted(rows, key=lambda row: json.dumps(row, sort_keys=True))

    # A restricted customer has no name in a list of everybody.
    for row in alone:
        row["customer_name"] = None if row["customer"] == "C000003" else row["customer_name"]
    assert in_order(whole) == in_order(alone)
    assert {row["lack"] for row in whole} >= {"document", "signature"}
    assert [row["due"] or "9999" for row in whole] == sorted(row["due"] or "9999" for row in whole)


def test_a_plan_is_what_each_paper_and_each_list_says(full):
    """Until when a record is kept is asked of each; what is overdue, of the list of what lacks."""
    archive, policy = full
    plan, schedule = plan_of(archive, policy, CALENDAR, TODAY), Schedule(archive, policy)
    over, stays, appraised = {}, Counter(), archive.catalogue.all_kept()
    for n in range(1, 501):
        row = archive.catalogue.record(f"R{n:08}")
        until = appraised.get(row["id"])
        kept = schedule.kept(row, archive.the("dossier", row["dossier"]),
                             date.fromisoformat(until) if until else None)  # fmt: skip
        if kept.over(TODAY):
            over[row["id"]] = (kept.day, kept.clauses, kept.packs)
        else:
            stays[kept.why] += 1
    told = {line.id: (line.day, line.clauses, line.packs)
            for line in plan.retention if line.act == "dispose"}  # fmt: skip
    assert told == over
    assert len(over) > 20
    assert sum(plan.kept.values()) == 500
    assert {code: plan.kept[code] for code in stays} == stays
    late = missing_items(archive, policy, CALENDAR, TODAY, overdue=True)
    lines = Counter((line.dossier, line.what, line.lack, line.detail, str(line.day))
                    for line in plan.deadlines)  # fmt: skip
    assert lines == Counter(
        (row["dossier"], row["item"], row["lack"], row["detail"], row["due"]) for row in late
    )
    assert len(lines) > 20
