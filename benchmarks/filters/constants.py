"""Hashes of the constants that were tuned: a table belongs to the constants that it shows."""

import hashlib
import json

from tasuki.filters.respiration import BAND_HZ, breath_design
from tasuki.native.filters import Beats


def beat_hash() -> str:
    """Of struct tsk_beat_coef at 360 Hz."""
    return hashlib.sha256(Beats(360).constants()).hexdigest()[:12]


def breath_hash() -> str:
    """Of the fields of struct tsk_breath_coef at 50 Hz and the band that its filter is designed for."""
    fields = {name: round(value, 9) for name, value in breath_design(50)[1].items()}
    return hashlib.sha256(json.dumps([BAND_HZ, fields], sort_keys=True).encode()).hexdigest()[:12]
