"""The hub's own code and the host's gate under one wearer's word: both stop the same."""

import pytest
from garment import GarmentHost
from scripted_board import fresh_folder

from tasuki.consent import library
from tasuki.consent.decision import Engine
from tasuki.consent.events import ConsentLog, Event
from tasuki.consent.registers import FULL_GARMENT, Registers
from tasuki.pipeline.enforce import Gate
from tasuki_wire import codec, items

SUBJECTIVE = codec.number("subjective")
NOW = 1_795_000_000 * 10**9  # in November 2026
POLICY = library.shipped().effective(NOW)


@pytest.fixture
def host(tmp_path, monkeypatch):
    """An enrolled hub in its garment, without a token."""
    monkeypatch.setenv("TASUKI_SCRATCH", str(tmp_path))
    host = GarmentHost(fresh_folder("garment"))
    host.enroll()
    return host


def engine(*words):
    """The rules over what a wearer said: (when, granted or withdrawn, item names)."""
    return Engine(
        POLICY,
        ConsentLog(
            Event(at, at, "s", decision, "service_information", frozenset(names), POLICY.version)
            for at, decision, names in words
            if names
        ),
        Registers(),
    )


def sampled(host):
    """(kind, stream) of every sample within 0.4 s, in which the button is pressed once."""
    host.frames = []
    assert host.status("start") == "ok"
    host.pass_time(200_000)
    host.parts.button(0)
    host.pass_time(100_000)
    host.parts.button(1)
    host.pass_time(100_000)
    assert host.status("stop") == "ok"
    host.turn()
    return {(frame[0], frame[1]) for frame in host.samples()}


def test_for_each_of_the_64_masks_the_hub_samples_exactly_what_the_host_s_gate_would_keep(host):
    assert host.give(1, items.ALL_ITEMS) == "ok"
    everything = sampled(host)

    for mask in range(64):
        word = engine((NOW - 1, "granted", items.names(mask)))
        gate = Gate(word, "s", FULL_GARMENT, items.ALL_ITEMS, NOW)  # as if the hub's token allowed all
        kept = {way for way in everything if not gate.reason(*way)[0]}

        assert word.item_mask("s", NOW, FULL_GARMENT.product) == mask
        assert host.give(2 + mask, mask) == "ok"
        assert sampled(host) == kept, mask
    assert kept == everything
    assert {codec.KINDS[kind].item for kind, _ in everything} == set(items.NAMES)


def test_after_a_withdrawal_the_older_wider_token_is_refused_by_the_hub_also_after_a_restart(host):
    granted = engine((NOW - 2, "granted", items.NAMES))
    withdrawn = engine((NOW - 2, "granted", items.NAMES), (NOW - 1, "withdrawn", ["ecg"]))
    wide = host.token(1, granted.item_mask("s", NOW))
    assert host.status("token", *wide) == "ok"
    narrow = withdrawn.item_mask("s", NOW)
    assert narrow == items.ALL_ITEMS & ~items.bit("ecg")
    assert host.give(2, narrow) == "ok"

    assert host.status("token", *wide) == "stale_sequence"
    assert "ecg" not in {codec.KINDS[kind].item for kind, _ in sampled(host)}
    host.boot()
    assert host.status("token", *host.token(1, items.ALL_ITEMS)) == "stale_sequence"
