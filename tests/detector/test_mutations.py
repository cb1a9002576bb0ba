"""Damaged files by the thousand: each ends in a photo or a PhotoError, soon and in little memory.

The decoding happens in worker processes (this file run as a script), so that a crash of a
decoder written in C is seen, told by its seed, and does not end the test run.
"""

import random
import resource
import subprocess
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from threading import Timer
from typing import Final

import numpy as np
import pytest
from PIL import Image, ImageFilter

from detector.decode import decode_photo
from detector.errors import PHOTO_ERROR_CODES, PhotoError

MOST_S: Final = 5.0
MOST_START_S: Final = 60.0
MOST_RSS_MIB: Final = 1024
HEADER_BYTES: Final = 700
N_WORKERS: Final = 2

Mutation = Callable[[bytes, random.Random], bytes]


def make_files() -> dict[str, bytes]:
    """Encode one small valid file of each kind; the same every time."""
    from pillow_heif import from_pillow

    noise = np.random.default_rng(7).integers(0, 256, (120, 160, 3), dtype=np.uint8)
    picture = Image.fromarray(noise).filter(ImageFilter.GaussianBlur(2))
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x0132] = "2024:05:06 07:08:09"
    exif.get_ifd(0x8769)[0x9003] = "2024:05:06 07:08:09"
    exif.get_ifd(0x8825).update({1: "N", 2: (39.0, 54.0, 31.0), 3: "E", 4: (116.0, 23.0, 51.0)})

    def encode(image: Image.Image, kind: str, **options: object) -> bytes:
        stream = BytesIO()
        image.save(stream, kind, **options)
        return stream.getvalue()

    heic = BytesIO()
    from_pillow(picture).save(heic, quality=60, exif=exif.tobytes())
    return {
        "jpeg": encode(picture, "JPEG", quality=85),
        "jpeg_progressive": encode(picture, "JPEG", progressive=True, quality=85),
        "jpeg_exif": encode(picture, "JPEG", exif=exif, restart_marker_blocks=4),
        "jpeg_cmyk": encode(picture.convert("CMYK"), "JPEG"),
        "png": encode(picture, "PNG", exif=exif),
        "png_palette": encode(picture.quantize(32), "PNG", transparency=bytes(range(32))),
        "webp": encode(picture, "WEBP", exif=exif),
        "webp_lossless": encode(picture.convert("RGBA"), "WEBP", lossless=True),
        "webp_animated": encode(picture, "WEBP", save_all=True, append_images=[picture.rotate(90)]),
        "heic": heic.getvalue(),
    }


def flip_bits(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.randint(1, 12)):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def cut(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data))]


def drop_range(data: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(data))
    return data[:start] + data[start + rng.randint(1, 400) :]


def repeat_range(data: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(data))
    end = start + rng.randint(1, 400)
    return data[:end] + data[start:end] * rng.randint(1, 3) + data[end:]


def move_range(data: bytes, rng: random.Random) -> bytes:
    one, two, three = sorted(rng.randrange(len(data)) for _ in range(3))
    return data[:one] + data[two:three] + data[one:two] + data[three:]


def overwrite_header(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        value = rng.choice((b"\x00", b"\xff", b"\x7f\xff", b"\x80\x00\x00\x00", rng.randbytes(4)))
        start = rng.randrange(min(HEADER_BYTES, len(data)))
        changed[start : start + len(value)] = value
    return bytes(changed)


def overwrite_anywhere(data: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(data))
    filling = rng.choice((bytes(64), b"\xff" * 64, rng.randbytes(64)))
    return data[:start] + filling + data[start + 64 :]


MUTATIONS: Final[tuple[Mutation, ...]] = (
    flip_bits,
    cut,
    drop_range,
    repeat_range,
    move_range,
    overwrite_header,
    overwrite_anywhere,
)


def mutate(seed: int, files: dict[str, bytes]) -> tuple[str, bytes]:
    """Return the kind of file and the damaged bytes that belong to a seed."""
    rng = random.Random(seed)
    kind = list(files)[seed % len(files)]
    data = files[kind]
    for _ in range(rng.choice((1, 1, 1, 2))):
        data = rng.choice(MUTATIONS)(data, rng) or b"\x00"
    if rng.random() < 0.1:  # The head of one type on the body of another.
        other = files[rng.choice(list(files))]
        data = data[: rng.randrange(len(data)) + 1] + other[rng.randrange(len(other)) :]
    return kind, data


def decode_one(data: bytes, sees_wh: tuple[int, int] | None) -> str:
    """Decode and return what came of it: `photo`, or the error's code."""
    try:
        photo = decode_photo(data, sees_wh=sees_wh)
    except PhotoError as error:
        assert error.code in PHOTO_ERROR_CODES
        assert error.message.endswith(".")
        return error.code
    height, width, channels = photo.image.shape
    assert photo.image.dtype == np.uint8
    assert channels == 3
    assert not photo.image.flags.writeable
    full_width, full_height = photo.full_wh
    shrinks = (1,) if sees_wh is None else (1, 2, 4, 8)
    assert any(
        (width, height) == (-(-full_width // shrink), -(-full_height // shrink))
        for shrink in shrinks
    )
    assert all(one.message.endswith(".") for one in photo.warnings)
    return "photo"


def run_worker(first: int, last: int) -> None:
    """Decode damaged files and print a line for each: kind, outcome and seconds."""
    warnings.simplefilter("error")
    files = make_files()
    print("ready", flush=True)
    for seed in range(first, last):
        kind, data = mutate(seed, files)
        started = time.perf_counter()
        try:
            outcome = decode_one(data, (64, 64) if seed // len(files) % 2 else None)
        except Exception as error:
            outcome = f"unforeseen:{type(error).__name__}:{error}".replace(" ", "_")
        print(kind, outcome, time.perf_counter() - started, flush=True)
    print("rss", peak_mib(), flush=True)


def peak_mib() -> int:
    """Return this process's own peak; `ru_maxrss` would hold the parent's from before exec."""
    status = Path("/proc/self/status")
    if status.is_file():
        fields = dict(line.split(":", 1) for line in status.read_text("ascii").splitlines())
        return int(fields["VmHWM"].split()[0]) // 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


@dataclass
class Outcomes:
    """What workers reported."""

    by_kind: Counter[tuple[str, str]] = field(default_factory=Counter)
    bad: list[str] = field(default_factory=list)
    """Seeds that ended in anything but a photo or a PhotoError."""
    rss_mib: int = 0
    longest_s: float = 0.0


def watch_worker(first: int, last: int) -> Outcomes:
    """Run seeds in a worker; one that dies or takes too long is noted, and a new one goes on."""
    outcomes = Outcomes()
    seed = first
    while seed < last:
        command = [sys.executable, str(Path(__file__)), str(seed), str(last)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as worker:
            assert worker.stdout is not None
            most_s = MOST_START_S
            while True:
                timer = Timer(most_s, worker.kill)
                timer.start()
                words = worker.stdout.readline().split()
                timer.cancel()
                if not words:
                    break
                if words[0] == "rss":
                    outcomes.rss_mib = max(outcomes.rss_mib, int(words[1]))
                elif words[0] == "ready":
                    most_s = MOST_S
                else:
                    elapsed_s = float(words[2])
                    outcomes.longest_s = max(outcomes.longest_s, elapsed_s)
                    outcomes.by_kind[words[0], words[1].split(":")[0]] += 1
                    if words[1].startswith("unforeseen") or elapsed_s > MOST_S:
                        outcomes.bad.append(f"seed {seed}: {words}")
                    seed += 1
        if seed < last:
            outcomes.bad.append(f"seed {seed}: the worker ended with {worker.returncode}")
            seed += 1
    return outcomes


def check_seeds(n_seeds: int) -> None:
    step = -(-n_seeds // N_WORKERS)
    started = time.perf_counter()
    with ThreadPoolExecutor(N_WORKERS) as pool:
        runs = [
            pool.submit(watch_worker, first, min(first + step, n_seeds))
            for first in range(0, n_seeds, step)
        ]
        parts = [run.result() for run in runs]
    by_kind: Counter[tuple[str, str]] = sum((part.by_kind for part in parts), Counter())
    rss_mib = max(part.rss_mib for part in parts)
    print(
        f"{by_kind.total()} damaged files in {time.perf_counter() - started:.0f} s, at most "
        f"{rss_mib} MiB and {max(part.longest_s for part in parts):.2f} s for one"
    )
    for (kind, outcome), n in sorted(by_kind.items()):
        print(f"  {kind:18}{outcome:20}{n:6}")
    bad = [line for part in parts for line in part.bad]
    assert not bad, "\n".join(bad)
    assert by_kind.total() == n_seeds
    assert 0 < rss_mib < MOST_RSS_MIB
    outcomes = {outcome for _, outcome in by_kind}
    # The damage is real, and not so great that no decoder is ever reached.
    assert {"photo", "truncated", "corrupt"} <= outcomes


def test_every_undamaged_file_is_a_photo() -> None:
    assert {decode_one(data, None) for data in make_files().values()} == {"photo"}


def test_a_seed_always_gives_the_same_damage() -> None:
    files = make_files()
    assert all(mutate(seed, files) == mutate(seed, files) for seed in range(50))
    assert any(mutate(seed, files)[1] not in files.values() for seed in range(50))


def test_damaged_files_end_in_a_photo_or_a_photo_error() -> None:
    check_seeds(500)


@pytest.mark.faults
def test_many_damaged_files_end_in_a_photo_or_a_photo_error() -> None:
    check_seeds(10_000)


if __name__ == "__main__":
    run_worker(int(sys.argv[1]), int(sys.argv[2]))
