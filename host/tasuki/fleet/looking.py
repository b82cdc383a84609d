"""What is at a port: a hub that speaks our wire, MicroPython's prompt, or nothing that answers."""

import time
from dataclasses import dataclass
from itertools import count

from tasuki.errors import Refused
from tasuki.fleet.opening import ask_for_prompt
from tasuki.fleet.ports import Port
from tasuki.fleet.troubles import Trouble, trouble_of
from tasuki.frames import Batch, Stream
from tasuki.framing import link_frame
from tasuki.pipeline.acquire import SerialLine
from tasuki.pipeline.decode import Decoder
from tasuki.session import greet
from tasuki.session.connection import Connection
from tasuki.session.health import Health
from tasuki_wire import codec, layout

_LISTEN_S = 1.4  # a hub says hello each second when it says nothing else
_REPORT_S = 4.5
_TYPED_S = 0.4
_ROUSES, _ROUSE_S = 4, 0.4
_CTRL_C = 3
_WINDOW = 512  # of a raw paste at most
_HELLO = codec.number("hello")
_STATUS = codec.number("device_status")
REPL = "repl"


@dataclass(frozen=True)
class Seen:
    """A port and what was found at it.

    Attributes:
        state: `blank`, `dev` or `locked` for a hub, `repl` for MicroPython's prompt,
            `in_use`, `silent` and others of troubles.WAYS_OUT.
        identity: of a hub.
        battery_mv: of a hub that reports it just now.
        firmware: what runs, in its own words.
        trouble: why there is no more to say.
    """

    port: Port
    state: str
    identity: greet.Identity | None = None
    battery_mv: int | None = None
    firmware: str = ""
    trouble: Trouble | None = None

    def row(self) -> dict[str, object]:
        """Plain values for `--json`."""
        who = self.identity
        return {
            "port": self.port.path,
            "location": self.port.location,
            "serial": self.port.serial,
            "name": self.port.name,
            "state": self.state,
            "hub": who.device.hex() if who else None,
            "firmware": self.firmware or None,
            "board": who.board if who else None,
            "counter": who.counter if who else None,
            "wire": layout.VERSION if who else None,
            "key": who.key_id.hex() if who and who.enrolled else None,
            "battery_mv": self.battery_mv,
            "reason": str(self.trouble) if self.trouble else None,
            "way_out": self.trouble.hint if self.trouble else None,
        }


def look(port: Port) -> Seen:
    """Open a port, say what is there, and give it back. Changes nothing on the hub.

    It listens first. To a port that stays silent it sends the return and Ctrl-B that make
    a prompt show itself, and where there is none a question of our wire. A program that
    runs on the board is not interrupted: no Ctrl-C is among these bytes.
    """
    try:
        line = SerialLine(port.path)
    except Exception as error:
        return _failed(port, error)
    try:
        return _look(port, line)
    except Exception as error:
        return _failed(port, error)
    finally:
        line.close()


def _failed(port: Port, error: Exception) -> Seen:
    trouble = trouble_of(error)
    return Seen(port, trouble.state, trouble=trouble)


def _look(port: Port, line: SerialLine) -> Seen:
    heard = listen(line, reports=True)
    if heard.frames:
        return meet(port, line, heard.battery_mv)
    banner = ask_for_prompt(line)
    if banner is not None:
        return Seen(port, REPL, firmware=banner)
    if _takes_typing(line):
        return Seen(port, REPL, firmware="half a program was typed")
    if rouse(line):
        return meet(port, line)
    if heard.bytes:
        trouble = Trouble("flooding", "bytes come that are neither frames nor a prompt")
    else:
        trouble = Trouble("silent", "nothing answers")
    return Seen(port, trouble.state, trouble=trouble)


@dataclass
class _Heard:
    bytes: int = 0
    frames: int = 0
    battery_mv: int | None = None


def listen(line: SerialLine, most_s: float = _LISTEN_S, reports: bool = False) -> _Heard:
    """Until the first intact frame comes, or nothing did for most_s.

    With reports, a hub that samples is heard on until it has told its state, which it does every 4 s.
    """
    heard, decoder, health = _Heard(), Decoder(), Health()
    end = time.monotonic() + most_s
    while (left := end - time.monotonic()) > 0:
        data = line.read(left)
        heard.bytes += len(data)
        batch = decoder.feed(data)
        kinds = batch.rows["kind"][batch.good()]
        _reports(batch, health)
        idle = bool((kinds == _HELLO).any())  # unasked it says hello only while nothing is allowed
        if len(kinds) and not heard.frames and reports and not idle:
            end = time.monotonic() + _REPORT_S
        heard.frames += len(kinds)
        if heard.frames and (not reports or idle or health.power):
            break
    heard.battery_mv = health.battery_mv
    return heard


def _takes_typing(line: SerialLine) -> bool:
    """True when a prompt has a paste open: it answers empty lines, by its window or its mark.

    The question that `rouse` sends could end the paste, and so run half a program.
    """
    line.write(b"\n" * _WINDOW)
    got = line.read(_TYPED_S)
    return bool(got) and b"\0" not in got


def rouse(line: SerialLine) -> bool:
    """True when a hub answers: one that was stopped under a live token says nothing unasked.

    Not for a line with a prompt, which could take a byte of the question for Ctrl-D.
    """
    for n in range(_ROUSES):
        line.write(b"\0" + _question(n))
        if listen(line, _ROUSE_S).frames:
            return True
    return False


def _question(first: int) -> bytes:
    """A hello_request without the byte of Ctrl-C: at time 0, for the clock would have it for minutes."""
    kind = codec.number("hello_request")
    frames = (link_frame(kind, codec.pack(kind, n + 1), n, time_us=0) for n in count(first * 256))
    return next(frame for frame in frames if _CTRL_C not in frame)


def _reports(batch: Batch, health: Health) -> None:
    """Take the hub's reports of itself from a batch; no signal of a wearer is looked at."""
    for body_kind, stream in {(int(row["kind"]), int(row["stream"])) for row in batch.rows[batch.good()]}:
        if body_kind == _STATUS:
            health.take([batch.samples(Stream(stream, body_kind, 0, 1, 4_000_000))])


def meet(port: Port, line: SerialLine, battery_mv: int | None = None) -> Seen:
    """Ask a hub who it is."""
    connection = Connection(line)
    try:
        identity = greet.meet(connection)
    except Refused as refused:  # another wire or schema: it is a hub all the same
        return Seen(port, refused.reason, trouble=Trouble("failed", str(refused), refused.hint))
    health = Health()
    for event in connection.take():
        if isinstance(event, Batch):
            _reports(event, health)
    return Seen(port, identity.life, identity, health.battery_mv or battery_mv, identity.firmware)
