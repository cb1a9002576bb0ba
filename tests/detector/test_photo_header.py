"""Types by magic bytes, and what headers and EXIF blocks tell, whole or broken."""

import struct
import zlib
from datetime import datetime, timedelta, timezone
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from detector.errors import PhotoError
from detector.exif import ExifTags, parse_exif
from detector.photo_facts import PhotoFacts, Position
from detector.photo_header import EXTENSIONS, PhotoHeader, read_header, sniff_format

KINDS = {"jpeg": "JPEG", "png": "PNG", "webp": "WEBP", "heic": "HEIC"}
NORTH, EAST = (39.0, 54.0, 31.4), (116.0, 23.0, 51.0)


def encode(format_name: str, wh: tuple[int, int] = (60, 40), **options: Any) -> bytes:
    picture = Image.new("RGB", wh, "olive")
    stream = BytesIO()
    if format_name == "heic":
        from pillow_heif import from_pillow

        from_pillow(picture).save(stream, **options)
    else:
        picture.save(stream, KINDS[format_name], **options)
    return stream.getvalue()


def make_exif(
    main: dict[int, Any] | None = None,
    exif: dict[int, Any] | None = None,
    gps: dict[int, Any] | None = None,
) -> bytes:
    """Write an EXIF block with Pillow."""
    block = Image.Exif()
    block.update(main or {})
    block.get_ifd(0x8769).update(exif or {})
    block.get_ifd(0x8825).update(gps or {})
    return block.tobytes()


def make_block(
    entries: list[tuple[int, int, int, bytes]], tail: bytes = b"", order: str = "<"
) -> bytes:
    """Write a raw block: entries are tag, type, count and four bytes; `tail` follows."""
    head = b"II*\x00" if order == "<" else b"MM\x00*"
    lines = b"".join(struct.pack(f"{order}HHL", *entry[:3]) + entry[3] for entry in entries)
    count = struct.pack(f"{order}H", len(entries))
    return head + struct.pack(f"{order}L", 8) + count + lines + bytes(4) + tail


def header_of(exif: bytes, format_name: str = "jpeg") -> PhotoHeader:
    return read_header(encode(format_name, exif=exif), format_name)


def codes(header: PhotoHeader) -> list[str]:
    return [one.code for one in header.warnings]


# Types


@pytest.mark.parametrize("format_name", KINDS)
def test_types_are_told_from_the_bytes(format_name: str) -> None:
    assert sniff_format(encode(format_name)) == format_name


def test_every_type_has_endings_in_lower_case() -> None:
    assert set(EXTENSIONS) == set(KINDS)
    assert all(ending == ending.lower() for endings in EXTENSIONS.values() for ending in endings)


@given(st.binary(max_size=64))
def test_any_bytes_have_a_type_or_an_error(data: bytes) -> None:
    try:
        assert sniff_format(data) in KINDS
    except PhotoError as error:
        assert error.code in ("empty", "not_a_picture", "unsupported_type")


@given(st.sampled_from(sorted(KINDS)), st.binary(max_size=200))
def test_a_header_of_any_bytes_is_refused(format_name: str, data: bytes) -> None:
    starts = {
        "jpeg": b"\xff\xd8\xff",
        "png": b"\x89PNG\r\n\x1a\n",
        "webp": b"RIFF\x10\x00\x00\x00WEBP",
        "heic": b"\x00\x00\x00\x18ftypheic",
    }
    with pytest.raises(PhotoError) as caught:
        read_header(starts[format_name] + data, format_name)
    assert caught.value.code in ("truncated", "corrupt")


# Headers


@pytest.mark.parametrize("format_name", KINDS)
def test_a_plain_header(format_name: str) -> None:
    header = read_header(encode(format_name), format_name)
    assert header.format == format_name
    assert header.stored_wh == (60, 40)
    assert header.orientation == 1
    assert header.coefficient_bytes == 0
    assert header.facts == PhotoFacts()
    assert header.warnings == ()
    assert header.open_picture().size == (60, 40)


@pytest.mark.parametrize("options", [{}, {"lossless": True}, {"exif": make_exif({0x0112: 3})}])
@pytest.mark.parametrize("wh", [(1, 1), (61, 43), (300, 5000)])
def test_the_size_of_every_kind_of_webp(options: dict[str, Any], wh: tuple[int, int]) -> None:
    assert read_header(encode("webp", wh, **options), "webp").stored_wh == wh


def test_the_size_of_a_webp_with_alpha() -> None:
    stream = BytesIO()
    Image.new("RGBA", (61, 43), (1, 2, 3, 4)).save(stream, "WEBP")
    assert read_header(stream.getvalue(), "webp").stored_wh == (61, 43)


@pytest.mark.parametrize(("subsampling", "share"), [("4:4:4", 3), ("4:2:2", 2), ("4:2:0", 1.5)])
def test_coefficients_of_a_progressive_jpeg(subsampling: str, share: float) -> None:
    data = encode("jpeg", (64, 64), progressive=True, subsampling=subsampling)
    assert read_header(data, "jpeg").coefficient_bytes == 64 * 64 * 2 * share


def test_a_baseline_jpeg_of_several_scans_holds_its_coefficients_too() -> None:
    data = encode("jpeg", (64, 64), subsampling="4:4:4")
    at = data.index(b"\xff\xda")
    first_scan = b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00"
    header = read_header(data[:at] + first_scan + data[at + 14 :], "jpeg")
    assert header.coefficient_bytes == 64 * 64 * 2 * 3


def test_pixels_are_not_decoded_with_the_header() -> None:
    # The pixels are nonsense: whoever looks at them fails.
    data = encode("png")
    at = data.index(b"IDAT")
    length = int.from_bytes(data[at - 4 : at], "big")
    chunk = b"IDAT" + b"\xff" * length
    broken = data[:at] + chunk + struct.pack(">I", zlib.crc32(chunk)) + data[at + 8 + length :]
    header = read_header(broken, "png")
    assert header.stored_wh == (60, 40)
    with pytest.raises(OSError, match="broken"):
        header.open_picture().load()


# EXIF through a file


@pytest.mark.parametrize("format_name", KINDS)
def test_facts_of_every_type(format_name: str) -> None:
    exif = make_exif(
        {0x0112: 6, 0x0132: "2025:01:01 00:00:00"},
        {0x9003: "2024:05:06 07:08:09", 0x9011: "+08:00"},
        {1: "N", 2: NORTH, 3: "E", 4: EAST},
    )
    header = header_of(exif, format_name)
    # HEIC was turned by its reader.
    assert header.orientation == (1 if format_name == "heic" else 6)
    taken = datetime(2024, 5, 6, 7, 8, 9, tzinfo=timezone(timedelta(hours=8)))
    assert header.facts.captured_at == taken
    assert header.facts.position == Position(39.9087222, 116.3975)
    assert codes(header) == []


def test_exif_after_the_pixels_of_a_png() -> None:
    data = encode("png")
    block = make_exif({0x0112: 8}).removeprefix(b"Exif\x00\x00")
    chunk = b"eXIf" + block
    chunk = struct.pack(">I", len(block)) + chunk + struct.pack(">I", zlib.crc32(chunk))
    at = data.index(b"IEND") - 4
    assert read_header(data[:at] + chunk + data[at:], "png").orientation == 8


def test_positions_in_the_south_and_west() -> None:
    header = header_of(make_exif(gps={1: "S", 2: NORTH, 3: "W", 4: EAST}))
    assert header.facts.position == Position(-39.9087222, -116.3975)


def test_references_as_bytes() -> None:
    header = header_of(make_exif(gps={1: b"S\x00", 2: NORTH, 3: b"W\x00", 4: EAST}))
    assert header.facts.position == Position(-39.9087222, -116.3975)


@pytest.mark.parametrize("lat", [(91.0, 0.0, 0.0), (39.0, 3600.0, 0.0)])
def test_a_position_out_of_range_is_told(lat: tuple[float, ...]) -> None:
    header = header_of(make_exif({0x0112: 3}, gps={1: "N", 2: lat, 3: "E", 4: EAST}))
    assert header.facts.position is None
    assert header.orientation == 3
    assert codes(header) == ["position_invalid"]
    assert header.warnings[0].message.endswith(".")


def test_a_position_of_nothing_by_nothing_is_told() -> None:
    zeros = bytes(48)
    gps = [(2, 5, 3, struct.pack("<L", 100)), (4, 5, 3, struct.pack("<L", 124))]
    main = make_block([(0x8825, 4, 1, struct.pack("<L", 26))])
    directory = make_block(gps)[8:]
    block = (main + directory).ljust(100, b"\x00") + zeros
    header = header_of(b"Exif\x00\x00" + block)
    assert header.facts.position is None
    assert codes(header) == ["position_invalid"]


def test_a_broken_time_is_told() -> None:
    header = header_of(make_exif({0x0112: 3}, {0x9003: "2024:99:99 07:08:09"}))
    assert header.facts.captured_at is None
    assert header.orientation == 3
    assert codes(header) == ["captured_at_invalid"]


def test_an_unset_clock_is_not_told() -> None:
    header = header_of(make_exif(exif={0x9003: "0000:00:00 00:00:00"}))
    assert header.facts.captured_at is None
    assert codes(header) == []


# EXIF blocks


def test_no_block_has_no_tags() -> None:
    assert parse_exif(b"") == ExifTags()
    assert parse_exif(b"Exif\x00\x00") == ExifTags()


@pytest.mark.parametrize("order", ["<", ">"])
def test_both_byte_orders(order: str) -> None:
    six = struct.pack(f"{order}H", 6) + b"\x00\x00"
    tags = parse_exif(make_block([(0x0112, 3, 1, six)], order=order))
    assert tags.main == {0x0112: (6,)}
    assert not tags.damaged


@pytest.mark.parametrize(
    "block", [b"II", b"II*\x00", b"nonsense", b"II*\x00\xff\xff\xff\xff", b"MM*\x00" + bytes(20)]
)
def test_a_block_without_a_directory_is_damaged(block: bytes) -> None:
    assert parse_exif(block) == ExifTags(damaged=True)


def test_a_directory_that_claims_too_many_entries_gives_those_it_has() -> None:
    block = bytearray(make_block([(0x0112, 3, 1, b"\x06\x00\x00\x00")]))
    block[8:10] = b"\xff\xff"
    tags = parse_exif(bytes(block))
    assert tags.main == {0x0112: (6,)}
    assert tags.damaged


def test_a_value_beyond_the_end_costs_itself_alone() -> None:
    far = struct.pack("<L", 5000)
    tags = parse_exif(make_block([(0x0132, 2, 20, far), (0x0112, 3, 1, b"\x08\x00\x00\x00")]))
    assert tags.main == {0x0112: (8,)}
    assert tags.damaged


def test_a_value_of_four_thousand_million_items_is_not_read() -> None:
    tags = parse_exif(make_block([(0x0132, 5, 0xFFFFFFFF, bytes(4))]))
    assert tags.main == {}
    assert tags.damaged


def test_a_sub_directory_beyond_the_end_costs_itself_alone() -> None:
    far = struct.pack("<L", 0xFFFFFFF0)
    tags = parse_exif(make_block([(0x0112, 3, 1, b"\x03\x00\x00\x00"), (0x8825, 4, 1, far)]))
    assert tags.main[0x0112] == (3,)
    assert tags.gps == {}
    assert tags.damaged


def test_a_directory_that_points_to_itself_ends() -> None:
    tags = parse_exif(make_block([(0x8769, 4, 1, struct.pack("<L", 8))]))
    assert tags.exif == {}
    assert not tags.damaged


def test_tags_of_unknown_types_and_others_are_passed_over() -> None:
    tags = parse_exif(make_block([(0x0112, 99, 1, bytes(4)), (0x010F, 2, 4, b"abc\x00")]))
    assert tags == ExifTags()


def test_signed_rationals_and_zero_divisors() -> None:
    tail = struct.pack("<6l", -1, 2, 3, 0, 0, 0)
    pointer = (0x8825, 4, 1, struct.pack("<L", 26))
    start = 26 + 18
    directory = make_block([(2, 10, 3, struct.pack("<L", start))])[8:]
    values = parse_exif(make_block([pointer]) + directory + tail).gps[2]
    assert values[0] == -0.5
    assert values[1] != values[1]
    assert values[2] != values[2]


@given(
    st.binary(max_size=300),
    st.sampled_from([b"", b"II*\x00\x08\x00\x00\x00", b"MM\x00*\x00\x00\x00\x08"]),
)
def test_any_block_gives_tags(data: bytes, start: bytes) -> None:
    assert isinstance(parse_exif(start + data), ExifTags)


@given(st.data())
def test_a_changed_block_gives_tags_and_a_picture(data: st.DataObject) -> None:
    exif = {0x9003: "2024:05:06 07:08:09"}
    block = bytearray(make_exif({0x0112: 6}, exif, {1: "N", 2: NORTH, 3: "E", 4: EAST}))
    for _ in range(data.draw(st.integers(1, 8))):
        block[data.draw(st.integers(6, len(block) - 1))] = data.draw(st.integers(0, 255))
    header = header_of(bytes(block))
    assert header.stored_wh == (60, 40)
    assert 1 <= header.orientation <= 8
    assert all(one.message.endswith(".") for one in header.warnings)
