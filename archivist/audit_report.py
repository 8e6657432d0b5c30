"""The report of an audit: what was checked under each of the four natures, and what was found.

Owns the sheet that becomes a PDF: facts, charts, the checks of DA/T 70 with their results, the
findings, what the checklists lack, and what this audit cannot say. Made of the same values that
`--json` prints.

Rule: a sample never reads like the whole. How many of how many, and what they leave possible,
stand beside the result.

    sheet = audit_sheet(told)
    report_pages.as_pdf(sheet, chinese=True)
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from archivist.audit_codes import CODES, LACKING, NATURES, TABLE
from archivist.report_pages import Chart, Column, Section, Sheet, Words
from policies.sampling import CONFIDENCE, bound, missed

MOST_ROWS = 300

_FINDINGS = (
    Column("代码", "code", "code"),
    Column("检测", "nature", "nature_zh", "nature_en"),
    Column("对象", "subject", "subject"),
    Column("发现", "finding", "what_zh", "what_en"),
    Column("说明", "detail", "message"),
)
_CHECKS = (
    Column("检测", "nature", "nature_zh", "nature_en"),
    Column("DA/T 70 检测项", "DA/T 70 item", "clause"),
    Column("代码", "codes", "codes"),
    Column("发现", "found", "found"),
    Column("结果", "result", "result_zh", "result_en"),
)
_LACKS = (
    Column("客户", "customer", "customer"),
    Column("档案", "dossier", "dossier"),
    Column("缺件", "lacking", "title"),
    Column("期限", "due", "due"),
    Column("条款", "clause", "clause"),
)


def audit_sheet(told: Mapping[str, Any]) -> Sheet:
    """The report of what an audit told; see `archivist.cli.audit` for its shape."""
    findings: Sequence[Mapping[str, Any]] = told["findings"]
    lacks: Sequence[Mapping[str, Any]] = told["lacking"]
    sections = [
        Section(("检测项目", "checks"), _CHECKS, _checks(told, findings)),
        Section(("发现", "findings"), _FINDINGS, [_row(f) for f in findings[:MOST_ROWS]]),
    ]
    if lacks:
        title = (f"归档清单缺件（{LACKING.code}）", f"what checklists lack ({LACKING.code})")
        sections.append(Section(title, _LACKS, lacks[:MOST_ROWS]))
    notes = [*_notes(told)]
    for many, words in ((findings, ("发现", "findings")), (lacks, ("缺件", "papers lacking"))):
        if len(many) > MOST_ROWS:
            notes.append((
                f"{words[0]}共 {len(many)} 项，此处列前 {MOST_ROWS} 项，其余见 --json。",
                f"{len(many)} {words[1]}, the first {MOST_ROWS} shown; all in --json.",
            ))  # fmt: skip
    return Sheet(
        ("四性检测报告", "audit report: the four natures"),
        _facts(told), tuple(sections), tuple(notes), charts=tuple(_charts(told)),
    )  # fmt: skip


def confidence_words(told: Mapping[str, Any]) -> Words:
    """What the number of records read, of those there are, lets one say."""
    read, of = told["checked"]["records"], told["of"]
    if read >= of:
        return (f"全部 {of} 件逐字节核对", f"every byte of all {of} records was read")
    possible = bound(of, read)
    percent = round(100 * CONFIDENCE)
    return (
        f"抽查 {of} 件中的 {read} 件；若抽查无发现，则有 {percent}% 的把握损坏不超过 {possible} 件",
        f"{read} of {of} records were read; if none of them is damaged, no more than {possible} "
        f"are, with {percent} % confidence",
    )


def _facts(told: Mapping[str, Any]) -> tuple[tuple[Words, Words], ...]:
    checked = told["checked"]
    size = f"{checked['bytes'] / 1e6:,.1f} MB"
    rows = [
        (("档案库", "archive"), told["archive"]),
        (("检测时间", "begun"), told["begun"]),
        (("检测人", "by"), told["who"]),
        (("台账", "ledger"), str(checked["entries"])),
        (("资料", "records"), f"{checked['records']} / {told['of']}"),
        (("字节", "bytes"), size),
        (("试解密", "opened"), str(told["opened"])),
        (("种子", "seed"), str(told["seed"])),
        (("台账根", "root"), told["root"][:16] + "…"),
    ]
    return tuple((name, (value, value)) for name, value in rows)


def _charts(told: Mapping[str, Any]) -> list[Chart]:
    counts = Counter(found["nature"] for found in told["findings"])
    most = max(counts.values(), default=1)
    natures = tuple(
        (words, counts[nature] / most, str(counts[nature])) for nature, words in NATURES.items()
    )
    of = max(1, told["of"])
    read, opened, closed = told["checked"]["records"], told["opened"], told["closed"]
    depth = (
        (("逐字节核对", "every byte read"), read / of, f"{read} / {told['of']}"),
        (("解密并重读", "opened and read"), opened / of, f"{opened} / {told['of']}"),
        (("无权打开", "not cleared for"), closed / of, f"{closed} / {told['of']}"),
    )
    charts = [
        Chart(("各性质的发现数", "findings by nature"), natures),
        Chart(("检测的深度", "how deep it went"), depth),
    ]
    if read < told["of"]:
        bars = []
        for damaged in (1, 10, 50, 100, 500):
            if damaged <= told["of"]:
                chance = missed(told["of"], read, damaged)
                words = (f"{damaged} 件受损", f"{damaged} damaged")
                bars.append((words, chance, f"{100 * chance:.1f} %"))
        title = ("若有这么多件受损，抽查全部漏过的概率",
                 "probability that this sample misses all of so many")  # fmt: skip
        charts.append(Chart(title, tuple(bars)))
    return charts


def _checks(told: Mapping[str, Any], findings: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    counts = Counter(found["code"] for found in findings)

    def done(code: str) -> bool:
        if code.startswith("V-"):
            return bool(told["scanned"])
        if code.startswith("O-"):
            return bool(told["opened"])
        return told["beyond"] or code.startswith("L-")

    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for code in TABLE:
        zh, en = NATURES[code.nature]
        row = rows.setdefault((code.nature, code.clause), {
            "nature_zh": zh, "nature_en": en, "clause": code.clause, "codes": [], "found": 0,
        })  # fmt: skip
        row["codes"].append(code.code)
        row["found"] += counts[code.code]
    for row in rows.values():
        words = ("合格", "passed") if any(map(done, row["codes"])) else ("未检测", "not checked")
        words = ("不合格", "not passed") if row["found"] else words
        row["result_zh"], row["result_en"] = words
    order = list(NATURES)
    return [row for _, row in sorted(rows.items(), key=lambda item: order.index(item[0][0]))]


def _row(found: Mapping[str, Any]) -> dict[str, Any]:
    code = CODES[found["code"]]
    zh, en = NATURES[code.nature]
    return {**found, "nature_zh": zh, "nature_en": en, "what_zh": code.zh, "what_en": code.en}


def _notes(told: Mapping[str, Any]) -> list[Words]:
    notes = [confidence_words(told)]
    if told["closed"]:
        notes.append((
            f"{told['closed']} 件检测人无权打开，只核对了密文。",
            f"{told['closed']} records the auditor is not cleared for: their sealed bytes were "
            "checked.",
        ))  # fmt: skip
    if told["scanned"] is None:
        notes.append(("未配置病毒扫描，病毒检测未做。",
                      "no virus scanner is configured: viruses were not looked for."))  # fmt: skip
    notes.append((
        "本报告不能证明：台账最新条目未被截去且目录未一并退回（须有见证或另存的签名）；"
        "未登录者的全文索引完好；首次检测之前 archive.toml 未被改动。",
        "This report cannot prove that the newest entries were not cut off together with the "
        "catalogue (a witness or a kept head can), that indexes nobody here opens are whole, nor "
        "that archive.toml was not changed before the first audit.",
    ))  # fmt: skip
    return notes
