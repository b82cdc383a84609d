"""The live view's picture in both languages and all sizes."""

from dataclasses import replace

import numpy as np
import pytest
from rich.cells import cell_len

import view_examples
from tasuki.consent.reasons import REASONS
from tasuki.view.screen import plain, render
from tasuki.view.snapshot import HOLD, REFUSED, Decision, Snapshot, Stream, axes
from tasuki.view.words import LANGUAGES, WORDS, check_language, language_of, word

SIZES = [(80, 24), (60, 16), (100, 30), (132, 43), (240, 70), (40, 10), (1, 1)]


def shown(snapshot: Snapshot, width: int = 80, height: int = 24, lang: str = "en") -> str:
    return "\n".join(line.plain for line in render(snapshot, width, height, lang))


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("make", [view_examples.snapshot, view_examples.withheld, Snapshot])
def test_every_line_fills_the_terminal_exactly(make, size, lang):
    lines = render(make(), *size, lang)

    assert len(lines) == size[1]
    assert {cell_len(line.plain) for line in lines} == {size[0]}
    assert not any("\n" in line.plain for line in lines)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_all_that_matters_is_to_be_seen_at_80_by_24(lang):
    text = shown(view_examples.snapshot(), lang=lang)

    for figure in ("3f2a9c01", "1:01", "x10", "✓ 93 %", "✓ 15", "1893", "✗ 2", "✗ A-02", "✗ C2-05"):
        assert figure in text
    for key in ("ecg", "respiration", "body_motion", "heart", "breath", "skin", "gaps", "outbox", "stored"):
        assert word(key, lang) in text


def test_stored_blocks_are_not_cut_off_with_long_counts():
    busy = replace(view_examples.snapshot(), frames=1_234_567, epochs_verified=9_999, store_rows=54_321)

    assert "54321" in shown(busy)


def test_what_consent_withholds_is_not_drawn_even_if_samples_are_there():
    leak = Stream("ecg", "ecg", 250, np.sin(np.arange(500.0)), "uV", REFUSED)

    text = shown(Snapshot(streams=(leak,)))

    assert "✗ ECG  refused" in text
    assert not any(0x2800 < ord(char) < 0x2900 for char in text)


def test_stream_that_is_not_sampled_says_so():
    assert "○ ECG  not sampled" in shown(view_examples.withheld())
    assert "未計測" in shown(view_examples.withheld(), lang="ja")


def test_provisional_heart_rate_is_marked_until_its_epoch_verifies():
    early = replace(view_examples.snapshot(), heart_provisional=True)

    assert "provisional" in shown(early)
    assert "provisional" not in shown(view_examples.snapshot())


def test_unknown_outcome_shows_as_refused():
    odd = Decision("ecg", "statistics", "maybe", "no_consent", "A-02", 4)

    assert "✗ A-02" in shown(Snapshot(consent=(odd,)))


def test_what_is_on_hold_is_neither_allowed_nor_refused():
    text = shown(Snapshot(consent=(Decision("ecg", "statistics", HOLD, "time_ahead", "S-01", 4),)))

    assert "◌ S-01" in text and "✓ 4" not in text


def test_consent_table_keeps_the_policys_order_whatever_comes_first():
    rows = [Decision(item, "statistics", "allow") for item in ("new_item", "device_status", "ecg")]
    rows.append(Decision("ecg", "service_information", "allow"))

    assert axes(rows) == (["ecg", "device_status", "new_item"], ["service_information", "statistics"])


def test_refusals_beyond_the_room_are_counted():
    many = tuple(Decision("ecg", f"p{i}", "deny", f"reason_{i}", f"R-{i}", 1) for i in range(30))

    assert "… " in shown(Snapshot(consent=many))
    assert "reason 0 (R-0)" in shown(Snapshot(consent=many))


def test_hostile_names_cannot_move_the_cursor_or_break_a_line():
    evil = "a\x1b[2J\r\nb\x07"
    snapshot = Snapshot(hub=evil, notes=(evil,), consent=(Decision(evil, evil, "deny", evil, evil, 1),))

    for line in render(snapshot, 80, 24, "en"):
        assert line.plain.isprintable()


def test_nothing_known_yet_is_shown_as_dashes():
    assert "--" in plain(Snapshot(), "en")
    assert "heart --" in plain(Snapshot(), "en")


def test_plain_line_has_the_figures():
    line = plain(view_examples.snapshot(), "en")

    for figure in ("61.5 s", "heart 98/min", "breathing 14/min", "skin 33.6 °C", "15 verified", "stored 72"):
        assert figure in line


def test_every_word_has_both_languages():
    for key, pair in WORDS.items():
        assert len(pair) == 2 and all(text.strip() for text in pair), key


def test_every_reason_of_consent_has_words():
    for code in REASONS:
        assert f"reason.{code}" in WORDS


def test_unknown_word_is_shown_as_it_is():
    assert word("some_new_code", "ja") == "some new code"
    assert word("short.some_new_purpose", "en") == "some new purpose"


def test_language_follows_the_environment():
    assert language_of({"LANG": "ja_JP.UTF-8"}) == "ja"
    assert language_of({"LANG": "ja_JP.UTF-8", "LC_ALL": "C"}) == "en"
    assert language_of({}) == "en"
    with pytest.raises(ValueError, match="choose one of en, ja"):
        check_language("fr")


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_what_a_filter_doubts_stands_beside_its_reading(lang):
    calm = view_examples.snapshot()
    doubtful = replace(
        calm, heart_irregular=True, apnoea=True, temperature_contact=False, respiration_confidence=0.37
    )

    flags = [word(key, lang) for key in ("irregular", "apnoea", "no_contact")]
    assert all(f"! {flag}" in shown(doubtful, lang=lang) for flag in flags)
    assert not any(f"! {flag}" in shown(calm, lang=lang) for flag in flags)
    assert "37 %" in shown(doubtful, lang=lang)
