"""A wearer is erased while a run goes on in another process; the hub follows when it is met again."""

import json

import pytest

from end_to_end.conftest import WEARER, stored_blocks, wait_for_blocks

SUBJECT = "demo-wearer"


def erase(tasuki):
    done = tasuki("wearer", "erase", SUBJECT, "--yes", "--json")
    return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr


@pytest.mark.hub
@pytest.mark.rule("D-04", "allow", "deny")
def test_a_wearer_is_erased_while_the_hub_runs_and_the_hub_is_wiped_when_it_is_met_again(tasuki, unix_hub):
    tasuki("hub", "enroll", "--port", unix_hub.port)
    process = tasuki.start("run", "--port", unix_hub.port, "--consent", WEARER, "--speed", 10, "--json")
    wait_for_blocks(tasuki.state)

    code, first = erase(tasuki)
    _, err = process.communicate(timeout=60)  # it ends by itself: nothing may be sampled any more

    assert (code, first["complete"]) == (3, False), first
    assert process.returncode == 0, err
    waits = {row["name"] for row in first["stores"] if row["state"] == "pending"}
    assert {name.split()[0] for name in waits} == {"hub", "token", "scan"}, first

    tasuki("consent", "grant", "--subject", "jiro", "--item", "ecg", "--purpose", "service_information")
    met = tasuki("run", "--port", unix_hub.port, "--subject", "jiro", "--seconds", 8, "--speed", 10, "--json")
    code, second = erase(tasuki)

    assert met.returncode == 0, met.stderr
    assert stored_blocks(tasuki.state) > 0  # jiro's
    assert (code, second["complete"]) == (0, True), second
    hub = next(row for row in second["stores"] if row["name"].startswith("hub "))
    assert "new key" in hub["verified"]
