"""The pytest plugin: one test for virtual hubs and for those on the bench. docs/pytest.md has an example.

Everything of ours is imported when a fixture is used, since pytest loads this file in every project.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tasuki.fleet.hub_at_test import HubAtTest

_KINDS = ("unix", "qemu", "real")
_MARK = "tasuki_kind"


def pytest_addoption(parser: pytest.Parser) -> None:
    """--tasuki-port, --tasuki-kind, --tasuki-hubs."""
    group = parser.getgroup("tasuki", "hubs under test")
    group.addoption(
        "--tasuki-port", action="append", default=[], metavar="PORT",
        help="Port or glob of hubs to test; virtual ones are made without it.",
    )  # fmt: skip
    group.addoption("--tasuki-kind", choices=_KINDS[:2], default="unix", help="Kind of the virtual hubs.")
    group.addoption("--tasuki-hubs", type=int, default=2, help="How many virtual hubs `hubs` has.")


def pytest_configure(config: pytest.Config) -> None:
    """The marker, so that --strict-markers knows it."""
    config.addinivalue_line(
        "markers", f"{_MARK}(*kinds): the kinds of hub that a test is for: {', '.join(_KINDS)}"
    )


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip, with the reason, what is not for the kind of hub that is there."""
    marker = item.get_closest_marker(_MARK)
    if marker is None:
        return
    unknown = set(marker.args) - set(_KINDS)
    if unknown or not marker.args:
        pytest.fail(f"{_MARK} takes {', '.join(_KINDS)}, not {sorted(unknown)}", pytrace=False)
    kind = _kind(item.config)
    if kind not in marker.args:
        pytest.skip(f"for hubs of kind {', '.join(marker.args)}; this one is {kind}")


def _kind(config: pytest.Config) -> str:
    return "real" if config.getoption("tasuki_port") else str(config.getoption("tasuki_kind"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """What each hub said stands in a section of its own, whole, however many spoke at once."""
    report = yield
    if report.when == "call":
        for hub in getattr(item, "_tasuki_hubs", ()):
            if hub.lines:
                report.sections.append((f"hub {hub.port}", "\n".join(hub.lines)))
    return report


@pytest.fixture
def virtual_hub(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., HubAtTest]]:
    """Makes virtual hubs: virtual_hub(kind="unix", bare=False, speed=1); they end with the test."""
    from tasuki.fleet.hub_at_test import HubAtTest

    with ExitStack() as stack:

        def make(kind: str | None = None, bare: bool = False, speed: float = 1.0) -> HubAtTest:
            hubs = _hubs_of(request)
            kind = kind or str(request.config.getoption("tasuki_kind"))
            hub = stack.enter_context(HubAtTest.spawned(kind, tmp_path / f"hub{len(hubs)}", bare, speed))
            hubs.append(hub)
            return hub

        yield make


@pytest.fixture
def hubs(request: pytest.FixtureRequest, virtual_hub: Callable[..., HubAtTest]) -> Iterator[list[HubAtTest]]:
    """All hubs under test: those of --tasuki-port, or --tasuki-hubs virtual ones."""
    from tasuki.fleet import ports
    from tasuki.fleet.hub_at_test import HubAtTest

    patterns = request.config.getoption("tasuki_port")
    if not patterns:
        yield [virtual_hub() for _ in range(request.config.getoption("tasuki_hubs"))]
        return
    found = [HubAtTest(port, "real") for port in ports.chosen(ports.found(), patterns)]
    _hubs_of(request).extend(found)
    yield found


@pytest.fixture
def hub(request: pytest.FixtureRequest, virtual_hub: Callable[..., HubAtTest]) -> HubAtTest:
    """One hub under test: the first of --tasuki-port, or a virtual one of its own."""
    if request.config.getoption("tasuki_port"):
        first: HubAtTest = request.getfixturevalue("hubs")[0]
        return first
    return virtual_hub()


def _hubs_of(request: pytest.FixtureRequest) -> list[HubAtTest]:
    found: list[HubAtTest] = request.node.__dict__.setdefault("_tasuki_hubs", [])
    return found
