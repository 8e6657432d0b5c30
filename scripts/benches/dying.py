"""A watcher killed at random moments: what of the scans is lost, and what is there twice."""

import argparse
import json
import random
import tempfile
from functools import partial
from pathlib import Path

from benches.material import Bench


def bench_kills(options: argparse.Namespace) -> None:
    """No rate: what is left of an intake whose process is killed again and again."""
    from kills import Campaign, bases

    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        bench = Bench(Path(name))
        rng = random.Random(options.seed)
        told = partial(print, flush=True)
        campaign = Campaign(bench.environment, bench.root, rng, told)
        found = campaign.run(bases(), options.files, options.kills)
    print(json.dumps({"bench": "kills", **found}))
