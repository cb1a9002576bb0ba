"""A made-up camera with a script: what happens before it when, and what a scan should find.

python -m benchmarks.scripted_camera --out hour.mp4 --wh 1920x1080 --rate 25 --gop 25

The pictures are this project's own renderings (demo/camera); noise, changes of light and traffic
are drawn over them. They are easier than a street: what is measured is decoding, gating and the
making of incidents, not how well the model sees.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final, Literal

import av
import cv2
import numpy as np
import numpy.typing as npt

Planes = npt.NDArray[np.uint8]
"""uint8 (H * 3 / 2, W): the planes of yuv420p one below the other."""

PICTURES: Final = Path(__file__).parents[1] / "demo" / "camera"
START: Final = "2026-03-02T08:00:00+08:00"
HOUR_S: Final = 3600.0
ZONES: Final = PICTURES / "zones.yaml"
"""What counts before this camera, for `--zones`."""
NOISE_SIGMA: Final = 1.2
"""Of 255: a street camera by day, after its own noise reduction."""


@dataclass(frozen=True, slots=True)
class Act:
    """Something that is there from one time to another."""

    layer: Literal["bin", "ads", "stall"]
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Expected:
    """An incident that must be found, and no other."""

    label: str
    start_s: float
    end_s: float | None
    """None: still there at the end."""


# Shares of the frame (x1, y1, x2, y2) that differ between the renderings.
REGIONS: Final = {
    "bin": (0.0, 0.26, 0.44, 0.76),
    "ads": (0.42, 0.28, 0.56, 0.54),
    "stall": (0.59, 0.22, 1.0, 0.80),
}

ACTS: Final = (
    Act("bin", 300, 1500),
    Act("ads", 480, HOUR_S),
    Act("stall", 1980, 2640),
    Act("bin", 3120, HOUR_S),
)
EXPECTED: Final = (
    # Full again 27 minutes after it was emptied: the same incident goes on (see `rejoin_s`).
    Expected("overflowing_bin", 300, None),
    Expected("illegal_poster", 480, None),
    Expected("street_vending", 1980, 2640),
)
LORRY_STOPS: Final = ((720.0, 840.0),)
"""A lorry stands before the full bin: nothing ends and nothing begins."""
VENDOR_PASSES: Final = (1700.0, 1760.0)
"""A vendor pushes the stall through the picture: no incident."""
DARKER: Final = ((900.0, 1260.0, 0.55), (2100.0, 2220.0, 0.7))
"""Light falls to this share and comes back."""
HEADLIGHTS_EVERY_S: Final = 600.0
CAR_EVERY_S: Final = 45.0
CAR_CROSSES_S: Final = 5.0


class ScriptedCamera:
    """Draws the frame of any moment."""

    def __init__(self, wh: tuple[int, int], seed: int = 0) -> None:
        """Load the pictures at a size; width and height must be even."""
        self._wh = wh
        self._layers = {name: self._load(name) for name in ("tidy", "bin", "ads", "stall")}
        rng = np.random.default_rng(seed)
        noise = rng.normal(0, NOISE_SIGMA, (8, wh[1], wh[0]))
        self._lighter = np.clip(np.rint(noise), 0, 255).astype(np.uint8)
        self._darker = np.clip(np.rint(-noise), 0, 255).astype(np.uint8)

    def _load(self, name: str) -> Planes:
        picture = cv2.imread(str(PICTURES / f"camera_{name}.jpg"))
        if picture is None:
            raise FileNotFoundError(PICTURES / f"camera_{name}.jpg")
        sized = cv2.resize(picture, self._wh, interpolation=cv2.INTER_CUBIC)
        return cv2.cvtColor(sized, cv2.COLOR_BGR2YUV_I420).astype(np.uint8, copy=False)

    def planes(self, at_s: float, index: int) -> Planes:
        """Return the frame at a time; `index` chooses the noise."""
        frame = self._layers["tidy"].copy()
        for act in ACTS:
            if act.start_s <= at_s < act.end_s:
                self._put(frame, self._layers[act.layer], REGIONS[act.layer], 0)
        self._draw_traffic(frame, at_s)
        luma = frame[: self._wh[1]]
        gain = light_at(at_s)
        if gain != 1.0:
            cv2.convertScaleAbs(luma, luma, alpha=gain)
        cv2.add(luma, self._lighter[index % 8], luma)
        cv2.subtract(luma, self._darker[index % 8], luma)
        return frame

    def _draw_traffic(self, frame: Planes, at_s: float) -> None:
        first, last = VENDOR_PASSES
        if first <= at_s < last:
            # From beyond the right edge to beyond the left.
            shift = 0.45 - 1.5 * (at_s - first) / (last - first)
            self._put(frame, self._layers["stall"], REGIONS["stall"], shift)
        phase = at_s % CAR_EVERY_S
        if phase < CAR_CROSSES_S:
            x = -0.25 + 1.5 * phase / CAR_CROSSES_S
            self._box(frame, (x, 0.74, x + 0.22, 0.95), (70, 120, 140))
        if any(start <= at_s < end for start, end in LORRY_STOPS):
            self._box(frame, (-0.05, 0.2, 0.5, 0.9), (150, 122, 128))
        phase = at_s % HEADLIGHTS_EVERY_S
        if 100 <= phase < 102:
            self._box(frame, (0.1, 0.55, 0.35, 0.7), (235, 128, 128))

    def _put(
        self,
        frame: Planes,
        layer: Planes,
        region: tuple[float, float, float, float],
        shift: float,
    ) -> None:
        """Copy a region of a layer, moved sideways by a share of the width."""
        width, height = self._wh
        x1, y1, x2, y2 = _even(region, self._wh)
        move = round(shift * width / 2) * 2
        left, right = max(0, x1 + move), min(width, x2 + move)
        if left >= right:
            return
        frame[y1:y2, left:right] = layer[y1:y2, left - move : right - move]
        for target, source in zip(_chroma(frame, height), _chroma(layer, height), strict=True):
            rows, columns = slice(y1 // 2, y2 // 2), slice(left // 2, right // 2)
            target[rows, columns] = source[rows, (left - move) // 2 : (right - move) // 2]

    def _box(
        self, frame: Planes, box: tuple[float, float, float, float], yuv: tuple[int, int, int]
    ) -> None:
        x1, y1, x2, y2 = _even(box, self._wh)
        frame[y1:y2, x1:x2] = yuv[0]
        for plane, value in zip(_chroma(frame, self._wh[1]), yuv[1:], strict=True):
            plane[y1 // 2 : y2 // 2, x1 // 2 : x2 // 2] = value


def light_at(at_s: float) -> float:
    """Return the light as a share of the full day's."""
    light = 1.0
    for start, end, lowest in DARKER:
        if start <= at_s < end:
            fade = min(1.0, (at_s - start) / 20, (end - at_s) / 20)
            light *= 1 - (1 - lowest) * fade
    return light


def _even(box: tuple[float, float, float, float], wh: tuple[int, int]) -> tuple[int, int, int, int]:
    width, height = wh
    x1, x2 = (min(max(0, round(x * width / 2) * 2), width) for x in (box[0], box[2]))
    y1, y2 = (min(max(0, round(y * height / 2) * 2), height) for y in (box[1], box[3]))
    return x1, y1, x2, y2


def _chroma(planes: Planes, height: int) -> tuple[Planes, Planes]:
    """Return views of U and V as (H / 2, W / 2)."""
    width = planes.shape[1]
    u, v = planes[height : height + height // 4], planes[height + height // 4 :]
    return u.reshape(height // 2, width // 2), v.reshape(height // 2, width // 2)


def write_video(
    path: Path,
    *,
    wh: tuple[int, int],
    rate: int,
    gop: int,
    start_s: float = 0.0,
    end_s: float = HOUR_S,
) -> None:
    """Write a stretch of the script as H.264, as a camera's encoder would: no B-frames."""
    camera = ScriptedCamera(wh)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate)
        stream.width, stream.height = wh
        stream.pix_fmt = "yuv420p"
        stream.options = {
            "preset": "superfast",
            "crf": "26",
            "g": str(gop),
            "keyint_min": str(gop),
            "sc_threshold": "0",
            "bf": "0",
        }
        for index, planes in enumerate(_frames(camera, rate, start_s, end_s)):
            frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
            frame.pts, frame.time_base = index, Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def _frames(camera: ScriptedCamera, rate: int, start_s: float, end_s: float) -> Iterator[Planes]:
    for index in range(round((end_s - start_s) * rate)):
        yield camera.planes(start_s + index / rate, index)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--wh", default="1920x1080")
    parser.add_argument("--rate", type=int, default=25)
    parser.add_argument("--gop", type=int, default=25)
    parser.add_argument("--start", type=float, default=0.0)
    parser.add_argument("--end", type=float, default=HOUR_S)
    options = parser.parse_args()
    width, height = map(int, options.wh.split("x"))
    write_video(
        options.out,
        wh=(width, height),
        rate=options.rate,
        gop=options.gop,
        start_s=options.start,
        end_s=options.end,
    )


if __name__ == "__main__":
    main()
