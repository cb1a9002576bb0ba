"""What is no whole and harmless photo is refused with the right code."""

import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as PillowImage

from detector.decode import DecodeLimits, decode_photo
from tests.detector.encoded_pictures import (
    KINDS,
    encode,
    make_noise,
    make_png,
    make_scene,
    oriented_exif,
    png_chunk,
    refuse,
)


def resize_jpeg_header(data: bytes, width: int, height: int) -> bytes:
    """Let a JPEG claim another size."""
    at = next(data.index(marker) for marker in (b"\xff\xc0", b"\xff\xc2") if marker in data)
    return data[: at + 5] + struct.pack(">2H", height, width) + data[at + 9 :]


def resize_heic_header(data: bytes, width: int, height: int) -> bytes:
    at = data.index(b"ispe") + 8
    return data[:at] + struct.pack(">2L", width, height) + data[at + 8 :]


@pytest.mark.parametrize(
    ("data", "code", "word"),
    [
        (b"", "empty", "empty"),
        ("照片.jpg 其实是文字".encode(), "not_a_picture", "not a picture"),
        (b"<html><body>404</body></html>", "not_a_picture", "not a picture"),
        (b"\xff\xd8", "not_a_picture", "not a picture"),
        (b"\x00" * 100, "not_a_picture", "not a picture"),
        (encode(make_scene(), "GIF"), "unsupported_type", "a GIF"),
        (encode(make_scene(), "BMP"), "unsupported_type", "a BMP"),
        (encode(make_scene(), "TIFF"), "unsupported_type", "a TIFF"),
        (b"MM\x00*" + bytes(100), "unsupported_type", "a TIFF"),
        (b"%PDF-1.7\n" + bytes(100), "unsupported_type", "a PDF"),
        (b"PK\x03\x04" + bytes(100), "unsupported_type", "a ZIP"),
        (b"\x00\x00\x00\x18ftypisom" + bytes(100), "unsupported_type", "an MP4"),
        (b"\x00\x00\x00\x14ftypqt  " + bytes(100), "unsupported_type", "an MP4"),
        (b"\x00\x00\x00\x1cftypavif" + bytes(100), "unsupported_type", "an AVIF"),
        (b"RIFF\x24\x00\x00\x00AVI LIST" + bytes(100), "unsupported_type", "an AVI"),
    ],
)
def test_what_is_no_photo_is_named(data: bytes, code: str, word: str) -> None:
    assert word in refuse(data, code).message


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
@pytest.mark.parametrize("kind", KINDS)
def test_a_cut_file_is_truncated(kind: str, share: float) -> None:
    data = encode(make_noise(320, 240), kind)
    refuse(data[: int(len(data) * share)], "truncated")


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_without_its_last_two_bytes_is_truncated(kind: str) -> None:
    refuse(encode(make_noise(320, 240), kind)[:-2], "truncated")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
@pytest.mark.parametrize("options", [{"progressive": True}, {"restart_marker_blocks": 4}])
def test_other_jpegs_cut_are_truncated(options: dict[str, Any], share: float) -> None:
    data = encode(make_noise(320, 240), **options)
    refuse(data[: int(len(data) * share)], "truncated", "corrupt")


@pytest.mark.parametrize("n_bytes", [200, 1000, 4000])
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_blocks": 4}])
def test_a_jpeg_with_a_gap_is_never_scored(options: dict[str, Any], n_bytes: int) -> None:
    data = encode(make_noise(640, 480), quality=90, **options)
    middle = len(data) // 2
    refuse(data[:middle] + data[middle + n_bytes :], "truncated", "corrupt")


@pytest.mark.parametrize("n_bytes", [100, 1000, 4000])
def test_a_jpeg_with_a_part_twice_is_never_scored(n_bytes: int) -> None:
    # The scan has pixels to spare, which libjpeg calls stray bytes, as it does a camera's padding.
    data = encode(make_noise(640, 480), quality=90)
    middle = len(data) // 2
    refuse(data[:middle] + data[middle - n_bytes :], "corrupt")


def test_a_png_with_a_wrong_checksum_is_corrupt() -> None:
    # A flipped bit in stored (not compressed) pixels inflates without complaint.
    pixels = b"\x00" + bytes(96)
    data = bytearray(make_png((32, 32, 8, 2, 0, 0, 0), zlib.compress(pixels * 32, 0)))
    assert decode_photo(bytes(data)).image.max() == 0
    data[len(data) // 2] ^= 0x40
    assert "checksum" in refuse(bytes(data), "corrupt").message


@pytest.mark.parametrize("lost", [0, 1, 2, 3])
def test_a_png_that_lost_a_chunk_of_pixels_is_refused(lost: int) -> None:
    pixels = np.asarray(make_noise(64, 64))
    idat = zlib.compress(b"".join(b"\x00" + row.tobytes() for row in pixels))
    quarter = -(-len(idat) // 4)
    parts = [idat[at : at + quarter] for at in range(0, len(idat), quarter)]
    good = make_png((64, 64, 8, 2, 0, 0, 0), parts[3], [png_chunk(b"IDAT", p) for p in parts[:3]])
    assert (decode_photo(good).image == pixels[..., ::-1]).all()
    chunk = png_chunk(b"IDAT", parts[lost])
    assert good.count(chunk) == 1
    refuse(good.replace(chunk, b""), "truncated", "corrupt")


def test_a_webp_whose_canvas_is_not_its_frame_is_corrupt() -> None:
    data = bytearray(encode(make_scene(), "WEBP", exif=oriented_exif(1)))
    assert data[12:16] == b"VP8X"
    data[24:27] = (300 - 1).to_bytes(3, "little")
    refuse(bytes(data), "corrupt")


@pytest.mark.parametrize("wh", [(32, 32), (95, 64), (200, 100)])
def test_a_heic_whose_pixels_do_not_fit_its_header_is_corrupt(wh: tuple[int, int]) -> None:
    refuse(resize_heic_header(encode(make_scene(), "HEIC"), *wh), "corrupt")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("wh", [(1, 1), (15, 15), (15, 1)])
def test_a_picture_of_a_few_pixels_is_too_small(kind: str, wh: tuple[int, int]) -> None:
    refuse(encode(PillowImage.new("RGB", wh), kind), "too_small")


@pytest.mark.parametrize("wh", [(16, 16), (16, 1), (1, 16)])
def test_a_picture_of_sixteen_pixels_is_not_too_small(wh: tuple[int, int]) -> None:
    assert decode_photo(encode(PillowImage.new("RGB", wh))).full_wh == wh


def test_limits_can_be_set() -> None:
    jpeg, png = encode(make_scene(), quality=95), encode(make_noise(96, 64), "PNG")
    pixels = 96 * 64
    decode_photo(jpeg, limits=DecodeLimits(max_file_bytes=len(jpeg), max_scaled_pixels=pixels))
    decode_photo(png, limits=DecodeLimits(max_decoded_bytes=pixels * 4))
    refuse(jpeg, "file_too_large", limits=DecodeLimits(max_file_bytes=len(jpeg) - 1))
    refuse(jpeg, "too_many_pixels", limits=DecodeLimits(max_scaled_pixels=pixels - 1))
    refuse(png, "too_many_pixels", limits=DecodeLimits(max_decoded_bytes=pixels * 4 - 1))


def test_a_progressive_jpeg_is_bounded_by_its_coefficients() -> None:
    # Two bytes for each of 96 x 64 brightnesses and twice a quarter of that for the colours.
    data = encode(make_scene(), progressive=True, subsampling="4:2:0")
    needed = 96 * 64 * 2 * 3 // 2
    decode_photo(data, limits=DecodeLimits(max_decoded_bytes=needed))
    refuse(data, "too_many_pixels", limits=DecodeLimits(max_decoded_bytes=needed - 1))
    # Decoded as it comes, a baseline JPEG needs no such room.
    decode_photo(encode(make_scene()), limits=DecodeLimits(max_decoded_bytes=1))


def huge_headers() -> dict[str, bytes]:
    baseline, progressive = encode(make_scene()), encode(make_scene(), progressive=True)
    scan = baseline.index(b"\xff\xda")
    one_component = b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00"
    zeros = zlib.compress(bytes(1000))
    webp = bytearray(encode(make_scene(), "WEBP", lossless=True))
    webp[21:25] = (0x2F000000 | 0x0FFFFFFF).to_bytes(4, "little")
    return {
        "jpeg": resize_jpeg_header(baseline, 30_000, 30_000),
        "progressive": resize_jpeg_header(progressive, 12_000, 12_000),
        "several_scans": resize_jpeg_header(
            baseline[:scan] + one_component + baseline[scan + 14 :], 12_000, 12_000
        ),
        "png": make_png((30_000, 30_000, 8, 2, 0, 0, 0), zeros),
        "png_interlaced": make_png((30_000, 30_000, 16, 6, 0, 0, 1), zeros),
        "webp": bytes(webp),
        "heic": resize_heic_header(encode(make_scene(), "HEIC"), 30_000, 30_000),
    }


@pytest.mark.parametrize("name", sorted(huge_headers()))
def test_a_huge_claim_is_refused_by_the_header(name: str) -> None:
    assert "MP" in refuse(huge_headers()[name], "too_many_pixels").message


def test_a_jpeg_with_a_huge_claim_within_the_limit_is_truncated() -> None:
    refuse(resize_jpeg_header(encode(make_scene()), 12_000, 12_000), "truncated")


def test_over_a_hundred_scans_are_corrupt() -> None:
    data = encode(make_scene(), progressive=True)
    last_scan = data[data.rindex(b"\xff\xda") : -2]
    assert "100 scans" in refuse(data[:-2] + last_scan * 100 + data[-2:], "corrupt").message


def bombs() -> dict[str, bytes]:
    """Small files whose parts inflate to 64 MiB."""
    zeros = zlib.compress(bytes(64 * 1024 * 1024), 9)
    good = zlib.compress((b"\x00" + bytes(300)) * 100)
    ihdr = (100, 100, 8, 2, 0, 0, 0)
    return {
        "idat": make_png(ihdr, zeros),
        "ztxt": make_png(ihdr, good, [png_chunk(b"zTXt", b"Comment\x00\x00" + zeros)] * 20),
        "itxt": make_png(ihdr, good, [png_chunk(b"iTXt", b"C\x00\x01\x00\x00\x00" + zeros)] * 20),
        "iccp": make_png(ihdr, good, [png_chunk(b"iCCP", b"sRGB\x00\x00" + zeros)]),
    }


@pytest.mark.parametrize("name", ["ztxt", "itxt", "iccp"])
def test_a_bomb_beside_the_pixels_is_not_touched(name: str) -> None:
    photo = decode_photo(bombs()[name])
    assert photo.full_wh == (100, 100)
    assert photo.image.max() == 0


MEASURE = """
import resource, sys
from pathlib import Path
from detector.decode import decode_photo
from detector.errors import PhotoError

def peak_kib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

paths = [Path(path) for path in sys.argv[1:]]
for path in paths:
    data = path.read_bytes()
    before = peak_kib()
    try:
        decode_photo(data)
        outcome = "photo"
    except PhotoError as error:
        outcome = error.code
    print(path.stem, outcome, peak_kib() - before)
"""


def test_bombs_and_huge_claims_take_little_memory(tmp_path: Path) -> None:
    # A picture of each type first, so that what is loaded once does not count.
    files = {f"warm_{kind}": encode(make_noise(400, 300), kind) for kind in KINDS}
    for name, data in {**files, **huge_headers(), **bombs()}.items():
        (tmp_path / name).write_bytes(data)
        files[name] = data
    paths = [str(tmp_path / name) for name in files]
    run = subprocess.run(
        [sys.executable, "-c", MEASURE, *paths], capture_output=True, text=True, check=True
    )
    lines = [line.split() for line in run.stdout.splitlines()]
    assert [name for name, _, _ in lines] == list(files)
    grown_mib = {name: int(kib) / 1024 for name, _, kib in lines if not name.startswith("warm")}
    assert len(grown_mib) == len(huge_headers()) + len(bombs())
    assert max(grown_mib.values()) < 24, grown_mib
