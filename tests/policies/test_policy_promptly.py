"""及时: a deadline without a number waits for the company's word."""

import pytest

from policies.pack_rows import Deadline
from policies.packs import parse_pack
from policies.policy import Policy
from policies.promptly import with_numbers

PACK = """
[pack]
id = "desk"
version = "1"
zh = "前台"
en = "Desk"
source = "made up"
effective_from = 2026-01-01

[[document_type]]
id = "note"
zh = "记录"
en = "note"
clause = "T-R01"

[[dossier_type]]
id = "call"
zh = "来电"
en = "call"
kind = "case"
department = "desk"
clause = "T-R01"
[[dossier_type.event]]
id = "received"
zh = "收到"
en = "received"
[[dossier_type.item]]
id = "note"
zh = "记录"
en = "note"
types = ["note"]
clause = "T-R01"
[[dossier_type.deadline]]
after = "received"
days_from = "desk_prompt"
roll = "none"
clause = "T-R02"

[[need]]
id = "desk_prompt"
kind = "working_days"
zh = "及时是几个工作日"
en = "how many working days promptly means"
clause = "T-R02"
"""


def test_the_company_says_how_many_days_promptly_means():
    """The number goes into the deadline, in the unit the need asks for."""
    policy = Policy.adopt([parse_pack(PACK)], {"desk_prompt": "3"})
    (deadline,) = policy.dossier_type("call").deadlines
    assert (deadline.unit, deadline.count) == ("working_days", 3)


@pytest.mark.parametrize("said", ["", "soon", "0", "三"])
def test_without_a_number_there_is_no_due_date_and_the_question_stays_open(said):
    """No number, or a word that is none, makes no deadline and is asked."""
    policy = Policy.adopt([parse_pack(PACK)], {"desk_prompt": said})
    assert policy.dossier_type("call").deadlines == ()
    assert "desk_prompt" in [question.setting for question in policy.questions]


def test_a_deadline_with_its_own_number_is_left_alone():
    """Only open deadlines are touched."""
    fixed = Deadline("received", "T-R02", days=2, roll="none")
    assert with_numbers((fixed,), {}, ()) == (fixed,)
