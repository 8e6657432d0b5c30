"""What `pack show` prints: a pack on the screen, and as JSON.

Owns the order in which a pack is told: grades, dossiers with their checklists and deadlines,
work that comes again, papers, then every other rule in its own words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from archivist.cli.labels import word
from archivist.cli.say import facts, say, table
from policies import (
    conduct_rows,
    customer_rows,
    fields,
    naming,
    pack_rows,
    packs,
    rhythms,
    rule_rows,
    wording,
)

if TYPE_CHECKING:
    from policies.pack_rows import Item, Key
    from policies.packs import Pack

_TABLE_WORDS = {
    "provision": ("制度本身", "the regulation"),
    "role": ("职务", "role"),
    "duty": ("职责", "duty"),
    "series": ("系列", "series"),
    "filing_scope": ("范围", "scope"),
    "default_grade": ("默认密级", "usual grade"),
    "secrecy": ("保密", "secrecy"),
    "knowledge": ("知悉范围", "need to know"),
    "approval": ("审批", "approval"),
    "loan_rule": ("借阅", "loan"),
    "receipt": ("签收", "receipt"),
    "incident": ("事件", "incident"),
    "retention_class": ("保管类别", "keeping class"),
    "retention": ("保管期限", "keeping"),
    "disposal": ("销毁", "destruction"),
    "filing_year": ("归卷年度", "filing year"),
    "arrangement": ("次序", "order"),
    "volume_rule": ("立卷", "volume"),
    "archival_code": ("档号", "archival code"),
    "profile": ("客户资料", "customer data"),
    "scheme": ("分类分级", "scheme"),
    "ownership": ("客户归属", "ownership"),
    "escalation": ("逐级请示", "escalation"),
    "penalty": ("处罚", "penalty"),
    "penalty_terms": ("处罚累计", "penalties add up"),
    "measure": ("考核指标", "rate"),
    "form": ("表格", "form"),
    "need": ("待公司决定", "left to the company"),
    "setting": ("公司决定", "company's decision"),
    "role_map": ("职务所指", "who is meant"),
}
"""The tables that have no page of their own in `show`, and what each is called there."""


def _as_written(row: Any) -> dict[str, Any]:
    """A row as it stands in the file: what was left out or left at its default is left out."""
    plain = asdict(row)
    return {
        name: plain[name]
        for name, spec in fields.spec_of(type(row)).items()
        if spec.required or plain[name] not in ("", 0, False, None, ())
    }


def plain(pack: Pack) -> dict[str, Any]:
    return {
        "pack": pack.id,
        "version": pack.version,
        "title": pack.head.zh,
        "title_en": pack.head.en,
        "source": pack.head.source,
        "effective_from": pack.head.effective_from.isoformat(),
        "grades": [
            {"grade": g.code, "label": g.zh, "rank": g.rank, "mark": g.mark, "encrypt": g.encrypt,
             "clause": g.clause} for g in pack.rows(pack_rows.Grade)
        ],
        "document_types": [
            {"type": t.id, "title": t.zh, "title_en": t.en, "aliases": list(t.aliases),
             "clause": t.clause}
            for t in pack.rows(pack_rows.DocumentType)
        ],
        "dossier_types": [
            {
                "type": d.id,
                "title": d.zh,
                "title_en": d.en,
                "kind": d.kind,
                "department": d.department,
                "keys": [key.id for key in d.keys],
                "events": [event.id for event in d.events],
                "deadlines": [
                    {"after": due.after, "unit": due.unit, "count": due.count, "at": due.at or None,
                     "roll": due.roll or None, "items": list(due.items) or None,
                     "when": due.when or None, "stated_by": due.stated_by or None,
                     "days_from": due.days_from or None,
                     "words": wording.deadline_words(d, due, pack.rows(customer_rows.Scheme))[0],
                     "clause": due.clause} for due in d.deadlines
                ],
                "items": [
                    {"item": i.id, "title": i.zh, "types": list(i.types), "required": i.required,
                     "when": i.when or None, "clause": i.clause} for i in d.items
                ],
            }
            for d in pack.rows(pack_rows.DossierType)
        ],
        "routines": [
            {"routine": r.id, "title": r.zh, "title_en": r.en, "rhythm": r.rhythm,
             "words": rhythms.rhythm_words(r)[0], "clause": r.clause}
            for r in pack.rows(rule_rows.Routine)
        ],
        "rules": {
            name: [_as_written(row) for row in pack.rows(packs.TABLES[name])]
            for name in _TABLE_WORDS
            if pack.rows(packs.TABLES[name])
        },
    }  # fmt: skip


def shown(pack: Pack) -> str:
    parts = [
        facts(
            (
                (say("制度包", "pack"), pack.ref),
                (say("名称", "title"), say(pack.head.zh, pack.head.en)),
                (say("来源", "source"), pack.head.source),
                (say("施行", "effective"), pack.head.effective_from.isoformat()),
            )
        )
    ]
    if pack.rows(pack_rows.Grade):
        heads: tuple[str, ...] = (say("密级", "grade"), say("名称", "label"), say("标志", "mark"),
                                  say("加密", "sealed"), say("条款", "clause"))  # fmt: skip
        parts.append(
            table(
                heads,
                [
                    (g.code, say(g.zh, g.en), g.mark, g.encrypt, g.clause)
                    for g in pack.rows(pack_rows.Grade)
                ],
            )
        )
    heads = (say("项目", "item"), say("名称", "title"), say("要求", "required"),
             say("条款", "clause"))  # fmt: skip
    schemes = pack.rows(customer_rows.Scheme)
    for kind in pack.rows(pack_rows.DossierType):
        rows = [(i.id, say(i.zh, i.en), _asked(kind, i, schemes), i.clause) for i in kind.items]
        parts.append(f"{_described(kind, schemes)}\n{table(heads, rows, cut=(2, 1))}")
    if routines := pack.rows(rule_rows.Routine):
        heads = (say("例行工作", "routine"), say("多久一次", "how often"), say("条款", "clause"))
        often = [(say(r.zh, r.en), say(*rhythms.rhythm_words(r)), r.clause) for r in routines]
        parts.append(table(heads, often, cut=(0,)))
    if types := pack.rows(pack_rows.DocumentType):
        heads = (say("资料种类", "document type"), say("代码", "id"), say("也叫", "also called"))
        names = [(say(t.zh, t.en), t.id, "、".join(t.aliases) or None) for t in types]
        parts.append(table(heads, names, cut=(2,)))
    parts += _other_rules(pack)
    return "\n\n".join(parts)


def _other_rules(pack: Pack) -> Iterator[str]:
    """Every further row in its own words: what it is about, what it says, from which clause."""
    heads = (say("规定", "rule"), say("内容", "what it says"), say("条款", "clause"))
    rows = [
        (say(*words), _says(row), row.clause)
        for name, words in _TABLE_WORDS.items()
        for row in pack.rows(packs.TABLES[name])
    ]
    if rows:
        yield table(heads, rows, cut=(1,))


def _says(row: Any) -> str:
    """What one row says, with the steps, the grade or the amount that its words leave out."""
    match row:
        case pack_rows.DefaultGrade():
            return f"{'、'.join((*row.types, *row.classes))} → {row.grade}"
        case rule_rows.CompanySetting():
            return f"{row.id} = {row.value}"
        case rule_rows.RoleMeaning():
            return f"{row.role} = {'、'.join(row.means)}"
        case rule_rows.Approval() if row.steps:
            return f"{say(row.zh, row.en)}  {' → '.join(row.steps)}"
        case conduct_rows.Penalty() if row.amount:
            most = f"–{row.amount_to}" if row.amount_to else ""
            return say(f"{row.zh}  {row.amount}{most} 元", f"{row.en}  {row.amount}{most} yuan")
    return say(row.zh, row.en)


def _asked(kind: pack_rows.DossierType, item: Item, schemes: Sequence[customer_rows.Scheme]) -> str:
    least = say(f"，至少 {item.least} 份", f", at least {item.least}") if item.least > 1 else ""
    when = f"（{say(*wording.condition_words(kind, item.when, schemes))}）" if item.when else ""
    return f"{word(item.required)}{least}{when}"


def _key_words(key: Key, schemes: Iterable[customer_rows.Scheme]) -> str:
    """What a key is called, and the words it takes where they are few."""
    words = (
        value if value == zh else f"{value} {say(zh, en)}"
        for value, zh, en in naming.value_words(key, schemes)
    )
    few = say("、", ", ").join(words)
    return say(key.zh, key.en) + (say(f"（{few}）", f" ({few})") if few else "")


def _described(kind: pack_rows.DossierType, schemes: Sequence[customer_rows.Scheme]) -> str:
    """What a clerk must know to open one: its name, keys and events, and its deadlines."""
    events = {event.id: say(event.zh, event.en) for event in kind.events}
    lines = [(kind.id, say(kind.zh, kind.en)),
             (say("键", "keys"), {key.id: _key_words(key, schemes) for key in kind.keys}),
             (say("事件", "events"), events)]  # fmt: skip
    for due in kind.deadlines:
        items = say(*wording.items_bound(kind, due))
        which = say(f"{items}：", f"{items}: ") if items else ""
        by = say(*wording.deadline_words(kind, due, schemes))
        lines.append((say("期限", "deadline"), f"{which}{by}  {due.clause}"))
    return facts(lines)
