"""An archive where papers are lent: its people by role, and one regulation small enough to read.

    li      archivist: keeps the papers          lin     salesman, borrows
    zhao    head of the department, step 1       wang    head of the archive, step 2
    chen    neither; another department's        gm      may know all without being asked

`RULES` asks two steps for an original, one for a view, none for the general manager.
"""

from typing import Any

from archive_home import PASSPHRASE, Home

PEOPLE = {
    "lin": ("salesman", "sales"),
    "zhao": ("department_head", "sales"),
    "wang": ("archive_head", "customer_care"),
    "chen": ("clerk_elsewhere", "after_sales"),
    "gm": ("general_manager", "sales"),
}

RULES = """
[pack]
id = "lending"
version = "1"
zh = "档案借阅制度"
en = "lending"
source = "X"
effective_from = 2020-01-01

[[role]]
id = "borrower"
zh = "借阅人"
en = "borrower"
clause = "X-0"

[[role]]
id = "archive_head"
zh = "档案负责人"
en = "head of the archive"
clause = "X-0"

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

[[role]]
id = "supervisor"
zh = "主管"
en = "supervisor"
clause = "X-0"

[[approval]]
id = "originals"
zh = "借出原件"
en = "lending originals"
actions = ["borrow", "take_out"]
steps = ["department_head:approve", "archive_head:approve"]
register = true
due_date = true
purpose = true
clause = "X-1"

[[approval]]
id = "look"
zh = "查阅"
en = "looking"
actions = ["view"]
steps = ["department_head:approve"]
clause = "X-2"

[[approval]]
id = "outside"
zh = "外单位查阅"
en = "readers from outside"
actions = ["view"]
relations = ["external"]
steps = ["archive_head:approve"]
evidence = ["intro_letter", "reader_id"]
register = true
clause = "X-3"

[[approval]]
id = "authority"
zh = "主管部门检查"
en = "inspections"
actions = ["view"]
relations = ["authority"]
purposes = ["inspection"]
free = true
clause = "X-4"

[[approval]]
id = "standing"
zh = "总经理查阅"
en = "the general manager looks"
actions = ["view"]
requesters = ["general_manager"]
free = true
clause = "X-5"

[[approval]]
id = "keep_back"
zh = "暂不归还"
en = "keeping papers back"
actions = ["keep_back"]
steps = ["supervisor:approve"]
clause = "X-6"

[[document_type]]
id = "intro_letter"
zh = "单位介绍信"
en = "letter of introduction"
clause = "X-3"

[[document_type]]
id = "reader_id"
zh = "查阅人身份证件"
en = "identity of a reader"
clause = "X-3"

[[loan_rule]]
id = "originals"
zh = "借出须登记，在规定时间内归还"
en = "loans are entered and come back within the set time"
kinds = ["borrow", "take_out"]
forbids = ["on_lend"]
demands = ["registration", "purpose", "due_date", "joint_count", "loan_card"]
days_from = "loan_days"
excused_by = ["supervisor"]
overdue = "overdue_loan"
clause = "X-7"

[[penalty]]
id = "overdue_loan"
zh = "逾期未归还档案"
en = "not returned in time"
on = "overdue_loan"
who = ["borrower"]
per = "time"
sanction = "按违纪处理"
clause = "X-8"

[[incident]]
id = "lost_papers"
zh = "发现档案损坏、遗失"
en = "papers damaged or lost"
of = ["damage", "loss"]
notify = ["general_manager"]
remedies = ["积极追查"]
clause = "X-9"

[[form]]
id = "loan_register"
zh = "档案借阅登记簿"
en = "loan register"
of = "loans"
columns = ["档案名称", "借阅人", "借阅时间", "借阅用途", "归还时间", "实际归还时间"]
clause = "X-7"

[[form]]
id = "external_readers"
zh = "外单位人员查阅登记"
en = "register of readers from outside"
of = "external_readers"
columns = ["查阅人", "工作单位", "查阅时间", "档案名称", "查阅理由"]
clause = "X-3"

[[form]]
id = "loan_card"
zh = "借阅卡"
en = "loan card"
of = "loan_card"
fields = ["资料名称", "密级", "借阅人", "借阅部门", "借阅日期", "归还日期", "批准人"]
signatures = ["借阅人", "档案管理员"]
clause = "X-7"
"""


def staffed(home: Home, *people: str, rules: str = RULES, **settings: Any) -> Home:
    """The archive with these people and the rules of lending in force."""
    home.set("keys", scrypt_log_n=16)
    home.set("company", **({"loan_days": 14} | settings))
    for name in people or PEOPLE:
        roles, department = PEOPLE[name]
        ran = home.run("person", "add", name, "--role", roles, "--department", department,
                       ARCHIVIST_NEW_PASSPHRASE=PASSPHRASE)  # fmt: skip
        assert ran.code == 0, ran.err
    path = home.top / "lending.toml"
    path.write_text(rules, "utf-8")
    home.json("pack", "adopt", path)
    return home


def filed(home: Home, scan: Any, *texts: str, dossier: str = "D000001") -> list[str]:
    """Records of these texts, of three pages each, in a dossier; their ids."""
    made = []
    for text in texts:
        path = home.top / f"{text}.pdf"
        path.write_bytes(scan(text, pages=3))
        made.append(home.json("file", path, "--dossier", dossier, "--type", "sales_contract",
                              "--grade", "INTERNAL")["record"])  # fmt: skip
    return made
