"""The summary that ends a run, for a person, in both languages."""

import pytest

from tasuki.session.summary import lines

FIGURES = {
    "seconds": 60.0,
    "frames": 1951,
    "frames_bad": 0,
    "gaps": 0,
    "epochs_verified": 16,
    "epochs_rejected": 0,
    "beats": 74,
    "beats_expected": 74,
    "heart_rate_bpm": 74.5,
    "respiration_rate_bpm": None,
    "temperature_degc": 33.5,
    "blocks_uploaded": 136,
    "blocks_refused": 228,
    "refusals": {"no_consent": 30, "refused": 150},
    "not_sampled": {},
}


@pytest.mark.parametrize(
    ("lang", "words"),
    [("en", "refused by the wearer 150, no consent 30"), ("ja", "着用者が拒否 150, 同意なし 30")],
)
def test_refusals_are_said_in_words_the_most_frequent_first(lang, words):
    text = "\n".join(lines(FIGURES, lang))

    assert words in text
    assert "16" in text and "74.5" in text


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_what_is_unknown_is_a_dash_and_what_was_not_sampled_is_said(lang):
    whole = lines(FIGURES, lang)
    narrowed = lines({**FIGURES, "not_sampled": {"ecg": "withdrawn"}}, lang)

    assert "-/" in whole[2]
    assert len(narrowed) == len(whole) + 1


def test_without_annotations_nothing_is_compared():
    assert "of" not in lines({**FIGURES, "beats_expected": None})[2].split(",")[0]
