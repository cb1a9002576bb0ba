"""How many plates and faces are hidden, by their width in the picture.

Plates are rendered with OpenCV's own font and laid into the demo scenes at a slant, with grain and
JPEG; the face is the public-domain portrait that comes with scikit-image. A region counts as hidden
when nine tenths of it are covered after the blur's margin.
"""

import time
from collections.abc import Callable, Iterator

import cv2
import numpy as np

from benchmarks.photos import SCENES
from detector.arrays import BoxArray, Image
from detector.decode import decode_photo
from detector.evidence.face_finder import FaceFinder
from detector.evidence.plate_finder import PlateFinder
from detector.evidence.privacy import MARGIN
from detector.geometry import contained_shares

PLATE_WH = (440, 140)
PLATES: dict[str, tuple[tuple[int, int, int], tuple[int, int, int], int]] = {
    # Ground and letters as BGR, and the number of characters.
    "blue": ((150, 60, 20), (255, 255, 255), 7),
    "green": ((130, 200, 110), (0, 0, 0), 8),
    "yellow": ((30, 190, 240), (0, 0, 0), 7),
    "white": ((240, 240, 240), (0, 0, 0), 7),
}
PROVINCES = "京沪粤苏浙鲁川豫"
CHARACTERS = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"
PLATE_WIDTHS_PX = (30, 40, 60, 80, 120, 200)
FACE_WIDTHS_PX = (12, 16, 24, 40, 80)
TIMES = 40
HIDDEN_SHARE = 0.9
FACE_XYXY = (177, 60, 271, 180)
"""Of the portrait."""


def draw_plate(kind: str, rng: np.random.Generator) -> Image:
    """Render one plate, uint8 (140, 440, 3)."""
    ground, ink, length = PLATES[kind]
    plate = np.full((PLATE_WH[1], PLATE_WH[0], 3), ground, np.uint8)
    cv2.rectangle(plate, (6, 6), (433, 133), ink, 4)
    tail = "".join(rng.choice(list(CHARACTERS), length - 2))
    text = f"{rng.choice(list(PROVINCES))}{rng.choice(list('ABCDEF'))}·{tail}"
    font, size = cv2.FontFace("sans"), 88 if length == 7 else 78
    _, _, width, _ = cv2.getTextSize((2000, 500), text, (0, 200), font, size, 700)
    cv2.putText(plate, text, (max(8, (440 - width) // 2), 105), ink, font, size, 700)
    return plate


def lay_in(
    scene: Image, patch: Image, width: int, rng: np.random.Generator
) -> tuple[Image, BoxArray]:
    """Lay a patch into a scene at a slant, a width and a random place; return its box."""
    height = round(width * patch.shape[0] / patch.shape[1])
    x = int(rng.integers(0, scene.shape[1] - width))
    y = int(rng.integers(scene.shape[0] // 3, scene.shape[0] - height - width // 4))
    slant = float(rng.uniform(-0.12, 0.12)) * width
    corners = [[0, 0], [patch.shape[1], 0], [patch.shape[1], patch.shape[0]], [0, patch.shape[0]]]
    places = [[x, y], [x + width, y + slant], [x + width, y + height + slant], [x, y + height]]
    source, target = np.array(corners, np.float32), np.array(places, np.float32)
    size = (scene.shape[1], scene.shape[0])
    # Shrunk first: a warp alone would skip pixels.
    small = cv2.resize(patch, (max(1, width), max(1, height)), interpolation=cv2.INTER_AREA)
    scale = np.array([width / patch.shape[1], height / patch.shape[0]], np.float32)
    warp = cv2.getPerspectiveTransform(source * scale, target)
    laid = cv2.warpPerspective(small, warp, size)
    mask = cv2.warpPerspective(np.ones(small.shape[:2], np.float32), warp, size)[..., None]
    mixed = scene * (1 - mask) + laid * (mask * rng.uniform(0.6, 1.0))
    mixed = cv2.GaussianBlur(mixed, (0, 0), 0.6) + rng.normal(0, 4, mixed.shape)
    _, jpeg = cv2.imencode(".jpg", np.clip(mixed, 0, 255).astype(np.uint8))
    low, high = target.min(axis=0), target.max(axis=0)
    return decode_photo(jpeg.tobytes()).image, np.array([[*low, *high]], np.float32)


def is_hidden(found: BoxArray, box: BoxArray) -> bool:
    """Tell whether one found region covers the box after the blur's margin."""
    sides = found[:, 2:] - found[:, :2]
    grown = found + np.concatenate([-sides, sides], axis=1) * MARGIN
    return bool((contained_shares(box, grown.astype(np.float32)) >= HIDDEN_SHARE).any())


def load_scenes() -> list[Image]:
    """Return the demo scenes, upright."""
    return [decode_photo(path.read_bytes()).image for path in sorted(SCENES.glob("*.jpg"))]


def share_hidden(
    find: Callable[[Image], BoxArray], tries: Iterator[tuple[Image, BoxArray]]
) -> float:
    """Return the share of laid-in regions that are hidden."""
    hidden = [is_hidden(find(image), box) for image, box in tries]
    return sum(hidden) / len(hidden)


def measure() -> list[str]:
    """Measure and return Markdown lines."""
    import skimage.data

    scenes, plates, faces = load_scenes(), PlateFinder(), FaceFinder()
    lines = [
        f"{TIMES} of each, on the seven demo scenes.",
        "",
        f"| plate width px | {' | '.join(map(str, PLATE_WIDTHS_PX))} |",
        "|---|" + "---|" * len(PLATE_WIDTHS_PX),
    ]
    for kind in PLATES:
        rng = np.random.default_rng(0)
        shares = [
            share_hidden(
                plates.find,
                (
                    lay_in(scenes[i % len(scenes)], draw_plate(kind, rng), width, rng)
                    for i in range(TIMES)
                ),
            )
            for width in PLATE_WIDTHS_PX
        ]
        lines.append(f"| {kind} | {' | '.join(f'{share:.2f}' for share in shares)} |")
    portrait = np.ascontiguousarray(skimage.data.astronaut()[..., ::-1])  # type: ignore[no-untyped-call]  # has no types
    x1, y1, x2, y2 = FACE_XYXY
    face = portrait[y1 - 40 : y2 + 40, x1 - 40 : x2 + 40]
    rng = np.random.default_rng(0)
    shares = []
    for width in FACE_WIDTHS_PX:
        ratio = face.shape[1] / (x2 - x1)
        tries = (
            lay_in(scenes[i % len(scenes)], face, round(width * ratio), rng) for i in range(TIMES)
        )
        inner = ((image, _middle(box, 1 / ratio)) for image, box in tries)
        shares.append(share_hidden(faces.find, inner))
    lines += [
        "",
        f"| face width px | {' | '.join(map(str, FACE_WIDTHS_PX))} |",
        "|---|" + "---|" * len(FACE_WIDTHS_PX),
        f"| one portrait | {' | '.join(f'{share:.2f}' for share in shares)} |",
        "",
    ]
    for name, finder in (("plates", plates), ("faces", faces)):
        started = time.perf_counter()
        regions = sum(len(finder.find(scene)) for scene in scenes)
        each = (time.perf_counter() - started) / len(scenes)
        lines.append(
            f"- {name}: {regions / len(scenes):.1f} regions a scene as it is, {each:.1f} s a scene"
        )
    return lines


def _middle(box: BoxArray, share: float) -> BoxArray:
    centre, half = (box[:, :2] + box[:, 2:]) / 2, (box[:, 2:] - box[:, :2]) / 2 * share
    return np.concatenate([centre - half, centre + half], axis=1).astype(np.float32)


if __name__ == "__main__":
    print("\n".join(measure()))
