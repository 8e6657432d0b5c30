# ruff: noqa: E501 (a table is read by its rows)
"""What an audit may find, in codes that stay the same, and which check of DA/T 70 each belongs to.

Owns the table of findings: a code, one of the four natures (四性), whether it is damage, the words
for people, and the item of DA/T 70-2018 that asks for it. The codes of the ledger, the catalogue,
stored objects and keys are those of `ledger verify`; an audit adds what only it looks at.

Rules it keeps: a code never changes its meaning. Damage is what was stored and is so no more;
everything else is a finding that somebody settles.

    found = as_finding(Finding("S-BODY", "C000001/D000001/R00000001.pdf", "is gone"))
    found.nature        # "authenticity"
"""

import re
from dataclasses import asdict, dataclass
from typing import Any

from storage.ledger_findings import Finding

NATURES = {
    "authenticity": ("真实性", "authenticity"),
    "completeness": ("完整性", "completeness"),
    "usability": ("可用性", "usability"),
    "security": ("安全性", "security"),
}


@dataclass(frozen=True, slots=True)
class Code:
    """One kind of finding; `clause` is the item of DA/T 70-2018."""

    code: str
    nature: str
    damage: bool
    zh: str
    en: str
    clause: str


@dataclass(frozen=True, slots=True)
class Found:
    """One finding of an audit, as the contract has it."""

    code: str
    subject: str
    nature: str
    message: str

    def plain(self) -> dict[str, Any]:
        """The JSON of the contract."""
        return asdict(self)


_FIXED = "固化信息有效性检测"
_LINKED = "元数据与内容关联一致性检测"
_PROCESS = "过程信息完整性检测"
_WHOLE = "内容数据完整性检测"
_READ = "元数据可读性检测"
_CONTENT = "内容数据可读性检测"
_CARRIER = "载体安全性检测（非归档文件、可读取）"
_GUARD = "管理过程安全性检测"

# One row for each code, by nature of the thing: ledger, catalogue, stored, keys, folder, facts.
TABLE = tuple(
    Code(*row)
    for row in (
        ("L-ENTRY", "authenticity", True, "台账条目被改", "an entry was altered", _FIXED),
        ("L-TILE", "authenticity", True, "台账数据块缺失或被改", "a tile is gone or altered", _FIXED),
        ("L-CHECKPOINT", "authenticity", True, "台账签名不对", "a signed head is wrong", _FIXED),
        ("L-JOURNAL", "authenticity", True, "台账日志受损", "the journal is damaged", _FIXED),
        ("L-TORN", "authenticity", True, "台账末尾有残段", "a torn tail", _FIXED),
        ("L-ROLLBACK", "authenticity", True, "台账被退回旧版", "the ledger was rolled back", _PROCESS),
        ("L-WITNESS", "authenticity", True, "见证文件不对", "a witness's head is wrong", _FIXED),
        ("L-STAMP", "authenticity", True, "时间戳不对", "a time stamp is wrong", _FIXED),
        ("L-STRAY", "security", True, "台账目录中有外来文件", "a stray file in the ledger", _CARRIER),
        ("L-LOCK", "security", True, "台账锁文件内容不对", "the ledger's lock says otherwise", _CARRIER),
        ("C-ALTERED", "authenticity", True, "目录与台账不符", "a row is not the ledger's", _LINKED),
        ("C-LOST", "completeness", True, "目录缺行", "a row is lost", "元数据完整性检测"),
        ("C-FOREIGN", "authenticity", True, "目录多出台账没有的内容", "a row that no entry makes", _LINKED),
        ("C-DAMAGED", "usability", True, "目录无法读取", "the catalogue cannot be read", _READ),
        ("C-BEHIND", "usability", False, "目录落后或被退回旧版", "the catalogue was behind", _READ),
        ("S-BODY", "authenticity", True, "归档件缺失或被改", "a body is gone or altered", _FIXED),
        ("S-HEAD", "authenticity", True, "密钥头缺失或被改", "a head is gone or altered", _FIXED),
        ("S-GRANT", "security", True, "借阅密钥头不对", "a borrower's head is wrong", _GUARD),
        ("S-CARD", "authenticity", True, "密封卡片缺失或被改", "a card is gone or altered", _FIXED),
        ("S-GONE", "security", True, "已销毁的仍有残留", "something of a destroyed record", _GUARD),
        ("S-STRAY", "security", False, "归档区有外来文件", "a stray file in the store", _CARRIER),
        ("K-GRADE", "security", True, "密级公钥不对", "a grade's public key is wrong", _GUARD),
        ("K-PERSON", "security", True, "人员公钥页不对", "a person's page is wrong", _GUARD),
        ("K-SEALED", "security", True, "密封的私钥缺失或被改", "a sealed key is gone or altered", _GUARD),
        ("K-COUNTERPART", "security", True, "密钥对半缺失或被改", "a counterpart is gone or altered", _GUARD),
        ("K-STRAY", "security", False, "密钥区有外来文件", "a stray file among the keys", _GUARD),
        ("P-TEXT", "authenticity", True, "制度文本缺失或被改", "a regulation's text is wrong", _FIXED),
        ("P-STRAY", "security", False, "制度区有外来文件", "a stray file among the packs", _CARRIER),
        ("F-STRAY", "security", False, "档案库中有外来文件", "a file that does not belong", _CARRIER),
        ("F-SETTINGS", "security", False, "设置与上次检测时不同", "the settings were changed", _GUARD),
        ("F-IDENTITY", "security", True, "档案库编号与台账不符", "another archive's id", _GUARD),
        ("T-ALTERED", "authenticity", True, "托盘中的扫描件被改", "a waiting scan was altered", _FIXED),
        ("T-LOST", "completeness", True, "托盘中的扫描件不见了", "a waiting scan is gone", _WHOLE),
        ("T-STRAY", "security", False, "托盘中有外来文件", "a stray file in a tray", _CARRIER),
        ("X-INDEX", "usability", True, "全文索引受损", "a full-text index is damaged", _READ),
        ("X-GONE", "usability", False, "全文索引不见了", "a full-text index is gone", _READ),
        ("X-STRAY", "security", False, "索引区有外来文件", "a stray file among the indexes", _CARRIER),
        ("G-GAP", "completeness", False, "编号不连续", "a number is missing", "连续性元数据项检测"),
        ("M-FIELD", "completeness", False, "必填元数据缺失", "a field is missing", "必填著录项目检测"),
        ("M-VALUE", "authenticity", False, "元数据不合理", "a value is not plausible", "元数据项数据值合理性检测"),
        ("M-PLACE", "completeness", False, "所属客户或档案不存在", "its place is not there", _LINKED),
        ("O-OPEN", "usability", True, "无法解密", "it cannot be opened", "信息包可用性检测（试解密）"),
        ("O-CONTENT", "authenticity", True, "解密内容与归档时不同", "not what was filed", "内容数据电子属性一致性检测"),
        ("O-PARSE", "usability", False, "内容无法读取", "it can no longer be read", _CONTENT),
        ("O-PAGES", "completeness", False, "页数不符", "another number of pages", _WHOLE),
        ("O-TITLE", "completeness", False, "题名缺失", "it has no title", "必填著录项目检测"),
        ("V-INFECTED", "security", False, "含有病毒", "a virus was found", "病毒检测"),
    )
)  # fmt: skip
CODES = {code.code: code for code in TABLE}
# What an audit tells of the checklists: no finding, since papers that are still to come are no
# fault of what is kept.
LACKING = Code("N-MISSING", "completeness", False, "归档清单缺件", "a paper is still missing",
               "归档范围检测")  # fmt: skip

_PATH = re.compile(r"\b(?:store|keys)/[^\s:,]+")
_UNREAD = re.compile(r"reading (\S+):")


def as_finding(finding: Finding) -> Found:
    """A finding as the contract has it; its subject is a file below the archive's root wherever
    it is about one."""
    code = CODES[finding.code]
    return Found(code.code, _subject(finding), code.nature, finding.message)


def _subject(finding: Finding) -> str:
    if finding.code.startswith("L-"):
        return f"ledger/{finding.where}"
    if finding.code not in ("S-BODY", "S-CARD", "S-HEAD"):
        return finding.where
    if named := _PATH.search(finding.message):
        return named[0]
    if unread := _UNREAD.search(finding.message):
        top = "keys/records" if unread[1].endswith(".head") else "store"
        return f"{top}/{finding.where.rpartition('/')[0]}/{unread[1]}"
    # What a head says of itself is wrong: the message is about the head.
    return f"keys/records/{finding.where}.head"


def is_damage(found: Found) -> bool:
    """Whether what was stored is so no more."""
    return CODES[found.code].damage
