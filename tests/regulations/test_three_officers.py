"""System administrator, security officer and audit officer exclude each other."""

import pytest

from policies.pack_rows import Role

OFFICERS = {"sys_admin", "sec_officer", "audit_officer"}
DUTIES = {"carry_out": "sys_admin", "clear": "sec_officer", "verify": "audit_officer"}


@pytest.mark.rule("GB/T 39784-2021")
def test_each_officer_excludes_both_others(law):
    """Three offices, three persons; whoever runs the system is cleared for nothing."""
    roles = {cited.row.id: cited.row for cited in law.policy("three-officers").rows(Role)}
    assert {name: set(row.excludes) for name, row in roles.items()} == {
        name: OFFICERS - {name} for name in OFFICERS
    }
    assert [name for name, row in roles.items() if row.uncleared] == ["sys_admin"]


@pytest.mark.rule("GB/T 39784-2021")
def test_each_officer_has_an_office_of_his_own(law):
    """One runs the system, one clears people, one verifies the ledger."""
    policy = law.policy("three-officers")
    for act, role in DUTIES.items():
        (duty,) = policy.duties(act)
        assert duty.row.roles == (role,)
