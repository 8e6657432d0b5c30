"""Judging: which route decides, what is refused, and with which reason."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policy_samples import CONTRACT, INVOICE, RECEIPT, REGULATION

from policies.facts import Cover, CustomerInfo, DossierInfo, Facts, Hints, Known, Order, PageFacts
from policies.judge import Accepted, Refused, judge
from policies.policy import Policy
from policies.routing import read_clues

VIN_A, VIN_B = "LVGBE40K9SG105862", "1M8GDM9AXKP042788"
USCC_A = "91440300MA5FKX7T2Q"

FAR = CustomerInfo("C000001", "深圳市远航汽车贸易有限公司", "company", {"uscc": USCC_A})
LI = CustomerInfo("C000002", "李雷", "person", {"uscc": "91110000600037341L"})
CAR_A = DossierInfo("D000001", "C000001", "new_car", {"vin": VIN_A})
CAR_B = DossierInfo("D000002", "C000002", "new_car", {"vin": VIN_B})
SERVICE_A = DossierInfo("D000003", "C000001", "maintenance", {"vin": VIN_A})
KNOWN = Known((CAR_A, CAR_B), (FAR, LI))


def facts_of(text="", blank=False, defect=None):
    page = PageFacts(text, "ocr", blank=blank)
    return Facts("image/jpeg", ".jpg", 1, "0" * 64, (page,), defect=defect)


def decide(
    policy, folders=(), stem="", text="x", *, known=KNOWN, cover=None, order=None, facts=None
):
    facts = facts or facts_of(text)
    clues = read_clues(facts, Hints(tuple(folders), stem, order), policy, cover)
    return judge(facts, clues, known, policy)


def filed(verdict):
    assert isinstance(verdict, Accepted), verdict
    return verdict.dossier, verdict.doc_type, verdict.route


def refused(verdict):
    assert isinstance(verdict, Refused), verdict
    return verdict.reason, verdict.tray


@pytest.mark.parametrize(
    "folders",
    [
        ("C000001", "D000001", "发票"),
        ("深圳市远航汽车贸易有限公司", VIN_A, "invoice_copy"),
        ("c000001", "新车档案", "INVOICE"),
        (USCC_A, "发票"),
        ("D000001", "发票"),
        ("2026-03-05", "C000001", "发票"),
    ],
)
def test_folders_file_a_scan(policy, folders):
    """Customer, dossier and type may each be written as id, name, number or label."""
    assert filed(decide(policy, folders)) == ("D000001", "invoice_copy", "folders")


@pytest.mark.parametrize("stem", ["C000001_D000001_发票", "李雷_发票", f"李雷_{VIN_B}_invoice-2"])
def test_file_names_file_a_scan(policy, stem):
    """The same words in the file name do the same."""
    verdict = decide(policy, stem=stem)
    assert filed(verdict)[1:] == ("invoice_copy", "file-name")
    assert verdict.customer == ("C000001" if "C000001" in stem else "C000002")


def test_content_files_a_scan(policy):
    """A recognised form with a registered number needs no hint, wrong check digit or not."""
    assert filed(decide(policy, text=INVOICE)) == ("D000001", "invoice_copy", "content")
    assert filed(decide(policy, text=CONTRACT)) == ("D000001", "sales_contract", "content")


def test_content_gives_the_type_that_folders_leave_open(policy):
    """The folder names the dossier, the page says what it is."""
    got = filed(decide(policy, ["C000001", "D000001"], text=CONTRACT))
    assert got == ("D000001", "sales_contract", "folders+content")


def test_content_gives_the_dossier_that_the_file_name_leaves_open(policy):
    """The file name says what it is, the page says whose."""
    got = filed(decide(policy, stem="合格证", text=f"车架号 {VIN_A}"))
    assert got == ("D000001", "conformity_cert", "content+file-name")


def test_cover_beats_folders_beats_file_name_beats_content(policy):
    """The stronger route decides where weaker ones say otherwise."""
    cover = Cover(0, "D000002", "pdi")
    everything = {"folders": ["C000002", "D000002", "绿卡"], "stem": "行驶证", "text": CONTRACT}
    assert filed(decide(policy, **everything, cover=cover)) == ("D000002", "pdi", "cover")
    assert filed(decide(policy, **everything)) == ("D000002", "green_card", "folders")
    everything["folders"].pop()
    assert filed(decide(policy, **everything))[1] == "driving_licence"
    everything["stem"] = "scan"
    assert filed(decide(policy, **everything))[1] == "sales_contract"


def test_an_order_by_hand_beats_the_cover(policy):
    """A person who looked at it decides dossier, type and grade."""
    order = Order("D000001", "发票", "机密")
    verdict = decide(policy, ["C000002"], cover=Cover(0, "D000002", "pdi"), order=order)
    assert filed(verdict) == ("D000001", "invoice_copy", "order")
    assert verdict.grade == "CONF"


def test_an_order_may_leave_the_type_to_the_page(policy):
    """`file --dossier D` without a type recognises the form."""
    got = filed(decide(policy, text=INVOICE, order=Order("D000002")))
    assert got == ("D000002", "invoice_copy", "order+content")


@pytest.mark.rule("S001-4-R11")
@pytest.mark.rule("S001-3-R13")
def test_an_acceptance_says_what_it_rests_on(policy):
    """Grade, clauses, packs, title and what is still missing stand on the verdict."""
    have = frozenset({"green_card", "id_card", "delivery_check", "driving_licence", "insurance",
                      "derived_service", "conformity_cert", "delivery_photo"})  # fmt: skip
    car = DossierInfo("D000001", "C000001", "new_car", {"vin": VIN_A}, have=have)
    known = Known((car,), (FAR,))
    verdict = decide(policy, ["C000001", "D000001"], text=CONTRACT, known=known)
    assert verdict.grade == "SECRET"
    assert verdict.clauses == ("S001-3-R13", "S001-4-R11")
    assert verdict.packs == ("auto-dealer@2026.2", "secrecy@2026.2")
    assert verdict.title == "销售合同"
    assert verdict.lacks == ("invoice_copy", "pdi")


@pytest.mark.rule("S001-3-R13")
def test_special_customers_lack_one_thing_more(policy):
    """The twelfth item is asked of customers registered as special."""
    for value, asked in (("yes", True), ("no", False), ("", False), ("是", True)):
        special = CustomerInfo("C000001", "甲", "person", {"special": value})
        known = Known((CAR_A,), (special,))
        verdict = decide(policy, ["C000001", "发票"], known=known)
        assert ("other_proof" in verdict.lacks) is asked


@pytest.mark.rule("S001-3-R12")
def test_a_handover_receipt_may_lie_in_any_dossier(policy):
    """No checklist asks for it, and it is filed where it was put."""
    verdict = decide(policy, ["C000001"], text=RECEIPT)
    assert filed(verdict) == ("D000001", "handover_receipt", "folders+content")
    assert verdict.clauses[0] == "S001-3-R12"


@pytest.mark.parametrize(
    "facts, reason, tray",
    [
        (facts_of(defect="damaged"), "damaged", "quarantine"),
        (facts_of(defect="encrypted"), "encrypted", "quarantine"),
        (facts_of(defect="something-new"), "something-new", "quarantine"),
        (Facts("", "", 0, "0" * 64), "empty", "quarantine"),
        (facts_of(blank=True), "blank", "unsorted"),
    ],
)
def test_unfit_scans_are_set_aside(policy, facts, reason, tray):
    """A perfect route does not file a defective scan, but is kept as suggestion."""
    verdict = decide(policy, ["C000001", "D000001", "发票"], facts=facts)
    assert refused(verdict) == (reason, tray)
    assert verdict.suggestion.dossier == "D000001"


def test_a_person_may_file_a_blank_page_but_not_a_damaged_one(policy):
    """An order by hand overrides what the eye can judge, not what the machine cannot read."""
    order = Order("D000001", "照片")
    assert filed(decide(policy, facts=facts_of(blank=True), order=order))[0] == "D000001"
    damaged = decide(policy, facts=facts_of(defect="damaged"), order=order)
    assert refused(damaged) == ("damaged", "quarantine")


def test_duplicates_wait_for_a_person(policy):
    """The same bytes are filed twice only when a person says so."""
    known = Known(KNOWN.dossiers, KNOWN.customers, duplicate_of="R00000001")
    place = ["C000001", "D000001", "发票"]
    assert refused(decide(policy, place, known=known)) == ("duplicate", "duplicates")
    order = Order("D000001", "发票")
    assert refused(decide(policy, known=known, order=order)) == ("duplicate", "duplicates")
    order = Order("D000001", "发票", despite_duplicate=True)
    assert filed(decide(policy, known=known, order=order))[0] == "D000001"


@pytest.mark.parametrize(
    "given, reason",
    [
        ({}, "no-route"),
        ({"stem": "scan_0001"}, "no-route"),
        ({"text": REGULATION}, "no-route"),
        ({"stem": "发票"}, "no-route"),
        ({"folders": ["王五", "D000001", "发票"]}, "unknown-customer"),
        ({"folders": ["王五"], "text": INVOICE}, "unknown-customer"),
        ({"folders": ["C000009", "发票"]}, "unknown-customer"),
        ({"folders": ["C000001", "D000009", "发票"]}, "unknown-dossier"),
        ({"folders": ["C000001", "D000001", "天书"]}, "unknown-type"),
        ({"folders": ["C000001", "D000001"]}, "unknown-type"),
        ({"stem": "C000009_D000001_发票"}, "unknown-customer"),
        ({"stem": "王五_D000001_发票"}, "unknown-customer"),
        ({"stem": "C000001_D000009_发票"}, "unknown-dossier"),
        ({"stem": "C000001_某车_发票"}, "unknown-dossier"),
        ({"stem": "C000001_D000001"}, "unknown-type"),
        ({"cover": Cover(0, "D000009", "pdi")}, "unknown-dossier"),
        ({"cover": Cover(0, "D000001", "nothing"), "text": INVOICE}, "unknown-type"),
        ({"cover": Cover(0, "", contested=True), "text": INVOICE}, "ambiguous"),
        ({"order": Order("D000009", "发票")}, "unknown-dossier"),
        ({"order": Order("D000001", "天书"), "text": INVOICE}, "unknown-type"),
        ({"order": Order("D000001", "发票", "超密")}, "unknown-grade"),
        ({"folders": ["C000002", "D000001", "发票"]}, "ambiguous"),
        ({"folders": ["C000002"], "stem": "D000001_发票"}, "ambiguous"),
        ({"folders": ["C000002"], "text": INVOICE}, "ambiguous"),
        ({"folders": ["C000001", "C000002", "发票"]}, "ambiguous"),
        ({"text": INVOICE + "\n" + VIN_B}, "ambiguous"),
        ({"text": CONTRACT + "\n91110000600037341L"}, "ambiguous"),
        ({"folders": ["C000001", "接车单"]}, "unknown-dossier"),
    ],
)
def test_unsure_routes_are_refused_with_their_reason(policy, given, reason):
    """What names nobody, or two, goes to the unsorted tray."""
    verdict = decide(policy, **given)
    assert refused(verdict) == (reason, "unsorted")


def test_a_registered_number_of_another_vehicle_is_not_filed_by_elimination(policy):
    """The customer has one car on file, the page shows another one: it is not that car's."""
    verdict = decide(policy, ["C000001"], text=INVOICE.replace(VIN_A, "5GZCZ43D13S812715"))
    assert refused(verdict) == ("unknown-dossier", "unsorted")
    unknown = decide(policy, text=CONTRACT.replace(VIN_A, "5GZCZ43D13S812715"))
    assert refused(unknown) == ("unknown-dossier", "unsorted")


def test_an_unregistered_number_with_a_wrong_check_digit_counts_for_nothing(policy):
    """It may be a misreading, so it neither finds nor excludes a dossier."""
    text = INVOICE.replace(VIN_A, "LVGBE40K9SG105863")
    got = filed(decide(policy, text=text))
    assert got == ("D000001", "invoice_copy", "content")  # by the buyer's registered code
    assert (
        refused(decide(policy, text=CONTRACT.replace(VIN_A, "LVGBE40K9SG105863")))[0] == "no-route"
    )


@pytest.mark.rule("S001-3-R04")
def test_the_checklist_chooses_among_dossiers_of_one_vehicle(policy):
    """One vehicle, several files: the paper goes where it is asked for."""
    known = Known((CAR_A, SERVICE_A), (FAR,))
    assert filed(decide(policy, text=INVOICE, known=known))[0] == "D000001"
    got = decide(policy, [VIN_A, "接车单"], known=known)
    assert filed(got)[0] == "D000003"
    got = decide(policy, ["C000001", "保养档案"], text="接车单\n进厂时间", known=known)
    assert filed(got)[0] == "D000003"
    two = Known((CAR_A, SERVICE_A, DossierInfo("D000004", "C000001", "overhaul")), (FAR,))
    assert refused(decide(policy, ["C000001", "接车单"], known=two))[0] == "ambiguous"


def test_who_answers_for_a_car_does_not_find_it(policy):
    """The adviser's name in a folder or file name means none of his hundred cars."""
    told = {"vin": VIN_A, "adviser": "wangxiaoming"}
    known = Known((DossierInfo("D000001", "C000001", "new_car", told),), (FAR,))
    assert refused(decide(policy, stem="wangxiaoming_发票", known=known))[0] == "no-route"
    verdict = decide(policy, ["wangxiaoming", "发票"], known=known)
    assert refused(verdict)[0] == "unknown-customer"
    assert filed(decide(policy, [VIN_A, "发票"], known=known))[0] == "D000001"


@pytest.mark.rule("S001-3-R04")
def test_a_page_about_two_vehicles_of_one_customer_is_ambiguous(policy):
    """The checklist chooses among files of one vehicle, never between vehicles."""
    second = DossierInfo("D000007", "C000001", "maintenance", {"vin": VIN_B})
    known = Known((CAR_A, second), (FAR,))
    verdict = decide(policy, text=f"{INVOICE}\n{VIN_B}", known=known)
    assert refused(verdict) == ("ambiguous", "unsorted")


def test_closed_dossiers_take_only_what_is_ordered_by_hand(policy):
    """A closed visit does not compete with the open one, and is supplemented only by hand."""
    closed = DossierInfo("D000001", "C000001", "maintenance", {"vin": VIN_A}, closed=True)
    known = Known((closed, SERVICE_A), (FAR,))
    assert filed(decide(policy, [VIN_A, "接车单"], known=known))[0] == "D000003"
    alone = Known((closed,), (FAR,))
    verdict = decide(policy, ["D000001", "接车单"], known=alone)
    assert refused(verdict) == ("dossier-closed", "unsorted")
    order = Order("D000001", "接车单")
    assert filed(decide(policy, known=alone, order=order))[0] == "D000001"


def test_namesakes_are_ambiguous_until_a_dossier_is_named(policy):
    """Two customers of one name: the name alone files nothing, with the car it does."""
    twin = CustomerInfo("C000003", "李雷")
    car = DossierInfo("D000005", "C000003", "new_car", {"vin": VIN_A})
    known = Known((CAR_B, car), (LI, twin))
    assert refused(decide(policy, ["李雷", "发票"], known=known))[0] == "ambiguous"
    assert filed(decide(policy, ["李雷", VIN_A, "发票"], known=known))[0] == "D000005"


def test_two_vehicles_that_differ_in_a_lookalike_stay_two(policy):
    """S and 5 are different characters in a vehicle number."""
    other = VIN_A.replace("SG", "5G")
    known = Known((CAR_A, DossierInfo("D000006", "C000001", "new_car", {"vin": other})), (FAR,))
    assert filed(decide(policy, [VIN_A, "发票"], known=known))[0] == "D000001"
    assert filed(decide(policy, [other, "发票"], known=known))[0] == "D000006"


def test_no_policy_files_nothing():
    """Empty is not approval."""
    verdict = decide(Policy.adopt([], {}), ["C000001", "D000001", "发票"])
    assert refused(verdict) == ("no-policy", "unsorted")


def test_an_undecided_grade_files_nothing(packs):
    """Without the company's setting, customer papers wait; contracts do not."""
    policy = Policy.adopt(packs, {})
    verdict = decide(policy, ["C000001", "D000001", "绿卡"])
    assert refused(verdict) == ("policy-incomplete", "unsorted")
    assert filed(decide(policy, ["C000001", "D000001", "合同"]))[0] == "D000001"


def test_refusals_speak_both_languages_and_quote_nothing(policy):
    """The words are fixed; names and page text stay out, also of the repr."""
    verdict = decide(policy, ["王五"], text="秘密内容" + INVOICE)
    assert " / " in verdict.detail
    assert "王五" not in repr(verdict)
    assert "秘密内容" not in repr(verdict)


words = st.sampled_from(
    [
        "C000001",
        "D000001",
        "D000002",
        "李雷",
        "王五",
        "发票",
        "保养档案",
        VIN_A,
        "x",
        "2026",
        "",
        "_",
    ]
)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(words, max_size=4),
    st.lists(words, max_size=5).map("_".join),
    st.sampled_from(["", "x", INVOICE, CONTRACT, RECEIPT, REGULATION, VIN_B]),
    st.sampled_from([None, Cover(0, "D000001"), Cover(0, "D9"), Cover(0, "", contested=True)]),
)
def test_every_document_gets_a_verdict(policy, folders, stem, text, cover):
    """No combination of clues breaks judging, and every acceptance is into a known dossier."""
    verdict = decide(policy, folders, stem, text, cover=cover)
    if isinstance(verdict, Accepted):
        owner = {"D000001": "C000001", "D000002": "C000002"}[verdict.dossier]
        assert verdict.customer == owner
        assert "王五" not in folders or cover is not None
    else:
        json.dumps([verdict.reason, verdict.tray, verdict.detail])
        assert verdict.tray == "unsorted"
