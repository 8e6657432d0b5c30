"""A watcher killed at random moments: what of the scans is lost, and what is there twice."""

import argparse
import json
import random
import shutil
import sys
import tempfile
from functools import partial
from pathlib import Path

from benches.material import Bench


def bench_kills(options: argparse.Namespace) -> None:
    """No rate: what is left of an intake whose process is killed again and again.

    Where something is amiss the archive is kept as it is, and it is said where.
    """
    from kills import Campaign, bases

    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    try:
        bench = Bench(folder)
        rng = random.Random(options.seed)
        told = partial(print, flush=True)
        campaign = Campaign(bench.environment, bench.root, rng, told)
        found = campaign.run(bases(), options.files, options.kills, options.seconds)
    except AssertionError:
        print(f"kept for a look: {folder}", file=sys.stderr)
        raise
    shutil.rmtree(folder)
    print(json.dumps({"bench": "kills", **found}))
