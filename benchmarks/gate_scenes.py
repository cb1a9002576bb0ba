"""Fixed-camera clips with scripted events, as samples of brightness that went through H.264."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import av
import cv2
import numpy as np
import numpy.typing as npt

from detector.camera.frames import LumaArray

WH: Final = (1280, 720)
FRAME_RATE: Final = 5
"""Frames a second: a static scene's samples depend on its bits a second and its key frames, and
25 would take five times as long to make."""
EVERY_S: Final = 2
"""Seconds between samples, and between key frames."""

Float = npt.NDArray[np.float32]
Edit = Callable[[Float, float], Float]
"""Changes a noiseless frame (float32 (H, W), 0..255) at a time in seconds."""


@dataclass(frozen=True, slots=True)
class Recording:
    """How a clip is recorded."""

    sigma: float
    """Noise of each pixel, levels."""
    bits_per_s: int
    seed: int
    offset: int = 0
    """Frames after a key frame at which samples are taken."""


def record(
    background: LumaArray, edit: Edit, seconds: float, recording: Recording
) -> Iterator[tuple[float, LumaArray]]:
    """Encode a scene and give its samples back, decoded.

    Args:
        background: uint8, `WH`.
        edit: The events.
        seconds: Length.
        recording: Noise and bits.

    Yields:
        Time and brightness of a sample.
    """
    rng = np.random.default_rng(recording.seed)
    width, height = WH
    noise = rng.normal(0, recording.sigma, (height, width)).astype(np.float32)
    chroma = np.full((height // 2, width), 128, np.uint8)
    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as output:
        stream = output.add_stream("libx264", rate=FRAME_RATE)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.bit_rate = recording.bits_per_s * FRAME_RATE // 25
        stream.codec_context.gop_size = FRAME_RATE * EVERY_S
        stream.options = {"preset": "ultrafast", "sc_threshold": "0"}
        for i in range(int(seconds * FRAME_RATE)):
            scene = edit(background.astype(np.float32), i / FRAME_RATE)
            shift = (int(rng.integers(height)), int(rng.integers(width)))
            noisy = cv2.add(scene, np.roll(noise, shift, (0, 1)))
            luma = np.clip(noisy, 16, 235).astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(np.vstack([luma, chroma]), format="yuv420p")
            output.mux(stream.encode(frame))
        output.mux(stream.encode())
    file.seek(0)
    with av.open(file, "r") as source:
        for i, frame in enumerate(source.decode(video=0)):
            if (i - recording.offset) % (FRAME_RATE * EVERY_S) == 0:
                yield i / FRAME_RATE, np.asarray(frame.to_ndarray()[:height], np.uint8)


def still(scene: Float, at_s: float) -> Float:  # noqa: ARG001 - an Edit.
    """Change nothing."""
    return scene


def lit(scene: Float, gain: Float | np.float32) -> Float:
    """Multiply the light; video's black is 16."""
    return (np.float32(16) + (scene - np.float32(16)) * gain).astype(np.float32)


def light(low: float, start_s: float, seconds: float) -> Edit:
    """Dim the whole scene to a share of its light, over some time."""

    def edit(scene: Float, at_s: float) -> Float:
        done = min(1.0, max(0.0, (at_s - start_s) / max(seconds, 1e-6)))
        return lit(scene, np.float32(1 + (low - 1) * done))

    return edit


def cloud(low: float, start_s: float, seconds: float) -> Edit:
    """Draw a cloud's shadow in from the left until it covers half the frame; its edge is soft."""
    width = WH[0]

    def edit(scene: Float, at_s: float) -> Float:
        done = min(1.0, max(0.0, (at_s - start_s) / seconds))
        # A cloud at 1 km has a half shadow of 9 m (the sun is half a degree wide): a third of a
        # street's width.
        edge = done * width * 0.5
        x = np.arange(width, dtype=np.float32)
        dim = 1 + (low - 1) / (1 + np.exp((x - edge) / (width * 0.05)))
        dim = dim if done > 0 else np.ones_like(dim)
        return lit(scene, dim[None].astype(np.float32))

    return edit


def headlights(start_s: float, seconds: float) -> Edit:
    """Sweep a soft patch of light over the lower half of the frame."""
    width, height = WH

    def edit(scene: Float, at_s: float) -> Float:
        done = (at_s - start_s) / seconds
        if not 0 <= done <= 1:
            return scene
        x = np.arange(width, dtype=np.float32) / width - done
        y = np.arange(height, dtype=np.float32) / height - 0.75
        glow = np.exp(-(y[:, None] ** 2) / 0.02 - (x[None] ** 2) / 0.02)
        return lit(scene, (1 + 0.8 * glow).astype(np.float32))

    return edit


def clock(scene: Float, at_s: float) -> Float:
    """Write a running clock where cameras do."""
    marked = scene.copy()
    whole = int(at_s)
    text = f"2026-03-02 06:{whole // 60:02d}:{whole % 60:02d}"
    ink = np.zeros(scene.shape, np.uint8)
    cv2.putText(ink, text, (30, 55), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (255,), 3)
    marked[ink > 127] = 235
    return marked


def paste(patch: LumaArray, xy: tuple[int, int], start_s: float) -> Edit:
    """Put an object into the scene for good."""
    x, y = xy
    height, width = patch.shape

    def edit(scene: Float, at_s: float) -> Float:
        if at_s < start_s:
            return scene
        changed = scene.copy()
        changed[y : y + height, x : x + width] = patch
        return changed

    return edit


def together(*edits: Edit) -> Edit:
    """Do one after the other."""

    def edit(scene: Float, at_s: float) -> Float:
        for one in edits:
            scene = one(scene, at_s)
        return scene

    return edit


def read_backgrounds(folder: Path | None, count: int, seed: int) -> list[LumaArray]:
    """Return street scenes: photos of a folder, or made-up ones where there is none."""
    rng = np.random.default_rng(seed)
    paths = sorted(folder.glob("*.jpg")) if folder and folder.is_dir() else []
    if not paths:
        return [_make_up(rng) for _ in range(count)]
    chosen = rng.permutation(len(paths))[:count]
    return [_fill(cv2.imread(str(paths[i]), cv2.IMREAD_GRAYSCALE)) for i in chosen]


def _fill(photo: npt.NDArray[Any] | None) -> LumaArray:
    """Cut the middle of a photo to the clip's shape, in video's range of brightness."""
    assert photo is not None
    width, height = WH
    scale = max(width / photo.shape[1], height / photo.shape[0])
    large = cv2.resize(photo, None, fx=scale + 1e-4, fy=scale + 1e-4)
    y, x = (large.shape[0] - height) // 2, (large.shape[1] - width) // 2
    return (16 + large[y : y + height, x : x + width] * (219 / 255)).astype(np.uint8)


def _make_up(rng: np.random.Generator) -> LumaArray:
    """Draw houses, a pavement and a road with texture."""
    width, height = WH
    scene = np.full((height, width), 150.0, np.float32)
    for _ in range(60):
        x, y = int(rng.integers(width)), int(rng.integers(height // 2))
        w, h = int(rng.integers(30, 250)), int(rng.integers(30, 250))
        cv2.rectangle(scene, (x, y), (x + w, y + h), float(rng.uniform(40, 220)), -1)
    scene[height // 2 :] = np.linspace(140, 90, height - height // 2, dtype=np.float32)[:, None]
    for size in (3, 31, 201):
        rough = rng.normal(0, 1, (height, width)).astype(np.float32)
        smooth = cv2.GaussianBlur(rough, (0, 0), size / 3)
        scene += np.asarray(smooth / float(smooth.std()) * 5, np.float32)
    return np.clip(scene, 16, 235).astype(np.uint8)
