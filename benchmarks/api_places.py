"""How well local features tell one place from another: what `closing.least_inliers` rests on.

Different places: pairs of different photos of the held-out sets. The same place: a photo, and the
same photo seen from a little beside (turned in space, cropped, in other light) with its boxes
painted over, as after the rubbish has gone.

The photos are those of ../shared/data/val.
"""

import argparse
import random
from pathlib import Path

import cv2
import numpy as np

from api.scoring.compare import compare_photos
from datasets.formats.yolo import read_set
from datasets.pictures import load_picture
from datasets.records import ImageRecord
from detector.arrays import Image
from detector.decode import DecodeLimits

VAL = Path(__file__).parents[2] / "shared" / "data" / "val"
LIMITS = (8, 10, 12, 15, 20, 30, 40)
SETS = ("bins_montevideo", "clean_shopfronts", "posters_tags")
LIMITS_OF_DECODING = DecodeLimits()


def encode(image: Image) -> bytes:
    done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 88])
    if not done:
        raise RuntimeError("a JPEG could not be written")
    return data.tobytes()


def see_again(image: Image, record: ImageRecord, chance: random.Random) -> Image:
    """Return the place from a little beside, tidied up."""
    height, width = image.shape[:2]
    tidy = image.copy()
    for box in record.boxes:
        x1, y1, x2, y2 = box.box_xyxy
        part = tidy[round(y1 * height) : round(y2 * height), round(x1 * width) : round(x2 * width)]
        part[:] = np.median(part, axis=(0, 1))
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    shift = 0.12 * min(width, height)
    moved = corners + np.array(
        [[chance.uniform(-shift, shift), chance.uniform(-shift, shift)] for _ in corners],
        np.float32,
    )
    view = cv2.getPerspectiveTransform(corners, moved)
    turned = cv2.warpPerspective(tidy, view, (width, height), borderMode=cv2.BORDER_REFLECT)
    light = np.clip(turned.astype(np.float32) * chance.uniform(0.7, 1.3), 0, 255)
    seen: Image = light.astype(np.uint8)
    return seen


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=150)
    options = parser.parse_args()
    chance = random.Random(7)
    records = [one for name in SETS for one in read_set(VAL / name)]
    different, same = [], []
    for _ in range(options.pairs):
        first, second = chance.sample(records, 2)
        image = load_picture(first.path)
        before, elsewhere = encode(image), encode(load_picture(second.path))
        different.append(compare_photos(before, elsewhere, LIMITS_OF_DECODING).inliers)
        again = encode(see_again(image, first, chance))
        same.append(compare_photos(before, again, LIMITS_OF_DECODING).inliers)
    print("| inliers at least | same place | different places |\n|---|---|---|")
    for limit in LIMITS:
        shares = [100 * np.mean(np.array(found) >= limit) for found in (same, different)]
        print(f"| {limit} | {shares[0]:.0f} % | {shares[1]:.1f} % |")
    print(f"\n{options.pairs} pairs each; most inliers of different places: {max(different)}")


if __name__ == "__main__":
    main()
