"""Text of exactly so many terminal cells; a Japanese character takes two."""

from rich.text import Text

STRONG = "bold reverse"
MUTED = "bright_black"
GOOD = "#56B4E9"
BAD = "bold #D55E00"
SIGNALS = {
    "ecg": "#56B4E9",
    "respiration": "#009E73",
    "body_temperature": "#CC79A7",
    "body_motion": "#E69F00",
}


def fit(text: Text, width: int) -> Text:
    """A copy cut or padded to `width` cells, on one line."""
    line = text.copy()
    if not line.plain.isprintable():
        line = Text("".join(c if c.isprintable() else " " for c in line.plain), line.style)
    line.no_wrap = True
    line.truncate(max(0, width), overflow="ellipsis", pad=True)
    return line


def beside(left: Text, right: Text, left_width: int, right_width: int) -> Text:
    """Two texts side by side, a space between."""
    return Text.assemble(fit(left, left_width), " ", fit(right, right_width))
