"""Sinks, holders and processors: an erasure waits for each, and asks again for what was under way."""

import json
import time

import pytest

from erasing_world import GONE, finished, states
from tasuki.consent import parties_file
from tasuki.consent.parties import Processor
from tasuki.consent.registers import Destination
from tasuki.errors import LinkLost, Untrusted, UsageError
from tasuki.sinks import Erased
from tasuki.vault.vault import key_epoch
from tasuki.wearer.erasure import PENDING, Erasures, elsewhere, receipts, signed


class DeafSink:
    """Has taken blocks, and cannot erase."""

    def send(self, batch):
        return [delivery.key for delivery in batch]


class ErasingSink(DeafSink):
    """Erases; away at first."""

    def __init__(self):
        self.asked, self.away = [], True

    def erase(self, recalls):
        if self.away:
            raise LinkLost("the server is away")
        self.asked += [one.pseudonym for one in recalls]
        return Erased("deleted", "confirmed")


@pytest.mark.rule("D-03", "deny")
def test_a_sink_is_waited_for_until_it_acknowledges(world):
    sink = ErasingSink()
    erasures = Erasures(world.state, sinks={"improvement": sink})
    names = world.state.vault.pseudonyms(GONE)
    (mine,) = {name for (_, place, _), name in names.items() if place == "improvement"}
    case = erasures.begin(GONE)
    assert states(erasures.advance(case))["sink improvement"] == PENDING
    world.meet(GONE)
    assert not erasures.advance(case).complete

    sink.away = False
    progress = erasures.advance(case)

    assert progress.complete
    assert set(sink.asked) == {mine}


def test_a_sink_that_cannot_erase_needs_a_person_who_confirms(world):
    erasures = Erasures(world.state, sinks={"improvement": DeafSink()})
    case = erasures.begin(GONE)
    assert not finished(world, erasures, case).complete

    with pytest.raises(UsageError, match="nobody"):
        erasures.acknowledge(case, "sink improvement", " ")
    with pytest.raises(UsageError, match="not waited for"):
        erasures.acknowledge(case, "vault", "somebody")
    (path,) = (world.state.folder / "orders").iterdir()
    assert json.loads(path.read_text())["pseudonyms"].keys() == {"improvement"}
    erasures.acknowledge(case, "sink improvement", "the keeper")
    assert not path.exists()

    assert erasures.advance(case).complete
    rows = {row["name"]: row for row in json.loads(erasures.receipt(case))["stores"]}
    assert "acknowledged by the keeper" in rows["sink improvement"]["verified"]


class Profile:
    """Another part of the service that holds something by name: away at first."""

    name = "profile"

    def __init__(self, path):
        self.path, self.away = path, True
        path.write_text(f"{GONE} lives in Asakusa 1-2-3")

    def markers(self, subject, items):
        return [b"Asakusa 1-2-3"]

    def erase(self, subject, items, before_ns):
        if self.away:
            raise LinkLost("the profiles are being backed up")
        self.path.unlink()
        return "the file is gone"


@pytest.mark.rule("D-03", "deny")
def test_what_else_holds_something_of_the_wearer_is_waited_for_and_scanned(world):
    profile = Profile(world.state.folder / "profile.txt")
    erasures = Erasures(world.state, also=[profile])
    case = erasures.begin(GONE)
    assert erasures.scan(case).hits["elsewhere"] == {b"Asakusa 1-2-3"}
    assert states(finished(world, erasures, case))["profile"] == PENDING

    profile.away = False
    progress = erasures.advance(case)

    assert progress.complete
    assert next(row.verified for row in progress.stores if row.name == "profile") == "the file is gone"


def test_a_row_that_was_under_way_meanwhile_is_found_and_goes_too(world):
    """A delivery of another process that arrives after the store was looked after."""
    erasures = Erasures(world.state)
    row = next(world.state.store.rows("store"))
    case = erasures.begin(GONE)
    erasures.advance(case)
    world.state.store.send([row.delivery])
    world.meet(GONE)

    assert erasures.advance(case).complete

    assert world.state.store.count("store") == 6
    assert not world.state.store.holds(row.delivery.pseudonym)


def processor(world, name="analysis"):
    """A processor abroad from us only in name, to which blocks of both wearers went."""
    registers = world.state.engine.registers
    registers.add_destination(Destination(name, "processor_jp", "service_improvement", "attested"))
    year = key_epoch(time.time_ns())
    return world.state.vault.pseudonym(GONE, "service_improvement", name, year)


@pytest.mark.rule("P-07", "allow", "evidence")
@pytest.mark.rule("D-03", "deny")
def test_a_processor_gets_a_signed_order_and_is_waited_for_until_it_acknowledges(world):
    pseudonym = processor(world)
    erasures = Erasures(world.state)
    case = erasures.begin(GONE)
    assert not finished(world, erasures, case).complete
    (path,) = (world.state.folder / "orders").iterdir()

    order = signed.verify(path.read_bytes(), world.state.vault.signer("attestation").public, elsewhere.ORDER)
    erasures.acknowledge(case, "processor analysis", "Analysis Ltd, A. Sato")
    progress = erasures.advance(case)

    assert order["pseudonyms"] == {"analysis": [pseudonym.hex()]}
    assert GONE not in json.dumps(order)
    assert progress.complete
    assert not path.exists()  # it names a pseudonym
    with pytest.raises(Untrusted, match="no garment:ErasureReceipt"):
        signed.verify(
            json.dumps(signed.document(order, world.state.vault.signer("authority"))).encode(),
            world.state.vault.signer("authority").public,
            receipts.KIND,
        )


@pytest.mark.rule("P-07", "deny")
def test_a_processor_that_does_not_acknowledge_in_time_is_suspended(world):
    processor(world)
    registers = world.state.engine.registers
    registers.add_processor(Processor("analysis", "JP", None, None, None, {}))
    now = [time.time_ns()]
    erasures = Erasures(world.state, clock_ns=lambda: now[0])
    case = erasures.begin(GONE)
    erasures.advance(case)
    assert not registers.processors["analysis"].suspended

    now[0] += 31 * 86_400 * 10**9
    progress = erasures.advance(case)

    assert registers.processors["analysis"].suspended
    assert "overdue" in next(row.what for row in progress.pending if row.name == "processor analysis")


@pytest.mark.rule("P-07", "deny", "evidence")
def test_every_process_of_the_folder_knows_of_such_a_suspension(world):
    (world.state.folder / "parties.toml").write_text(parties_file.example_text())
    world.reopen()
    place = world.state.engine.registers.destinations["kanto-improvement"]
    year = key_epoch(time.time_ns())
    world.state.vault.pseudonym(GONE, place.purpose, place.name, year)
    late = Erasures(world.state, clock_ns=lambda: time.time_ns() + 31 * 86_400 * 10**9)
    case = Erasures(world.state).begin(GONE)

    late.advance(case)

    world.reopen()
    processors = world.state.engine.registers.processors
    assert {name: one.suspended for name, one in processors.items()} == {
        "kanto-analysis": True,
        "nordic-cloud": False,
    }
