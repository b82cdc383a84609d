"""A million decisions against the plain table, as many as asked for against Cedar: `make oracle`."""

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from oracle import judging


def main():
    """Print the verdict; exit 1 when anything differs."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--decisions", type=int, default=1_000_000)
    parser.add_argument("--cedar", type=float, default=0.1, help="share that Cedar decides, too")
    parser.add_argument("--seed", type=int, default=1_000_000)
    options = parser.parse_args()
    worlds = range(options.seed, options.seed + options.decisions // judging.PER_WORLD)
    began = time.monotonic()
    decisions, by_cedar, wrong, seen = judging.judge(worlds, options.cedar)
    print(f"{decisions:,} decisions, {by_cedar:,} by Cedar, {len(wrong)} mismatches")
    print(f"{len(seen)} reasons, the rarest {min(seen.values())} times, {time.monotonic() - began:.0f} s")
    for row in wrong[:5]:
        print(row)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
