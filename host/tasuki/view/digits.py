"""Numbers three lines high, from half blocks."""

HEIGHT = 3

_GLYPHS = {
    "0": ("█▀█", "█ █", "▀▀▀"),
    "1": ("▀█ ", " █ ", "▀▀▀"),
    "2": ("▀▀█", "█▀▀", "▀▀▀"),
    "3": ("▀▀█", " ▀█", "▀▀▀"),
    "4": ("█ █", "▀▀█", "  ▀"),
    "5": ("█▀▀", "▀▀█", "▀▀▀"),
    "6": ("█▀▀", "█▀█", "▀▀▀"),
    "7": ("▀▀█", "  █", "  ▀"),
    "8": ("█▀█", "█▀█", "▀▀▀"),
    "9": ("█▀█", "▀▀█", "▀▀▀"),
    "-": ("   ", "▀▀▀", "   "),
    ".": (" ", " ", "▀"),
    " ": ("   ", "   ", "   "),
}


def big(text: str) -> list[str]:
    """Three lines of equal width; a character without a big form is left out."""
    glyphs = [_GLYPHS[c] for c in text if c in _GLYPHS]
    return [" ".join(glyph[line] for glyph in glyphs) for line in range(HEIGHT)]
