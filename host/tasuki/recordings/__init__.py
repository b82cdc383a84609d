"""Real recordings, and what a virtual hub replays of them.

    recording = load(None)                     # the bundled one; or any WFDB record
    replay = prepare(recording, 60, folder)    # one file per channel, replay.json

What has to be synthetic says so: its origin starts with `synthetic_`.
"""

from tasuki.recordings.record import BUNDLED, Recording, load
from tasuki.recordings.replay import Channel, Replay, prepare

__all__ = ["BUNDLED", "Channel", "Recording", "Replay", "load", "prepare"]
