"""What `tasuki replay` shows: a player's figures as the live view takes them."""

from tasuki.capture.replay import Player
from tasuki.capture.traces import Trace
from tasuki.view.snapshot import Snapshot, Stream
from tasuki_wire import codec, layout


def snapshot(player: Player) -> Snapshot:
    """The newest state of a replay."""
    found = player.summary()
    return Snapshot(
        elapsed_s=player.traces.elapsed_s,
        speed=player.speed,
        hub="replay",
        streams=tuple(_stream(trace) for trace in player.traces.recent()),
        heart_rate_bpm=found["heart_rate_bpm"],
        heart_provisional=player.provisional,
        respiration_rate_bpm=found["respiration_rate_bpm"],
        temperature_degc=found["temperature_degc"],
        epochs_verified=player.verified,
        epochs_rejected=found["epochs_rejected"],
        frames=found["frames"],
        frames_bad=found["frames_bad_by_fault"],
        gaps=player.gaps,
    )


def _stream(trace: Trace) -> Stream:
    row = trace.stream
    kind = codec.KINDS[row.kind]
    site = f"_{layout.SITES[row.site]}" if 1 < row.site < len(layout.SITES) else ""
    return Stream(
        name=kind.name + site,
        item=str(kind.item),
        rate_hz=1e6 / max(row.period_us, 1),
        samples=trace.values,
        unit=trace.unit,
        frames=trace.frames,
    )
