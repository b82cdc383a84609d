"""Flashing real interpreters: only what differs, each file whole, and a named end for each hub."""

import random
import subprocess
import sys
from hashlib import sha256

import pytest

from tasuki.fleet import agent, compiling, looking, using
from tasuki.fleet.copying import Copier
from tasuki.fleet.payload import Sources, sources
from tasuki.fleet.prompt import Prompt

pytestmark = pytest.mark.hub


def library(hub):
    """{path below the hub's library folder: bytes}."""
    folder = hub.folder / "lib"
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def states(turns):
    return [turn.state for turn in turns]


def test_a_bare_board_gets_every_file_of_the_manifest_and_then_runs_them(bench):
    hub = bench.add()

    (turn,) = bench.flash(sources=Sources())
    hub.reset()

    assert turn.state == "flashed" and turn.values["files"] == len(sources("linux"))
    assert library(hub) == compiling.compiled(sources("linux"), "x64")
    assert looking.look(bench.ports[0]).state == "blank"


def test_a_hub_that_has_all_is_sent_no_byte(bench):
    bench.add()
    bench.flash()

    (turn,) = bench.flash()

    assert (turn.state, turn.values["files"], turn.values["bytes"]) == ("unchanged", 0, 0)


def test_only_the_file_that_differs_is_sent(bench):
    hub = bench.add()
    bench.flash()
    whole = library(hub)
    (hub.folder / "lib" / "tasuki_wire" / "cobs.mpy").write_bytes(b"another")

    (turn,) = bench.flash()

    assert (turn.state, turn.values["files"]) == ("flashed", 1)
    assert turn.values["bytes"] == len(whole["tasuki_wire/cobs.mpy"])
    assert library(hub) == whole


def test_a_source_that_would_hide_the_compiled_module_goes(bench):
    hub = bench.add()
    bench.flash()
    source = hub.folder / "lib" / "tasuki_wire" / "cobs.py"
    source.write_text("hides = True\n")

    (turn,) = bench.flash()

    assert turn.state == "flashed" and not source.exists()


def test_a_hub_that_runs_leaves_its_work_for_the_prompt_and_works_again_after_a_reset(bench):
    hub = bench.add(bare=False)

    (turn,) = bench.flash(target=str(hub.folder / "elsewhere"))
    at_prompt = looking.look(bench.ports[0]).state
    hub.reset()

    assert turn.state == "flashed" and not turn.values["imported"]
    assert at_prompt == looking.REPL
    assert looking.look(bench.ports[0]).state == "blank"


def test_unmodified_mpremote_works_on_the_hub_afterwards(bench):
    hub = bench.add()
    bench.flash()

    command = [sys.executable, "-m", "mpremote", "connect", hub.port, "resume", "exec"]
    done = subprocess.run(
        [
            *command,
            "import tasuki_wire.cobs as m; print(m.__file__, [n for n in globals() if n[:4]=='_tk_'])",
        ],
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [str(hub.folder / "lib" / "tasuki_wire" / "cobs.mpy"), "[]"]


@pytest.mark.parametrize(("times", "state"), [(1, "flashed"), (1000, "corrupt")])
@pytest.mark.parametrize("unpacker", ["deflate", "absent"])
def test_a_damaged_file_is_sent_again_and_what_never_arrives_whole_changes_nothing(
    bench, monkeypatch, times, state, unpacker
):
    """Packed, damage does not unpack; on a board without `deflate` only the hash shows it."""
    monkeypatch.setattr(agent, "SETUP", agent.SETUP.replace("from deflate", f"from {unpacker}"))
    hub = bench.add()
    bench.flash()
    place = hub.folder / "lib" / "tasuki_wire" / "cobs.mpy"
    right = place.read_bytes()
    place.write_bytes(b"before")
    damages = damaging(monkeypatch, times)

    (turn,) = bench.flash()

    assert turn.state == state and damages
    assert place.read_bytes() == (right if state == "flashed" else b"before")
    assert not list(place.parent.glob("*.new"))


def damaging(monkeypatch, times):
    """Change a byte in so many of the pastes that carry a file; the list of what was changed."""
    damages = []
    paste = Prompt.raw_paste_write

    def damaged(self, code):
        at = code.find(b"_tk_feed") + 40
        if at > 40 and len(damages) < times:
            damages.append(at)
            code = code[:at] + bytes([code[at] ^ 1]) + code[at + 1 :]
        return paste(self, code)

    monkeypatch.setattr(Prompt, "raw_paste_write", damaged)
    return damages


@pytest.mark.parametrize("unpacker", ["deflate", "absent"])
def test_files_of_any_bytes_and_lengths_arrive_whatever_piece_they_end_in(bench, monkeypatch, unpacker):
    """Empty at either end and between, every byte, noise that does not pack, longer than a piece."""
    monkeypatch.setattr(agent, "SETUP", agent.SETUP.replace("from deflate", f"from {unpacker}"))
    hub = bench.add()
    noise = random.Random(7).randbytes(3 * 32768)
    cuts = [(0, 0), (0, 40), (40, 32768), (32768, 32768), (32768, 80000), (80000, 3 * 32768)]
    files = {f"f{n}": noise[a:b] for n, (a, b) in enumerate(cuts)}
    files |= {"every": bytes(range(256)), "alike": bytes(70000), "last": b""}
    digests = {name: sha256(data).hexdigest() for name, data in files.items()}
    told = []

    with using.prompt_of(bench.ports[0]) as prompt:
        copier = Copier(prompt)
        copier.put(str(hub.folder / "lib/any"), files, digests, lambda name, *_: told.append(name))
        copier.close()

    assert library(hub) == {f"any/{name}": data for name, data in files.items()}
    assert told == list(files)


def test_a_full_flash_is_said_and_leaves_no_half_file(bench):
    hub = bench.add()
    with using.prompt_of(bench.ports[0]) as prompt:
        prompt.exec(RAM_DISK)

    (turn,) = bench.flash(target="/ram/lib", sources=Sources(only=["tasuki_hub/*"]))
    with using.prompt_of(bench.ports[0]) as prompt:
        left = "".join(using.listing(prompt, "/ram/lib/tasuki_hub"))

    assert (turn.state, bool(turn.way_out)) == ("full", True)
    assert ".mpy" in left and ".new" not in left
    assert hub.alive()


def test_a_folder_that_the_hub_cannot_make_is_told_as_what_the_hub_says_of_it(bench):
    bench.add()

    (turn,) = bench.flash(target="/proc/nothing")

    assert turn.state == "failed" and "OSError" in turn.reason


RAM_DISK = """
import vfs
class Ram:
 def __init__(s):s.d=bytearray(512*96)
 def readblocks(s,n,b,o=0):b[:]=s.d[n*512+o:n*512+o+len(b)]
 def writeblocks(s,n,b,o=0):s.d[n*512+o:n*512+o+len(b)]=b
 def ioctl(s,op,a):return {4:96,5:512,6:0}.get(op,0)
r=Ram();vfs.VfsLfs2.mkfs(r);vfs.mount(vfs.VfsLfs2(r),'/ram')
"""


def test_the_compiled_files_are_those_that_were_hashed_whatever_happens_to_the_sources_meanwhile():
    """A payload is read once: what is sent, compared and renamed is one set of bytes."""
    payload = Sources(only=["tasuki_wire/cobs.py"]).for_hub("linux", 2822)

    assert payload.digests == {name: sha256(data).hexdigest() for name, data in payload.files.items()}
