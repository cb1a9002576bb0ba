"""Scenery: is a place unchanged? The same patch in another light against patches that changed.

python -m benchmarks.scenery [--limits]     --limits prints the shares that the limits stand between

Photos with boxes of ../shared/data where it is there, made-up streets otherwise.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from detector.arrays import Image
from detector.camera.looks import BoxXyxy
from detector.camera.scenery import Comparison, compare_places

DATA = Path(__file__).parents[2] / "shared" / "data"
SETS = {  # Posters and overflowing bins: what stands still. Class ids are those of the labels.
    "illegal_poster": (("train/streets_dhaka", 0), ("val/posters_tags", 0)),
    "overflowing_bin": (("train/bins_montevideo", 1),),
}
MOST_OF_A_SET = 60
WIDTH = 640
MIN_SIDE_PX = 16

Change = Callable[[Image, BoxXyxy, np.random.Generator], Image]


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A photo with the box of something that stands still."""

    label: str
    image: Image
    box: BoxXyxy


def read_places(most: int = MOST_OF_A_SET) -> list[Place]:
    places = []
    for label, sets in SETS.items():
        for folder, class_id in sets:
            found = _read_set(DATA / folder, label, class_id)
            places += [place for place, _ in zip(found, range(most), strict=False)]
    return places


def _read_set(folder: Path, label: str, class_id: int) -> Iterator[Place]:
    for path in sorted((folder / "labels").glob("*.txt")):
        rows = [line.split() for line in path.read_text().splitlines()]
        boxes = [tuple(map(float, row[1:])) for row in rows if int(row[0]) == class_id]
        photo = next(iter((folder / "images").glob(f"{path.stem}.*")), None)
        if not boxes or photo is None:
            continue
        image = cv2.imread(str(photo))
        if image is None:
            continue
        height = round(image.shape[0] * WIDTH / image.shape[1])
        image = cv2.resize(image, (WIDTH, height), interpolation=cv2.INTER_AREA)
        x, y, w, h = max(boxes, key=lambda box: box[2] * box[3])
        box = ((x - w / 2) * WIDTH, (y - h / 2) * height, (x + w / 2) * WIDTH, (y + h / 2) * height)
        if min(w * WIDTH, h * height) >= MIN_SIDE_PX and w * h < 0.5:
            yield Place(label, image.astype(np.uint8), box)


def make_places(count: int = 40) -> list[Place]:
    """Make up walls with posters and heaps: blocks of many sizes and brightnesses."""
    places = []
    for seed in range(count):
        rng = np.random.default_rng(seed)
        image = np.full((360, WIDTH, 3), int(rng.integers(90, 160)), np.uint8)
        for _ in range(400):
            x, y = int(rng.integers(0, WIDTH)), int(rng.integers(0, 360))
            w, h = (int(side) for side in rng.integers(4, 60, 2))
            colour = [int(value) for value in rng.integers(20, 230, 3)]
            cv2.rectangle(image, (x, y), (x + w, y + h), colour, -1)
        left, top = float(rng.integers(120, 400)), float(rng.integers(80, 200))
        side = float(rng.integers(24, 120))
        places.append(Place("made up", image, (left, top, left + side, top + side)))
    return places


def _curve(image: Image, gamma: float, gain: float, offset: float = 0.0) -> Image:
    light = 255 * (image / 255.0) ** gamma * gain + offset
    return np.clip(light, 0, 255).astype(np.uint8)


def _noise(image: Image, sigma: float, rng: np.random.Generator) -> Image:
    return np.clip(image + rng.normal(0, sigma, image.shape), 0, 255).astype(np.uint8)


def _jpeg(image: Image, quality: int) -> Image:
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert decoded is not None
    return decoded.astype(np.uint8)


def _h264(image: Image, crf: int) -> Image:
    import io

    import av

    image = np.ascontiguousarray(image[: image.shape[0] // 2 * 2, : image.shape[1] // 2 * 2])
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as out:
        stream = out.add_stream("libx264", rate=5, options={"crf": str(crf)})
        stream.height, stream.width = image.shape[:2]
        stream.pix_fmt = "yuv420p"
        for _ in range(2):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        out.mux(stream.encode())
    file.seek(0)
    with av.open(file, "r") as video:
        last = [frame.to_ndarray(format="bgr24") for frame in video.decode(video=0)][-1]
    decoded: Image = np.asarray(last, np.uint8)
    return decoded


def _shadow(image: Image, box: BoxXyxy, rng: np.random.Generator) -> Image:
    """Lay a shadow's slanting edge through the box."""
    height, width = image.shape[:2]
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    angle = rng.uniform(0, np.pi)
    rows, columns = np.mgrid[:height, :width]
    side = (columns - x) * np.cos(angle) + (rows - y) * np.sin(angle)
    shade = 1 - 0.55 / (1 + np.exp(-side / 2))
    shaded: Image = (image * shade[..., None]).astype(np.uint8)
    return shaded


def _shift(image: Image, dx: float, dy: float) -> Image:
    matrix = np.array([[1, 0, dx], [0, 1, dy]], np.float64)
    size = (image.shape[1], image.shape[0])
    moved: Image = cv2.warpAffine(image, matrix, size, borderMode=cv2.BORDER_REPLICATE).astype(
        np.uint8
    )
    return moved


def _infrared(image: Image) -> Image:
    red = image[..., 2:].astype(np.float32)
    return np.repeat(np.clip(red * 1.2 - 20, 0, 255).astype(np.uint8), 3, axis=2)


SAME: dict[str, Change] = {
    "darker (gamma 2)": lambda image, *_: _curve(image, 2.0, 1.0),
    "brighter (gamma 0.5)": lambda image, *_: _curve(image, 0.5, 1.0),
    "overexposed (gain 1.6)": lambda image, *_: _curve(image, 1.0, 1.6),
    "haze (gain 0.5, offset 90)": lambda image, *_: _curve(image, 1.0, 0.5, 90),
    "shadow's edge through it": _shadow,
    "red light alone (infrared)": lambda image, *_: _infrared(image),
    "JPEG 25": lambda image, *_: _jpeg(image, 25),
    "H.264 crf 35": lambda image, *_: _h264(image, 35),
    "noise (sigma 12)": lambda image, _, rng: _noise(image, 12, rng),
    "dusk (gain 0.4, noise 5, H.264 crf 32)": lambda image, _, rng: _h264(
        _noise(_curve(image, 1.0, 0.4), 5, rng), 32
    ),
    "wind (2 px, noise 4)": lambda image, _, rng: _noise(_shift(image, 2, -2), 4, rng),
}


def _ints(box: BoxXyxy) -> tuple[int, int, int, int]:
    x1, y1, x2, y2 = (round(edge) for edge in box)
    return max(x1, 0), max(y1, 0), x2, y2


def _inpaint(image: Image, box: BoxXyxy, share: float = 1.0) -> Image:
    """Fill the upper share of the box from what is round it."""
    x1, y1, x2, y2 = _ints(box)
    mask = np.zeros(image.shape[:2], np.uint8)
    mask[y1 : y1 + round((y2 - y1) * share), x1:x2] = 1
    return cv2.inpaint(image, mask, 5, cv2.INPAINT_TELEA).astype(np.uint8)


def _replace(image: Image, box: BoxXyxy, share: float = 1.0) -> Image:
    """Put the texture from beside the box, mirrored, over its upper share."""
    x1, y1, x2, y2 = _ints(box)
    filled = image.copy()
    beside = (
        image[:, ::-1] if abs((x1 + x2) / 2 - image.shape[1] / 2) > (x2 - x1) / 2 else image[::-1]
    )
    y2 = y1 + round((y2 - y1) * share)
    filled[y1:y2, x1:x2] = beside[y1:y2, x1:x2]
    return filled


def _dim(image: Image, rng: np.random.Generator) -> Image:
    return _h264(_noise(_curve(image, 1.3, 0.7), 4, rng), 30)


def _lorry(image: Image, box: BoxXyxy, rng: np.random.Generator) -> Image:
    """Stand something large before the box: another part of the scene, or one even side."""
    x1, y1, x2, y2 = _ints(box)
    w, h = x2 - x1, y2 - y1
    left, top = max(0, x1 - 2 * w), max(0, y1 - 2 * h)
    hidden = image.copy()
    area = hidden[top : y2 + 2 * h, left : x2 + 2 * w]
    area[:] = image[::-1, ::-1][: area.shape[0], : area.shape[1]]
    return _noise(hidden, 3, rng)


CHANGED: dict[str, Change] = {
    "gone (inpainted)": lambda image, box, _: _inpaint(image, box),
    "gone, dimmer": lambda image, box, rng: _dim(_inpaint(image, box), rng),
    "another texture": lambda image, box, _: _replace(image, box),
    "another texture, dimmer": lambda image, box, rng: _dim(_replace(image, box), rng),
    "upper half another (bin emptied)": lambda image, box, _: _replace(image, box, 0.5),
    "upper third another (heap gone)": lambda image, box, _: _replace(image, box, 1 / 3),
}
HIDDEN: dict[str, Change] = {"something large before it": _lorry}


def compare(place: Place, change: Change, seed: int) -> Comparison:
    after = change(place.image, place.box, np.random.default_rng(seed))
    height, width = after.shape[:2]
    before = place.image[:height, :width]
    return compare_places(_luma(before), _luma(after), place.box)


def _luma(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    return cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(np.uint8)


def measure(limits: bool = False) -> list[str]:
    """Measure and return Markdown lines."""
    places = read_places() if DATA.is_dir() else make_places()
    labels = sorted({place.label for place in places})
    counts = ", ".join(f"{label}: {sum(p.label == label for p in places)}" for label in labels)
    lines = [
        f"Places: {counts}; photos {WIDTH} px wide.",
        "",
        "| what happened | label | unchanged | changed | cannot be told |"
        + (" box share p5, p50, p95 | ring p5, p50, p95 |" if limits else ""),
        "|---|---|---|---|---|" + ("---|---|" if limits else ""),
    ]
    for name, change in {**SAME, **CHANGED, **HIDDEN}.items():
        for label in labels:
            found = [
                compare(place, change, seed)
                for seed, place in enumerate(places)
                if place.label == label
            ]
            verdicts = [one.verdict for one in found]
            cells = [f"{verdicts.count(v) / len(verdicts):.0%}" for v in (True, False, None)]
            if limits:
                cells += [
                    _spread([one.box_share for one in found]),
                    _spread([one.ring_share for one in found]),
                ]
            lines.append(f"| {name} | {label} | {' | '.join(cells)} |")
    return lines


def _spread(shares: list[float | None]) -> str:
    known = [share for share in shares if share is not None]
    if not known:
        return "-"
    return ", ".join(f"{value:.2f}" for value in np.percentile(known, (5, 50, 95)))


if __name__ == "__main__":
    print("\n".join(measure(limits="--limits" in sys.argv[1:])))
