"""Certificate (销毁证明) and register (销毁清册) as sheets to be printed, signed and kept.

Owns what stands on them; how a page looks is `report_pages`, what a proof looks like is
`proof_pages`. In both languages.

Rules it keeps:
- A certificate exists only once the ledger says destroyed. It says plainly what it cannot vouch
  for: paper and recovery bundles that nobody attested, records that were stored unsealed.
- Behind it stands the proof of the entry `destroyed`, and of `decided` where it fits on paper: who
  has the verifier key checks both without this program (`scripts/verify_ledger.py`).
- The register has the columns of the archivists' practice (B.9), and what was spared is in it.

    certificate(archive, policy, "X000001", chinese=True)       # a PDF
    register_sheet(archive, policy, "2026")                     # a Sheet: PDF, CSV, HTML
"""

import io
from collections.abc import Iterator, Sequence
from typing import Any

from archivist.archive import Archive
from archivist.destruction import decided
from archivist.destruction_book import Told, told
from archivist.destruction_rows import METHOD_WORDS, register
from archivist.errors import NotAllowed
from archivist.outside_copies import methods_for
from archivist.proof_pages import proof_pdf
from archivist.proving import prove
from archivist.records import Entry, grade_of, target_of
from archivist.report_pages import Column, Section, Sheet, Words, as_pdf, cells, heads
from archivist.standing import local_moment
from archivist.statements import fingerprint
from archivist.workbook import workbook
from index.catalogue import Row
from policies.approvals import ACT_WORDS as STEP_WORDS
from policies.disposal_life import FATE_WORDS
from policies.policy import Policy
from policies.reach import role_words
from storage.proof import to_parts

COMPANY = "name"  # the setting in [company] that names it
MOST_CODES = 8  # of one proof: two pages of them
PEN = "pen"

_REGISTER = (
    Column("序号", "no.", "number"),
    Column("题名", "title", "title_zh", "title_en"),
    Column("年度", "year", "year"),
    Column("档号", "reference", "code"),
    Column("密级", "grade", "grade_zh", "grade_en"),
    Column("应保管期限", "to be kept", "period_zh", "period_en"),
    Column("已保管期限", "was kept", "kept_zh", "kept_en"),
    Column("页数", "pages", "pages"),
    Column("销毁原因", "reason", "reason_zh", "reason_en"),
    Column("销毁日期", "destroyed on", "destroyed"),
    Column("地点", "place", "place"),
    Column("方式", "method", "method_zh", "method_en"),
    Column("备注", "remarks", "note_zh", "note_en"),
)


# ── the register ──────────────────────────────────────────────────────────────


def register_sheet(archive: Archive, policy: Policy, year: str = "") -> Sheet:
    """Everything that was destroyed or spared, of one year or of all."""
    archive.follow()
    rows = register(archive, policy, year)
    gone = sum(row["destroyed"] is not None for row in rows)
    facts: tuple[tuple[Words, Words], ...] = (
        (("立档单位", "company"), _same(policy.setting(COMPANY) or "—")),
        (("年度", "year"), _same(year) if year else ("全部", "all")),
        (("已销毁件数", "destroyed"), _same(str(gone))),
        (("页数", "pages"), _same(str(sum(r["pages"] for r in rows if r["destroyed"])))),
    )
    signing = [{"who_zh": zh, "who_en": en} for zh, en in _SIGNERS]
    return Sheet(
        ("档案销毁清册", "Register of destroyed records"),
        facts,
        (Section(("", ""), _REGISTER, rows), Section(("签字", "Signatures"), _SIGNING, signing)),
        (
            ("本清册永久保存。题名以资料种类和编号代替：原题名已随档案销毁。",
             "This register is kept for ever. Kind and number stand for the title, which was "
             "destroyed with the record."),
        ),
    )  # fmt: skip


_SIGNERS = (
    ("鉴定小组负责人", "head of the appraisal group"),
    ("批准人", "approver"),
    ("监销人", "witness"),
    ("监销人", "witness"),
)
_SIGNING = (
    Column("职责", "part", "who_zh", "who_en"),
    Column("签字", "signature", PEN, pen=True),
    Column("日期", "date", PEN, pen=True),
)


def register_book(sheet: Sheet, chinese: bool) -> bytes:
    """The register as a workbook: its first table."""
    table, number = sheet.sections[0], _NUMBERS
    rows: list[list[str | int | None]] = [list(heads(table, chinese))]
    for row in cells(table, chinese):
        keys = [column.key for column in table.columns]
        rows.append([int(text) if key in number and text else text
                     for key, text in zip(keys, row, strict=True)])  # fmt: skip
    return workbook(sheet.title[0 if chinese else 1], rows)


_NUMBERS = frozenset({"number", "year", "pages"})


# ── the certificate ───────────────────────────────────────────────────────────


def certificate(archive: Archive, policy: Policy, disposal: str, chinese: bool) -> bytes:
    """The certificate of one destruction with its proofs. Raises NotKnown, NotAllowed before the
    ledger says that it ended."""
    archive.follow()
    row = decided(archive, disposal)
    known = told(archive, disposal)
    assert known is not None
    if known["state"] != "destroyed":
        raise NotAllowed(
            f"{disposal} 尚未销毁完毕，不能出具证明",
            f"{disposal} is not destroyed yet: there is nothing to certify",
            f"先完成：archivist disposal execute {disposal}",
            f"finish it first: archivist disposal execute {disposal}",
        )
    proofs, fits = _proofs(archive, row)
    sheet = _sheet(archive, policy, row, known, fits)
    return _bound([as_pdf(sheet, chinese), *proofs])


def _sheet(archive: Archive, policy: Policy, row: Row, known: Told, fits: bool) -> Sheet:
    stones = archive.catalogue.tombstones_of(row["disposal"])
    entries = [_entry(archive, index) for index in row["entries"]]
    facts: tuple[tuple[Words, Words], ...] = (
        (("立档单位", "company"), _same(policy.setting(COMPANY) or "—")),
        (("销毁", "disposal"), _same(row["disposal"])),
        (("档案库", "archive"), _same(archive.settings.archive_id)),
        (("件数", "records"), _same(str(len(stones)))),
        (("页数", "pages"), _same(str(sum(stone["pages"] for stone in stones)))),
        (("决定", "decided"), _same(_moment(row["decided"]))),
        (("销毁完毕", "destroyed"), _same(_moment(row["ended"]))),
        (("执行人", "executor"), _same(row["who"])),
        (("监销人", "witnesses"), ("、".join(row["witnesses"]), ", ".join(row["witnesses"]))),
        (("地点", "place"), _same(known["place"] or "—")),
        (("依据", "clauses"), ("、".join(row["clauses"]) or "—", ", ".join(row["clauses"]) or "—")),
    )
    return Sheet(
        ("档案销毁证明", "Certificate of destruction"),
        facts,
        (
            _records(policy, stones),
            _people(policy, entries),
            _witnesses(archive, row, known),
            _keys(policy, known),
            _looked(_entry(archive, row["ended_idx"])),
            _paper(archive, policy, known, stones),
            _bundles(known),
        ),
        tuple(_notes(row, known, fits)),
    )


def _records(policy: Policy, stones: Sequence[Row]) -> Section:
    rows = [
        {
            "number": number,
            "record": stone["id"],
            "dossier": f"{stone['customer']}/{stone['dossier']}",
            **_pair("type", _type(policy, stone["type"])),
            **_pair("grade", _grade(policy, stone["grade"])),
            "pages": stone["pages"],
            "filed": f"{local_moment(stone['filed']):%Y-%m-%d}",
            "sha256": stone["objects"]["scan"]["sha256"],
        }
        for number, stone in enumerate(stones, 1)
    ]
    return Section(
        ("销毁的档案", "What was destroyed"),
        (
            Column("序号", "no.", "number"),
            Column("编号", "record", "record"),
            Column("客户档案", "dossier", "dossier"),
            Column("种类", "type", "type_zh", "type_en"),
            Column("密级", "grade", "grade_zh", "grade_en"),
            Column("页数", "pages", "pages"),
            Column("归档", "filed", "filed"),
            Column("存储件 SHA-256", "stored SHA-256", "sha256"),
        ),
        rows,
    )


def _people(policy: Policy, entries: Sequence[Entry]) -> Section:
    return Section(
        ("提出、鉴定、审批", "Proposed, appraised, approved"),
        (
            Column("台账", "entry", "entry"),
            Column("时间", "time", "time"),
            Column("人员", "person", "who"),
            Column("事项", "act", "act_zh", "act_en"),
            Column("档案", "record", "record"),
        ),
        [
            {
                "entry": entry.index,
                "time": _moment(entry.time),
                "who": entry.who,
                **_pair("act", _act(policy, entry)),
                "record": entry.subject.get("record", ""),
            }
            for entry in entries
            if entry.fields.get("step") in ("propose", "appraise", "approve")
        ],
    )


def _act(policy: Policy, entry: Entry) -> Words:
    step = entry.fields["step"]
    if step == "appraise":
        zh, en = FATE_WORDS[entry.fields["opinion"]]
        return f"鉴定：{zh}", f"appraised: {en}"
    if step == "approve":
        said = entry.fields["statement"]
        role, act = role_words(policy, said["role"]), STEP_WORDS[said["does"]]
        return f"{role[0]}{act[0]}", f"{role[1]} {act[1]}"
    return "提出", "proposed"


def _witnesses(archive: Archive, row: Row, known: Told) -> Section:
    """Who signed that he saw it, with which key, and whether the signature holds today."""
    wrong = {problem.rpartition(":")[2]: problem for problem in known["findings"]}
    rows = [
        {
            "who": one["statement"]["person"],
            "key": fingerprint(one["key"]),
            "time": _moment(one["statement"]["time"]),
            **_pair("holds", ("不符", "DOES NOT HOLD") if one["statement"]["person"] in wrong
                    else ("有效", "holds")),
        }
        for one in _entry(archive, row["idx"]).fields["witnesses"]
    ]  # fmt: skip
    return Section(
        ("监销人签名", "Witnesses' signatures"),
        (
            Column("监销人", "witness", "who"),
            Column("公钥指纹", "key", "key"),
            Column("签名时间", "signed", "time"),
            Column("签名", "signature", "holds_zh", "holds_en"),
        ),
        rows,
    )


def _keys(policy: Policy, known: Told) -> Section:
    rows = [
        {
            **_pair("key", _key(policy, key)),
            "gone": ", ".join(map(str, generations)),
        }
        for key, generations in known["keys_destroyed"].items()
    ]
    return Section(
        ("销毁的密钥", "Keys destroyed"),
        (
            Column("密钥", "key", "key_zh", "key_en"),
            Column("已销毁的各代", "generations destroyed", "gone"),
        ),
        rows,
    )


def _looked(entry: Entry) -> Section:
    """What was looked for at the end; the numbers are those of the entry."""
    checks = entry.fields["checks"]
    words: dict[str, Words] = {
        "files": ("正文、密钥头、卡片", "bodies, heads, cards"),
        "granted_heads": ("借阅用的密钥头", "heads granted to borrowers"),
        "copies_in_trays": ("托盘和工作目录中的副本", "copies in trays and work"),
        "indexed_pages": ("全文索引中的页", "pages in the full text"),
        "keys_left": ("还能打开旧副本的密钥", "keys that open old copies"),
    }
    rows = [{**_pair("what", words[name]), "left": checks[name]} for name in words]
    return Section(
        ("复查", "Looked again"),
        (Column("查找", "looked for", "what_zh", "what_en"), Column("剩余", "left", "left")),
        rows,
    )


def _paper(archive: Archive, policy: Policy, known: Told, stones: Sequence[Row]) -> Section:
    rows = []
    for stone in stones:
        seen = next((one for one in known["paper"] if stone["id"] in one["records"]), None)
        asked, clauses = methods_for(archive, policy, stone)
        wanted = [METHOD_WORDS[name] for name in asked]
        cited = f" ({', '.join(clauses)})" if wanted and clauses else ""
        rows.append(
            {
                "record": stone["id"],
                "dossier": f"{stone['customer']}/{stone['dossier']}",
                **_pair("asked", ("、".join(zh for zh, _ in wanted) + cited or "未规定",
                                  " or ".join(en for _, en in wanted) + cited or "not prescribed")),
                PEN: "" if seen is None else seen["place"] or "",
                **_pair("seen", _seen(seen)),
            }
        )  # fmt: skip
    return Section(
        ("纸质原件", "Paper originals"),
        (
            Column("编号", "record", "record"),
            Column("客户档案", "dossier", "dossier"),
            Column("规定方式", "prescribed", "asked_zh", "asked_en"),
            Column("存放或销毁地点", "where it lies, or ended", PEN, pen=True),
            Column("销毁", "destroyed", "seen_zh", "seen_en"),
        ),
        rows,
    )


def _bundles(known: Told) -> Section:
    rows = [
        {
            "entry": one["entry"],
            "sha256": one["sha256"],
            "issued": f"{_moment(one['issued'])} {one['issued_by']}",
            **_pair("seen", _seen(one["attested"])),
        }
        for one in known["bundles"]
    ]
    return Section(
        ("能打开旧副本的恢复包", "Recovery bundles that open old copies"),
        (
            Column("台账", "entry", "entry"),
            Column("SHA-256", "SHA-256", "sha256"),
            Column("制作", "issued", "issued"),
            Column("销毁", "destroyed", "seen_zh", "seen_en"),
        ),
        rows,
    )


def _seen(seen: Told | None) -> Words:
    if seen is None:
        return "未登记", "NOT attested"
    zh, en = METHOD_WORDS[seen["method"]]
    names = seen["witnesses"]
    return (f"{seen['on']} {zh}，经办 {seen['who']}，监销 {'、'.join(names)}",
            f"{seen['on']} {en} by {seen['who']}, seen by {', '.join(names)}")  # fmt: skip


def _notes(row: Row, known: Told, fits: bool) -> Iterator[Words]:
    yield (
        f"清单摘要（SHA-256）：{row['list']}。各件编号和存储件的摘要依次计算，可凭台账重算。",
        f"Digest of the list (SHA-256): {row['list']}, over number and digests of each record; "
        "whoever has the ledger computes it again.",
    )
    yield (
        "题名、正文及全文索引已随档案销毁，本证明因此只写资料种类和编号。",
        "Titles, texts and index were destroyed with the records: only kind and number are left.",
    )
    if known["unsealed"]:
        yield (
            f"下列档案存放时未加密，销毁前复制的档案库副本中仍可读出：{'、'.join(known['unsealed'])}。",
            "Stored unsealed, and readable in copies of the folder made before: "
            f"{', '.join(known['unsealed'])}.",
        )
    if known["exports"]:
        numbers = ", ".join(map(str, known["exports"]))
        yield (
            f"销毁前曾导出过副本（台账第 {numbers} 条），不在档案库之内。",
            f"Copies were exported before (ledger entries {numbers}); they are not the archive's.",
        )
    if known["keys_without_counterpart"]:
        names = ", ".join(known["keys_without_counterpart"])
        yield (
            f"这些密钥制作时还没有另存的对应半钥：{names}。当时复制的档案库副本，凭有权人的口令仍可打开。",
            f"These keys were made before counterparts were kept apart: {names}. A copy of the "
            "folder from that time opens with the passphrase of somebody who was cleared.",
        )
    if known["paper_left"]:
        yield (
            f"尚有 {len(known['paper_left'])} 件纸质原件未登记销毁。",
            f"Of {len(known['paper_left'])} paper originals nobody has attested the destruction.",
        )
    if any(one["attested"] is None for one in known["bundles"]):
        yield (
            "尚有恢复包未登记销毁：持有者连同其口令和旧副本，仍能读出已销毁的档案。",
            "Recovery bundles are not attested destroyed: whoever has one, its passphrase and an "
            "old copy can still read what was destroyed.",
        )
    number = row["idx"]
    yield (
        f"后附台账第 {row['ended_idx']} 条{'和第 ' + str(number) + ' 条' if fits else ''}的证明"
        + ("，各自的二维码分别核验。" if fits
           else f"；第 {number} 条（决定）的证明另用 archivist ledger prove 出具。"),
        f"The proof of ledger entry {row['ended_idx']}"
        + (f" and of {number} is attached; check the codes of each by themselves." if fits
           else f" is attached; that of {number} (decided) by archivist ledger prove."),
    )  # fmt: skip


def _proofs(archive: Archive, row: Row) -> tuple[list[bytes], bool]:
    """The pages of the proofs, and whether that of `decided` is among them."""
    made: list[bytes] = []
    for index in (row["ended_idx"], row["idx"]):
        proof, proven = prove(archive, index)
        if index == row["idx"] and len(to_parts(proof.render())) > MOST_CODES:
            return made, False
        made.append(proof_pdf(proof, proven, archive.settings.vkey))
    return made, True


def _bound(files: Sequence[bytes]) -> bytes:
    """Several PDFs as one."""
    import pikepdf

    out = io.BytesIO()
    with pikepdf.new() as whole:
        for file in files:
            with pikepdf.open(io.BytesIO(file)) as part:
                whole.pages.extend(part.pages)
        whole.save(out, deterministic_id=True)
    return out.getvalue()


# ── words ─────────────────────────────────────────────────────────────────────


def _same(text: str) -> Words:
    return text, text


def _pair(name: str, words: Words) -> dict[str, Any]:
    return {f"{name}_zh": words[0], f"{name}_en": words[1]}


def _type(policy: Policy, code: str) -> Words:
    kind = policy.find_type(code)
    return (kind.zh, kind.en) if kind else (code, code)


def _grade(policy: Policy, code: str) -> Words:
    grade = policy.grades.get(code)
    return (grade.zh, grade.en) if grade else (code, code)


def _key(policy: Policy, key: str) -> Words:
    (zh, en), target = _grade(policy, grade_of(key)), target_of(key)
    return (f"{target}（{zh}）", f"{target} ({en})") if target else (zh, en)


def _moment(time: str) -> str:
    return f"{local_moment(time):%Y-%m-%d %H:%M}"


def _entry(archive: Archive, index: int) -> Entry:
    ((at, raw),) = archive.ledger.entries(index, index + 1)
    return Entry.parse(at, raw)
