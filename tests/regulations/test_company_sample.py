"""The sample of a company's own pack answers everything the other packs leave open."""

from dataclasses import replace

from policies.packs import Pack
from policies.questions import open_questions
from policies.rule_rows import CompanySetting, RoleMeaning

ALTERNATIVE = "secrecy-commercial"  # stands in the place of secrecy, not beside it


def questions(law):
    names = [name for name in law.packs if name != ALTERNATIVE]
    return {question.setting for question in open_questions(law.policy(*names))}


def test_the_sample_leaves_nothing_open_among_all_packs(law):
    """All packs together, with the sample: no contradiction, no number missing."""
    assert questions(law) == set()


def test_every_decision_of_the_sample_answers_a_question(law):
    """Without any one of its settings that question is open, or a broader setting takes over."""
    sample = law.pack("company-sample")
    given = {row.id for row in sample.rows(CompanySetting)}
    for kind, name in ((CompanySetting, "id"), (RoleMeaning, "role")):
        rows = sample.rows(kind)
        for row in rows:
            answered = getattr(row, name)
            if answered == "ungraded" or answered.rpartition(".")[0] in given:
                continue  # these policies answer the one themselves; a broader one covers the other
            rest = tuple(other for other in rows if other != row)
            asked = questions(law.without(Pack(sample.head, {**sample.tables, kind: rest})))
            assert any(answered in setting for setting in asked), (answered, asked)


def test_a_regulation_cannot_answer_for_the_company(law):
    """Settings and role maps belong in a company's pack: the same text as a regulation fails."""
    sample = law.pack("company-sample")
    plain = Pack(replace(sample.head, kind="regulation"), sample.tables)
    assert questions(law.without(plain))
