"""Releases: who contributes, what is charged, what is recorded, and that two stores give one answer."""

import json
import math
import random
import sqlite3
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from host.stats_world import HOUR, LATER, SPAN, StatsWorld, query
from servers import Postgres, need_servers
from tasuki.audit.check import examine
from tasuki.audit.log import AuditLog
from tasuki.errors import LinkLost, Refused, Untrusted, UsageError
from tasuki.filters import detect_beats
from tasuki.sinks.postgres import PostgresSink
from tasuki.sinks.tables import schema
from tasuki.stats import mechanism, sampling
from tasuki.stats.measures import MEASURES, heart_rate
from tasuki.stats.postgres import PostgresBlocks
from tasuki.stats.query import HISTOGRAM, MEAN
from tasuki.stats.release import log, release
from tasuki.vault import attested
from worlds import NOON, SECOND

TEMPERATURE = MEASURES["skin_temperature"]


@pytest.fixture
def world(tmp_path):
    return StatsWorld(tmp_path)


def quiet(scale):
    """No noise: for looking at what it would be added to."""
    return 0


def seeded(seed):
    source = random.Random(seed)
    return lambda scale: sampling.discrete_laplace(scale, source)


def ask(world, asked=None, noise=quiet, book=None, store=None):
    return release(asked or query(), book or world.book, world.contributions(store), world.now, noise)


# -- who contributes ------------------------------------------------------------------


def test_a_wearer_contributes_once_however_much_there_is(world):
    world.wearer("an", 30.0, blocks=9)
    world.wearer("ben", 36.0, blocks=1)

    assert world.contributions().of(TEMPERATURE, SPAN) == [30.0, 36.0]


@pytest.mark.rule("C3-06", "deny")
@pytest.mark.rule("A-01", "deny")
@pytest.mark.parametrize("decision", ["withdrawn", "refused"])
def test_who_does_not_agree_any_more_contributes_nothing(world, decision):
    """The blocks lie in the research store, rightfully sent; a statistic is a new use of them."""
    world.wearer("an", 30.0)
    world.wearer("ben", 36.0)

    world.say("an", decision, NOON + 60 * SECOND)

    assert world.contributions().of(TEMPERATURE, SPAN) == [36.0]


@pytest.mark.rule("D-03", "deny")
def test_who_was_erased_contributes_nothing(world):
    world.wearer("an", 30.0)
    world.vault.erase_subject("an")

    assert world.contributions().of(TEMPERATURE, SPAN) == []


def test_only_hours_of_the_period_count(world):
    world.wearer("an", 30.0, at_ns=NOON - 3600 * SECOND)
    world.wearer("ben", 36.0)

    assert world.contributions().of(TEMPERATURE, (HOUR, HOUR + 1)) == [36.0]
    assert world.contributions().of(TEMPERATURE, (HOUR - 1, HOUR)) == [30.0]


@pytest.mark.parametrize("span", [(HOUR, HOUR), (HOUR + 1, HOUR), (HOUR, HOUR + 24 * 366)])
def test_a_period_is_within_a_year_because_names_are(span):
    with pytest.raises(UsageError, match="year"):
        query(span=span)


def test_a_block_that_was_moved_to_another_row_is_not_counted_but_found_out(world):
    world.wearer("an")
    world.store.send([replace(world.sent[0], number=77)])

    with pytest.raises(Untrusted, match="not the one"):
        world.contributions().of(TEMPERATURE, SPAN)


# -- answers ------------------------------------------------------------------------


@pytest.mark.rule("C3-06", "allow", "evidence")
def test_a_count_a_mean_and_a_histogram_of_enough_wearers(world):
    world.wearers(30, 31.0)
    for n in range(30):
        world.wearer(f"warm {n}", 35.0)

    counted = ask(world, query(epsilon=2))
    mean = ask(
        world, query(MEAN, "skin_temperature", 2, low=Fraction(28), high=Fraction(38), step=Fraction(1, 10))
    )
    cells = ask(world, query(HISTOGRAM, "skin_temperature", 2, edges=tuple(map(Fraction, (28, 33, 34, 38)))))

    assert counted.answer["count"] == 60
    assert mean.answer == {"unit": "degC", "mean": 33.0, "count": 60}
    assert [cell["count"] for cell in cells.answer["cells"]] == [30, None, 30]


@pytest.mark.rule("C3-06", "deny")
def test_a_count_of_too_few_is_withheld_and_still_paid_for(world):
    """That it was withheld says something, too."""
    world.wearers(9)

    found = ask(world, noise=lambda scale: 1000)

    assert found.answer["count"] is None
    assert world.book.spent("body_temperature", 2026) == (1, mechanism.DELTA)


def test_the_noise_of_an_answer_is_the_mechanism_s(world):
    world.wearers(40)

    found = ask(world, noise=seeded(4))

    assert found.answer["count"] == 40 + sampling.discrete_laplace(Fraction(1), random.Random(4))


@pytest.mark.rule("C3-06", "deny")
def test_a_period_that_is_not_over_is_refused(world):
    world.now = SPAN[1] * 3600 * SECOND - 1

    with pytest.raises(Refused, match="not over"):
        ask(world)


def test_a_year_s_data_is_asked_under_the_name_of_that_year(world):
    """A wearer has another name in the next year; each year counts the wearer once."""
    world.wearer("an", 30.0)
    new_year = 1_798_761_600 * SECOND  # 2027-01-01 UTC
    world.wearer("an", 36.0, at_ns=new_year)
    hour = new_year // (3600 * SECOND)
    world.now = new_year + 86_400 * SECOND

    assert world.contributions().of(TEMPERATURE, (hour, hour + 1)) == [36.0]
    assert world.contributions().of(TEMPERATURE, SPAN) == [30.0]


# -- the budget -----------------------------------------------------------------------


@pytest.mark.rule("C3-06", "deny", "evidence")
def test_when_the_budget_is_spent_questions_are_refused_and_no_noise_is_drawn(world):
    world.wearers(30)
    for n in range(8):
        ask(world, query(span=(HOUR, HOUR + 1 + n)))
    drawn = []

    with pytest.raises(Refused, match="of its budget left"):
        ask(world, query(span=(HOUR, HOUR + 9)), noise=lambda scale: drawn.append(scale) or 0)
    assert not drawn
    assert world.book.spent("body_temperature", 2026) == (8, 8 * mechanism.DELTA)


def test_the_budget_outlives_the_program_and_is_one_for_all_of_them(world):
    world.wearers(30)
    world.book.set_limit("body_temperature", 2026, Fraction(1))
    ask(world)
    world.book.close()

    with pytest.raises(Refused):
        ask(world, query(epsilon=Fraction(1, 100)), book=world.opened())


def test_another_item_or_year_has_a_budget_of_its_own(world):
    world.wearers(30)
    ask(world)

    assert world.book.spent("ecg", 2026) == world.book.spent("body_temperature", 2025) == (0, 0)


def test_the_same_question_gets_the_same_answer_and_pays_once(world):
    """Also when the data changed since: a new answer would tell that it did."""
    world.wearers(30)
    first = ask(world, noise=seeded(1))
    world.wearers(50)

    again = ask(world, noise=seeded(2))

    assert again == first
    assert world.book.spent("body_temperature", 2026)[0] == 1


def test_a_budget_cannot_be_raised_after_something_was_released(world):
    world.book.set_limit("body_temperature", 2026, Fraction(20))
    world.wearers(30)
    ask(world)

    with pytest.raises(Refused, match="only get less"):
        world.book.set_limit("body_temperature", 2026, Fraction(21))
    world.book.set_limit("body_temperature", 2026, Fraction(2))
    assert world.opened().limit("body_temperature", 2026) == 2


@pytest.mark.parametrize(
    "sql", ["DELETE FROM release", "UPDATE release SET epsilon = '0'", "DELETE FROM budget"]
)
def test_what_was_released_and_paid_is_not_taken_back(world, sql):
    world.wearers(30)
    world.book.set_limit("body_temperature", 2026, Fraction(3))
    ask(world)

    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        sqlite3.connect(world.folder / "stats.db").execute(sql)


def test_a_crash_while_noise_is_drawn_charges_nothing_and_leaves_the_book_usable(world):
    world.wearers(30)

    with pytest.raises(RuntimeError):
        ask(world, noise=crash)
    assert world.book.spent("body_temperature", 2026)[0] == 0
    assert ask(world).answer["count"] == 30


def crash(scale):
    raise RuntimeError("power cut")


@pytest.mark.parametrize(
    "change",
    [
        {"measure": "shoe_size"},
        {"epsilon": 0},
        {"epsilon": 11},
        {"what": HISTOGRAM, "edges": (Fraction(1),)},
        {"what": HISTOGRAM, "edges": (Fraction(2), Fraction(1))},
    ],
)
def test_a_question_that_makes_no_sense_is_refused_before_it_is_asked(change):
    with pytest.raises(UsageError):
        query(**change)


# -- the record ------------------------------------------------------------------------


@pytest.mark.rule("C3-06", "evidence")
@pytest.mark.rule("T-02", "evidence")
def test_every_release_is_in_the_audit_log_once_and_names_nobody(world):
    world.wearers(30)
    found = ask(world, noise=lambda scale: 5)
    audit = AuditLog(world.folder / "audit.db", world.vault.signer("audit"))

    assert (log(world.book, audit), log(world.book, audit)) == (1, 0)

    entry = audit.fields(0)
    assert entry["type"] == "release" and entry["query"] == found.hash
    assert (entry["k"], entry["epsilon"], entry["contributors"]) == (10, "1", 35)  # the noisy number only
    assert found.contributors == 30
    text = json.dumps(entry) + json.dumps(found.answer)
    assert not any(d.pseudonym.hex() in text for d in world.sent) and "wearer" not in text
    audit.sign()
    assert examine(audit, audit.public, {"releases": 1}).sound
    audit.close()


# -- measures ---------------------------------------------------------------------------


def ecg_blocks(signal, period, rows=1000, lost=()):
    """The signal as attested blocks of so many rows, some of them lost."""
    for number, at in enumerate(range(0, len(signal), rows)):
        part = signal[at : at + rows]
        if number not in lost:
            label = attested.Label(
                bytes(16), 500 + number, HOUR, bytes(32), "statistics", "research-statistics"
            )
            runs = ((0, len(part)),)
            yield attested.AttestedBlock(label, 1, 0, 3, period, runs, part.astype("<i2").tobytes())


def synthetic_ecg(seconds=120, rate_hz=250, bpm=72):
    """R peaks on a flat line, one every 60 / bpm seconds."""
    t = np.arange(seconds * rate_hz) / rate_hz
    phase = (t * bpm / 60) % 1.0
    return np.rint(1000 * np.exp(-(((phase - 0.5) * 60 / bpm) ** 2) / (2 * 0.012**2)))


@pytest.mark.parametrize("lost", [(), (7,), (3, 4, 20)])
def test_a_heart_rate_is_beats_by_the_minutes_that_are_there(lost):
    signal = synthetic_ecg()

    assert math.isclose(heart_rate(ecg_blocks(signal, 4000, lost=lost)), 72, rel_tol=0.02)


def test_cutting_into_blocks_changes_no_beat():
    signal = synthetic_ecg()

    whole = len(detect_beats(signal, 250))

    assert round(heart_rate(ecg_blocks(signal, 4000)) * 2) == whole


def test_less_than_half_a_minute_tells_no_rate():
    assert heart_rate(ecg_blocks(synthetic_ecg(20), 4000)) is None


def test_motion_is_nothing_at_rest_and_hours_are_those_of_the_signal():
    rest = np.zeros(400, [("accel", "<i2", 3), ("gyro", "<i2", 3)])
    rest["accel"][:, 2] = 2048
    label = attested.Label(bytes(16), 0, HOUR, bytes(32), "statistics", "research-statistics")
    block = attested.AttestedBlock(label, 4, 3, 3, 10_000, ((0, 400),), rest.tobytes())

    assert MEASURES["motion"].of([block]) == 0.0
    assert MEASURES["body_motion_hours"].of([block, block]) == 8 / 3600


# -- PostgreSQL ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def postgres(tmp_path_factory):
    need_servers()
    server = Postgres(schema(StatsWorld(tmp_path_factory.mktemp("policy")).policy))
    server.query("CREATE ROLE analyst LOGIN IN ROLE tasuki_read_statistics")
    yield server
    server.close()


def test_the_same_release_over_postgresql_gives_the_same_answer(world, postgres, tmp_path):
    for n in range(40):
        world.wearer(f"wearer {n}", 30 + n / 8, blocks=1 + n % 3)
    world.say("wearer 3", "withdrawn", LATER - SECOND)
    sink = PostgresSink(postgres.conninfo())
    shuffled = random.Random(5).sample(world.sent, len(world.sent))
    sink.send(shuffled)
    sink.close()
    asked = [
        query(epsilon=2),
        query(MEAN, "skin_temperature", 2, low=Fraction(28), high=Fraction(38), step=Fraction(1, 10)),
        query(HISTOGRAM, "skin_temperature", 2, edges=tuple(map(Fraction, (28, 32, 38)))),
    ]
    tables = PostgresBlocks(postgres.conninfo("analyst"))
    (tmp_path / "other").mkdir()
    other = StatsWorld(tmp_path / "other").book

    here = [ask(world, one, seeded(n)).answer for n, one in enumerate(asked)]
    there = [ask(world, one, seeded(n), other, tables).answer for n, one in enumerate(asked)]

    assert here == there
    assert here[0]["count"] is not None and here[1]["mean"] is not None
    assert [r.contributors for r in world.book.releases()] == [39, 39, 39]
    tables.close()


def test_a_role_that_may_not_read_statistics_is_told_what_to_grant(world, postgres):
    tables = PostgresBlocks(postgres.conninfo("collector"))

    with pytest.raises(UsageError, match="permission denied") as caught:
        world.contributions(tables).of(TEMPERATURE, SPAN)
    assert "tasuki_read_statistics" in caught.value.hint
    tables.close()


def test_a_server_that_is_away_is_said_to_be(world):
    with pytest.raises(LinkLost, match="PostgreSQL"):
        PostgresBlocks("host=127.0.0.1 port=1 user=nobody dbname=none connect_timeout=2")
