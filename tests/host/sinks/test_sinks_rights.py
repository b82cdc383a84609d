"""Who may do what at broker and database: certificates and ACL, roles and row-level security."""

from dataclasses import replace

import psycopg
import pytest

from remote_world import COLLECTOR, DAY, Collecting, deliveries
from tasuki.consent import parties_file, policy
from tasuki.consent.registers import Registers
from tasuki.errors import LinkLost
from tasuki.pipeline.recalls import last
from tasuki.sinks import Recall, mosquitto, tables
from tasuki.sinks.link import Link, Wake
from tasuki.sinks.mqtt import MqttSink
from tasuki.sinks.postgres import PostgresSink
from tasuki.vault.secret import Secret, Signer

SIGNER = Signer(Secret(b"g" * 32))


def registers():
    made = Registers()
    parties_file.example(policy.builtin()).register(made)
    return made


@pytest.fixture
def guarded(new_broker):
    """A broker with TLS and the ACL of the example register."""
    return new_broker(registers=registers(), gateways=["gateway-1"], collectors=["collector-1"])


@pytest.mark.rule("S-02", "allow")
def test_gateway_and_collector_do_their_work_with_their_certificates(guarded, database):
    where = guarded.broker_for("collector-1"), database.conninfo(), [SIGNER.public]
    with Collecting(*where, "collector-1") as collecting:
        sink = MqttSink(guarded.broker_for("gateway-1"), SIGNER, "gateway-1", answer_s=5)
        assert len(sink.send(deliveries(20))) == 20
        assert len(sink.recall([Recall("improvement", b"p" * 16, "ecg", 1)])) == 1
        sink.close()

    assert collecting.done.stored == 20
    assert database.query("SELECT count(*) FROM tasuki.tombstone") == [(1,)]


@pytest.mark.rule("D-03", "allow")
def test_with_their_certificates_a_gateway_orders_an_erasure_and_a_collector_carries_it_out(
    guarded, database, keeping
):
    keeping.send(deliveries(20))
    where = guarded.broker_for("collector-1"), database.conninfo("gateway"), [SIGNER.public]
    with Collecting(*where, "collector-1"):
        gateway = guarded.broker_for("gateway-1")
        sink = MqttSink(gateway, SIGNER, "gateway-1", answer_s=5, collectors=[COLLECTOR.public])
        said = sink.erase(last("improvement", [b"p" * 16]))
        sink.close()

    assert COLLECTOR.key_id.hex() in said.how
    assert database.query("SELECT count(*) FROM tasuki.block") == [(0,)]


@pytest.mark.rule("S-02", "deny")
def test_without_a_certificate_nobody_gets_in(guarded):
    nobody = replace(guarded.broker_for("gateway-1"), certificate=None, key=None)

    with pytest.raises(LinkLost):
        MqttSink(nobody, SIGNER, "gateway-1").check()


@pytest.mark.rule("P-02", "deny")
@pytest.mark.parametrize(
    ("name", "topic", "allowed"),
    [
        ("kanto-analysis", "tasuki/service_improvement/kanto-improvement/ecg/+", True),
        ("kanto-analysis", "tasuki/service_improvement/kanto-improvement/respiration/+", False),
        ("kanto-analysis", "tasuki/service_improvement/improvement/ecg/+", False),
        ("kanto-analysis", "tasuki/product_development/nordic-development/ecg/+", False),
        ("gateway-1", "tasuki/service_improvement/improvement/ecg/+", False),
        ("collector-1", "tasuki/service_improvement/kanto-improvement/ecg/+", False),
        ("stranger", "tasuki/service_improvement/improvement/ecg/+", False),
        ("collector-1", "tasuki/erasure/improvement", True),
        ("kanto-analysis", "tasuki/erasure/improvement", False),
        ("gateway-1", "tasuki/erasure/improvement", False),
    ],
)
def test_everybody_reads_only_what_the_register_gives(guarded, name, topic, allowed):
    heard = []
    reader = Link(guarded.broker_for(name), name, Wake(), heard.append)
    try:
        reader.subscribe(topic)
    except LinkLost:  # mosquitto may say no at once, or deliver nothing
        reader = None
    writer = Link(guarded.broker_for("gateway-1"), "gateway-1", Wake(), lambda message: None)
    writer.publish(topic.replace("+", "00" * 16), b"block")
    for _ in range(6):
        writer.pump(0.05)
        if reader:
            reader.pump(0.05)

    assert bool(heard) == allowed
    writer.drop()
    if reader:
        reader.drop()


@pytest.mark.rule("S-02", "deny")
@pytest.mark.parametrize("name", ["collector-1", "kanto-analysis", "stranger"])
def test_nobody_but_a_gateway_sends_an_order_to_erase(guarded, name):
    heard = []
    reader = Link(guarded.broker_for("collector-1"), "collector-1", Wake(), heard.append)
    reader.subscribe("tasuki/erasure/improvement")
    writer = Link(guarded.broker_for(name), name, Wake(), lambda message: None)
    writer.publish("tasuki/erasure/improvement", b"order")
    for _ in range(6):
        writer.pump(0.05)
        reader.pump(0.05)

    assert heard == []
    writer.drop()
    reader.drop()


@pytest.mark.rule("P-07", "deny")
def test_a_suspended_processor_has_no_line_in_the_acl():
    known = registers()
    assert "user kanto-analysis" in mosquitto.acl(known, "tasuki", ["g"], ["c"])

    known.add_processor(replace(known.processors["kanto-analysis"], suspended=True))

    assert "user kanto-analysis" not in mosquitto.acl(known, "tasuki", ["g"], ["c"])


@pytest.fixture
def sink(database):
    made = PostgresSink(database.conninfo())
    yield made
    made.close()


def as_role(database, role, sql):
    with psycopg.connect(database.conninfo("owner")) as db:
        db.execute(f"SET ROLE {role}")
        cursor = db.execute(sql)
        return cursor.fetchall() if cursor.description else cursor.rowcount


@pytest.mark.rule("P-02", "deny", "evidence")
def test_a_reading_role_sees_its_purpose_only(sink, database):
    sink.send(deliveries(3))
    sink.send([replace(d, purpose="statistics", pseudonym=b"q" * 16) for d in deliveries(2)])
    count = "SELECT count(*) FROM tasuki.block"

    assert as_role(database, "tasuki_read_service_improvement", count) == [(3,)]
    assert as_role(database, "tasuki_read_statistics", count) == [(2,)]
    assert as_role(database, "tasuki_read_service_information", count) == [(0,)]


@pytest.mark.rule("S-02", "deny")
@pytest.mark.parametrize(
    ("role", "sql"),
    [
        ("tasuki_ingest", "SELECT content FROM tasuki.block"),
        ("tasuki_ingest", "DELETE FROM tasuki.block"),
        ("tasuki_ingest", "DELETE FROM tasuki.tombstone"),
        ("tasuki_ingest", "SELECT tasuki.drop_days(0)"),
        ("tasuki_keeper", "DELETE FROM tasuki.tombstone"),
        ("tasuki_keeper", "SELECT content FROM tasuki.block"),
        ("tasuki_read_statistics", "DELETE FROM tasuki.block"),
        ("tasuki_read_statistics", "SELECT * FROM tasuki.{day}"),
    ],
)
def test_what_a_role_is_not_for_it_may_not_do(sink, database, role, sql):
    sink.send(deliveries(1))
    ((day,),) = database.query("SELECT inhrelid::regclass::text FROM pg_inherits LIMIT 1")

    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        as_role(database, role, sql.replace("tasuki.{day}", day))


def test_the_keeper_deletes_what_is_erased(sink, database):
    sink.send(deliveries(3))

    assert as_role(database, "tasuki_keeper", f"DELETE FROM tasuki.block WHERE day = {DAY}") == 3


@pytest.fixture
def keeping(database):
    """A sink whose login may erase, too."""
    with database.keeper("gateway") as login:
        made = PostgresSink(login)
        yield made
        made.close()


@pytest.mark.rule("D-03", "allow", "evidence")
def test_a_database_erases_a_pseudonym_or_its_items_and_nobody_else_s(keeping, database):
    who, other = deliveries(1)[0].pseudonym, b"q" * 16
    both = [*deliveries(3), *[replace(d, item="respiration") for d in deliveries(2, first=3)]]
    keeping.send([*both, *[replace(d, pseudonym=other) for d in deliveries(2)]])
    count = "SELECT pseudonym, item, count(*) FROM tasuki.block GROUP BY 1, 2 ORDER BY 1, 2"
    respiration, everything = Recall("improvement", who, "respiration", 1), last("improvement", [who])

    assert keeping.erase([respiration]).what == "2 deliveries deleted"
    assert keeping.erase([respiration]).what == "0 deliveries deleted"
    assert [(bytes(p), item, n) for p, item, n in database.query(count)] == [
        (who, "ecg", 3),
        (other, "ecg", 2),
    ]
    assert keeping.erase(everything).what == "3 deliveries deleted"
    assert [(bytes(p), item, n) for p, item, n in database.query(count)] == [(other, "ecg", 2)]


@pytest.mark.rule("D-03", "deny")
def test_what_was_given_after_an_erasure_stays_and_what_was_under_way_before_it_does_not_come(
    keeping, database
):
    before, later = deliveries(3, version=1), deliveries(2, first=10, version=2)
    erasure = [Recall("improvement", before[0].pseudonym, "ecg", 2)]
    keeping.send([*before[:2], *later])

    assert keeping.erase(erasure).what == "2 deliveries deleted"
    assert keeping.send(before) == []
    assert keeping.erase(erasure).what == "0 deliveries deleted"
    assert database.query("SELECT number FROM tasuki.block ORDER BY 1") == [(10,), (11,)]


@pytest.mark.rule("D-03", "deny")
def test_a_login_that_may_not_erase_acknowledges_nothing(sink, database):
    sink.send(deliveries(3))

    with pytest.raises(LinkLost, match="does not let us") as refused:
        sink.erase(last("improvement", [deliveries(1)[0].pseudonym]))

    assert "tasuki_keeper" in str(refused.value.hint)
    assert database.query("SELECT count(*) FROM tasuki.block") == [(3,)]


def test_each_day_has_a_partition_and_a_block_is_there_once_whenever_it_comes(sink, database):
    for _ in range(2):
        assert len(sink.send([*deliveries(2), *deliveries(2, first=2, day=DAY + 1)])) == 4

    parts = database.query(
        "SELECT tableoid::regclass::text, count(*) FROM tasuki.block GROUP BY 1 ORDER BY 1"
    )
    assert [n for _, n in parts] == [2, 2]
    assert len(parts) == 2


@pytest.mark.rule("A-02", "deny")
def test_a_database_leaves_out_what_a_tombstone_is_newer_than(sink, database):
    sink.recall([Recall("improvement", b"p" * 16, "ecg", 2)])
    sink.recall([Recall("improvement", b"p" * 16, "ecg", 1)])

    assert sink.send([*deliveries(2, version=1), *deliveries(1, first=5, version=2)]) == [(b"p" * 16, 0, 5)]
    assert sink.recalled == 2


def test_the_schema_can_be_run_again(database):
    database.query(tables.schema(policy.builtin()))
