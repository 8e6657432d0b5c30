"""Receipts on paper: one handover (签收单), and the receipt book of a month (签收薄).

Owns what stands on these pages; how a page looks is `report_pages`. Everything comes from the
signed statement in the ledger and the labels of the packs, so that a receipt printed again says
the same. Always in Chinese: it is the regulation's own document.

    as_pdf(receipt_sheet(policy, entry, "张伟", terms), chinese=True)
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from archivist.records import Entry, canonical
from archivist.report_pages import Column, Section, Sheet, Words
from archivist.standing import local_moment
from index.catalogue import Row
from policies.handover import ReceiptTerms
from policies.pack_rows import DossierType
from policies.policy import Cited, Policy
from policies.rule_rows import Form
from policies.wording import copy_words, lack_words, point_words

DEFAULT_COLUMNS = (
    "日期", "客户档案", "客户名称", "资料名称", "份数", "页数", "缺件", "移交人", "接收人",
)  # fmt: skip
LEDGER_COLUMN = "台账"


def receipt_sheet(
    policy: Policy,
    entry: Entry,
    customer_name: str,
    terms: ReceiptTerms,
    fingerprints: Sequence[str],
) -> Sheet:
    """The receipt of one handover; `fingerprints` are those of giver and receiver."""
    statement = entry.fields["statement"]
    kind = policy.find_dossier_type(statement["type"])
    facts = (
        ("客户档案", f"{statement['dossier']}　{kind.zh if kind else statement['type']}"),
        ("客户", f"{statement['customer']}　{customer_name}"),
        ("移交时间", f"{local_moment(statement['time']):%Y-%m-%d %H:%M}"),
        ("移交人", statement["from"]),
        ("接收人", statement["to"]),
        ("份数", str(len(statement["records"]))),
        ("页数", str(sum(row["pages"] for row in statement["records"]))),
        ("依据", "、".join(entry.fields["clauses"]) or "无"),
    )
    return Sheet(
        _both("资料移交签收单"),
        tuple((_both(name), _both(value)) for name, value in facts),
        (
            _papers(policy, kind, statement),
            _missing(policy, kind, statement),
            *_unattested(policy, kind, statement),
            _signatures(entry, fingerprints),
        ),
        tuple(map(_both, _notes(entry, terms))),
        dense=True,
    )


def _papers(policy: Policy, kind: DossierType | None, statement: Mapping[str, Any]) -> Section:
    order = {item.id: at for at, item in enumerate(kind.items)} if kind else {}
    rows = []
    for record in statement["records"]:
        item = next((i for i in kind.items if record["type"] in i.types), None) if kind else None
        rows.append(
            {
                "order": order.get(item.id, len(order)) if item else len(order),
                "title": _type(policy, record["type"]),
                "record": record["record"],
                "pages": record["pages"],
                "copies": 1,
                "copy": copy_words(record["copy"])[0] if record["copy"] else "未核对",
            }
        )
    rows.sort(key=lambda row: (row["order"], row["record"]))
    for number, row in enumerate(rows, 1):
        row["number"] = number
    return _section(
        "移交的资料",
        {"number": "序号", "title": "资料名称", "record": "编号",
         "pages": "页数", "copies": "份数", "copy": "原件或复印件"},
        rows,
    )  # fmt: skip


def _missing(policy: Policy, kind: DossierType | None, statement: Mapping[str, Any]) -> Section:
    rows = [
        {
            "title": _item(kind, row["item"]),
            "lacks": lack_words(policy, row["lack"], row["detail"])[0],
            "due": f"{row['due']} {row['due_at']}".strip() or "未定",
        }
        for row in statement["missing"]
    ]
    if not rows:
        rows = [{"title": "资料齐全", "lacks": "", "due": ""}]
    return _section("缺件和缺陷", {"title": "资料", "lacks": "缺什么", "due": "应补齐日期"}, rows)


def _unattested(
    policy: Policy, kind: DossierType | None, statement: Mapping[str, Any]
) -> list[Section]:
    rows = [
        {
            "title": _item(kind, row["item"]),
            "points": "、".join(point_words(policy, point)[0] for point in row["points"]),
        }
        for row in statement["unattested"]
    ]
    if not rows:
        return []
    return [_section("尚未核对的事项", {"title": "资料", "points": "待核对"}, rows)]


def _signatures(entry: Entry, fingerprints: Sequence[str]) -> Section:
    """Giver and receiver side by side, each with name, key and signature."""
    giver, receiver = entry.fields["signatures"]
    rows = [
        {"what": "姓名", "from": giver["person"], "to": receiver["person"]},
        {"what": "密钥指纹", "from": fingerprints[0], "to": fingerprints[1]},
        {"what": "电子签名", "from": _in_groups(giver["signature"]),
         "to": _in_groups(receiver["signature"])},
    ]  # fmt: skip
    return _section("双方签字", {"what": "", "from": "移交人", "to": "接收人"}, rows)


def _in_groups(digits: str) -> str:
    """Sixteen at a time, so that lines break between them and two prints compare by eye."""
    return " ".join(digits[at : at + 16] for at in range(0, len(digits), 16))


def _notes(entry: Entry, terms: ReceiptTerms) -> list[str]:
    digest = hashlib.sha256(canonical(entry.fields["statement"])).hexdigest()
    notes = ["双方以各自的密钥签字（Ed25519），确认已当面逐件点清以上资料。"]
    if terms.flow:
        notes.append("流程：" + " —— ".join(terms.flow))
    notes += [f"以本签收为前提：{gate}" for gate in terms.gates]
    notes.append(
        f"台账第 {entry.index} 条；签字内容的 SHA-256：{digest}。凭台账即可验证，不依赖本单。"
    )
    return notes


def book_sheet(
    policy: Policy,
    handovers: Sequence[Mapping[str, Any]],
    customers: Mapping[str, Row],
    dossiers: Mapping[str, Row],
    month: str | None,
) -> Sheet:
    """The receipt book: `handovers` as `archivist.handover.listed` gives them.

    Each regulation's own form gives its columns; one that the program cannot fill stays empty,
    to be written by hand. The ledger entry stands in the last one.
    """
    sections = []
    for form, rows in _by_form(policy, handovers):
        columns = (*(form.columns if form else DEFAULT_COLUMNS), LEDGER_COLUMN)
        filled = [
            _filled(policy, number, row, customers[row["customer"]], dossiers[row["dossier"]])
            for number, row in enumerate(rows, 1)
        ]
        title = form.zh if form else "其他资料"
        sections.append(_section(title, {column: column for column in columns}, filled))
    title = sections[0].title[0] if len(sections) == 1 else "资料签收薄"
    if len(sections) == 1:
        sections = [Section(_both(""), sections[0].columns, sections[0].rows)]
    facts = (
        (_both("月份"), _both(month or "全部")),
        (_both("移交"), _both(f"{len(handovers)} 次")),
    )
    return Sheet(_both(title), facts, tuple(sections), ())


def _by_form(
    policy: Policy, handovers: Sequence[Mapping[str, Any]]
) -> list[tuple[Form | None, list[Mapping[str, Any]]]]:
    """The handovers under the form of the regulation that their dossier's kind comes from."""
    forms: dict[str, Cited[Form]] = {}
    for cited in policy.rows(Form):
        if cited.row.of == "receipts":
            forms.setdefault(cited.pack, cited)
    packs = {row.id: pack.ref for pack in policy.adopted for row in pack.rows(DossierType)}
    found: dict[str, tuple[Form | None, list[Mapping[str, Any]]]] = {}
    for row in handovers:
        cited_or_none = forms.get(packs.get(row["dossier_type"], ""))
        form = cited_or_none.row if cited_or_none else None
        found.setdefault(form.id if form else "", (form, []))[1].append(row)
    if not found:
        first = next(iter(forms.values()), None)
        return [(first.row if first else None, [])]
    return list(found.values())


def _filled(
    policy: Policy, number: int, row: Mapping[str, Any], customer: Row, dossier: Row
) -> dict[str, Any]:
    kind = policy.find_dossier_type(row["dossier_type"])
    department = policy.departments.get(kind.department) if kind else None
    told = kind.keys if kind and not customer["restricted"] else ()
    keys = {key.zh: dossier["keys"].get(key.id) for key in told}
    titles = list(dict.fromkeys(_type(policy, name) for name in row["types"]))
    missing = list(dict.fromkeys(_item(kind, item) for item in row["missing"]))
    return keys | {
        "序号": number,
        "日期": f"{local_moment(row['time']):%Y-%m-%d}",
        "移交部门": department.zh if department else None,
        "客户档案": row["dossier"],
        "客户名称": customer["name"],
        "资料名称": titles,
        "文件资料名称": titles,
        "份数": len(row["records"]),
        "页数": row["pages"],
        "缺件": missing or "无",
        "移交人": row["from"],
        "接收人": row["to"],
        LEDGER_COLUMN: row["entry"] if row["verified"] else f"{row['entry']}（签名不符）",
    }


def _type(policy: Policy, doc_type: str) -> str:
    found = policy.find_type(doc_type)
    return found.zh if found else doc_type


def _item(kind: DossierType | None, item: str) -> str:
    return next((row.zh for row in kind.items if row.id == item), item) if kind else item


def _section(title: str, columns: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> Section:
    heads = tuple(Column(head, head, key) for key, head in columns.items())
    return Section(_both(title), heads, rows)


def _both(words: str) -> Words:
    return words, words
