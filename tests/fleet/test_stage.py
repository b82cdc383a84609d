"""Replay into a terminal: any serial program, and our own, see the frames of the capture."""

import json
import os
import re
import subprocess
import sys
import threading
import time

import pytest
import serial

from host import capture_examples as example
from host import garments
from tasuki.capture import line, parts
from tasuki.capture.reading import read
from tasuki.capture.stand_in import StandIn
from tasuki.capture.timeline import Timeline
from tasuki.errors import UsageError
from tasuki.fleet import stage
from tasuki.frames import Stream
from tasuki.pipeline.decode import Decoder
from tasuki_wire import codec, epoch, layout

KEY = example.PUBLIC.hex()


@pytest.fixture(scope="module")
def walk(tmp_path_factory):
    """A capture of three epochs."""
    path = tmp_path_factory.mktemp("walk") / "walk.tsk"
    garments.record(path, 3)
    return path


def bodies(path):
    """All frame bodies of a capture."""
    with read(path) as capture:
        held = [part.block for part in capture if isinstance(part, parts.BlockPart)]
    return [body for block in held for body in block.bodies()]


def start(*words, **options):
    """The command as a process of its own."""
    code = "from tasuki.cli import main; main()"
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, words)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options,
    )  # fmt: skip


def received(data):
    """(sample frame bodies, epoch records, count of bad frames) of bytes of the line."""
    decoder = Decoder()
    batch = decoder.feed(data)
    samples = batch.bodies(batch.good() & (batch.rows["stream"] != layout.LINK_STREAM))
    records = [one.payload for one in batch.links() if one.kind == epoch.RECORD]
    return samples, records, decoder.bad


def test_the_line_has_every_proved_frame_in_times_order_and_each_record_behind_its_epoch(walk):
    with read(walk) as capture:
        pieces = list(line.of_capture(Timeline(capture), lambda device: example.PUBLIC))

    samples, _, bad = received(b"".join(piece.data for piece in pieces))
    times = [line.time_of(body) for body in samples]
    assert bad == 0
    assert sorted(samples) == sorted(bodies(walk)) and times == sorted(times)
    records = [i for i, piece in enumerate(pieces) if piece.record]
    assert len(records) == 3
    before = [received(piece.data)[0][0] for piece in pieces[: records[0]]]
    assert {line.time_of(body) // garments.EPOCH_US for body in before} == {0}
    assert len(before) == len(samples) // 3
    assert [piece.time_us for piece in pieces] == sorted(piece.time_us for piece in pieces)


def test_what_the_key_does_not_prove_is_not_played(walk):
    with read(walk) as capture:
        assert not list(line.of_capture(Timeline(capture), lambda device: example.OTHER))


def test_a_serial_program_that_comes_late_gets_every_frame(walk, tmp_path):
    """pyserial empties the port when it opens it; nothing is lost of it. The link is gone at the end."""
    process = start("replay", walk, "--pty", "--link", tmp_path / "hub0", "--speed", "max", "--key", KEY)
    path = process.stdout.readline().strip()
    assert os.path.realpath(tmp_path / "hub0") == path
    data = b""
    with serial.Serial(str(tmp_path / "hub0"), timeout=2, exclusive=True) as port:
        while got := port.read(port.in_waiting or 1):
            data += got
            if len(received(data)[1]) == 3:
                break
    out, err = process.communicate(timeout=30)

    samples, records, bad = received(data)
    assert (process.returncode, bad) == (0, 0), err
    assert sorted(samples) == sorted(bodies(walk)) and len(records) == 3
    assert re.fullmatch(rf"{len(samples) + 3} frames, \d+ bytes\.\n", out)
    assert not (tmp_path / "hub0").is_symlink()


def test_a_program_that_knows_nothing_of_terminals_reads_to_the_end(walk, tmp_path):
    """cat sees the bytes as they are, and an end."""
    process = start("replay", walk, "--pty", "--speed", "max", "--key", KEY, "--json")
    port = json.loads(process.stdout.readline())["port"]
    with (tmp_path / "copy").open("wb") as copy:
        subprocess.run(["cat", port], stdout=copy, stderr=subprocess.DEVNULL, check=False, timeout=60)
    told = json.loads(process.communicate(timeout=30)[0])

    samples, records, bad = received((tmp_path / "copy").read_bytes())
    assert (bad, len(records)) == (0, 3)
    assert sorted(samples) == sorted(bodies(walk))
    assert told["pieces"] == len(samples) + 3 and told["proved"]


def test_hub_monitor_sees_the_frames_of_the_capture_and_then_that_the_hub_is_gone(walk, tmp_path):
    """The same counts of frames by stream; nothing missing, nothing damaged."""
    state = ("--state", tmp_path / "state")
    process = start("replay", walk, "--pty", "--speed", "4", "--key", KEY)
    port = process.stdout.readline().strip()
    watch = start("hub", "monitor", "--port", port, "--seconds", "60", "--json", *state)
    out, err = watch.communicate(timeout=60)
    assert process.wait(timeout=60) == 0
    process.communicate()

    assert watch.returncode == 1 and "closed by the other side" in err
    rows = [json.loads(row) for row in out.splitlines()]
    assert rows, err
    last = rows[-1]["streams"]
    counted = {number: row["frames"] for number, row in last.items() if number != "255"}
    expected = {}
    for body in bodies(walk):
        expected[str(body[2])] = expected.get(str(body[2]), 0) + 1
    assert counted == expected
    assert not any(row["missing"] or row["repeated"] for row in last.values())
    assert rows[-1]["faults"] == {}


@pytest.fixture
def terminal():
    """A terminal whose far end answers as the recorded hub, on a thread."""
    ended = threading.Event()
    with stage.Terminal() as one:
        streams = [Stream(0, 1, 1, 25, 4000)]
        stand_in = StandIn(example.DEVICE, example.PUBLIC, streams, lambda: 5_000_000)

        def serve():
            while not ended.is_set():
                one.serve(stand_in.take, 0.05)

        thread = threading.Thread(target=serve)
        thread.start()
        yield one
        ended.set()
        thread.join()


def test_a_replay_takes_no_token_and_no_enrolment(terminal):
    """It says who was recorded, and refuses whatever would need the hub itself."""
    from tasuki.errors import Refused
    from tasuki.pipeline.acquire import SerialLine
    from tasuki.session import greet
    from tasuki.session.connection import Connection

    connection = Connection(SerialLine(terminal.path))
    identity = greet.meet(connection)
    assert (identity.device, identity.public) == (example.DEVICE, example.PUBLIC)
    assert (identity.firmware, identity.board) == ("replay", "capture")
    assert greet.describe(connection) == {0: Stream(0, 1, 1, 25, 4000)}
    connection.await_sync(1)
    fields = codec.unpack(epoch.TOKEN, bytes(2) + bytes(codec.KINDS[epoch.TOKEN].head_size - 2))[1:]
    with pytest.raises(Refused) as refused:
        connection.ask("token", *fields)
    assert refused.value.reason == "not_allowed"
    with pytest.raises(Refused):
        connection.ask("start")
    connection.close()


def test_noise_from_the_other_side_is_no_question():
    stand_in = StandIn(example.DEVICE, example.PUBLIC, [], lambda: 0)

    assert stand_in.take(bytes(range(256)) * 40) == b""


class Simulated:
    """A line whose time is ours; notes what was written when."""

    def __init__(self):
        self.at = 100.0
        self.written = []

    def write(self, data, serve):
        self.written.append((self.at, data))

    def serve(self, serve, seconds):
        self.at += seconds
        return False


@pytest.mark.parametrize("speed", [0.5, 1, 20])
def test_each_piece_goes_when_its_time_has_come_at_that_speed(speed):
    pieces = [line.Piece(7, 10_000_000 + 400_000 * i, bytes([i])) for i in range(5)]
    pieces += [line.Piece(8, 1_000, b"a"), line.Piece(8, 801_000, b"b")]
    simulated = Simulated()
    position = stage.Position(speed)

    stage.play(simulated, pieces, None, position, lambda: simulated.at)

    due = [0, 0.4, 0.8, 1.2, 1.6, 1.6, 2.4]
    flat = [(at - 100, byte) for at, data in simulated.written for byte in data]
    assert [at for at, _ in flat] == pytest.approx([seconds / speed for seconds in due], abs=1e-6)
    assert bytes(byte for _, byte in flat) == bytes(range(5)) + b"ab"
    assert (position.pieces, position.sent, position.at_us) == (7, 7, 801_000)


def test_at_full_speed_nothing_waits():
    simulated = Simulated()
    pieces = [line.Piece(7, 10**12 * i, bytes(1000)) for i in range(20)]

    stage.play(simulated, pieces, None, stage.Position(None), lambda: simulated.at)

    assert simulated.at == 100.0
    assert sum(len(data) for _, data in simulated.written) == 20_000


def test_a_raw_dump_is_played_byte_for_byte(walk, tmp_path):
    with read(walk) as capture:
        pieces = line.of_capture(Timeline(capture), lambda device: example.PUBLIC)
        dump = b"\0\x03no frame\0" + b"".join(piece.data for piece in pieces)
    (tmp_path / "dump").write_bytes(dump)

    played = list(line.of_dump(tmp_path / "dump"))
    assert b"".join(piece.data for piece in played) == dump
    assert played[-1].time_us >= 8_000_000


def test_a_link_is_never_put_over_something_else_but_over_one_that_leads_nowhere(tmp_path):
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(UsageError, match="exists"):
        stage.Terminal(tmp_path / "mine")
    assert (tmp_path / "mine").read_text() == "mine"
    (tmp_path / "stale").symlink_to("/dev/pts/no-such-terminal")
    with stage.Terminal(tmp_path / "stale") as terminal:
        assert str((tmp_path / "stale").readlink()) == terminal.path


def test_what_cannot_be_played_is_one_sentence(walk, tmp_path):
    for words, code in (
        ((walk, "--pty", "--port", "/dev/null"), 2),
        ((walk, "--link", "x"), 2),
        ((walk, "--port", "/dev/no-such-port", "--key", KEY), 2),
        ((walk, "--pty", "--speed", "fast"), 2),
        ((walk, "--pty", "--state", tmp_path / "state"), 1),
    ):
        process = start("replay", *words)
        out, err = process.communicate(timeout=30)
        assert (process.returncode, out) == (code, ""), words
        assert err.strip() and "Traceback" not in err


def test_ctrl_c_ends_a_replay_that_nobody_reads(walk, tmp_path):
    process = start("replay", walk, "--pty", "--link", tmp_path / "hub0", "--key", KEY)
    process.stdout.readline()
    time.sleep(0.2)
    process.terminate()
    _, err = process.communicate(timeout=30)

    assert process.returncode == 1 and "Traceback" not in err
    assert not (tmp_path / "hub0").is_symlink()
