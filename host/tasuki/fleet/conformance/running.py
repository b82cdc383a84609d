"""All checks on one hub, one after the other."""

import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from tasuki.errors import LinkLost
from tasuki.fleet.conformance import bytes_in, bytes_out, commands, consent, epochs, keys
from tasuki.fleet.conformance.clauses import Breach, Check, Unseen
from tasuki.fleet.conformance.probe import Probe
from tasuki.session.connection import Line
from tasuki_wire.errors import WireError

HELD, BROKEN, NOT_RUN = "held", "broken", "not_run"
_SESSION = consent.CHECKS + epochs.CHECKS + keys.CHECKS
_ALWAYS = bytes_out.CHECKS  # of all that came until then
CHECKS = (*commands.CHECKS, *bytes_in.CHECKS, *_SESSION, *_ALWAYS)


@dataclass(frozen=True)
class Finding:
    """What one check found: `held`, `broken`, or `not_run` and why."""

    clause: str
    promise: str
    outcome: str
    reason: str = ""

    def row(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return dict(vars(self))


def run(
    line: Line,
    session: bool = False,
    told: Callable[[Finding], object] = lambda finding: None,
    patience_s: float = 3.0,
) -> list[Finding]:
    """Hold the hub on a line to SPEC.md; every check is a finding, also told as it comes.

    session: enrol it as well, by a consent key that is made for this and thrown away,
    and have it sample; a hub that is pinned elsewhere loses its key by that.
    patience_s: how long an answer may take.
    """
    probe = Probe(line, patience_s)
    findings = []
    with suppress(Breach, LinkLost):  # the checks will tell
        _without_token(probe)
    for finding in _findings(probe, session):
        told(finding)
        findings.append(finding)
    return findings


def _without_token(probe: Probe) -> None:
    """A hub under a token says no hello: have such a one start anew."""
    probe.answers()  # the first piece of a line that was just opened counts for nothing
    if probe.answers() and probe.ask("status_request")[1][4]:
        probe.status("stop")
        probe.status("reboot")
    probe.frames.clear()


def _findings(probe: Probe, session: bool) -> Iterator[Finding]:
    silent = ""
    for check in CHECKS:
        if check in _SESSION and not session:
            yield Finding(check.clause, check.promise, NOT_RUN, "needs --enroll")
            continue
        if silent and check not in _ALWAYS:
            yield Finding(check.clause, check.promise, NOT_RUN, silent)
            continue
        try:
            finding = _one(probe, check)
            if finding.outcome == BROKEN and check not in _ALWAYS and not probe.answers():
                silent = "the hub answers no more"
        except LinkLost as lost:
            silent = str(lost)
            finding = Finding(check.clause, check.promise, BROKEN, f"the hub went away: {lost}")
        yield finding


def _one(probe: Probe, check: Check) -> Finding:
    try:
        check.function(probe)
    except Unseen as unseen:
        return Finding(check.clause, check.promise, NOT_RUN, str(unseen))
    except Breach as breach:
        return Finding(breach.clause or check.clause, check.promise, BROKEN, str(breach))
    except (WireError, struct.error, IndexError, TypeError, ValueError) as error:
        reason = f"what came has another form than SPEC.md gives it: {error}"
        return Finding(check.clause, check.promise, BROKEN, reason)
    return Finding(check.clause, check.promise, HELD)
