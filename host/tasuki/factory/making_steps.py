"""The steps that make a hub fit to leave: firmware, test, constants, lock, label."""

from tasuki.errors import Refused
from tasuki.factory.journal import Unit
from tasuki.factory.labels import Label, write
from tasuki.factory.visit import Visit
from tasuki.fleet import bundle as bundles
from tasuki.session import care
from tasuki_wire import epoch


def flash(visit: Visit) -> Unit:
    """The order's firmware is what runs, and stays: the signed bundle goes on unless it is there.

    On trial it would go again when the hub is restarted too often, and the self-test and the lock do that.
    """
    order, line = visit.line.order, visit.line
    if order.bundle:
        wanted = bundles.read(line.bundle).release
        if visit.identity.counter != wanted.counter:
            visit.took(care.update(visit.connection, line.bundle))
        visit.check_firmware()
        care.await_proved(visit.connection)
    elif not visit.identity.firmware.startswith(order.firmware):
        raise Refused(
            "wrong_firmware",
            f"the hub runs {visit.identity.firmware}, not {order.firmware}",
            "Flash it with `tasuki hub flash`.",
        )
    detail = visit.detail(firmware=visit.identity.firmware, counter=visit.identity.counter)
    return line.journal.advance(visit.device, "flashed", detail)


def self_test(visit: Visit) -> Unit:
    """The hub is within the limits of the order."""
    order, measured = visit.line.order, {}
    if order.limits:
        measured = dict(visit.apart(lambda port: visit.line.test(port, order)))
    return visit.line.journal.advance(visit.device, "self_tested", visit.detail(measured=measured))


def calibrate(visit: Visit) -> Unit:
    """Constants of this unit, signed, where there are any."""
    line = visit.line
    constants = line.constants(visit.device)
    version = 0
    if constants is not None and line.calibration is not None:
        version = constants.version
        blob = constants.blob(bytes.fromhex(visit.device), line.calibration)
        try:
            care.send_blob(visit.connection, "calibration", blob)
        except Refused as e:
            if e.reason != "stale_sequence":  # which says that it has them: the line was cut before
                raise Refused("calibration", f"the hub refuses its constants: {e.reason}", e.hint) from e
    elif line.order.calibrated:
        raise Refused(
            "no_constants", "there are no constants of this hub", "Measure it on the fixture, then try again."
        )
    return line.journal.advance(visit.device, "calibrated", visit.detail(version=version))


def lock(visit: Visit) -> Unit:
    """Lock the hub where the order says so, and make sure that it is, with the same key."""
    if visit.line.order.lock:
        if visit.identity.life != "locked":
            try:
                visit.took(care.lock(visit.connection))
            except Refused as e:
                if e.reason == "not_allowed":
                    raise Refused("cannot_lock", "this board cannot keep a key locked", e.hint) from e
                raise
        visit.check_key()
        visit.check_firmware()
        if visit.identity.life != "locked":
            raise Refused("not_locked", f"the hub says that it is {visit.identity.life}", "Do not ship it.")
    detail = visit.detail(life=visit.identity.life)
    return visit.line.journal.advance(visit.device, "locked", detail)


def label_of(unit: Unit, product: str) -> Label:
    """The label of a unit that has its serial and key."""
    if unit.serial is None or unit.public is None:
        raise Refused("out_of_order", f"hub {unit.device} has no serial or key yet")
    return Label(product, unit.serial, unit.device, epoch.key_id(bytes.fromhex(unit.public)).hex())


def label(visit: Visit) -> Unit:
    """Print the label; again prints the same one."""
    line = visit.line
    own = label_of(visit.unit, line.order.product)
    write(own, line.labels, line.printer)
    return line.journal.advance(visit.device, "labelled", visit.detail(label=own.text))


def scan(visit: Visit) -> Unit:
    """What is on the box is read back, and is this hub's."""
    line = visit.line
    own = label_of(visit.unit, line.order.product)
    text = ""
    if line.order.scan:
        if line.scan is None:
            raise Refused("no_scan", "no scanner is connected", "Start the line with --scan.")
        text = line.scan(own, lambda: visit.say("scan", label=own.text, **visit.facts()), line.stop)
        own.compare(text)
    return line.journal.advance(visit.device, "scanned", visit.detail(scanned=text))


def finish(visit: Visit) -> Unit:
    """All is done. The journal says whether the hub is locked."""
    order = visit.line.order
    verdict = "done" if order.lock else "done (dev, not locked)"
    if order.lock and not order.production:
        verdict = "done (dev, locked)"
    return visit.line.journal.advance(visit.device, "done", visit.detail(verdict=verdict))
