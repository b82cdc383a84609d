"""The tables of the wire are sound, and nothing but the tables decides."""

import struct

import pytest

from tasuki_wire import codec, epoch, items, layout

FIELD_LISTS = {
    "HEADER": layout.HEADER,
    "FRAGMENT": layout.FRAGMENT,
    "ENTRY": layout.ENTRY,
    "META": layout.META,
    "TOKEN": layout.TOKEN,
} | {f"{row[1]}.{part}": row[at] for row in layout.MESSAGES for part, at in (("head", 4), ("rows", 5))}


def test_numbers_and_names_of_kinds_are_unique_and_in_range() -> None:
    """A number is one byte and never two messages."""
    numbers = [row[0] for row in layout.MESSAGES]
    names = [row[1] for row in layout.MESSAGES]
    assert len(set(numbers)) == len(set(names)) == len(layout.MESSAGES)
    assert numbers == sorted(numbers)
    assert set(numbers) <= set(range(256))


def test_a_kind_with_an_item_is_a_sample_kind_and_its_item_is_known() -> None:
    """And no link message carries one."""
    for _, name, item, mode, _, _ in layout.MESSAGES:
        assert (item is not None) == (mode == layout.SAMPLES), name
        assert item is None or item in items.NAMES, name
    assert {row[2] for row in layout.MESSAGES} - {None} == set(items.NAMES)


@pytest.mark.rule("X-01", "allow", "evidence")
def test_a_frame_never_mixes_items() -> None:
    """One kind byte in a frame's header and one in a block's entry, and a kind has one item: by layout."""
    for fields in (layout.HEADER, layout.ENTRY):
        assert [field[0] for field in fields].count("kind") == 1
    for _, name, item, mode, head, rows in layout.MESSAGES:
        if mode == layout.SAMPLES:
            assert isinstance(item, str) and items.NAMES.count(item) == 1, name
            assert not {"kind", "item"} & {field[0] for field in (*head, *rows)}, name


@pytest.mark.parametrize("name", FIELD_LISTS)
def test_fields_are_well_formed(name: str) -> None:
    """ASCII names, known codes, whole scales, and only the last field takes the rest."""
    fields = FIELD_LISTS[name]
    for field_name, code, count, unit, scale, meaning in fields:
        assert field_name.isidentifier()
        assert field_name == field_name.lower()
        assert (field_name + unit + meaning).isascii()
        assert not set(field_name + unit) & set("|*\n")
        assert code in "BHIbhiTs"
        assert type(scale) is int
        assert scale >= 1
        assert type(count) is int
        assert count >= (0 if code == "s" else 1)
    assert len({field[0] for field in fields}) == len(fields)
    assert not any(code == "s" and not count for _, code, count, *_ in fields[:-1])


def test_the_sizes_that_are_written_down_are_those_of_the_fields() -> None:
    """Constants that other languages copy."""
    sizes = {name: struct.calcsize(codec.struct_format(fields)) for name, fields in FIELD_LISTS.items()}
    assert sizes["HEADER"] == layout.HEADER_SIZE
    assert sizes["ENTRY"] == layout.ENTRY_SIZE
    assert sizes["META"] == layout.META_SIZE
    assert sizes["FRAGMENT"] == layout.FRAGMENT_SIZE
    assert (layout.SLOTS, layout.META_SLOT, layout.STREAMS) == (16, 15, 15)


def test_every_message_fits_where_it_travels() -> None:
    """One frame, or the fragments' limit for the longest opening and the most leaves of a request."""
    for kind in codec.KINDS.values():
        room = layout.MAX_MESSAGE if kind.mode == layout.FRAGMENTS else layout.MAX_PAYLOAD
        assert kind.head_size + kind.row_size <= room, kind.name
    opening = codec.KINDS[epoch.OPENING]
    assert opening.head_size + layout.STREAMS * opening.row_size <= layout.MAX_MESSAGE
    assert len(codec.hello(bytes(16), 0)) <= layout.MAX_PAYLOAD
    assert len(layout.HELLO_FLAGS) <= 8


@pytest.mark.parametrize("profile", [layout.DEFAULT_PROFILE, layout.FULL_PROFILE], ids=["default", "full"])
def test_a_profile_fits_frames_slots_and_blocks(profile: tuple[tuple[int, int, int, int, int], ...]) -> None:
    """Streams are numbered once; a full frame and the default epoch keep to the limits."""
    assert [row[0] for row in profile] == list(range(len(profile)))
    for stream, kind, site, period, count in profile:
        assert stream < layout.STREAMS
        assert site < len(layout.SITES)
        assert codec.KINDS[kind].row_size * count <= layout.MAX_PAYLOAD
        assert layout.DEFAULT_EPOCH_US // period <= layout.MAX_BLOCK_FRAMES * count


def test_two_kinds_with_one_seed_have_the_same_rows() -> None:
    """So that no frame is read by the wrong layout."""
    by_seed: dict[int, set[str]] = {}
    for row in layout.MESSAGES[1:]:
        by_seed.setdefault(codec.KINDS[row[0]].seed, set()).add(codec.schema_text(row[4], row[5]))
    assert all(len(texts) == 1 for texts in by_seed.values())
    assert 0 not in by_seed


def test_a_seed_changes_with_every_part_that_changes_what_a_value_means() -> None:
    """Name, code, count, unit and scale, not the meaning text."""
    row = ("ecg", "h", 1, "uV", 1, "text")
    seed = codec.schema_seed((row,), ())
    others = [
        ("ekg", *row[1:]),
        ("ecg", "H", *row[2:]),
        (*row[:2], 2, *row[3:]),
        (*row[:3], "mV", *row[4:]),
        (*row[:4], 2, "text"),
    ]
    assert all(codec.schema_seed((other,), ()) != seed for other in others)
    assert codec.schema_seed((), (row,)) != seed
    assert codec.schema_seed(((*row[:5], "other text"),), ()) == seed


@pytest.mark.parametrize(
    "table",
    [
        "ANSWERS",
        "FAULTS",
        "DOMAINS",
        "CLOSE_REASONS",
        "HUB_STATES",
        "LIFE_CYCLE",
        "RESET_CAUSES",
        "SITES",
        "HELLO_FLAGS",
    ],
)
def test_names_in_a_table_are_unique_and_ascii(table: str) -> None:
    """A name is a stable code."""
    names = getattr(layout, table)
    assert len(set(names)) == len(names) <= 255
    assert all(name.isascii() and name.isidentifier() for name in names)


def test_consent_bits_are_those_of_the_items_in_order() -> None:
    """Unknown names fail, unknown bits are left out."""
    assert [items.bit(name) for name in items.NAMES] == [1 << i for i in range(len(items.NAMES))]
    assert items.mask(items.NAMES) == items.ALL_ITEMS < 2**16
    assert items.names(items.mask(["ecg", "subjective"]) | 0x8000) == ["ecg", "subjective"]
    assert {items.category(name) for name in items.NAMES} == {2, 3}
    assert items.category("device_status") == 2
    with pytest.raises(ValueError, match="tuple"):
        items.bit("heart_rate")
