"""The tests of tests/fuzz, led by the code they reach: scripts/fuzz_guided.py TARGET SECONDS

Needs atheris (`.venv/bin/python -m pip install atheris`), which has wheels for Linux only and is
therefore none of the tools that every working copy installs. It starts from the whole files of a
test, follows which branches an input takes, and changes further what came to new ones; so it gets
deeper into a parser than chance does. What must hold of each input, the test alone says.

Ends with 0 when nothing was found; else the input lies in ./crash-… and the failure is shown.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import atheris  # type: ignore[import-not-found]

# The test's module and name, where its whole files stand, and how it takes an input.
TARGETS: dict[str, tuple[str, str, str, Callable[[bytes], tuple[Any, ...]]]] = {
    "age": ("test_fuzz_age", "test_spoiled_file_does_not_open", "SMALL", lambda raw: (raw,)),
    "header": ("test_fuzz_age", "test_header_has_one_spelling", "HEADS", lambda raw: (raw,)),
    "note": ("test_fuzz_ledger", "test_spoiled_note_is_refused", "NOTES", lambda raw: (raw,)),
    "journal": (
        "test_fuzz_ledger", "test_journal_record_has_one_spelling", "RECORDS", lambda raw: (raw, 0),
    ),
    "frame": (
        "test_fuzz_plain", "test_spoiled_frame_breaks_the_wire_or_is_an_object", "FRAMES",
        lambda raw: (raw, 0),
    ),
    "pack": (
        "test_fuzz_packs", "test_spoiled_pack_is_told_or_works", "SMALL",
        lambda raw: (raw.decode("utf-8", "replace"),),
    ),
}  # fmt: skip


def main() -> None:
    """Run one target until the time is up or something is found."""
    target, seconds = sys.argv[1:]
    tests = Path(__file__).parent.parent / "tests"
    sys.path[:0] = [str(tests / "fuzz"), str(tests / "support")]
    module, name, seeds, taken = TARGETS[target]
    with atheris.instrument_imports(include=["storage", "policies", "archivist", "tomllib"]):
        from storage.age import passphrase

        found = import_module(module)
    # As the fixture of test_fuzz_age has it: one digit more would ask for gigabytes.
    passphrase.MAX_LOG_N = 9
    check = getattr(found, name).hypothesis.inner_test
    # Kept beside what hypothesis keeps: the next run goes on from there.
    corpus = tests.parent / ".hypothesis" / "guided" / target
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(getattr(found, seeds)):
        raw = seed if isinstance(seed, bytes) else seed.encode()
        (corpus / f"whole-{number}").write_bytes(raw)
    limits = [f"-max_total_time={int(seconds)}", "-max_len=65536", "-len_control=0"]
    atheris.Setup([sys.argv[0], *limits, str(corpus)], lambda raw: check(*taken(raw)))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
