"""The live view on a terminal, without one, and as a picture."""

import dataclasses
import io
import re
import xml.etree.ElementTree as ElementTree

import pytest
from rich.console import Console

import view_examples
from tasuki.view import LiveView, Snapshot
from tasuki.view.picture import save_svg


class Clock:
    """Seconds that pass only when told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def console(terminal: bool) -> Console:
    return Console(
        file=io.StringIO(), force_terminal=terminal, width=80, height=24, _environ={"TERM": "xterm-256color"}
    )


def written(screen: Console) -> str:
    assert isinstance(screen.file, io.StringIO)
    return screen.file.getvalue()


def test_terminal_is_redrawn_at_most_ten_times_a_second():
    clock, screen, snapshot = Clock(), console(terminal=True), view_examples.snapshot()
    with LiveView(console=screen, clock=clock) as view:
        drawn = 0
        for _ in range(1000):
            drawn += view.update(snapshot)
            clock.now += 0.001

    assert 9 <= drawn <= 10


def test_terminal_is_given_back_as_it_was():
    screen = console(terminal=True)
    with LiveView(console=screen) as view:
        view.update(view_examples.snapshot())
        assert view.full_screen

    text = written(screen)
    assert text.count("\x1b[?1049h") == text.count("\x1b[?1049l") == 1
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")


def test_terminal_is_given_back_after_an_error():
    screen = console(terminal=True)
    with pytest.raises(KeyboardInterrupt), LiveView(console=screen):
        raise KeyboardInterrupt

    assert "\x1b[?1049l" in written(screen)


def test_without_a_terminal_a_plain_line_comes_now_and_then():
    clock, screen = Clock(), console(terminal=False)
    with LiveView(console=screen, clock=clock) as view:
        for _ in range(100):
            view.update(dataclasses.replace(view_examples.snapshot(), notes=()))
            clock.now += 0.1

    lines = written(screen).splitlines()
    assert len(lines) == 5  # one every three of ten seconds, and the last
    assert all("heart 98/min" in line for line in lines)
    assert "\x1b" not in written(screen)


def test_the_last_snapshot_is_never_swallowed():
    screen = console(terminal=False)
    with LiveView(console=screen, clock=Clock()) as view:
        view.update(Snapshot(elapsed_s=1))
        view.update(Snapshot(elapsed_s=2))

    assert "2.0 s" in written(screen).splitlines()[-1]


def test_unknown_language_is_refused():
    with pytest.raises(ValueError, match="choose one of"):
        LiveView(lang="xx")


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_picture_is_well_formed_and_loads_nothing(tmp_path, lang):
    save_svg(view_examples.snapshot(), tmp_path / "images" / "live.svg", lang)

    svg = (tmp_path / "images" / "live.svg").read_text(encoding="utf-8")
    ElementTree.fromstring(svg)
    assert re.findall(r"https?://[^\"' )]+", svg) == ["http://www.w3.org/2000/svg"]
    assert "url(http" not in svg and "@font-face" not in svg


def test_without_a_terminal_each_trouble_is_said_once_and_moves_no_cursor():
    clock, screen = Clock(), console(terminal=False)
    notes = [f"trouble {n}" for n in range(6)]
    notes[3] = "hub: \x1b[2J" + notes[3]
    with LiveView(console=screen, clock=clock) as view:
        for kept in ((), notes[:2], notes[:2], notes[1:5], notes[3:6]):
            view.update(dataclasses.replace(view_examples.snapshot(), notes=tuple(kept)))
            clock.now += 3.0

    lines = [line for line in written(screen).splitlines() if line.startswith("  ! ")]
    assert [line[-9:] for line in lines] == [f"trouble {n}" for n in range(6)]
    assert "\x1b" not in written(screen)
