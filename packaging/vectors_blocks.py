"""Vectors of epochs in their order, and of single blocks as they are disclosed."""

from epoch_by_hand import flip, session
from wire_by_hand import DEVICE_KEY

Lines = list[tuple[str, object]]
PUBLIC = DEVICE_KEY.verify_key.encode()


def sessions() -> list[Lines]:
    """Orders of arrival; `tail` is said of a session that did not end with a clean stop."""
    first = ("epoch 0", "verified")
    second = ("epoch 1", "verified")
    last = ("epoch 2", "verified")
    stray = ("epoch 1 of another chain", "verified")
    garment = "0:3 1:1 2:2 3:1 4:1 5:1 6:1 7:1"
    rows: list[tuple[str, list[tuple[str, str]], list[str]]] = [
        ("all, in order", [first, second, last], []),
        ("all, in any order", [last, first, second], []),
        ("an epoch replayed", [first, second, ("epoch 0", "replayed")], ["unknown_tail 7 1"]),
        ("the same number signed anew", [first, ("epoch 0 signed anew", "replayed")], ["unknown_tail 7 0"]),
        ("an epoch omitted", [first, last], ["omitted 7 1"]),
        ("the first epoch omitted", [second], ["omitted 7 0", "unknown_tail 7 1"]),
        ("prev does not fit", [first, (stray[0], "forged")], [f"unknown_tail 7 0 {garment}"]),
        (
            "prev does not fit, found backwards",
            [stray, ("epoch 0", "forged")],
            ["omitted 7 0", "unknown_tail 7 1"],
        ),
        (
            "a new session starts at 0",
            [first, ("epoch 0 of the next session", "verified")],
            ["unknown_tail 8 0"],
        ),
        (
            "a forged one does not take the place",
            [("record: root altered", "forged"), first],
            ["unknown_tail 7 0"],
        ),
    ]
    out: list[Lines] = [
        [("case", case), *[("arrives", f"{verdict} {name}") for name, verdict in steps]]
        + [("finding", finding) for finding in found]
        for case, steps, found in rows
    ]
    rest = session()[2].all_bodies()
    tail: Lines = [("case", "frames after the last record"), ("arrives", "verified epoch 0")]
    tail += [("arrives", "verified epoch 1"), *[("body", frame) for frame in rest]]
    return [*out, [*tail, ("finding", "unknown_tail 7 1 0:5")]]


def blocks() -> list[Lines]:
    """Blocks of epoch 1 and of epoch 2."""
    _, e1, e2 = session()
    good = {
        s: {"record": e1.record(), "entry": e1.entry(s), "slot_key": e1.slot_key(s), "path": e1.path(s)}
        for s in e1.bodies
    }
    ecg, warm = e1.bodies[0], e1.bodies[2]
    last = {"record": e2.record(), "entry": e2.entry(0), "slot_key": e2.slot_key(0), "path": e2.path(0)}
    swapped = good[2]["path"][24:48] + good[2]["path"][:24] + good[2]["path"][48:]
    rows: list[tuple[str, str, dict[str, bytes], list[bytes]]] = [
        *[(f"stream {s}", "verified", good[s], e1.bodies[s]) for s in good],
        ("five frames: a node is promoted twice", "verified", last, e2.bodies[0]),
        ("a frame is missing", "gap", good[2], warm[:1]),
        ("frame altered", "forged", good[2], [flip(warm[0], 16), warm[1]]),
        ("frames in the wrong order", "forged", good[2], warm[::-1]),
        ("frames of another block", "forged", good[2], ecg),
        ("a frame too many", "forged", good[2], [*warm, warm[0]]),
        ("record of another epoch", "forged", good[2] | {"record": e2.record()}, warm),
        ("record: signature altered", "forged", good[2] | {"record": flip(e1.record(), -1)}, warm),
        ("record: root altered", "forged", good[2] | {"record": flip(e1.record(), 73)}, warm),
        ("entry: stream altered", "forged", good[2] | {"entry": flip(e1.entry(2), 0)}, warm),
        ("entry: kind altered", "forged", good[2] | {"entry": flip(e1.entry(2), 1)}, warm),
        ("entry: time altered", "forged", good[2] | {"entry": flip(e1.entry(2), 20)}, warm),
        ("entry of another block", "forged", good[2] | {"entry": e1.entry(0)}, ecg),
        ("slot key altered", "forged", good[2] | {"slot_key": flip(e1.slot_key(2), 0)}, warm),
        ("slot key of another slot", "forged", good[2] | {"slot_key": e1.slot_key(3)}, warm),
        *[
            (f"path: node {i} altered", "forged", good[2] | {"path": flip(good[2]["path"], 24 * i)}, warm)
            for i in range(4)
        ],
        ("path: two nodes change places", "forged", good[2] | {"path": swapped}, warm),
        ("path of another slot", "forged", good[2] | {"path": e1.path(3)}, warm),
        ("path: a node short", "forged", good[2] | {"path": good[2]["path"][:72]}, warm),
        ("path: a node long", "forged", good[2] | {"path": good[2]["path"] + bytes(24)}, warm),
    ]
    return [
        [
            ("case", case),
            ("verdict", verdict),
            ("public", PUBLIC),
            *parts.items(),
            *[("body", b) for b in frames],
        ]
        for case, verdict, parts, frames in rows
    ]
