"""Speed side by side: what each benchmark reached, and how it stands to ours in the same run."""

import platform

import pytest

_RATES = {}


@pytest.fixture
def rate(benchmark, request):
    """Measure run() and note its best rate; all of one group are printed beside each other.

    rate(group, name, n, unit, run): run does n things; the group's first row is ours.
    """

    def measure(group, name, n, unit, run, rounds=5):
        result = benchmark.pedantic(run, rounds=rounds, warmup_rounds=1)
        if benchmark.stats is not None:
            best = n / benchmark.stats.stats.min
            benchmark.extra_info["rate"] = best
            _RATES.setdefault((group, unit), {})[name] = best
        return result

    return measure


def pytest_terminal_summary(terminalreporter):
    """A table per group, with the ratio of its first row to each."""
    write = terminalreporter.write_line
    for (group, unit), rates in _RATES.items():
        first = next(iter(rates.values()))
        write("")
        write(f"{group} ({platform.machine()}, Python {platform.python_version()})")
        for name, best in rates.items():
            write(f"  {name:<44}{best:>16,.0f} {unit}/s   first row is {first / best:8.2f} x")
