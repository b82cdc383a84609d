"""The HTML report: whole, safe and small."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

import view_examples
from tasuki.view import Decision, Epoch, Report, Series, write_report
from tasuki.view.markup import el, escape
from tasuki.view.plots import lift_at_gaps, nice_ticks, path, thin
from tasuki.view.report import page

FETCHING_TAGS = {"script", "link", "img", "iframe", "object", "embed", "video", "audio", "use", "a"}
FETCHING_ATTRIBUTES = {"src", "href", "xlink:href", "srcset", "style"}


class Reader(HTMLParser):
    """Collects tags, attributes and text; complains about tags that do not match."""

    VOID = ("meta", "input", "br")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_page_is_well_formed_and_loads_nothing(lang):
    """No element that fetches, no script, no style that names an address, and a policy that forbids it."""
    text = page(view_examples.report(30), lang)
    tags = Reader(text).tags

    fetching = {"script", "link", "img", "iframe", "object", "embed", "video", "audio", "source", "use", "a"}
    assert not fetching & {tag for tag, _ in tags}
    assert not [
        a for _, attrs in tags for a in attrs if a in ("src", "href", "xlink:href", "style", "srcset")
    ]
    assert re.findall(r"url\((?!#mm[15]\))|@import|https?:", text) == []
    policy = [a["content"] for tag, a in tags if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy and "default-src 'none'" in str(policy[0])


def test_hostile_strings_stay_text():
    plain_tags = {tag for tag, _ in Reader(page(view_examples.report(30))).tags}

    reader = Reader(page(view_examples.hostile()))

    assert {tag for tag, _ in reader.tags} <= plain_tags
    assert not [key for _, attrs in reader.tags for key in attrs if key.startswith("on")]
    assert reader.text.count("<script>alert(1)</script>") >= 15
    assert "\x00" not in page(view_examples.hostile())


def test_escape_leaves_no_character_that_html_forbids():
    assert escape('<&>"\x07\ud800') == "&lt;&amp;&gt;&quot;\ufffd\ufffd"
    assert el("td", "<b>", title='"x"') == '<td title="&quot;x&quot;">&lt;b&gt;</td>'


def test_figures_reasons_rules_and_credits_are_in_the_page():
    text = Reader(page(view_examples.report(30))).text

    for wanted in (
        "no consent", "A-02", "Grant it on the account page.", "purpose not in policy", "C2-05",
        "synthetic_respiration", "MIT-BIH 208 MLII, resampled 360 -> 250 Hz", "ODC-By 1.0", "Goldberger AL",
        "d75a980182b10ab7", "1\u202f260",
    ):  # fmt: skip
        assert wanted in text


def test_every_beat_of_the_strips_is_marked():
    report = view_examples.report(40)

    marks = [attrs for tag, attrs in Reader(page(report)).tags if attrs.get("class") == "beat"]

    assert len(marks) == len(report.beats_s) > 40


def test_refused_cells_differ_from_allowed_ones_by_symbol_and_word():
    cells = re.findall(r'<td class="(allow|deny)">(?:<small>|<b>)(.) ', page(view_examples.report(30)))

    assert set(cells) == {("allow", "✓"), ("deny", "✗")}


def test_unknown_outcome_is_shown_as_refused():
    odd = Report(summary={}, decisions=(Decision("ecg", "statistics", "maybe"),))

    assert 'class="deny"' in page(odd) and 'class="allow"' not in page(odd)


def test_remedy_stands_in_both_languages():
    decision = Decision(
        "ecg", "statistics", "deny", "no_consent", "A-02", 1, "Grant it.", "同意してください。"
    )

    text = page(Report(summary={}, decisions=(decision,)))

    assert '<span lang="en">Grant it.</span><span lang="ja">同意してください。</span>' in text
    assert '<span lang="ja">同意なし</span>' in text


def cell(text, stream, place):
    """One cell of the table of rules, as text: stream's row, place's column."""
    (section,) = re.findall(r'<table class="ways">.*?</table>', text)
    row = next(row for row in section.split("<tr>")[2:] if row.startswith(f'<th><span lang="en">{stream}<'))
    return Reader(re.findall("<td.*?</td>", row)[place - 1]).text


def test_every_stream_names_the_rule_that_let_it_pass_or_stopped_it_at_each_place():
    text = page(view_examples.report(30))

    assert cell(text, "ECG", 1).startswith("✓ sampled計測A-01 granted同意あり")
    assert cell(text, "ECG", 2).startswith("✓ allowed許可C3-03 granted")
    refused = cell(text, "ECG", 3)
    assert (
        refused.index("C3-04") < refused.index("A-01") < refused.index("stopped in the queue送信待ちで停止")
    )
    assert "9c41d07a.1.12.0" in refused and "9c41d07a.1.0.0" not in refused
    assert "✗ not sampled未計測A-01 consent withdrawn" in cell(text, "Respiration", 1)
    assert "40 frames" in cell(text, "Respiration", 1)
    assert cell(text, "Motion (IMU)", 2).startswith("◌ on hold保留C3-02")
    assert cell(text, "Motion (IMU)", 3) == "·"


def test_a_cell_is_as_red_as_its_last_answer():
    (section,) = re.findall(r'<table class="ways">.*?</table>', page(view_examples.report(30)))

    assert [re.search('class="([a-z]+)"', part)[1] for part in section.split("<td")[1:4]] == [
        "allow",
        "allow",
        "deny",
    ]


def test_the_rules_that_were_named_stand_in_full_in_both_languages():
    text = page(view_examples.report(30))

    japanese = '<div lang="ja">同意を得たお客様から取得します。</div>'
    english = "Nothing is acquired before the wearer has agreed."
    assert japanese in text and f'<div lang="en">{english}' in text
    assert "report.rules" not in text


def test_day_long_session_stays_under_three_megabytes(tmp_path):
    at = np.arange(24 * 3600 * 50) / 50.0
    day = replace(
        view_examples.report(10),
        series=(
            Series("ecg", "ecg", "uV", at, 500 * np.sin(at * 7), "recorded: x"),
            *(Series(f"s{i}", "body_motion", "g", at[::5], np.sin(at[::5] / 99)) for i in range(6)),
        ),
        beats_s=np.arange(0, 86400, 0.8),
        epochs=tuple(Epoch(i, "verified", 4.0 * i, 4.0 * i + 4, 126) for i in range(21600)),
    )

    write_report(tmp_path / "deep" / "r.html", day)

    assert (tmp_path / "deep" / "r.html").stat().st_size < 3_000_000
    assert "more rows are not shown" in (tmp_path / "deep" / "r.html").read_text(encoding="utf-8")


def test_empty_session_gives_a_page_that_says_so():
    text = Reader(page(Report(summary={}))).text

    assert "There is no ECG in this session." in text
    assert "Nothing was decided in this session." in text


def test_page_opens_in_the_language_asked_for_and_holds_both():
    for lang in ("en", "ja"):
        tags = Reader(page(view_examples.report(10), lang)).tags
        assert [attrs["id"] for tag, attrs in tags if tag == "input" and "checked" in attrs] == [lang]
    assert "同意" in page(Report(summary={}), "en")


def test_thinning_keeps_extremes():
    values = np.zeros(100_000)
    values[77_777], values[5] = 9.0, -9.0

    at, shown = thin(np.arange(100_000.0), values, 500)

    assert len(at) == len(shown) == 1000
    assert (shown.min(), shown.max()) == (-9, 9)
    assert (np.diff(at) >= 0).all()


def test_pen_is_lifted_over_missing_samples_and_over_jumps_in_time():
    assert path(np.arange(4.0), np.array([0, np.nan, 1, 2.0])) == "M0.0 0.0M2.0 1.0L3.0 2.0"

    at, values = lift_at_gaps(np.array([0, 1, 2, 9, 10, 11.0]), np.arange(6.0))

    assert np.flatnonzero(np.isnan(values)).tolist() == [3]
    assert path(at, values).count("M") == 2


@pytest.mark.parametrize(("low", "high"), [(0, 60), (-1.3, 2.1), (33.4, 33.6), (0, 1e-6), (5, 5), (0, 86400)])
def test_ticks_are_round_and_inside(low, high):
    ticks = nice_ticks(low, high, 5)

    assert 1 <= len(ticks) <= 12
    assert all(low - 1e-9 <= tick <= high + 1e-9 for tick in ticks)
