"""The table of the filters: accuracy on recordings, speed, latency, each beside its peers.

python benchmarks/filters [PART ...]   parts: see PARTS; without one all, and the results are kept

Recordings are read from ../shared/data; without them the rows that need them are left out and named.
"""

import sys
import warnings
from pathlib import Path

_ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(_ROOT / "tests"), str(Path(__file__).parent)]
for _source in ("firmware", "protocol", "host"):
    sys.path.insert(0, str(_ROOT / _source))

import beats  # noqa: E402
import breaths  # noqa: E402
import chain  # noqa: E402
import pytest  # noqa: E402
import speed  # noqa: E402
import table  # noqa: E402

PARTS = {
    "beats": beats.clean,
    "noise": beats.noise,
    "late": beats.latency,
    "bad": beats.bad_parts,
    "breaths": breaths.rates,
    "apnoea": breaths.apnoea,
    "sosfilt": speed.biquads,
    "speed": speed.beats,
    "many": speed.many,
    "chain": chain.latency,
}
try:
    import motion  # orientation and falls

    PARTS.update(motion.PARTS)
except ImportError as error:
    print(f"motion is left out: {error}", file=sys.stderr)


def main(chosen):
    """Run the chosen parts, or all; returns the exit code."""
    unknown = [name for name in chosen if name not in PARTS]
    if unknown:
        print(f"no part {unknown[0]}; there are {', '.join(PARTS)}", file=sys.stderr)
        return 2
    rows = []
    for name in chosen or PARTS:
        try:
            rows += PARTS[name]()
        except pytest.skip.Exception as reason:
            print(f"{name} is left out: {reason.msg}", file=sys.stderr)
    print("\n".join(table.lines(rows)))
    if not chosen:
        table.keep(rows)
    return 0


if __name__ == "__main__":
    warnings.simplefilter("ignore", ResourceWarning)
    sys.exit(main(sys.argv[1:]))
