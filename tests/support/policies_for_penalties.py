"""Packs with penalties as three regulations word them: S001-3, S001-5 and S001-13."""

_HEAD = """
[pack]
id = "{id}"
version = "1"
zh = "{id}"
en = "{id}"
source = "{source}"
effective_from = 2026-01-01
"""


def _penalty(code: str, who: str, clause: str, **fields: object) -> str:
    fields = {"on": code, **fields}
    lines = "\n".join(f"{name} = {_toml(value)}" for name, value in fields.items())
    return f"""
[[penalty]]
id = "{code}"
zh = "{code}"
en = "{code}"
who = {_toml(who.split())}
clause = "{clause}"
{lines}
"""


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return f'"{value}"' if isinstance(value, str) else str(value)


DEALER = "".join(
    (
        _HEAD.format(id="dealer", source="S001-3"),
        _penalty("late_new_car", "sales_adviser", "S001-3-R20", per="visit", amount=50,
                 after="delivery", working_days=3, dossier_types=["new_car"]),
        _penalty("no_customer_signature_sales", "sales_adviser", "S001-3-R21",
                 on="no_customer_signature", per="item", amount=20),
        _penalty("contact_not_verified", "service_adviser", "S001-3-R22", per="visit", amount=50),
        _penalty("late_set", "service_adviser", "S001-3-R23, S001-3-R29", per="visit", amount=50,
                 after="delivery", working_days=1, repeats=True,
                 dossier_types=["maintenance", "overhaul"]),
        _penalty("paper_defect", "service_adviser", "S001-3-R24", per="item", amount=20),
        _penalty("no_customer_signature", "service_adviser", "S001-3-R24, S001-3-R29", per="item",
                 amount=50, repeats=True),
        _penalty("no_internal_signature", "service_adviser", "S001-3-R24", per="item", amount=20),
        _penalty("loss", "sales_adviser service_adviser", "S001-3-R26", per="piece", amount=20,
                 additional=True),
        """
[[penalty_terms]]
id = "sales_terms"
zh = "销售顾问"
en = "sales advisers"
who = ["sales_adviser"]
double_from = 2
clause = "S001-3-R25"

[[penalty_terms]]
id = "service_terms"
zh = "服务顾问"
en = "service advisers"
who = ["service_adviser"]
double_from = 3
pay_cut_from = 10
pay_cut_to = 30
clause = "S001-3-R25"
# further terms

[[duty]]
id = "confirm"
zh = "处罚"
en = "penalties"
act = "confirm_penalties"
roles = ["customer_director"]
clause = "S001-3-R28"
""",
    )
)  # fmt: skip

CARE = _HEAD.format(id="care", source="S001-5") + _penalty(
    "complained", "manager staff", "S001-5-R18", per="time", amount=100
)

TIERS = "".join(
    (
        _HEAD.format(id="tiers", source="S001-13"),
        _penalty("attitude", "staff", "S001-13-R11", per="time", amount=30, amount_to=100),
        _penalty("coldness", "staff", "S001-13-R12", per="time", amount=200, points=5, notice=True),
        _penalty("concealment", "staff", "S001-13-R14", per="time", amount=1000, month_pay=True,
                 notice=True, sanction="记大过"),
        _penalty("late_registration", "staff", "S001-14-R18", per="time",
                 points_from="late_registration_points"),
    )
)  # fmt: skip
