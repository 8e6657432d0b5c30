"""One entry's proof on paper: the entry, the proof as text and as QR codes, and how to check it.

Owns the A4 pages of `ledger prove --pdf`. Chinese and English stand together: who checks such a
page in ten years is not who printed it.

Rules it keeps:
- The codes carry the whole proof, entry included (`storage.proof.to_parts`); the text above them
  is the same for eyes, typing and recognition.
- A code keeps its size however many there are; further ones go to further pages.
- Nothing is on the page that the proof does not say.

    data = proof_pdf(proof, proven, vkey)
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime

import segno

from archivist.printing import MARGIN_PT, Paper, draw_code, printable, text_width
from storage.proof import Proof, Proven, to_parts

CODE_PT = 205.0  # 72 mm: a module is 0.6 mm, 3.6 dots of a 150-dpi scan
GAP_PT = 22.0
QUIET_MODULES = 4
TEXT_PT, LEAD_PT = 8.0, 10.5
FOOT_PT = 46.0


class _Sheets:
    """Lines from the top of a page down, and a new page when it is full."""

    def __init__(self, title: str) -> None:
        self.paper = Paper(title)
        self.at_pt = self.paper.height_pt - MARGIN_PT
        self.number = 1

    def line(self, text: str, size_pt: float = TEXT_PT, lead_pt: float = LEAD_PT) -> None:
        """One line, broken anywhere when it is too long: hashes have no words."""
        for piece in _pieces(printable(text), self.paper.room_pt, size_pt):
            self.room(lead_pt)
            self.at_pt -= lead_pt
            self.paper.text(piece, size_pt, MARGIN_PT, self.at_pt)

    def space(self, height_pt: float) -> None:
        """An empty strip."""
        self.at_pt -= height_pt

    def room(self, height_pt: float) -> None:
        """Begin a new page unless so much is left on this one."""
        if self.at_pt - height_pt < FOOT_PT:
            self.end_page()
            self.paper.next_page()
            self.at_pt = self.paper.height_pt - MARGIN_PT
            self.number += 1

    def end_page(self) -> None:
        """The page's number at its foot."""
        self.paper.centred(f"— {self.number} —", 8, FOOT_PT - 18)


def proof_pdf(proof: Proof, proven: Proven, vkey: str, chars: int | None = None) -> bytes:
    """The pages of one proof."""
    sheets = _Sheets(f"台账证明 {proof.index}")
    sheets.paper.centred("台账条目证明", 20, sheets.at_pt - 22)
    sheets.paper.centred("Proof of one ledger entry", 11, sheets.at_pt - 40)
    sheets.space(54)
    _facts(sheets, proven)
    _entry(sheets, proven.entry)
    _text(sheets, proof, vkey)
    parts = to_parts(proof.render()) if chars is None else to_parts(proof.render(), chars)
    _codes(sheets, parts)
    sheets.end_page()
    return sheets.paper.finished()


def _facts(sheets: _Sheets, proven: Proven) -> None:
    head = proven.head
    sheets.line(f"台账 Ledger　{head.origin}", 10, 14)
    sheets.line(f"条目 Entry　第 {proven.index} 条，共 {head.size} 条　"
                f"no. {proven.index} of {head.size} (counted from 0)", 10, 14)  # fmt: skip
    for one in proven.cosigned:
        when = datetime.fromtimestamp(one.time_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        sheets.line(f"见证 Witness　{one.name}　{when}", 10, 14)
    if not proven.cosigned:
        sheets.line("见证 Witness　无 none", 10, 14)


def _entry(sheets: _Sheets, entry: bytes) -> None:
    sheets.space(6)
    sheets.line("条目内容 The entry", 10, 14)
    try:
        fields = json.loads(entry)
    except ValueError:
        fields = None
    if isinstance(fields, dict):
        for name, value in fields.items():
            shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            sheets.line(f"{name}: {shown}")
    sheets.line("原文 Verbatim (RFC 8785 JSON):")
    sheets.line(entry.decode("utf-8", "replace"))


def _text(sheets: _Sheets, proof: Proof, vkey: str) -> None:
    sheets.space(6)
    sheets.line("证明 The proof (C2SP tlog-proof)", 10, 14)
    bare = Proof(proof.index, proof.path, proof.note)
    for line in bare.render().decode().splitlines():
        sheets.line(line or " ")
    sheets.space(6)
    sheets.line("验证公钥 Verifier key　应与建库时公布的一致 must be the one handed out when the "
                "archive was founded", 10, 14)  # fmt: skip
    sheets.line(vkey)


def _codes(sheets: _Sheets, parts: Sequence[str]) -> None:
    sheets.space(6)
    how = ("核验：扫描下面全部二维码，把读出的文字依次存入 scan.txt，运行",
           "To check: scan every code below, save what they say to scan.txt, and run")  # fmt: skip
    sheets.room(3 * 13 + 8 + CODE_PT + GAP_PT)
    for line in (*how, "python3 verify_ledger.py --proof scan.txt --vkey '…'"):
        sheets.line(line, 9, 13)
    sheets.space(8)
    across = int((sheets.paper.room_pt + GAP_PT) // (CODE_PT + GAP_PT))
    for start in range(0, len(parts), across):
        sheets.room(CODE_PT + GAP_PT)
        for column, part in enumerate(parts[start : start + across]):
            left = MARGIN_PT + column * (CODE_PT + GAP_PT)
            _code(sheets, part, f"{start + column + 1}/{len(parts)}", left)
        sheets.space(CODE_PT + GAP_PT)


def _code(sheets: _Sheets, part: str, label: str, left_pt: float) -> None:
    matrix = segno.make_qr(part, error="m", boost_error=False).matrix
    module_pt = CODE_PT / (len(matrix) + 2 * QUIET_MODULES)
    quiet_pt = QUIET_MODULES * module_pt
    draw_code(sheets.paper, matrix, left_pt + quiet_pt, sheets.at_pt - quiet_pt, module_pt)
    middle = left_pt + (CODE_PT - text_width(label, 9)) / 2
    sheets.paper.text(label, 9, middle, sheets.at_pt - CODE_PT - 6)


def _pieces(text: str, room_pt: float, size_pt: float) -> list[str]:
    pieces, piece, wide_pt = [], "", 0.0
    for char in text:
        char_pt = text_width(char, size_pt)
        if piece and wide_pt + char_pt > room_pt:
            pieces.append(piece)
            piece, wide_pt = "", 0.0
        piece, wide_pt = piece + char, wide_pt + char_pt
    return [*pieces, piece]
