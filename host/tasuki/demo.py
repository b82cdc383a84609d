"""The main job on a real recording: a virtual hub, and the host that runs it."""

import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from tasuki import recordings
from tasuki.consent.policy import Policy
from tasuki.errors import TasukiError
from tasuki.fleet.virtual import VirtualHub
from tasuki.pipeline.acquire import SerialLine
from tasuki.session import running, summary
from tasuki.session.counts import Counts
from tasuki.session.enrolment import enroll
from tasuki.session.file_register import REPORT
from tasuki.session.hub_session import Session
from tasuki.session.monitor import Monitor
from tasuki.session.recorder import Recorder
from tasuki.session.state import State, adopt
from tasuki.view import Report, Series, Source, write_report

_GRACE_S = 20.0


@dataclass(frozen=True)
class Options:
    """What the demo is asked to do.

    Attributes:
        seconds: of the recording; None for all of it.
        recording: WFDB record; None for the bundled one.
        consent: a wearer's file; None for the built-in wearer.
        withhold: items that the token leaves out.
        state: folder to keep; None for a temporary one.
    """

    seconds: float | None = 60.0
    speed: float = 1.0
    hub: str = "unix"
    recording: Path | None = None
    consent: Path | None = None
    withhold: tuple[str, ...] = ()
    capture: Path | None = None
    plaintext: bool = False
    report: Path | None = None
    state: Path | None = None
    lang: str = "en"


@dataclass
class _Result:
    summary: dict[str, Any] = field(default_factory=dict)


def run(options: Options, show: running.Show = lambda snapshot: None) -> dict[str, Any]:
    """Run the demo and return its summary; writes report and capture where asked.

    `ended_by` in it says what ended the demo before the recording did, None when nothing did.
    """
    recording = recordings.load(options.recording)
    seconds = options.seconds
    if seconds is not None:
        seconds = min(seconds, recording.seconds)
    keep = nullcontext(options.state) if options.state else tempfile.TemporaryDirectory(prefix="tasuki-")
    with keep as folder, State(Path(str(folder))) as state:
        replay = recordings.prepare(recording, seconds, state.folder / "replay")
        subject = adopt(state, options.consent)
        with VirtualHub(options.hub, state.folder / "hub", replay.path.parent, options.speed) as hub:
            enroll(hub.port, state)
            return _with_hub(options, recording, replay, state, subject, hub, show)


def _with_hub(
    options: Options,
    recording: recordings.Recording,
    replay: recordings.Replay,
    state: State,
    subject: str,
    hub: VirtualHub,
    show: running.Show,
) -> dict[str, Any]:
    monitor = Monitor(keep_all=True)
    recorder = Recorder(options.capture, options.plaintext) if options.capture else None
    result = _Result()
    counts = Counts()

    def connect() -> Session:
        if not hub.alive():
            raise TasukiError("the virtual hub ended")
        line = SerialLine(hub.port)
        return Session(line, state, subject, withhold=options.withhold, speed=options.speed, counts=counts)

    def finish(session: Session, monitor: Monitor, uploaded: int) -> None:
        result.summary = summary.of_session(session, monitor, uploaded)
        _compare(result.summary, replay, session, monitor)

    error = running.run(
        connect,
        monitor,
        show=show,
        done=_until_end(replay.seconds, options.speed),
        recorder=recorder,
        finish=finish,
    )
    found = result.summary
    found["ended_by"] = str(error) if error else None
    found["recording"] = recording.title
    found["channels"] = replay.origins
    found["withheld"] = list(options.withhold)
    found["capture"] = str(options.capture) if options.capture else None
    found["report"] = str(options.report) if options.report else None
    if options.report:
        if options.state:
            state.files.note(options.report, REPORT, subject)
        write_report(options.report, _report(found, recording, replay, monitor, state.policy), options.lang)
    return found


def _until_end(seconds: float, speed: float) -> Callable[[Monitor], bool]:
    """True once the recording has been played, or when it takes far too long."""
    deadline = time.monotonic() + seconds / speed + _GRACE_S

    def done(monitor: Monitor) -> bool:
        return monitor.elapsed_s >= seconds - 0.05 or time.monotonic() > deadline

    return done


def _compare(found: dict[str, Any], replay: recordings.Replay, session: Session, monitor: Monitor) -> None:
    beats = np.array(session.derived.beats_us)
    found["beat_times_s"] = ((beats - monitor.start_us) / 1e6).round(3).tolist()
    if replay.beats is not None:
        found["beats_expected"] = len(replay.beats)


def _report(
    found: dict[str, Any],
    recording: recordings.Recording,
    replay: recordings.Replay,
    monitor: Monitor,
    policy: Policy,
) -> Report:
    times, heart, breath = np.array(monitor.rates or [(0.0, np.nan, np.nan)]).T
    rates = (
        Series("heart_rate", "ecg", "/min", times, heart),
        Series("respiration_rate", "respiration", "/min", times, breath),
    )
    beats = np.array(found.pop("beat_times_s"))
    return Report(
        summary={k: v for k, v in found.items() if not isinstance(v, dict | list)},
        series=monitor.series(replay.origins),
        beats_s=beats,
        rates=tuple(rate for rate in rates if np.isfinite(rate.values).any()),
        decisions=monitor.decisions(),
        ways=monitor.all_ways(),
        sentences={id_: (clause.words.en, clause.words.ja) for id_, clause in policy.clauses.items()},
        epochs=tuple(monitor.epochs),
        gaps=(),
        faults=found["frames_bad_by_fault"],
        sources=_sources(recording, replay.origins.items()),
        notes=tuple(monitor.notes),
        subtitle=recording.title,
        made=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    )


def _sources(recording: recordings.Recording, origins: Iterable[tuple[str, str]]) -> tuple[Source, ...]:
    return tuple(
        Source(name, origin, () if origin.startswith("synthetic") else recording.credits)
        for name, origin in origins
    )
