"""One line of the live view for what the hub says of itself."""

from rich.text import Text

from tasuki.view.cells import BAD, MUTED
from tasuki.view.snapshot import Health
from tasuki.view.words import word

_SUDDEN = ("watchdog", "brown_out", "crash")


def health_lines(health: Health, lang: str) -> list[Text]:
    """The line, or none while the hub has told nothing: it may not be allowed to."""
    if health.power is None:
        return []
    calm = health.power == "active"
    line = Text().append(f" {word('power', lang)} ", MUTED)
    line.append(word(f"power.{health.power}", lang), MUTED if calm else BAD)
    line.append(f" ({word(f'why.{health.reason}', lang)})", MUTED)
    if health.battery_mv is not None:
        line.append(f" {health.battery_mv / 1000:.2f} V", MUTED)
    for name, state in health.troubled.items():
        line.append(f" │ ✗ {word(name, lang)} {word(f'sensor.{state}', lang)}", BAD)
    if health.reset_cause in _SUDDEN:
        line.append(f" │ {word(f'boot.{health.reset_cause}', lang)}", BAD)
    for count, key in ((health.late, "late"), (health.overruns, "lost")):
        line.append(f" │ {word(key, lang)} {count}", BAD if count else MUTED)
    if health.jitter_us is not None:
        line.append(f" │ {word('waited', lang)} {health.jitter_us / 1000:.0f} ms", MUTED)
    return [line]
