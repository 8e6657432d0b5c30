"""What registers and forms are filled from: the ledger and the catalogue.

A register has a row for each thing that its regulation is about: a handover, a paper filed, a
complaint, an inspection, a destruction. Each row is a `Known`, and the form asks it by heading.

Rules it keeps: a register lists what lies in dossiers of its own regulation, unless one dossier
or customer is asked for; the company's own registers list all. What the archive has no record of
gives no row at all.

    for known in rows(asked, cited):
        print(known.about("客户名称").lines)
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from archivist.archive import Archive
from archivist.assessing import assessed, plain
from archivist.destruction_rows import register
from archivist.form_words import (
    Known,
    counted_types,
    item_words,
    open_grades,
    say_customer,
    say_dossier,
    type_words,
)
from archivist.loan_book import GRANTED, TEMPORARY
from archivist.loan_copies import copies_of
from archivist.loan_words import loan_words
from archivist.records import Entry
from archivist.regulations import roles_meant
from archivist.standing import company_calendar, dossier_state, local_moment
from archivist.volume_lines import volume_lines
from index.catalogue import Row
from policies.approvals import ACT_WORDS
from policies.calendar import Calendar
from policies.customer_rows import Scheme
from policies.deadlines import missing
from policies.pack_rows import DossierType, Role
from policies.policy import Cited, Policy
from policies.reach import role_words
from policies.rule_rows import Form, Routine
from storage.people import Unlocked


@dataclass(frozen=True)
class Asked:
    """Whose print this is and what it is to be about.

    `period` is `2026-03`, `2026` or "" for all time; days are local ones.
    """

    archive: Archive
    policy: Policy
    person: Unlocked
    today: date
    period: str = ""
    customer: str | None = None
    dossier: str | None = None
    loan: str | None = None

    @cached_property
    def grades(self) -> frozenset[str]:
        """The grades that the person may read."""
        return open_grades(self.archive, self.policy, self.person)

    @cached_property
    def calendar(self) -> Calendar:
        """The company's working days."""
        return company_calendar(self.archive.settings.company)

    def within(self, day: str) -> bool:
        """Whether a local day lies in the period."""
        return day.startswith(self.period)

    def dossiers(self, cited: Cited[Form]) -> Iterator[Row]:
        """The dossiers that a register of this regulation is about."""
        if self.dossier is not None:
            yield self.archive.the("dossier", self.dossier)
            return
        own = {
            row.id
            for pack in self.policy.adopted
            if pack.ref == cited.pack and not cited.company
            for row in pack.rows(DossierType)
        }
        for row in self.archive.catalogue.dossiers(self.customer):
            if self.customer is not None or not own or row["type"] in own:
                yield row

    def known_of(self, row: Row) -> Known:
        """What is known of a dossier and its customer."""
        known = Known()
        customer = self.archive.catalogue.customer(row["customer"])
        if customer is not None and customer["restricted"]:
            row = row | {"keys": {}}
        say_dossier(known, self.policy, row)
        if customer is not None:
            say_customer(known, self.policy, customer, self.grades)
        return known


def rows(asked: Asked, cited: Cited[Form]) -> list[Known]:
    """The rows of a register; none for what the archive has no record of."""
    source = _SOURCES.get(cited.row.of)
    found = list(source(asked, cited)) if source else []
    for number, known in enumerate(found, 1):
        known.say(("序号", "顺序号"), number)
    return found


def of_form(asked: Asked) -> Known:
    """What is known for a form about one dossier, one customer, or nobody."""
    known = Known()
    if asked.loan is not None:
        return loan_words(asked.archive, asked.policy, asked.loan)
    if asked.dossier is not None:
        row = asked.archive.the("dossier", asked.dossier)
        records = asked.archive.catalogue.records(asked.dossier)
        known = asked.known_of(row)
        counts = counted_types(asked.policy, records)
        known.say(("资料清单",), *(f"{zh}　{n} 份" for zh, (n, _) in counts.items()))
        known.say(("缺件",), *_lacking(asked, row))
        if records:
            known.say(("卷内文件数", "文件数"), len(records))
            known.say(("文件页数",), sum(record["pages"] for record in records))
    elif asked.customer is not None:
        row = asked.archive.the("customer", asked.customer)
        say_customer(known, asked.policy, row, asked.grades)
        # The time that counts is the one the archive itself recorded.
        known.say(("登记时间", "登记日期"), f"{local_moment(row['opened']):%Y-%m-%d %H:%M}")
    return known


def _lacking(asked: Asked, row: Row) -> list[str]:
    kind = asked.policy.find_dossier_type(row["type"])
    if kind is None:
        return []  # of a pack that is no longer adopted: nothing is required of it now
    state = dossier_state(asked.archive.catalogue, row)
    found = missing(state, asked.policy, asked.calendar, asked.today)
    return list(dict.fromkeys(lack.title for lack in found if lack.kind == "document"))


# ── handing over and filing ───────────────────────────────────────────────────


def _receipts(asked: Asked, cited: Cited[Form]) -> Iterator[Known]:
    """A line for each handover; in a receipt without dates, one for each kind of paper."""
    wanted = {row["id"]: row for row in asked.dossiers(cited)}
    book = any("日期" in label for label in cited.row.columns)
    for row in asked.archive.catalogue.handovers():
        day = f"{local_moment(row['t']):%Y-%m-%d}"
        if row["dossier"] not in wanted or not asked.within(day):
            continue
        ((at, raw),) = asked.archive.ledger.entries(row["idx"], row["idx"] + 1)
        statement = Entry.parse(at, raw).fields["statement"]
        papers = counted_types(asked.policy, statement["records"])
        groups = [papers] if book else [{zh: count} for zh, count in papers.items()]
        for number, group in enumerate(groups):
            known = asked.known_of(wanted[row["dossier"]])
            _say_receipt(known, group)
            known.say(("日期", "移交日期"), day)
            known.say(("移交人",), row["giver"])
            known.say(("接收人",), row["receiver"])
            if number == 0:
                known.say(("缺件",), _short_of(asked.policy, statement))
            yield known


def _say_receipt(known: Known, group: Mapping[str, list[int]]) -> None:
    known.say(("资料名称", "文件资料名称", "文件名称"), "、".join(group))
    known.say(("份数",), sum(count for count, _ in group.values()))
    known.say(("页数",), sum(pages for _, pages in group.values()))


def _short_of(policy: Policy, statement: Mapping[str, Any]) -> str:
    kind = policy.find_dossier_type(statement["type"])
    titles = dict.fromkeys(item_words(kind, row["item"]) for row in statement["missing"])
    return "、".join(titles) or "无"


def _filed(asked: Asked, cited: Cited[Form]) -> Iterator[Known]:
    """A line for each paper filed in the period, oldest first."""
    found = [
        (record, row)
        for row in asked.dossiers(cited)
        for record in asked.archive.catalogue.records(row["id"])
        if asked.within(f"{local_moment(record['filed']):%Y-%m-%d}")
    ]
    for record, row in sorted(found, key=lambda pair: str(pair[0]["id"])):
        known = _paper(asked, record, asked.known_of(row))
        known.say(("日期", "归档日期"), f"{local_moment(record['filed']):%Y-%m-%d}")
        known.say(("经手人",), record["filed_by"] if record["filed_by"] != "station" else "")
        known.say(("份数",), 1)
        known.say(("页数",), record["pages"])
        yield known


def _paper(asked: Asked, record: Row, known: Known) -> Known:
    """Say the title of a paper to whoever may read it; its type is no secret."""
    known.say(("资料种类", "文种"), type_words(asked.policy, record["type"]))
    held = (record["key"], record["generation"])
    open_ = record["generation"] is None or held in asked.archive.held_by(asked.person.name)
    if open_ and record["customer"] not in asked.archive.catalogue.restricted():
        title = asked.archive.record_card(record, asked.person)["title"]
        known.say(("题名", "文件题名"), title, grade=record["grade"])
    return known


def _contents(asked: Asked, _: Cited[Form]) -> Iterator[Known]:
    """The papers of one dossier as they were filed, with the pages they take up."""
    if asked.dossier is None:
        return
    page = 1
    for record in asked.archive.catalogue.records(asked.dossier):
        known = _paper(asked, record, Known())
        last = page + int(record["pages"]) - 1
        known.say(("页号",), f"{page}-{last}" if last > page else page)
        page = last + 1
        yield known


def _custodians(asked: Asked, cited: Cited[Form]) -> Iterator[Known]:
    """Who keeps the papers of a department: the roles whose office that is."""
    keepers = {
        role
        for duty in asked.policy.duties("keep")
        if duty.pack == cited.pack
        for role in duty.row.roles
    }
    for person in asked.archive.catalogue.people():
        if person["department"] and keepers & roles_meant(asked.policy, person["roles"]):
            known = Known()
            department = asked.policy.departments.get(person["department"])
            name = department.zh if department else person["department"]
            known.say(("系统或部门", "部门"), name)
            known.say(("保管人", "姓名"), person["id"])
            known.say(("备案日期",), f"{local_moment(person['added']):%Y-%m-%d}")
            yield known


# ── customers, complaints, inspections, violations ────────────────────────────


def _customers(asked: Asked, _: Cited[Form]) -> Iterator[Known]:
    for row in asked.archive.catalogue.customers():
        opened = local_moment(row["opened"])
        if asked.customer in (None, row["id"]) and asked.within(f"{opened:%Y-%m-%d}"):
            known = Known()
            known.say(("客户编号",), row["id"])
            say_customer(known, asked.policy, row, asked.grades)
            known.say(("登记时间", "登记日期"), f"{opened:%Y-%m-%d}")
            yield known


def _cases(asked: Asked, cited: Cited[Form]) -> Iterator[tuple[str, Row, DossierType]]:
    """The complaints of the period with the day on which they were received."""
    for row in asked.dossiers(cited):
        kind = asked.policy.find_dossier_type(row["type"])
        if kind is None or kind.kind != "case" or not _about_complaints(kind):
            continue
        names = [*(due.after for due in kind.deadlines), *(event.id for event in kind.events)]
        day = next((row["events"][name] for name in names if name in row["events"]), None)
        if day is not None and asked.within(day):
            yield day, row, kind


def _about_complaints(kind: DossierType) -> bool:
    return any("complaint_record" in item.types for item in kind.items)


def _complaints(asked: Asked, cited: Cited[Form]) -> Iterator[Known]:
    for day, row, _ in sorted(_cases(asked, cited), key=lambda case: (case[0], case[1]["id"])):
        known = asked.known_of(row)
        known.say(("受理日期",), day)
        # When it happened only the customer can say; when he was heard the archive knows.
        known.say(("时间",), f"受理：{day}")
        yield known


def _statistics(asked: Asked, cited: Cited[Form]) -> Iterator[Known]:
    """A line for each department: how many complaints of each kind, how many are closed."""
    kinds = {
        value.id: value.zh
        for scheme in asked.policy.rows(Scheme)
        if scheme.row.of == "case" and scheme.pack == cited.pack
        for value in scheme.row.values
    }
    groups: dict[str, list[Row]] = {}
    for _, row, kind in _cases(asked, cited):
        groups.setdefault(row["keys"].get("department") or kind.department, []).append(row)
    for name, cases in sorted(groups.items()):
        known = Known()
        department = asked.policy.departments.get(name)
        known.say(("部门",), department.zh if department else name)
        for value, zh in kinds.items():
            known.say((zh,), sum(value in row["keys"].values() for row in cases))
        closed = sum(row["closed"] is not None for row in cases)
        known.say(("处理状况",), f"已结案 {closed} 件，未结案 {len(cases) - closed} 件")
        yield known


def _inspections(asked: Asked, cited: Cited[Form]) -> Iterator[Known]:
    """A line for each inspection that the regulation wants in the year, done ones with the day."""
    year = (asked.period or asked.today.isoformat())[:4]
    for routine in asked.policy.rows(Routine):
        if routine.row.of != "inspection" or (routine.pack != cited.pack and not cited.company):
            continue
        days = sorted(day for day in _done(asked, cited, routine.row) if day.startswith(year))
        for number in range(max(len(days), routine.row.times_per_year)):
            known = Known()
            known.say(("检查内容",), routine.row.zh)
            known.say(("实际检查日期", "检查日期"), days[number] if number < len(days) else "")
            yield known


def _done(asked: Asked, cited: Cited[Form], routine: Routine) -> Iterator[str]:
    """The days on which somebody said that it was done, or filed the paper that shows it."""
    for row in asked.archive.catalogue.routines_done():
        if row["routine"] == routine.id:
            yield row["day"]
    for dossier in asked.dossiers(cited):
        for record in asked.archive.catalogue.records(dossier["id"]):
            if record["type"] in routine.types:
                yield f"{local_moment(record['filed']):%Y-%m-%d}"


def _violations(asked: Asked, _: Cited[Form]) -> Iterator[Known]:
    roles = {cited.row.id: cited.row.zh for cited in asked.policy.rows(Role)}
    states = {"open": "未核定", "confirmed": "已核定", "dismissed": "已撤销"}
    for case in assessed(asked.archive, asked.policy, asked.calendar, asked.today):
        row = plain(asked.policy, case)
        if not asked.within(row["on"]):
            continue
        known = Known()
        department = asked.policy.departments.get(row["department"] or "")
        known.say(("日期", "违规日期"), row["on"])
        known.say(("违规", "违规事项", "事项"), row["title"])
        known.say(("责任人", "姓名"), row["person"])
        known.say(("职务",), roles.get(row["role"] or "", row["role"]))
        known.say(("部门",), department.zh if department else row["department"])
        known.say(("客户档案", "档案"), row["dossier"])
        known.say(("数量", "次数"), row["count"])
        known.say(("状态", "处理"), states[row["state"]])
        yield known


def _volumes(asked: Asked, _: Cited[Form]) -> Iterator[Known]:
    """A line for each volume; of a dossier's customer where one is asked for."""
    year = int(asked.period[:4]) if asked.period else None
    yield from volume_lines(asked.archive, asked.policy, year, asked.customer)


# ── loans ─────────────────────────────────────────────────────────────────────


def _loans(asked: Asked, cited: Cited[Form]) -> Iterator[Known]:
    """A line for each loan of the register's kind that was granted in the period."""
    wanted = {row["id"] for row in asked.dossiers(cited)}
    narrowed = asked.customer is not None or asked.dossier is not None
    for row in asked.archive.catalogue.loans():
        day = f"{local_moment(row['requested']):%Y-%m-%d}"
        if (
            asked.loan in (None, row["id"])
            # Lent under this regulation, wherever the papers lie; or out of one of its dossiers.
            and (row["dossier"] in wanted or (cited.pack in row["packs"] and not narrowed))
            and row["state"] in GRANTED
            and _register_of(row) == cited.row.of
            and asked.within(row["issued"] or day)
        ):
            yield loan_words(asked.archive, asked.policy, row["id"])


def _copies(asked: Asked, cited: Cited[Form]) -> Iterator[Known]:
    """A line for each copy made in the period of papers of the register's dossiers."""
    wanted = {row["id"] for row in asked.dossiers(cited)}
    for loan in asked.archive.catalogue.loans():
        if loan["dossier"] not in wanted or not asked.within(loan["issued"] or ""):
            continue
        for copy in copies_of(asked.archive, loan):
            known = Known()  # what is first said of a heading stands
            known.say(("复印件编号", "编号"), copy["copy"])
            known.say(("原件编号",), copy["target"])
            known.say(("份数",), 1)
            known.say(("复印人",), copy["made_by"])
            known.say(("复印日期",), copy["made"])
            known.say(("领用人",), copy["person"])
            known.say(("归还日期",), copy["returned"] or copy["due"])
            known.say(("销毁日期",), copy["destroyed"])
            known.say(("监销人",), copy["witness"])
            yield loan_words(asked.archive, asked.policy, loan["id"], known)


def _destroyed(asked: Asked, cited: Cited[Form]) -> Iterator[Known]:
    """A line for each record that was destroyed in the period."""
    wanted = {row["id"]: row for row in asked.dossiers(cited)}
    for row in register(asked.archive, asked.policy):
        dossier = row["code"].split("/")[1]
        if row["destroyed"] is None or dossier not in wanted or not asked.within(row["destroyed"]):
            continue
        known = asked.known_of(wanted[dossier])
        known.say(("题名", "文件题名", "资料名称"), row["title_zh"])
        known.say(("年度",), row["year"])
        known.say(("档号",), row["code"])
        known.say(("应保管期限", "保管期限"), row["period_zh"])
        known.say(("已保管期限",), row["kept_zh"])
        known.say(("页数",), row["pages"])
        known.say(("密级",), row["grade_zh"])
        known.say(("销毁原因",), row["reason_zh"])
        known.say(("地点", "销毁地点"), row["place"])
        known.say(("方式", "销毁方式"), row["method_zh"])
        known.say(("备注",), row["note_zh"])
        known.say(("到期日期",), row["due"])
        known.say(("销毁日期",), row["destroyed"])
        _say_decided(asked, row["disposal"], known)
        yield known


def _say_decided(asked: Asked, disposal: str, known: Known) -> None:
    """Who said yes under the heading of his step (招商部负责人审核), who carried out and saw it."""
    decided = asked.archive.catalogue.disposal(disposal) or {"approvals": [], "round": None}
    for one in decided["approvals"]:
        if one["round"] == decided["round"]:
            role, act = role_words(asked.policy, one["role"])[0], ACT_WORDS[one["act"]][0]
            known.say((f"{role}{act}",), f"{one['person']} {local_moment(one['time']):%Y-%m-%d}")
    ended = asked.archive.catalogue.destruction(disposal)
    if ended is not None:
        known.say(("执行人", "销毁人"), ended["who"])
        known.say(("监销人",), "、".join(ended["witnesses"]))


def _register_of(row: Row) -> str:
    """The register that a loan belongs in."""
    if row["person"] is None:
        return "external_readers"
    return "temporary_loans" if row["purpose"] == TEMPORARY else "loans"


_SOURCES: dict[str, Callable[[Asked, Cited[Form]], Iterator[Known]]] = {
    "receipts": _receipts,
    "processing": _filed,
    "contents": _contents,
    "custodians": _custodians,
    "volumes": _volumes,
    "customers": _customers,
    "complaints": _complaints,
    "statistics": _statistics,
    "inspection_plan": _inspections,
    "violations": _violations,
    "loans": _loans,
    "temporary_loans": _loans,
    "external_readers": _loans,
    "copies": _copies,
    "destruction": _destroyed,
}
