"""Packs: loading them against TOML alone, judging a page against folding its text."""

import argparse
from collections.abc import Iterator

from benches.material import page_text
from benches.measuring import Table, seconds


def bench_policies(options: argparse.Namespace) -> Iterator[Table]:
    """Loading every shipped pack against bare TOML parsing of the same text, and judging one page
    of a purchase invoice against all packs against the folding of that page alone."""
    import tomllib

    from archivist.regulations import shipped_packs
    from index.analysis import fold
    from policies.facts import DossierInfo, Facts, Hints, Known, PageFacts
    from policies.judge import judge
    from policies.packs import parse_pack
    from policies.policy import Policy
    from policies.routing import read_clues

    texts = shipped_packs()
    packs = [parse_pack(text, name) for name, text in texts.items()]
    policy = Policy.adopt(packs, {"ungraded": "SECRET"}, fold)
    text = "机动车销售统一发票\n发票代码：144032509110\n购买方名称\n价税合计\n" + page_text(1)
    facts = Facts("image/png", ".png", 1, "0" * 64, (PageFacts(text, source="ocr"),))
    known = Known((DossierInfo("D000001", "C000001", "new_car"),))
    hints = Hints(("C000001", "D000001"), "scan_0001")

    def judged() -> None:
        judge(facts, read_clues(facts, hints, policy), known, policy)

    loading: dict[str, list[float]] = {"bare tomllib": [], "all packs, checked": []}
    judging: dict[str, list[float]] = {"folding the page": [], "judging it": []}
    for _ in range(options.rounds):
        loading["bare tomllib"].append(
            1000 * seconds(lambda: [tomllib.loads(text) for text in texts.values()])
        )
        loading["all packs, checked"].append(
            1000 * seconds(lambda: [parse_pack(text, name) for name, text in texts.items()])
        )
        judging["folding the page"].append(1000 * seconds(lambda: fold(text), 100))
        judging["judging it"].append(1000 * seconds(judged, 100))
    yield Table(f"loading {len(texts)} packs", "ms", loading)
    yield Table(f"judging one document by {len(texts)} packs", "ms", judging)
