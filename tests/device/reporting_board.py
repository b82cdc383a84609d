"""A scripted hub that reports on itself, and what its host reads of that."""

from scripted_board import CountingDriver, Host, ScriptedBoard

from tasuki_hub import status
from tasuki_wire import codec, layout


class ReportingBoard(ScriptedBoard):
    """The default profile with the hub's own reports in place of a counting status."""

    def __init__(self, flash):
        ScriptedBoard.__init__(self, flash)
        kinds = (codec.number("device_status"),)
        self.parts = [CountingDriver(row) for row in layout.DEFAULT_PROFILE if row[1] not in kinds]

    def drivers(self, hub):
        return list(enumerate(self.parts)) + status.drivers(hub)


class ReportingHost(Host):
    """Reads device_status, stream_status, log and openings out of what came."""

    def __init__(self, flash, board=ReportingBoard):
        self.board = board(flash)
        self.boot()

    def pass_time(self, us):
        """Many turns; the hub hears from its host now and then, or it would stop."""
        while us > 0:
            self.tell("status_request")
            Host.pass_time(self, min(us, 10_000_000))
            us -= 10_000_000

    def rows(self, name):
        """Fields of all records of a sample kind, in order."""
        out = []
        for frame in self.of_kind(name):
            out += codec.unpack_rows(frame[0], frame[6])
        return out

    def powers(self):
        """(power, reason) of all device_status, by name."""
        rows = self.rows("device_status")
        return [(layout.POWER_STATES[row[1]], layout.POWER_REASONS[row[2]]) for row in rows]

    def stream(self, number):
        """The newest (state, period, jitter, late, overruns) of a stream; state by name."""
        row = [row for row in self.rows("stream_status") if row[0] == number][-1]
        return (layout.STREAM_STATES[row[1]],) + row[2:]

    def lines(self):
        """Text of all log lines."""
        return [frame[6][1:].decode() for frame in self.of_kind("log")]

    def reasons(self):
        """Why each epoch was closed, from the openings."""
        return [layout.CLOSE_REASONS[opening[24]] for opening in self.openings()]

    def openings(self):
        """Openings, put together from their fragments."""
        out = []
        for frame in self.of_kind("opening"):
            index, part = frame[6][2], frame[6][4:]
            out = out[:-1] + [out[-1] + part] if index else out + [part]
        return out


def again(host, sequence):
    """Give a booted hub its token and start it; the answer to start."""
    assert host.give(sequence) == "ok"
    return host.status("start")
