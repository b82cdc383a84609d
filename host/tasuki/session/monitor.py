"""Watches a session for people: the live view's snapshot, the report's series, the decisions so far."""

from collections import deque
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasuki.consent import reasons
from tasuki.consent.decision import Decision as Decided
from tasuki.frames import Samples, Stream
from tasuki.pipeline.parcel import Routed
from tasuki.session.health import WARNING, Health
from tasuki.session.hub_session import Session
from tasuki.session.listener import Listener
from tasuki.session.ways import Ways
from tasuki.trust.verdict import Gap, Omitted, Rejected, UnknownTail, Verdict, Verified
from tasuki.view import snapshot as shown
from tasuki_wire import codec, items, layout

_WINDOW_S = 12.0
_NOTES = 4
_CALM = ("running", "off")  # off is what consent wants; the consent table says it
_VIEW_PURPOSE = "service_information"
_REPORTS = (codec.number("device_status"), codec.number("stream_status"))


@dataclass
class _Trace:
    """Recent (or all) values of one stream, one number per record, with their seconds."""

    stream: Stream
    name: str
    item: str
    unit: str
    chunks: deque[tuple[NDArray[np.float64], NDArray[np.float64]]]
    held: int = 0


class Monitor(Listener):
    """Keeps what is shown.

    Args:
        keep_all: keep every sample for a report; otherwise the last seconds, so
            that memory stays flat.
    """

    def __init__(self, keep_all: bool = False) -> None:
        self._keep_all = keep_all
        self._session: Session | None = None
        self._traces: dict[int, _Trace] = {}
        self._before_s = 0.0
        self._begin_life(b"")
        self._decisions: dict[tuple[str, str], shown.Decision] = {}
        self.epochs: deque[shown.Epoch] = deque(maxlen=None if keep_all else 64)
        self.notes: deque[str] = deque(maxlen=_NOTES)
        self.health = Health()
        self.ways = Ways()
        self.rates: list[tuple[float, float, float]] = []

    def watch(self, session: Session) -> None:
        """Look at this session from now on; one after a lost link goes on where the last one ended."""
        if session.connection.nonce != self._nonce:
            self._before_s = self.elapsed_s
            self._begin_life(session.connection.nonce)
        self._session = session
        self.ways.name = session.state.block_name
        maxlen = None if self._keep_all else 4096
        for number, stream in session.streams.items():
            known = self._traces.get(number)
            if (known is None or known.stream != stream) and stream.kind not in _REPORTS:
                kind = codec.KINDS[stream.kind]
                name = kind.name + (f"_{layout.SITES[stream.site]}" if stream.site > 1 else "")
                unit = _first_field(stream.kind)[3]
                self._traces[number] = _Trace(stream, name, str(kind.item), unit, deque(maxlen=maxlen))
        self.note_unsampled()

    def _begin_life(self, nonce: bytes) -> None:
        """Device time begins again: what comes is put behind what is there."""
        self._nonce = nonce
        self._start_us: float | None = None  # device time of second 0, in this life's time
        self._now_us = 0.0
        self._proved_us = 0.0

    def on_reboot(self) -> None:
        """The hub began a new life."""
        self.health.begin_life()
        self.on_trouble("the hub rebooted")
        if self._session:
            self.watch(self._session)

    def on_trouble(self, what: str) -> None:
        """Show it, unless it is what was said last."""
        if not self.notes or self.notes[-1] != what:
            self.notes.append(what)

    # -- what the session tells -------------------------------------------------

    def on_samples(self, samples: list[Samples]) -> None:
        """Keep one number per record."""
        self.health.take(samples)
        for part in samples:
            times = part.times_us.astype(np.float64)
            if self._start_us is None:
                self._start_us = float(times[0]) - self._before_s * 1e6
            self._now_us = max(self._now_us, float(times[-1]))
            trace = self._traces.get(part.stream)
            if trace:
                trace.chunks.append(((times - self.start_us) / 1e6, _one_number(part)))
                trace.held += len(times)
                self._trim(trace)
        self._note_rates()

    def _trim(self, trace: _Trace) -> None:
        if self._keep_all:
            return
        most = _WINDOW_S * 1e6 / trace.stream.period_us
        while trace.held > most and len(trace.chunks) > 1:
            trace.held -= len(trace.chunks.popleft()[0])

    def _note_rates(self) -> None:
        session = self._session
        if not (self._keep_all and session):
            return
        now = self._seconds(self._now_us)
        if self.rates and now - self.rates[-1][0] < 1.0:
            return
        d = session.derived
        heart = d.heart.bpm if d.heart and d.heart.bpm else np.nan
        breath = d.respiration.rate_bpm if d.respiration and d.respiration.rate_bpm else np.nan
        self.rates.append((now, float(heart), float(breath)))

    def on_log(self, level: int, text: str) -> None:
        """Keep it; warnings are shown."""
        self.health.line(level, text)
        if level >= WARNING:
            self.on_trouble(f"hub: {text}")

    def on_verdict(self, verdict: Verdict) -> None:
        """Keep epochs and say what went wrong."""
        if isinstance(verdict, Verified):
            t0, t1 = self._span(verdict)
            self._proved_us = max(self._proved_us, self.start_us + t1 * 1e6)
            frames = verdict.frames
            note = f"{len(verdict.gaps)} gaps" if verdict.gaps else ""
            self.epochs.append(shown.Epoch(verdict.epoch, "verified", t0, t1, frames, note))
        elif isinstance(verdict, Rejected):
            self.epochs.append(shown.Epoch(verdict.epoch, "rejected", 0.0, 0.0, 0, verdict.reason))
            self.notes.append(f"epoch {verdict.epoch} rejected: {verdict.reason}")
        elif isinstance(verdict, Gap):
            self.notes.append(f"epoch {verdict.epoch} is lost: its opening never came")
        elif isinstance(verdict, Omitted):
            self.notes.append(f"{verdict.count} epochs from {verdict.first} never came")
        elif isinstance(verdict, UnknownTail):
            self.notes.append(f"what came after epoch {verdict.after_epoch} is unproved")

    def _span(self, verdict: Verified) -> tuple[float, float]:
        times = [(block.t0_us, block.t1_us) for block in verdict.blocks()]
        if not times:
            return 0.0, 0.0
        return self._seconds(min(t[0] for t in times)), self._seconds(max(t[1] for t in times))

    def on_stored(self, epochs: list[Verified], routed: Routed) -> None:
        """Count decisions by item and purpose."""
        for decision, n in routed.decided.values():
            self._decide(decision, n)
        self.ways.judged(routed.judged)

    def _decide(self, decision: Decided, n: int) -> None:
        allowed = decision.outcome == reasons.ALLOW
        self._enter(
            shown.Decision(
                decision.item,
                decision.purpose,
                decision.outcome,
                "" if allowed else decision.reason,
                decision.rules[0] if decision.rules else "",
                n,
                "" if allowed else decision.remedy("en"),
                "" if allowed else decision.remedy("ja"),
            )
        )

    def _enter(self, decision: shown.Decision) -> None:
        """The newest answer stands; blocks add up while it is the same."""
        key = (decision.item, decision.purpose)
        before = self._decisions.get(key)
        if before and before.reason == decision.reason:
            decision = replace(decision, blocks=decision.blocks + before.blocks)
        self._decisions[key] = decision

    def unsampled(self) -> dict[str, str]:
        """Items of this garment that are not even sampled, with the reason code."""
        session = self._session
        if session is None:
            return {}
        out = {}
        for trace in session.streams.values():
            item = str(codec.KINDS[trace.kind].item)
            if not session.items & items.bit(item):
                out[item] = session.gate.rules[item].keep or "not_in_token"
        return out

    def note_unsampled(self) -> None:
        """Make refusals at the source visible like all others."""
        for item, reason in self.unsampled().items():
            rules = reasons.REASONS[reason].rules
            self._decide(Decided(reasons.DENY, reason, rules, item, _VIEW_PURPOSE, "hub"), 0)

    # -- what is shown ------------------------------------------------------------

    def _seconds(self, us: float) -> float:
        return (us - (self._start_us or 0.0)) / 1e6

    @property
    def elapsed_s(self) -> float:
        """Hub time since the first sample, seconds."""
        return self._seconds(self._now_us) if self._start_us is not None else self._before_s

    @property
    def start_us(self) -> float:
        """Device time, in the hub's present life, of second 0: the first sample of all."""
        return self._start_us or 0.0

    def decisions(self) -> tuple[shown.Decision, ...]:
        """Decisions so far, one per item and purpose."""
        return tuple(self._decisions.values())

    def all_ways(self) -> tuple[shown.Way, ...]:
        """What became of each stream at each place, and by which rule."""
        return self.ways.all(self._session, self.stream_names()) if self._session else ()

    def series(self, origins: dict[str, str]) -> tuple[shown.Series, ...]:
        """All kept signals."""
        out = []
        for trace in self._traces.values():
            if trace.chunks:
                seconds = np.concatenate([t for t, _ in trace.chunks])
                values = np.concatenate([v for _, v in trace.chunks])
                origin = origins.get(trace.name, "")
                out.append(shown.Series(trace.name, trace.item, trace.unit, seconds, values, origin))
        return tuple(out)

    def snapshot(self) -> shown.Snapshot:
        """The newest state of everything."""
        session = self._session
        if session is None:
            return shown.Snapshot()
        counts, derived, clock = session.summary_counts(), session.derived, session.connection.clock
        heart, breath = derived.heart, derived.respiration
        waiting, _ = session.state.outbox.size()
        return shown.Snapshot(
            elapsed_s=self.elapsed_s,
            speed=clock.speed,
            hub=session.identity.device.hex()[:8],
            clock_offset_us=_offset_us(session, self._now_us),
            clock_uncertainty_us=clock.uncertainty_us(self._now_us) if clock.ready else None,
            clock_drift_ppm=clock.drift * 1e6 if clock.ready else None,
            streams=tuple(self._stream(trace) for trace in self._traces.values()),
            heart_rate_bpm=heart.bpm if heart else None,
            heart_confidence=heart.quality if heart else None,
            heart_provisional=not derived.beats_us or derived.beats_us[-1] > self._proved_us,
            heart_irregular=heart.irregular if heart else False,
            respiration_rate_bpm=breath.rate_bpm if breath else None,
            respiration_confidence=breath.confidence if breath else None,
            apnoea=breath.apnoea if breath else False,
            temperature_degc=None if np.isnan(derived.celsius) else derived.celsius,
            temperature_contact=None if np.isnan(derived.celsius) else derived.contact,
            epochs_verified=counts.epochs_verified,
            epochs_rejected=sum(counts.rejected.values()),
            epochs_pending=int(session.verifier.waiting),
            frames=counts.frames,
            frames_bad=dict(counts.frames_bad),
            gaps=counts.gaps,
            consent=self.decisions(),
            outbox=waiting,
            store_rows=session.state.confirmed(),
            health=self._health(),
            notes=tuple(self.notes),
        )

    def stream_names(self) -> dict[int, str]:
        """Names of all streams, by number."""
        streams = self._session.streams if self._session else {}
        names = {number: codec.KINDS[stream.kind].name for number, stream in streams.items()}
        return names | {number: trace.name for number, trace in self._traces.items()}

    def _health(self) -> shown.Health:
        health, traces = self.health, self._traces
        sensors = {traces[n].name: report for n, report in health.streams.items() if n in traces}
        return shown.Health(
            power=health.power,
            reason=health.power_reason,
            reset_cause=health.reset_cause,
            battery_mv=health.battery_mv,
            troubled={name: report.state for name, report in sensors.items() if report.state not in _CALM},
            late=sum(report.late for report in sensors.values()),
            overruns=sum(report.overruns for report in sensors.values()),
            jitter_us=max((report.jitter_us for report in sensors.values()), default=None),
        )

    def _stream(self, trace: _Trace) -> shown.Stream:
        session = self._session
        state = shown.PASSES
        if session and not session.items & items.bit(trace.item):
            state = shown.NOT_SAMPLED
        elif session and session.gate.rules[trace.item].view:
            state = shown.REFUSED
        recent = list(trace.chunks)[-256:]
        values = np.concatenate([v for _, v in recent]) if recent else np.zeros(0)
        most = int(_WINDOW_S * 1e6 / trace.stream.period_us)
        frames = session.counts.kinds[codec.KINDS[trace.stream.kind].name] if session else 0
        rate = 1e6 / trace.stream.period_us
        return shown.Stream(trace.name, trace.item, rate, values[-most:], trace.unit, state, frames)


def _first_field(kind: int) -> tuple[Any, ...]:
    rows: dict[int, Any] = {row[0]: row[5] for row in layout.MESSAGES}
    first: tuple[Any, ...] = rows[kind][0]
    return first


def _one_number(part: Samples) -> NDArray[np.float64]:
    """What is drawn of a record: its value, or the length of its first vector, or its mean."""
    name, _, count, unit, _, _ = _first_field(part.kind)
    values = part.physical(name)
    if count == 1:
        return values
    one: NDArray[np.float64] = np.linalg.norm(values, axis=1) if unit == "g" else values.mean(axis=1)
    return one


def _offset_us(session: Session, device_us: float) -> float | None:
    clock = session.connection.clock
    return clock.host_us(device_us) - device_us if clock.ready and clock.speed == 1 else None
