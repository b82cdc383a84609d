"""The live view's picture: a snapshot becomes lines that fill the terminal exactly.

Colours are of Okabe and Ito's set, which colour-blind readers tell apart, and
nothing is said by colour alone: a symbol or a word always stands beside it.
"""

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from tasuki.view.cells import BAD, GOOD, MUTED, STRONG, beside, fit
from tasuki.view.consent_lines import consent_table, refusal_lines
from tasuki.view.health_line import health_lines
from tasuki.view.snapshot import Snapshot
from tasuki.view.vitals import NUMBERS_WIDTH, numbers
from tasuki.view.waves import waves
from tasuki.view.words import check_language, word

SMALLEST = (60, 16)


class Screen:
    """A rich renderable that draws one snapshot over the whole terminal."""

    def __init__(self, snapshot: Snapshot, lang: str) -> None:
        self._snapshot = snapshot
        self._lang = check_language(lang)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        height = options.height or console.size.height
        yield Text("\n").join(render(self._snapshot, options.max_width, height, self._lang))


def render(snapshot: Snapshot, width: int, height: int, lang: str) -> list[Text]:
    """`height` lines of exactly `width` cells each."""
    if width < SMALLEST[0] or height < SMALLEST[1]:
        return _too_small(snapshot, width, height, lang)
    table = consent_table(snapshot.consent, width, lang)
    foot = min(_foot_wanted(snapshot), max(2, height // 8))
    health = health_lines(snapshot.health, lang)
    body = max(6, height - 2 - len(health) - len(table) - foot)
    left = width - NUMBERS_WIDTH - 1
    lines = [_title(snapshot, width, lang)]
    lines += [
        beside(wave, number, left, NUMBERS_WIDTH)
        for wave, number in zip(
            waves(snapshot.streams, left, body, lang), numbers(snapshot, body, lang), strict=True
        )
    ]
    lines.append(_integrity(snapshot, width, lang))
    lines += health
    lines += table
    lines += refusal_lines(snapshot.consent, max(0, height - len(lines) - len(snapshot.notes[-1:])), lang)
    lines += [Text(f" {note}", MUTED) for note in snapshot.notes[-1:]]
    lines += [Text()] * (height - len(lines))
    return [fit(line, width) for line in lines[:height]]


def plain(snapshot: Snapshot, lang: str) -> str:
    """One line that says the most important figures, for logs and pipes."""
    parts = [f"{snapshot.elapsed_s:7.1f} s"]
    for name, value, unit, digits in (
        ("heart.short", snapshot.heart_rate_bpm, word("per_minute", lang), 0),
        ("breath.short", snapshot.respiration_rate_bpm, word("per_minute", lang), 0),
        ("skin.short", snapshot.temperature_degc, " °C", 1),
    ):
        shown = "--" if value is None else f"{value:.{digits}f}{unit}"
        parts.append(f"{word(name, lang)} {shown}")
    parts.append(_counts(snapshot, lang, words=True).plain.strip())
    return "  ".join(parts)


def _title(snapshot: Snapshot, width: int, lang: str) -> Text:
    minutes, seconds = divmod(int(snapshot.elapsed_s), 60)
    line = Text().append(" TASUKI ", STRONG)
    line.append(f" {word('hub', lang)} {snapshot.hub or '--'}  {minutes}:{seconds:02d}")
    if snapshot.speed != 1:
        line.append(f"  x{snapshot.speed:g}")
    clock = Text(f"{word('clock', lang)} ", MUTED)
    clock.append(_milliseconds(snapshot.clock_offset_us), MUTED)
    if snapshot.clock_uncertainty_us is not None:
        clock.append(f" ±{snapshot.clock_uncertainty_us / 1e3:.1f} ms", MUTED)
    if snapshot.clock_drift_ppm is not None:
        clock.append(f" {snapshot.clock_drift_ppm:+.1f} ppm", MUTED)
    return beside(line, clock, width - clock.cell_len - 1, clock.cell_len)


def _milliseconds(offset_us: float | None) -> str:
    """A clock offset in a unit that keeps it short: it may be years."""
    if offset_us is None:
        return "--"
    ms = offset_us / 1e3
    return f"{ms:+.1f} ms" if abs(ms) < 1e5 else f"{ms / 1e3:+.0f} s"


def _integrity(snapshot: Snapshot, width: int, lang: str) -> Text:
    """Epochs, frames, gaps and where the blocks are; in words where there is room, else in symbols."""
    line = _counts(snapshot, lang, words=True)
    return line if line.cell_len <= width else _counts(snapshot, lang, words=False)


def _counts(snapshot: Snapshot, lang: str, words: bool) -> Text:
    def count(symbol: str, number: int, key: str, style: str) -> None:
        line.append(f" {symbol} {number} {word(key, lang)}" if words else f" {symbol} {number}", style)

    def alarm(number: int) -> str:
        return BAD if number else MUTED

    line = Text().append(f" {word('epochs', lang)}", MUTED)
    count("✓", snapshot.epochs_verified, "verified", GOOD)
    count("✗", snapshot.epochs_rejected, "rejected", alarm(snapshot.epochs_rejected))
    count("…", snapshot.epochs_pending, "pending", MUTED)
    line.append(f" │ {word('frames', lang)} {snapshot.frames}", MUTED)
    count("✗", snapshot.bad, "bad", alarm(snapshot.bad))
    line.append(f" │ {word('gaps', lang)} {snapshot.gaps}", alarm(snapshot.gaps))
    line.append(f" │ {word('outbox', lang)} {snapshot.outbox} → ", MUTED)
    line.append(f"{word('stored', lang)} {snapshot.store_rows}", GOOD)
    return line


def _foot_wanted(snapshot: Snapshot) -> int:
    refused = sum(not decision.allowed for decision in snapshot.consent)
    return max(1, refused + len(snapshot.notes[-1:]))


def _too_small(snapshot: Snapshot, width: int, height: int, lang: str) -> list[Text]:
    lines = [Text(f"{word('small', lang)} ({SMALLEST[0]}x{SMALLEST[1]})"), Text(plain(snapshot, lang))]
    lines += [Text()] * height
    return [fit(line, width) for line in lines[:height]]
