"""What DA/T 13-2022 and DA/T 22-2015 say of archival codes, as the pack has it."""

from __future__ import annotations

import pytest

from policies.archival_codes import Template, Uncoded, template_for
from policies.keeping_rows import ArchivalCode
from policies.pack_rows import Need

PACK = "archival-codes"
PARTS = {"year": "2026", "keep": "D30"}


@pytest.mark.rule("DA/T 13-2022")
def test_codes_are_written_as_the_standard_has_them(law):
    """全宗号-类别号-案卷号-件号; the category of the series goes before the pack's own."""
    policy = law.policy(PACK, "office-records", "auto-dealer", "secrecy", fonds="Z109")
    for dossier_type, code in (("year_volume", "Z109-WS·2026·D30-0007"),
                               ("new_car", "Z109-ZY·2026·D30-0007")):  # fmt: skip
        template = template_for(policy, dossier_type, PARTS)
        assert isinstance(template, Template)
        assert template.volume(7) == code
        assert template.item(code, 12) == f"{code}-012"


@pytest.mark.rule("DA/T 13-2022")
def test_the_fonds_number_is_the_companys_to_say(law):
    """It is asked for, and no code is made up without it."""
    policy = law.policy(PACK, "office-records", "secrecy")
    assert [row.id for row in law.pack(PACK).rows(Need)] == ["fonds"]
    assert "fonds" in {question.setting for question in policy.questions}
    found = template_for(policy, "year_volume", PARTS)
    assert isinstance(found, Uncoded) and found.lacks == "fonds"


@pytest.mark.rule("DA/T 13-2022")
def test_there_is_one_way_for_all_dossiers(law):
    """A general row; a company may write its own."""
    (row,) = law.pack(PACK).rows(ArchivalCode)
    assert not row.series and not row.dossier_types
