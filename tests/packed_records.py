"""Strategies for packed payloads: records, and bytes that are nearly packed records."""

import struct

from hypothesis import strategies as st

from tasuki_wire import codec, layout, packing

KINDS = layout.PACKED_KINDS


def pack(records: bytes, columns: int) -> bytes:
    """Packed by tasuki_wire; b"" where that is not smaller. Bytes around the place stay as they were."""
    n = len(records) // (2 * columns)
    out = bytearray(b"\xa5" * (len(records) + 6))
    size = packing.pack_into(out, 5, b"\xee\xee\xee" + records, 3, n, columns)
    assert out[:5] == b"\xa5" * 5
    assert out[5 + max(size, len(records) - 1) :] == b"\xa5" * (len(out) - 5 - max(size, len(records) - 1))
    return bytes(out[5 : 5 + size])


@st.composite
def records(draw, kinds=KINDS):
    """(kind, bytes of 1 to as many records as a frame holds): walks whose steps are small or wild."""
    kind = draw(st.sampled_from(kinds))
    columns = codec.KINDS[kind].columns
    count = draw(st.integers(1, layout.MAX_PAYLOAD // (2 * columns)))
    made = []
    for _ in range(columns):
        largest = draw(st.sampled_from([0, 1, 2, 30, 500, 8191, 8192, 16384, 65535]))
        value = draw(st.integers(-32768, 32767))
        column = [value]
        for step in draw(st.lists(st.integers(-largest, largest), min_size=count - 1, max_size=count - 1)):
            column.append((column[-1] + step + 32768) % 65536 - 32768)
        made.append(column)
    return kind, b"".join(struct.pack(f"<{columns}h", *row) for row in zip(*made, strict=True))


@st.composite
def nearly_packed(draw):
    """(kind, bytes): packed records, some then altered, cut or lengthened, or any bytes at all."""
    kind, raw = draw(records())
    payload = bytearray(pack(raw, codec.KINDS[kind].columns) or draw(st.binary(max_size=60)))
    for _ in range(draw(st.integers(0, 2))):
        if payload:
            at = draw(st.one_of(st.integers(0, len(payload) - 1), st.just(len(payload) - 1)))
            payload[at] ^= draw(st.one_of(st.integers(1, 255), st.sampled_from([1, 2, 16, 128])))
    if draw(st.booleans()):
        del payload[draw(st.integers(0, len(payload))) :]
    elif draw(st.booleans()):
        payload += draw(st.one_of(st.just(b"\0"), st.binary(max_size=3)))
    return kind, bytes(payload[: layout.MAX_PAYLOAD])
