"""`tasuki sink`, `tasuki collect` and sinks.toml, as an operator meets them."""

import json

import pytest

from tasuki.consent import parties_file
from tasuki.consent.registers import DESTINATIONS
from tasuki.errors import UsageError
from tasuki.session.state import State
from tasuki.sinks import config

BROKEN = {
    'format = 1\n[sink.a]\nkind = "ftp"\n': "unknown 'ftp'",
    'format = 1\n[sink.embedded]\nkind = "postgres"\nconnection = "x"\n': "is the name of the embedded store",
    'format = 1\n[route]\nimprovement = "b"\n': "unknown 'b'",
    'format = 1\n[sink.a]\nkind = "mqtt"\nhost = "h"\nkey = "k"\n': "go together",
    'format = 1\n[collect]\ngateways = ["12"]\n': "does not match",
    "format = 1\nother = 2\n": "unknown key",
}


def sinks(broker, database, gateway="00" * 32):
    return (
        f'format = 1\n[sink.broker]\nkind = "mqtt"\nhost = "127.0.0.1"\nport = {broker.port}\n'
        f'[sink.db]\nkind = "postgres"\nconnection = "{database.conninfo()}"\n'
        f'[route]\nimprovement = "broker"\ndevelopment = "db"\n[collect]\ngateways = ["{gateway}"]\n'
    )


@pytest.mark.parametrize("text", BROKEN)
def test_a_sinks_file_that_is_not_understood_is_refused_with_its_place(tmp_path, text):
    with pytest.raises(UsageError, match=BROKEN[text]):
        config.parse(text, "sinks.toml", tmp_path)


def test_without_a_file_everything_goes_to_the_embedded_store(tmp_path):
    with State(tmp_path) as state:
        assert state.sinks == dict.fromkeys(DESTINATIONS, state.store)


def test_a_run_sends_each_destination_where_the_file_says(tmp_path, broker, database):
    (tmp_path / "sinks.toml").write_text(sinks(broker, database))
    with State(tmp_path) as state:
        kinds = {name: type(sink).__name__ for name, sink in state.sinks.items()}

    assert kinds == {
        "store": "EmbeddedStore",
        "improvement": "MqttSink",
        "development": "PostgresSink",
        "research-statistics": "EmbeddedStore",
    }


def test_check_says_which_sink_answers_and_exits_1_when_one_does_not(tmp_path, broker, database, tasuki):
    (tmp_path / "sinks.toml").write_text(sinks(broker, database))
    code, out, _ = tasuki("sink", "check", "--state", tmp_path)
    assert (code, out) == (0, "broker: answers (for improvement)\ndb: answers (for development)\n")

    (tmp_path / "sinks.toml").write_text(sinks(broker, database).replace(f"port={database.port}", "port=1"))
    code, out, _ = tasuki("sink", "check", "--state", tmp_path, "--json")
    assert code == 1
    said = json.loads(out)
    assert said["broker"]["error"] is None
    assert "PostgreSQL" in said["db"]["error"]


def test_setting_up_writes_broker_files_schema_and_key(tmp_path, tasuki):
    words = ("--gateway", "gateway-1", "--collector", "collector-1")

    assert tasuki("sink", "mosquitto", "-o", tmp_path / "mq", *words)[0] == 0
    assert tasuki("sink", "postgres", "-o", tmp_path / "schema.sql")[0] == 0
    code, key, _ = tasuki("sink", "key", "--state", tmp_path / "state")

    assert "require_certificate true" in (tmp_path / "mq" / "mosquitto.conf").read_text()
    assert "user gateway-1" in (tmp_path / "mq" / "acl").read_text()
    assert "@" not in (tmp_path / "schema.sql").read_text()
    assert (code, len(bytes.fromhex(key))) == (0, 32)


def test_collect_says_what_is_missing(tmp_path, broker, database, tasuki):
    code, _, err = tasuki("collect", "--state", tmp_path)
    assert code == 2
    assert "has no broker" in err

    (tmp_path / "sinks.toml").write_text(sinks(broker, database).split("[collect]")[0])
    code, _, err = tasuki("collect", "--state", tmp_path)
    assert code == 2
    assert "names no gateways" in err


@pytest.mark.rule("P-07", "deny")
def test_the_broker_s_rights_leave_out_whom_an_erasure_has_suspended(tmp_path, tasuki):
    (tmp_path / "parties.toml").write_text(parties_file.example_text())
    command = ("sink", "mosquitto", "-o", tmp_path / "mq", "--gateway", "g", "--collector", "c")
    assert tasuki(*command, "--parties", tmp_path / "parties.toml")[0] == 0
    before = (tmp_path / "mq" / "acl").read_text()
    with State(tmp_path) as state:
        assert state.parties.suspend("kanto-analysis")

    assert tasuki(*command, "--parties", tmp_path / "parties.toml")[0] == 0

    after = (tmp_path / "mq" / "acl").read_text()
    assert "user kanto-analysis" in before and "user nordic-cloud" in after
    assert "user kanto-analysis" not in after
