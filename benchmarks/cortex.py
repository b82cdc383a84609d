"""What the filters cost a hub: code, stack and instructions on an emulated Cortex-M4F.

python benchmarks/cortex.py     needs arm-none-eabi-gcc and qemu-system-arm (make services)

Runs every filter over a recorded signal, checks that results and state are the host's
to the bit, and writes RESULTS/cortex-m4.json and the table in README.md. QEMU counts
instructions, not cycles: a real Cortex-M4 takes 1 to 2 cycles for most of them.
"""

import json
import sys
import tempfile
from pathlib import Path

_ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(_ROOT / folder) for folder in ("tests", "host", "protocol", "firmware")]

import pytest  # noqa: E402

import cortex_jobs  # noqa: E402
import cortex_m  # noqa: E402

_CALLS = {
    "biquads_f32": ("tsk_biquad_f32",),
    "biquads_i32": ("tsk_biquad_i32",),
    "conditioner": ("tsk_level_process", "tsk_biquad_f32"),
    "beats": ("tsk_beat_process",),
    "breaths": ("tsk_breath_process",),
    "warmth": ("tsk_warmth_process",),
    "heart_rate": ("tsk_rate_beat", "tsk_rate_read"),
    "orientation": ("tsk_orient_process",),
    "falls": ("tsk_fall_process",),
    "activity": ("tsk_activity_process",),
    "posture": ("tsk_posture_process",),
}
"""What each job calls; tests/native/cortex/filters.c."""
_SAMPLES = {"heart_rate": "beat"}
_BEGIN, _END = "<!-- cortex: begin -->", "<!-- cortex: end -->"


def measure():
    """(rows of the filters, rows of all functions)."""
    with tempfile.TemporaryDirectory() as folder:
        elf = cortex_m.build(Path(folder))
        costs = cortex_m.costs(Path(folder))
        filters = []
        for name, make in cortex_jobs.JOBS.items():
            try:
                job = make()
            except pytest.skip.Exception as reason:
                print(f"{name} is left out: {reason.msg}", file=sys.stderr)
                continue
            answer = job.run(elf)
            same = answer.results == job.results and answer.state == job.last_state
            parts = [costs[call] for call in _CALLS[name]]
            filters.append(
                {
                    "filter": name,
                    "samples": len(job.samples),
                    "instructions": round(answer.instructions / len(job.samples), 1),
                    "per": _SAMPLES.get(name, "sample"),
                    "code": sum(part.code for part in parts),
                    "stack": max(part.stack for part in parts),
                    "state": len(job.state),
                    "same_bits": same,
                }
            )
    return filters, [{"function": name, **vars(cost)} for name, cost in costs.items()]


def lines(filters):
    """A Markdown table."""
    out = [
        "| filter, pieces of 25 samples | instructions | code, bytes | stack | state | the host's bits |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for row in filters:
        same = "yes" if row["same_bits"] else "**no**"
        cost = f"{row['instructions']:.0f} a {row['per']}"
        out.append(
            f"| {row['filter']} | {cost} | {row['code']:,} | {row['stack']:,} | {row['state']:,} | {same} |"
        )
    return out


def main():
    """Print, keep, and fail when a bit differs."""
    if cortex_m.missing():
        print(cortex_m.missing(), file=sys.stderr)
        return 1
    filters, functions = measure()
    print("\n".join(lines(filters)))
    print("\nfunction, with all that it calls: code and stack in bytes")
    for row in functions:
        print(f"{row['function']:<28}{row['code']:>8}{row['stack']:>8}")
    results = Path(__file__).with_name("RESULTS")
    results.mkdir(exist_ok=True)
    content = {"processor": "Cortex-M4F, QEMU mps2-an386", "filters": filters, "functions": functions}
    (results / "cortex-m4.json").write_text(json.dumps(content, indent=1) + "\n")
    readme = Path(__file__).with_name("README.md")
    before, _, rest = readme.read_text(encoding="utf-8").partition(_BEGIN)
    after = rest.partition(_END)[2]
    text = before + "\n".join([_BEGIN, *lines(filters), _END]) + after
    readme.write_text(text, encoding="utf-8")
    return 0 if all(row["same_bits"] for row in filters) else 1


if __name__ == "__main__":
    sys.exit(main())
