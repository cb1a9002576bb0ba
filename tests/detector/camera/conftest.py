"""Made-up videos: each frame says its own number in its pixels."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from detector.arrays import Image

TIME_BASE = Fraction(1, 90_000)
BITS = 12
"""Numbers up to 4095 fit into the strip."""
# One thread and no look-ahead: the same bytes each time, and short tests. Without scene cuts the
# key frames stand where `gop` says.
X264 = {"preset": "ultrafast", "threads": "1", "crf": "20"}


@dataclass(frozen=True, slots=True)
class VideoForm:
    """How a made-up video is coded."""

    seconds: float = 4.0
    rate: int = 10
    gop: int = 10
    codec: str = "libx264"
    bframes: int = 0
    timestamps: Sequence[float] | None = None
    """Seconds of each frame, rising; None: even steps of the rate from 0."""
    rotation: int = 0
    """Degrees counter-clockwise that a player must turn the picture by."""
    wh: tuple[int, int] = (96, 64)
    pixels: str = "yuv420p"
    open_gop: bool = False
    container: str | None = None
    """FFmpeg's name of the container; None: by the file's ending."""
    draw: Callable[[int], Image] | None = None
    """Draws frame number `index`, uint8 (H, W, 3), BGR; None: `draw_number`."""
    options: dict[str, str] = field(default_factory=dict)
    """Further options of the encoder."""
    container_options: dict[str, str] = field(default_factory=dict)
    """Options of the muxer."""


def draw_number(index: int, wh: tuple[int, int] = (96, 64)) -> Image:
    """Draw a grey slope with a dot that wanders; the index stands in the top quarter as bits."""
    width, height = wh
    picture = np.empty((height, width, 3), np.uint8)
    picture[:] = np.linspace(60, 180, width).astype(np.uint8)[None, :, None]
    for bit in range(BITS):
        left, right = bit * width // BITS, (bit + 1) * width // BITS
        picture[: height // 4, left:right] = 235 if index >> bit & 1 else 20
    x = 4 + index * 3 % max(1, width - 8)
    cv2.circle(picture, (x, height * 2 // 3), max(2, height // 10), (30, 30, 220), -1)
    return picture


def _encoder_options(form: VideoForm) -> dict[str, str]:
    if form.codec == "libx264":
        opened = f"open-gop={int(form.open_gop)}:scenecut=0:b-adapt=0"
        return {**X264, "x264-params": f"{opened}:bframes={form.bframes}", **form.options}
    if form.codec == "libx265":
        params = (
            f"open-gop={int(form.open_gop)}:scenecut=0:b-adapt=0:bframes={form.bframes}"
            f":keyint={form.gop}:min-keyint={form.gop}:pools=none:frame-threads=1:log-level=none"
        )
        return {"preset": "ultrafast", "crf": "20", "x265-params": params, **form.options}
    return {"qscale": "3", **form.options}


def encode_video(path: Path, form: VideoForm) -> Path:
    """Write a video file."""
    import av  # The extra "camera"; tests of other parts do without.

    count = len(form.timestamps) if form.timestamps else round(form.seconds * form.rate)
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(
        str(path), "w", format=form.container, container_options=form.container_options
    ) as container:
        stream: Any = container.add_stream(
            form.codec, rate=form.rate, options=_encoder_options(form)
        )
        stream.width, stream.height = form.wh
        stream.pix_fmt = form.pixels
        context = stream.codec_context
        context.gop_size = form.gop
        context.max_b_frames = form.bframes
        # MPEG-4's clock holds 16 bits, and AVI counts frames: they take even steps only.
        even = form.timestamps is None
        context.time_base = Fraction(1, form.rate) if even else TIME_BASE
        if form.rotation:
            stream.set_display_rotation(form.rotation)
        for index in range(count):
            picture = form.draw(index) if form.draw else draw_number(index, form.wh)
            frame: Any = av.VideoFrame.from_ndarray(picture, format="bgr24")
            frame = frame.reformat(format=form.pixels)
            frame.time_base = context.time_base
            at = index if form.timestamps is None else form.timestamps[index] / TIME_BASE
            frame.pts = round(at)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.fixture(scope="session")
def write_video() -> Callable[..., Path]:
    """Write a video: `write_video(path, seconds=4, rate=10, gop=10, …)`; see `VideoForm`."""

    def write(path: Path, **form: Any) -> Path:
        return encode_video(path, VideoForm(**form))

    return write


@pytest.fixture(scope="session")
def read_number() -> Callable[[npt.NDArray[np.uint8]], int]:
    """Read the number that `draw_number` drew from a frame's brightness."""

    def read(luma: npt.NDArray[np.uint8]) -> int:
        height, width = luma.shape
        row = luma[height // 16 : height // 4 - height // 16]
        number = 0
        for bit in range(BITS):
            left, right = bit * width // BITS, (bit + 1) * width // BITS
            middle = row[:, left + (right - left) // 4 : right - (right - left) // 4]
            number |= int(middle.mean() > 128) << bit
        return number

    return read
