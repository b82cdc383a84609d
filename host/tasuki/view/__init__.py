"""What a person sees: the live view in the terminal and the HTML report.

Both show plain values that the caller fills in (`Snapshot`, `Report`); nothing
here reads a port, a store or a key.
"""

from tasuki.view.live import LiveView
from tasuki.view.report import Report, write_report
from tasuki.view.snapshot import Decision, Epoch, Gap, Series, Snapshot, Source, Stream

__all__ = [
    "Decision",
    "Epoch",
    "Gap",
    "LiveView",
    "Report",
    "Series",
    "Snapshot",
    "Source",
    "Stream",
    "write_report",
]
