"""Make index/fold.txt: which Chinese characters count as one and the same in a search.

The table joins characters that any OpenCC conversion between Simplified and
Traditional (Mainland, Taiwan, Hong Kong) exchanges, alone or inside a phrase.
It is built as connected components, because the two scripts do not correspond
one to one: 了 is written 了 or 瞭, and 瞭 is 瞭 or 了. Following only the
character table would leave 瞭解 and 了解 apart.

    python scripts/make_fold_table.py            # writes index/fold.txt
    python scripts/make_fold_table.py --check    # exit 1 when the file is stale

A changed table changes the tokens, so raise `FOLD_EDITION` in index/analysis.py with it.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import opencc

TABLE = Path(__file__).parent.parent / "index" / "fold.txt"
DATA = Path(opencc.__file__).parent / "clib"

# In a Simplified-to-Traditional table every candidate occurs in some phrase. In
# the other tables only the first one is ever written; later ones are remarks on
# usage (阪 坂) and would merge characters that nobody exchanges.
ALL_CANDIDATES = ("STCharacters",)
FIRST_CANDIDATE = (
    "TSCharacters",
    "TSCharactersExt",
    "HKVariants",
    "HKVariantsRev",
    "TWVariants",
    "TWVariantsRev",
    "STPhrases",
    "TSPhrases",
    "HKVariantsPhrases",
    "HKVariantsRevPhrases",
    "TWVariantsPhrases",
    "TWVariantsRevPhrases",
)


def rows(name: str) -> Iterator[tuple[str, list[str]]]:
    """Yield (key, candidates) of one OpenCC dictionary."""
    with tempfile.TemporaryDirectory() as folder:
        text = Path(folder) / "dict.txt"
        source = DATA / "share" / "opencc" / f"{name}.ocd2"
        subprocess.run(
            [DATA / "bin" / "opencc_dict", "-i", source, "-o", text, "-f", "ocd2", "-t", "text"],
            check=True,
            capture_output=True,
        )
        for line in text.read_text(encoding="utf-8").splitlines():
            key, _, candidates = line.partition("\t")
            if candidates:
                yield key, candidates.split(" ")


def pairs() -> Iterator[tuple[str, str]]:
    """Yield every two characters that some conversion exchanges in the same place."""
    for name in (*ALL_CANDIDATES, *FIRST_CANDIDATE):
        for key, candidates in rows(name):
            for candidate in candidates if name in ALL_CANDIDATES else candidates[:1]:
                if len(candidate) == len(key):
                    yield from ((a, b) for a, b in zip(key, candidate, strict=True) if a != b)


def classes() -> list[str]:
    """Return the classes as strings, the character that stands for all of them first."""
    parent: dict[str, str] = {}

    def root(char: str) -> str:
        while parent.setdefault(char, char) != char:
            parent[char] = parent[parent[char]]
            char = parent[char]
        return char

    for a, b in pairs():
        # The analysis folds after NFKD, so a compatibility form is never looked up.
        plain = [unicodedata.normalize("NFKD", char) for char in (a, b)]
        if all(len(char) == 1 for char in plain):
            parent[root(plain[0])] = root(plain[1])

    members = defaultdict(set)
    for char in parent:
        members[root(char)].add(char)
    simplify = opencc.OpenCC("t2s").convert

    def standing(chars: set[str]) -> str:
        images = [simplify(char) for char in sorted(chars)]
        return min(chars & set(images) or chars, key=lambda char: (-images.count(char), char))

    found = []
    for chars in members.values():
        if len(chars) > 1:
            first = standing(chars)
            found.append(first + "".join(sorted(chars - {first})))
    return sorted(found)


def main() -> int:
    text = "\n".join(classes()) + "\n"
    if "--check" in sys.argv[1:]:
        return int(text != TABLE.read_text(encoding="utf-8"))
    TABLE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
