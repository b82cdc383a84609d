"""A unit's way from detected to done: one step per state, each of which may be done again after any end.

A step finds out what is there, does what lacks, and writes down that it did. What cannot be taken back is
written down before: the serial, that a key is asked for, what the certificate says.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tasuki.errors import Refused, Untrusted
from tasuki.factory import identity_steps, making_steps, states
from tasuki.factory.journal import Unit
from tasuki.factory.line import Line, Say
from tasuki.factory.visit import Visit
from tasuki.fleet.ports import Port

_REBOOTS = 3

Step = Callable[[Visit], Unit]

STEPS: Mapping[str, Step] = {
    "identified": identity_steps.identify,
    "flashed": making_steps.flash,
    "self_tested": making_steps.self_test,
    "keying": identity_steps.announce_key,
    "keyed": identity_steps.make_key,
    "proved": identity_steps.prove,
    "certified": identity_steps.plan,
    "issued": identity_steps.issue,
    "installed": identity_steps.install,
    "pinned": identity_steps.check_pin,
    "calibrated": making_steps.calibrate,
    "locked": making_steps.lock,
    "labelled": making_steps.label,
    "scanned": making_steps.scan,
    "done": making_steps.finish,
}
"""What each state is reached by."""


@dataclass(frozen=True)
class Ended:
    """How a visit ended: state `done`, `failed` or `gone`; cause and message say why."""

    state: str
    unit: Unit | None
    cause: str = ""
    message: str = ""
    hint: str = ""

    def row(self) -> dict[str, Any]:
        """Plain values, and what the operator is to do: `remove`, `retry` or `hold`."""
        return {
            "state": self.state,
            "device": self.unit.device if self.unit else None,
            "serial": self.unit.serial if self.unit else None,
            "cause": self.cause,
            "message": self.message,
            "hint": self.hint,
            "action": states.CAUSES.get(self.cause, states.RETRY) if self.cause else states.REMOVE,
        }


def go(port: Port, line: Line, say: Say, until: str = "done") -> Ended:
    """Take the hub on this port as far as it goes.

    A hub that fails is written down as failed, by its cause; LinkLost is raised, because then the hub, the
    HSM or the disk is away and everything is as the journal says.
    """
    device, slot = "", port.location
    visit = Visit(port, line, say)
    try:
        identity = visit.open()
        device = identity.device.hex()
        with line.active.holding(device, slot):
            visit.unit = line.journal.detect(device, line.order.id, slot)
            say("detected", **visit.facts())
            return _on(visit, until)
    except (Refused, Untrusted) as e:
        return _failed(line, device, e, slot)
    finally:
        visit.close()


def _on(visit: Visit, until: str) -> Ended:
    visit.check_order()
    visit.check_key()
    if visit.unit.cause:
        return Ended(states.FAILED, visit.unit, visit.unit.cause, "it failed before", "Have it retested.")
    while not visit.unit.reached(until):
        step = states.after(visit.unit.state)
        visit.step(STEPS[step], _REBOOTS)
        visit.say(step, **visit.facts())
    return Ended(visit.unit.state, visit.unit)


def _failed(line: Line, device: str, error: Refused | Untrusted, slot: str) -> Ended:
    cause = error.reason if error.reason in states.CAUSES else "refused"
    unit = line.journal.unit(device) if device else None
    if unit is not None and not unit.done and not (unit.cause and cause == unit.cause):
        detail = {"slot": slot, "reason": error.reason, "message": str(error)}
        unit = line.journal.fail(device, cause, detail)
    return Ended(states.FAILED, unit, cause, str(error), error.hint)
