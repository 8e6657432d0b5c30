"""An archive where papers are destroyed: its people by role, and one regulation small enough.

    li      archivist: proposes                      chen    executes
    zhao    head of the department, step 1           gm      general manager, step 2
    wang    appraises, cleared for 秘密               xu, he  witnesses

`RULES` keep contracts for five years from the day of sale, papers of any other type for thirty, and
ask two appraisers for 秘密 papers, one for others. The sale was in 2015: what is filed today has
run out.
"""

from typing import Any

from archive_home import PASSPHRASE, Home

PEOPLE = {
    "zhao": "department_head",
    "gm": "general_manager",
    "wang": "archive_clerk",
    "chen": "archive_clerk",
    "xu": "finance",
    "he": "finance",
}

RULES = """
[pack]
id = "disposing"
version = "1"
kind = "company"
zh = "档案销毁制度"
en = "disposing"
source = "X"
effective_from = 2020-01-01

[[role]]
id = "department_head"
zh = "部门负责人"
en = "head of the department"
clause = "X-0"

[[role]]
id = "general_manager"
zh = "总经理"
en = "general manager"
clause = "X-0"

[[approval]]
id = "destroying"
zh = "到期销毁"
en = "destroying at expiry"
actions = ["destroy"]
steps = ["department_head:review", "general_manager:approve"]
clause = "X-1"

[[disposal]]
id = "destroying"
zh = "按程序销毁"
en = "destroyed by this procedure"
only_by_procedure = true
clause = "X-1"

[[disposal]]
id = "secret"
zh = "秘密资料由两人鉴定"
en = "two appraise what is secret"
grades = ["SECRET"]
appraisal = 2
clause = "X-2"

[[retention]]
id = "contracts"
zh = "合同保存五年"
en = "contracts are kept for five years"
years = 5
start = "sale"
types = ["sales_contract"]
clause = "X-3"

[[retention]]
id = "others"
zh = "其余保存三十年"
en = "others are kept for thirty years"
years = 30
start = "sale"
clause = "X-4"
"""


def staffed(home: Home, rules: str = RULES, **settings: Any) -> Home:
    """The archive with these people, the rules of destroying in force, and a sale long ago."""
    home.set("keys", scrypt_log_n=16)
    if settings:
        home.set("company", **settings)
    adopted(home, rules)
    home.json("dossier", "event", "D000001", "sale=2015-03-05")
    for name, role in PEOPLE.items():
        ran = home.run("person", "add", name, "--role", role, "--department", "sales",
                       ARCHIVIST_NEW_PASSPHRASE=PASSPHRASE)  # fmt: skip
        assert ran.code == 0, ran.err
    for name in ("wang", "chen", "gm"):
        for grade in ("INTERNAL", "SECRET") if name != "gm" else ("INTERNAL",):
            home.json("person", "clear", name, grade)
    return home


def adopted(home: Home, rules: str, code: int = 0) -> None:
    """These rules in force, as a newer version of the company's own pack."""
    path = home.top / "disposing.toml"
    path.write_text(rules, "utf-8")
    home.json("pack", "adopt", path, code=code)


def filed(
    home: Home, scan: Any, *texts: str, grade: str = "INTERNAL", type_: str = "sales_contract"
) -> list[str]:
    """Records of these texts, of two pages each; their ids."""
    made = []
    for text in texts:
        path = home.top / f"{text}.pdf"
        path.write_bytes(scan(text, pages=2))
        made.append(home.json("file", path, "--dossier", "D000001", "--type", type_,
                              "--grade", grade)["record"])  # fmt: skip
    return made
