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


def wide(records: bytes, columns: int) -> bytes:
    """Packed with a width of one bit more than the first column needs, if there is such a width."""
    packed = pack(records, columns)
    if not packed:
        return b"\x02"
    steps = packed[0] - 1
    first = 1 + 2 * columns
    bits = "".join(f"{byte:08b}" for byte in packed[first:])
    code = int(bits[:4], 2)
    if code >= 14:
        return packed
    column = [bits[4 + i * code : 4 + (i + 1) * code] for i in range(steps)]
    wider = f"{code + 1:04b}" + "".join("0" + step for step in column) + bits[4 + steps * code :]
    wider = wider.ljust(-(-len(wider) // 8) * 8, "0")
    return packed[:first] + bytes(int(wider[i : i + 8], 2) for i in range(0, len(wider), 8))


@st.composite
def nearly_packed(draw):
    """(kind, bytes): packed records, most of them altered in some way, or any bytes at all."""
    kind, raw = draw(records())
    columns = codec.KINDS[kind].columns
    payload = bytearray(pack(raw, columns) or draw(st.binary(min_size=1, max_size=60)))
    way = draw(st.sampled_from(["as it is", "flip", "fill", "zero", "wide", "count", "cut", "more"]))
    if way == "flip":
        payload[draw(st.integers(0, len(payload) - 1))] ^= draw(st.integers(1, 255))
    elif way == "fill":
        payload[-1] ^= draw(st.integers(1, 15))
    elif way == "zero":
        payload.append(0)
    elif way == "wide":
        payload[:] = wide(raw, columns)
    elif way == "count":
        payload[0] = draw(st.integers(0, 255))
    elif way == "cut":
        del payload[draw(st.integers(0, len(payload) - 1)) :]
    elif way == "more":
        payload += draw(st.binary(min_size=1, max_size=3))
    return kind, bytes(payload[: layout.MAX_PAYLOAD])
