"""The big numbers at the right of the live view."""

from rich.text import Text

from tasuki.view.cells import BAD, GOOD, MUTED, SIGNALS
from tasuki.view.digits import big
from tasuki.view.snapshot import NOT_SAMPLED, PASSES, Snapshot
from tasuki.view.words import word

NUMBERS_WIDTH = 24
_TALL = 4  # a line of text and three of digits


def numbers(snapshot: Snapshot, height: int, lang: str) -> list[Text]:
    """`height` lines: heart rate, respiration rate and temperature, big where there is room."""
    per_minute = word("per_minute", lang)
    rows = (
        ("heart", "ecg", _whole(snapshot.heart_rate_bpm), per_minute, _sureness(snapshot, lang)),
        (
            "breath",
            "respiration",
            _whole(snapshot.respiration_rate_bpm),
            per_minute,
            _breath_sureness(snapshot),
        ),
        ("skin", "body_temperature", _tenth(snapshot.temperature_degc), "°C", Text()),
    )
    lines: list[Text] = []
    for at, (key, item, value, unit, aside) in enumerate(rows):
        lines.append(_label(snapshot, key, item, lang))
        left = height - len(lines) - 2 * (len(rows) - at - 1)
        lines += _value(value, unit, SIGNALS[item], aside, tall=left >= _TALL - 1)
    return lines[:height] + [Text()] * (height - len(lines))


def _label(snapshot: Snapshot, key: str, item: str, lang: str) -> Text:
    line = Text().append(word(key, lang), "bold")
    states = {stream.state for stream in snapshot.streams if stream.item == item}
    if states and PASSES not in states:
        state = NOT_SAMPLED if NOT_SAMPLED in states else next(iter(states))
        line.append(f"  {'○' if state == NOT_SAMPLED else '✗'} {word(state, lang)}", MUTED)
        return line
    for flagged in _flags(snapshot, key):
        line.append(f"  ! {word(flagged, lang)}", BAD)
    return line


def _flags(snapshot: Snapshot, key: str) -> list[str]:
    """What a filter says of its own reading, as keys of words."""
    flags = {
        "heart": ("irregular", snapshot.heart_irregular and snapshot.heart_rate_bpm is not None),
        "breath": ("apnoea", snapshot.apnoea),
        "skin": ("no_contact", snapshot.temperature_contact is False),
    }
    name, raised = flags[key]
    return [name] if raised else []


def _value(value: str, unit: str, style: str, aside: Text, tall: bool) -> list[Text]:
    if not tall:
        return [Text.assemble((f"{value} ", f"bold {style}"), (unit, MUTED), " ", aside)]
    lines = [Text(line, style) for line in big(value)]
    lines[1].append(" ")
    lines[1].append(aside)
    lines[2].append(f" {unit}", MUTED)
    return lines


def _whole(value: float | None) -> str:
    return "--" if value is None else f"{value:.0f}"


def _tenth(value: float | None) -> str:
    return "--" if value is None else f"{value:.1f}"


def _sureness(snapshot: Snapshot, lang: str) -> Text:
    """Whether the heart rate is of verified epochs."""
    if snapshot.heart_rate_bpm is None:
        return Text()
    if snapshot.heart_provisional:
        return Text(f"◌ {word('provisional', lang)}", MUTED)
    return _confidence("✓", snapshot.heart_confidence)


def _breath_sureness(snapshot: Snapshot) -> Text:
    known = snapshot.respiration_rate_bpm is not None and snapshot.respiration_confidence is not None
    return _confidence("~", snapshot.respiration_confidence) if known else Text()


def _confidence(mark: str, confidence: float | None) -> Text:
    style = BAD if confidence is not None and confidence < 0.5 else GOOD
    shown = "" if confidence is None else f" {100 * confidence:.0f} %"
    return Text(f"{mark}{shown}", style)
