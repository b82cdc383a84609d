"""What holds for all tests."""

import os
import signal

import pytest

pytest_plugins = ["rule_marks", "softhsm", "tasuki.fleet.pytest_plugin"]

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # from a background job; children inherit it
    signal.signal(signal.SIGINT, signal.default_int_handler)

# True on any machine, however complete it is.
ALLOWED_IN_CI = ("root may open every port",)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """In CI nothing is missing, so a test that was skipped has failed."""
    report = yield
    if os.environ.get("CI") and report.skipped and not hasattr(report, "wasxfail"):
        reason = str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if not any(allowed in reason for allowed in ALLOWED_IN_CI):
            report.outcome = "failed"
            report.longrepr = f"skipped in CI, where nothing may be missing: {reason}"
    return report
