"""The filters' C: strict, sanitizer-clean, fit for a Cortex-M0+ without a C library."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from filter_signals import ecg_250
from tasuki.filters import BeatDetector

ROOT = Path(__file__).parents[2]
SOURCES = sorted(
    [
        *ROOT.glob("native/src/filter_*.c"),
        *ROOT.glob("native/src/beat*.c"),
        *ROOT.glob("native/src/motion_*.c"),
    ]
)
STRICT = ["-std=c99", "-ffreestanding", "-ffp-contract=off", "-Wall", "-Wextra", "-Wconversion", "-Werror"]
INCLUDE = [f"-I{ROOT / 'native/include'}", f"-I{ROOT / 'native/src'}"]
DRIVER = Path(__file__).with_name("filters_driver.c")


def tool(name):
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed (make services)")
    return found


def run(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("level", ["-O0", "-O2"])
def test_no_warning_under_wconversion(tmp_path, level):
    for source in SOURCES:
        run(tool("gcc"), level, *STRICT, *INCLUDE, "-c", source, "-o", tmp_path / "o.o")


@pytest.mark.parametrize("cpu", ["cortex-m0plus", "cortex-m4"])
def test_it_compiles_for_cortex_m_and_needs_only_what_the_compiler_brings(tmp_path, cpu):
    objects = [tmp_path / f"{source.stem}.o" for source in SOURCES]
    for source, made in zip(SOURCES, objects, strict=True):
        options = [f"-mcpu={cpu}", "-mthumb", "-Os", "-Wdouble-promotion"]
        run(tool("arm-none-eabi-gcc"), *options, *STRICT, *INCLUDE, "-c", source, "-o", made)

    names = run(tool("arm-none-eabi-nm"), *objects).splitlines()

    defined = {line.split()[-1] for line in names if " T " in line}
    missing = {line.split()[-1] for line in names if " U " in line} - defined
    brought = {name for name in missing if name.startswith("__aeabi_")} | {"memcpy", "memset", "memmove"}
    assert missing <= brought  # arithmetic of libgcc, and the copies that a freestanding gcc asks for


@pytest.fixture(scope="module")
def driver(tmp_path_factory):
    made = tmp_path_factory.mktemp("driver") / "driver"
    sanitizers = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g", "-O1"]
    run(tool("gcc"), *sanitizers, "-std=c99", "-ffp-contract=off", *INCLUDE, DRIVER, *SOURCES, "-o", made)
    return made


def hostile():
    """Real ECG with bad values of every kind, rails and steps; then random bits as floats."""
    samples = np.tile(ecg_250(), 2)
    samples[::997] = np.nan
    samples[5000:5600] = np.inf
    samples[9000:9500] = 262144
    samples[9500:9900] = -262144
    random = np.frombuffer(np.random.default_rng(7).bytes(40_000), np.float32)
    spikes = np.where(np.arange(4000) % 11 < 5, 200_000, -200_000).astype(np.float32)
    return np.concatenate([samples, random, spikes, samples[:5000]])


@pytest.mark.parametrize("rate_mhz", [100_000, 250_000, 500_000, 501_000, 2_000_000])
def test_hostile_input_is_clean_under_the_sanitizers(driver, tmp_path, rate_mhz):
    (tmp_path / "in.f32").write_bytes(hostile().tobytes())

    run(driver, tmp_path / "in.f32", rate_mhz, tmp_path / "out.i64")


def test_without_optimisation_and_under_the_sanitizers_the_beats_are_the_same(driver, tmp_path):
    (tmp_path / "in.f32").write_bytes(ecg_250().tobytes())

    run(driver, tmp_path / "in.f32", 250_000, tmp_path / "out.i64")

    beats = np.fromfile(tmp_path / "out.i64", np.int64)
    assert beats.tolist() == BeatDetector(250).process(ecg_250())["sample"].tolist()
