"""The filters' C on an emulated Cortex-M4F: build it, run it on samples, measure it."""

import re
import shutil
import struct
import subprocess
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
BOARD = ROOT / "tests/native/cortex"
GATEWAYS_ONLY = ("_lanes", "_eights", "_many")
SOURCES = sorted(
    source
    for pattern in ("filter_*.c", "beat*.c", "motion_*.c")
    for source in ROOT.glob(f"native/src/{pattern}")
    if not source.stem.endswith(GATEWAYS_ONLY)
)
GCC = "arm-none-eabi-gcc"
EMULATOR = "qemu-system-arm"
OPTIONS = [
    *("-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"),
    *("-std=c99", "-O2", "-ffreestanding", "-ffp-contract=off", "-fno-tree-loop-distribute-patterns"),
    *("-ffunction-sections", "-fdata-sections", "-fstack-usage", "-fcallgraph-info=su"),
    *("-Wall", "-Wextra", "-Werror"),
]
NAMES = (
    *("biquads_f32", "biquads_i32", "conditioner", "beats", "breaths", "warmth", "heart_rate"),
    *("orientation", "falls", "activity", "posture"),
)
"""In the order of filters[] in tests/native/cortex/filters.c."""

_INSTRUCTIONS_PER_TICK = 40  # a 25-MHz timer in a machine of 1 GHz, which -icount shift=0 makes
_TIMEOUT_S = 120
_JOB = struct.Struct("<8I")
_HEAD = struct.Struct("<2I")


@dataclass(frozen=True)
class Answer:
    """What the processor gave: results and state as bytes, instructions for all samples."""

    results: bytes
    state: bytes
    instructions: int


@dataclass(frozen=True)
class Cost:
    """Of one function: bytes of code, and of stack with all that it calls."""

    code: int
    stack: int


def missing():
    """Why nothing can run here; empty when it can."""
    return ", ".join(
        f"{tool} is not installed (make services)" for tool in (GCC, EMULATOR) if not shutil.which(tool)
    )


def build(folder):
    """Compile and link everything into folder/filters.elf."""
    objects = []
    for source in [*SOURCES, *sorted(BOARD.glob("*.c"))]:
        made = folder / f"{source.stem}.o"
        include = [f"-I{ROOT / 'native/include'}", f"-I{ROOT / 'native/src'}"]
        _run([GCC, *OPTIONS, *include, "-c", str(source), "-o", str(made)])
        objects.append(str(made))
    elf = folder / "filters.elf"
    link = ["-nostdlib", "-Wl,--gc-sections", f"-Wl,-T,{BOARD / 'board.ld'}"]
    _run([GCC, *OPTIONS[:4], *link, *objects, "-lgcc", "-o", str(elf)])
    return elf


def run(elf, name, coef, state, samples, result_size, piece, room=0):
    """One filter over samples (a contiguous array of rows), `piece` rows a call.

    coef, state: bytes as the host's structs have them. room: unused results to allow for.
    """
    folder = elf.parent
    rows = len(samples)
    data = samples.tobytes()
    job = _JOB.pack(NAMES.index(name), len(coef), len(state), rows, len(data) // rows, result_size, piece, 0)
    (folder / "job.bin").write_bytes(job + coef + state + data)
    (folder / "result.bin").unlink(missing_ok=True)
    machine = ["-machine", "mps2-an386", "-nographic", "-monitor", "none", "-serial", "none"]
    count = ["-icount", "shift=0", "-semihosting-config", "enable=on,target=native"]
    _run([EMULATOR, *machine, *count, "-kernel", str(elf)], folder)
    answer = (folder / "result.bin").read_bytes()
    ticks, size = _HEAD.unpack_from(answer)
    results = answer[_HEAD.size : _HEAD.size + size]
    return Answer(results, answer[_HEAD.size + size :], ticks * _INSTRUCTIONS_PER_TICK)


def costs(folder):
    """Cost of each public function of the filters, after build(folder)."""
    frames, calls = _call_graph(folder)
    sizes = _code_sizes(folder)

    def deepest(name, above=()):
        below = [deepest(called, (*above, name)) for called in calls[name] if called not in (*above, name)]
        return frames.get(name, 0) + max(below, default=0)

    def reached(name, seen):
        if name not in seen:
            seen.add(name)
            for called in calls[name]:
                reached(called, seen)
        return seen

    return {
        name: Cost(sum(sizes.get(part, 0) for part in reached(name, set())), deepest(name))
        for name in sorted(sizes)
        if name.startswith("tsk_")
    }


def _call_graph(folder):
    """Bytes of stack of each function, and what it calls, from gcc's call graph files."""
    frames, calls = {}, defaultdict(set)
    for source in SOURCES:
        text = (folder / f"{source.stem}.ci").read_text()
        for title, label in re.findall(r'node: \{ title: "([^"]+)" label: "([^"]*)"', text):
            frame = re.search(r"(\d+) bytes \((\w+)\)", label)
            if frame:
                assert frame[2] == "static", f"{title} has a stack frame of no known size"
                frames[_plain(title)] = int(frame[1])
        for caller, called in re.findall(r'edge: \{ sourcename: "([^"]+)" targetname: "([^"]+)"', text):
            calls[_plain(caller)].add(_plain(called))
    return frames, calls


def _plain(title):
    """A function's name without its file, which gcc puts before that of a static one."""
    return title.rsplit(":", 1)[-1]


def _code_sizes(folder):
    objects = [str(folder / f"{source.stem}.o") for source in SOURCES]
    listing = _run(["arm-none-eabi-nm", "--print-size", *objects])
    rows = re.findall(r"^[0-9a-f]+ ([0-9a-f]+) [tT] (\S+)$", listing, re.MULTILINE)
    return {name: int(size, 16) for size, name in rows}


def _run(command, folder=None):
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=folder, timeout=_TIMEOUT_S
    )
    assert done.returncode == 0, f"{Path(command[0]).name}: {done.stderr}{done.stdout}"
    return done.stdout
