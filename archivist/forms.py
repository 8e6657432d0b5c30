"""Registers and forms that the regulations name: which there are, and one of them filled in.

Owns the ledger act `print`. A pack declares a form (`[[form]]`); what it is filled from is
`register_rows`, how it looks `form_pages`.

Rules it keeps: order and words of the headings are the pack's. What the archive does not know
stays empty, to be written by hand. Whoever prints from an archive is named in its ledger before
the paper exists, with the form and the ids it is about, never with its content.

    cited = the_form(policy, "借阅卡")
    printout = filled(asked, cited, Wanted())
    record_print(archive, cited, asked, "pdf", now)
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from archivist.archive import Archive
from archivist.cover_sheets import Sheet
from archivist.errors import BadRequest, NotKnown
from archivist.form_pages import Printout
from archivist.form_words import Said, highest_mark
from archivist.register_rows import Asked, of_form, rows
from policies.policy import Cited, Policy
from policies.rule_rows import Form

LOAN_FORMS = ("loans", "temporary_loans", "external_readers", "loan_card", "application")
COMPANY = "name"  # the setting in [company] that names it


@dataclass(frozen=True, slots=True)
class Wanted:
    """How it is to be printed: so many empty rows (None: fill the page), a cover sheet before."""

    blank_rows: int | None = None
    cover: bool = False


def forms_of(policy: Policy, packs: Collection[str] = ()) -> list[Cited[Form]]:
    """The forms of the policy, or those of the packs with these ids."""
    rows = policy.rows(Form)
    return [cited for cited in rows if not packs or cited.pack.partition("@")[0] in packs]


def listed(policy: Policy, packs: Collection[str] = ()) -> list[dict[str, Any]]:
    """The same as rows to be told, pack by pack."""
    return [
        {
            "form": cited.row.id,
            "title": cited.row.zh,
            "title_en": cited.row.en,
            "kind": "register" if cited.row.columns else "form",
            "of": cited.row.of,
            "type": cited.row.type or None,
            "headings": list(cited.row.columns or cited.row.fields),
            "pack": cited.pack,
            "clause": cited.row.clause,
        }
        for cited in forms_of(policy, packs)
    ]


def the_form(policy: Policy, name: str, packs: Collection[str] = ()) -> Cited[Form]:
    """The form with this id or title. Raises NotKnown; BadRequest when two bear the title."""
    all_, wanted = forms_of(policy, packs), policy.fold(name)
    found = [cited for cited in all_ if cited.row.id == name]
    found = found or [c for c in all_ if wanted in map(policy.fold, (c.row.zh, c.row.en))]
    if len(found) == 1:
        return found[0]
    if found:
        known = "、".join(f"{cited.row.id}（{cited.pack}）" for cited in found)
        raise BadRequest(
            f"“{name}”不止一份：{known}",
            f"there are several {name}: {', '.join(c.row.id for c in found)}",
            "请写编号，或用 --pack 指明制度包",
            "give the id, or name the pack with --pack",
        )
    raise NotKnown(
        f"没有登记簿或表格“{name}”",
        f"there is no register or form {name}",
        "列出全部：archivist form list",
        "list them: archivist form list",
    )


def blank(policy: Policy, cited: Cited[Form], wanted: Wanted, today: date) -> Printout:
    """The form with nothing filled in."""
    return _printout(policy, cited, wanted, today, [], None)


def filled(asked: Asked, cited: Cited[Form], wanted: Wanted) -> Printout:
    """The form with what the archive knows. Follow first.

    Raises NotKnown for a customer or dossier that is not there, BadRequest when they do not
    belong together, for a cover sheet without a dossier or a document type to lead to, and for a
    form (not a register) of a period.
    """
    form = cited.row
    _check(asked, form, wanted)
    cover = _cover(asked, form) if wanted.cover else None
    if asked.loan is not None and form.of not in LOAN_FORMS:
        raise BadRequest(f"《{form.zh}》与借阅无关", f"{form.id} is not about a loan")
    if form.columns:
        told = [[known.about(label) for label in form.columns] for known in rows(asked, cited)]
    else:
        known = of_form(asked)
        told = [[known.about(label) for label in form.fields]]
    return _printout(asked.policy, cited, wanted, asked.today, told, cover, asked)


def _printout(
    policy: Policy,
    cited: Cited[Form],
    wanted: Wanted,
    today: date,
    told: Sequence[Sequence[Said]],
    cover: Sheet | None,
    asked: Asked | None = None,
) -> Printout:
    form = cited.row
    register = bool(form.columns)
    cells = tuple(tuple("；".join(said.lines) for said in row) for row in told)
    values = tuple(said.lines for said in told[0]) if told else ((),) * len(form.fields)
    return Printout(
        title=form.zh,
        labels=form.columns or form.fields,
        printed_on=today,
        clause=form.clause,
        rows=cells if register else (),
        values=None if register else values,
        signatures=form.signatures,
        across=form.landscape,
        company=policy.setting(COMPANY) or "",
        facts=_facts(asked) if asked else (),
        mark=highest_mark(policy, (said.grade for row in told for said in row if said.lines)),
        blank_rows=wanted.blank_rows,
        cover=cover,
        archive_tag=asked.archive.settings.archive_id if asked else "",
    )


def _facts(asked: Asked) -> tuple[str, ...]:
    """Whom it is about, and which period: so that a sheet found on a desk finds its way back."""
    customer = asked.customer
    facts = []
    if asked.dossier is not None:
        row = asked.archive.the("dossier", asked.dossier)
        kind = asked.policy.find_dossier_type(row["type"])
        facts.append(f"客户档案：{asked.dossier} {kind.zh if kind else row['type']}")
        customer = row["customer"]
    if customer is not None:
        name = asked.archive.the("customer", customer)["name"]
        facts.insert(0, f"客户：{customer} {name or ''}".rstrip())
    if asked.period:
        year, _, month = asked.period.partition("-")
        facts.append(f"期间：{year} 年 {int(month)} 月" if month else f"期间：{year} 年")
    return tuple(facts)


def _check(asked: Asked, form: Form, wanted: Wanted) -> None:
    if asked.customer is not None:
        asked.archive.the("customer", asked.customer)
        asked.archive.check_unrestricted(asked.customer)
    if asked.dossier is not None:
        owner = asked.archive.the("dossier", asked.dossier)["customer"]
        asked.archive.check_unrestricted(owner)
        if asked.customer not in (None, owner):
            raise BadRequest(
                f"{asked.dossier} 不是 {asked.customer} 的档案",
                f"{asked.dossier} is not a dossier of {asked.customer}",
            )
    if not form.columns and (asked.period or wanted.blank_rows is not None):
        raise BadRequest(
            f"《{form.zh}》是表格，没有期间和空行",
            f"{form.id} is a form; only registers have a period and empty rows",
        )


def _cover(asked: Asked, form: Form) -> Sheet:
    if asked.dossier is None or not form.type:
        raise BadRequest(
            "封面页要有 --dossier，且表格须注明成为哪种资料",
            "a cover sheet needs --dossier, and a form that becomes a document",
        )
    kind = asked.policy.document_type(form.type)
    row = asked.archive.the("dossier", asked.dossier)
    name = asked.archive.the("customer", row["customer"])["name"] or ""
    return Sheet(asked.dossier, kind.id, f"{row['customer']}  {name}", kind.zh)


def record_print(
    archive: Archive, cited: Cited[Form], asked: Asked, kind: str, now: datetime
) -> None:
    """Name in the ledger who prints which form about what; `kind` is pdf or csv.

    MUST come before the file: whoever has the paper has been recorded, also when the power goes
    in between.
    """
    subject = {"form": cited.row.id}
    if asked.dossier is not None:
        row = archive.the("dossier", asked.dossier)
        subject |= {"customer": row["customer"], "dossier": asked.dossier}
    elif asked.customer is not None:
        subject["customer"] = asked.customer
    if asked.loan is not None:
        subject["loan"] = asked.loan
    with archive.writing(now, asked.person.name) as desk:
        desk.say("print", subject, kind=kind, period=asked.period or None, pack=cited.pack)
        desk.append()
    archive.follow()
