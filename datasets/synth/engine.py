"""Compose the sets of a plan: in parallel, resumable, the same pictures for the same seed.

A scene is a JPEG and a sidecar with its boxes; the sidecar is written last and whole. A run that is
stopped goes on with the scenes that have none. When all are there, the set's annotations.json
(COCO) is made from the sidecars.
"""

import argparse
import json
import os
import sys
import zlib
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from datasets.errors import DatasetError
from datasets.formats import coco, read_sets
from datasets.holdout import part_of
from datasets.pictures import load_picture
from datasets.records import ImageRecord, LabelledBox
from datasets.synth.composers import COMPOSERS, Resources, make_composer
from datasets.synth.plan import ComposedSet, ComposePlan, read_plan
from datasets.synth.scene import Background, Composer
from datasets.versions import hash_records
from detector.models.network import usable_cores

TRIES: Final = 12
"""Backgrounds that are tried for one scene before the composer counts as not suiting the plan."""
JPEG_QUALITY: Final = 92
"""High: cameras' artefacts are the composers' to draw."""
RECORD_NAME: Final = "composed.json"
BACKGROUNDS_IN_MEMORY: Final = 256


@dataclass(frozen=True, slots=True)
class Job:
    """What a worker needs to compose the scenes of one set."""

    out: Path
    asked: ComposedSet
    seed: int
    max_side_px: int
    backgrounds: Mapping[str, tuple[ImageRecord, ...]]
    resources: Resources


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `street-issues-data synth`."""
    parser.add_argument("plan", type=Path, help="YAML; see training/configs")
    parser.add_argument(
        "--data", type=Path, action="append", required=True, metavar="DIR",
        help="folder of labelled sets to compose on and to cut from",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--sprites", type=Path, metavar="DIR", help="rendered objects")
    parser.add_argument("--fonts", type=Path, action="append", default=[], metavar="DIR")
    parser.add_argument("--workers", type=int, default=usable_cores())
    parser.add_argument("--only", nargs="+", metavar="SET", help="only these sets of the plan")
    parser.add_argument("--count", type=int, help="scenes of each set, in the plan's place")


def run(options: argparse.Namespace) -> int:
    """Run the command.

    Raises:
        DatasetError: The plan, the data or a resource is not what it should be.
    """
    plan = read_plan(options.plan, tuple(COMPOSERS))
    records = [record for folder in options.data for record in read_sets(folder)]
    kept = part_of(records, plan.held_out_share, held_out=False)
    resources = Resources(kept, options.sprites, tuple(options.fonts))
    names = {one.name for one in plan.sets}
    for name in options.only or ():
        if name not in names:
            raise DatasetError("set_unknown", f"The plan has no set {name}.")
    for asked in plan.sets:
        if options.only is None or asked.name in options.only:
            count = compose_set(
                plan, asked, resources, options.out / asked.name,
                workers=options.workers, count=options.count,
            )  # fmt: skip
            print(f"{options.out / asked.name}: {count} scenes", file=sys.stderr, flush=True)
    return 0


def compose_set(
    plan: ComposePlan,
    asked: ComposedSet,
    resources: Resources,
    out: Path,
    *,
    workers: int = 1,
    count: int | None = None,
) -> int:
    """Compose one set, or what is missing of it.

    Args:
        plan: Seed and size.
        asked: The set.
        resources: Records to compose on, sprites, fonts.
        out: Its folder.
        workers: Processes; 1 composes in this one.
        count: Scenes, in the plan's place.

    Returns:
        Number of scenes of the whole set.

    Raises:
        DatasetError: A background set is missing, the folder holds a set of another plan, or no
            background suits a composer.
    """
    backgrounds = {name: _named(resources.records, name) for name in sorted(asked.backgrounds)}
    wanted = count or asked.count
    job = Job(out, asked, plan.seed, plan.max_side_px, backgrounds, resources)
    _begin(job, wanted)
    missing = [i for i in range(wanted) if not _sidecar(out, i).exists()]
    if workers == 1:
        for i in missing:
            compose_scene(job, i)
    elif missing:
        parts = [missing[i::workers] for i in range(workers)]
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            list(pool.map(compose_scenes, [job] * len(parts), parts))
    _finish(out, wanted)
    return wanted


def _named(records: Iterable[ImageRecord], name: str) -> tuple[ImageRecord, ...]:
    found = tuple(one for one in records if one.set_name == name)
    if not found:
        raise DatasetError("set_missing", f"There is no background set {name} among the data.")
    return found


def _begin(job: Job, wanted: int) -> None:
    """Make the folder, or check that it holds the beginning of the same set."""
    composers = [make_composer(name, job.resources) for name in job.asked.composers]
    record: dict[str, Any] = {
        **asdict(job.asked),
        "composers": {one.name: one.version for one in composers},
        "count": wanted,
        "seed": job.seed,
        "max_side_px": job.max_side_px,
        "background_versions": {
            name: hash_records(records) for name, records in job.backgrounds.items()
        },
        "sprites": count_sprites(job.resources.sprites) if "objects" in job.asked.composers else 0,
    }
    path = job.out / RECORD_NAME
    if path.exists():
        try:
            old = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise DatasetError("set_unreadable", f"{path} cannot be read: {error}.") from error
        same = json.loads(json.dumps(record))
        if old.get("count", 0) > wanted:
            raise DatasetError(
                "set_larger", f"{job.out} holds {old['count']} scenes, more than {wanted}."
            )
        # What an earlier version did not write down is not compared.
        if {**old, "count": 0} != {
            name: one for name, one in {**same, "count": 0}.items() if name in old
        }:
            raise DatasetError(
                "set_differs",
                f"{job.out} holds scenes of another plan, data or version of the composers.",
                "Name a new folder, or remove it.",
            )
    for folder in ("images", "scenes"):
        (job.out / folder).mkdir(parents=True, exist_ok=True)
    (job.out / coco.FILE_NAME).unlink(missing_ok=True)
    text = json.dumps(record, indent=1, ensure_ascii=False) + "\n"
    _write_whole(path, text.encode())


def count_sprites(folder: Path | None) -> int:
    """Return the number of rendered objects: one more makes other scenes."""
    return 0 if folder is None else sum(1 for _ in folder.glob("*.json"))


def compose_scenes(job: Job, indices: Sequence[int]) -> None:
    """Compose several scenes; what a worker process does."""
    cv2.setNumThreads(1)
    for index in indices:
        compose_scene(job, index)


def compose_scene(job: Job, index: int) -> None:
    """Compose one scene and write it.

    Raises:
        DatasetError: No background that was tried suits.
    """
    rng = np.random.default_rng([job.seed, zlib.crc32(job.asked.name.encode()), index])
    composers = [_composer(name, job.resources) for name in job.asked.composers]
    names = list(job.backgrounds)
    weights = np.array([job.asked.backgrounds[name] for name in names])
    for _ in range(TRIES):
        pool = job.backgrounds[names[rng.choice(len(names), p=weights / weights.sum())]]
        record = pool[rng.integers(len(pool))]
        background = Background(_load_background(record.path, job.max_side_px), record)
        scene = _compose_all(composers, background, rng)
        if scene is not None:
            _write_scene(job.out, index, scene, composers)
            return
    raise DatasetError(
        "background_unsuited",
        f"{job.asked.name}: none of {TRIES} backgrounds suits {', '.join(job.asked.composers)}.",
        "Give the set other backgrounds.",
    )


def _compose_all(
    composers: Sequence[Composer], background: Background, rng: np.random.Generator
) -> Background | None:
    """Apply composers in turn; a first one that does nothing makes no scene."""
    current: Background | None = None
    for composer in composers:
        base = current or background
        scene = composer.compose(base, rng)
        if scene is not None:
            labels = {box.label for box in scene.boxes}
            known = base.record.labelled
            record = ImageRecord(
                base.record.path, base.record.set_name, known, scene.boxes,
                frozenset(labels - known), base.record.group,
            )  # fmt: skip
            current = Background(scene.image, record)
        elif current is None:
            return None
    return current


@lru_cache(maxsize=8)
def _composer(name: str, resources: Resources) -> Composer:
    return make_composer(name, resources)


@lru_cache(maxsize=BACKGROUNDS_IN_MEMORY)
def _load_background(path: Path, max_side_px: int) -> Any:
    return load_picture(path, max_side_px)


def _sidecar(out: Path, index: int) -> Path:
    return out / "scenes" / f"{index:06d}.json"


def _write_scene(out: Path, index: int, scene: Background, composers: Sequence[Composer]) -> None:
    image = out / "images" / f"{index:06d}.jpg"
    height, width = scene.image.shape[:2]
    drawn = frozenset(label for one in composers for label in one.draws)
    content: dict[str, Any] = {
        "width": width,
        "height": height,
        "background": f"{scene.record.set_name}/{scene.record.path.name}",
        "labelled": sorted(scene.record.labelled),
        "also_marked": sorted((scene.record.also_marked | drawn) - scene.record.labelled),
        "boxes": [[box.label, *box.box_xyxy] for box in scene.record.boxes],
    }
    if scene.record.group is not None:
        content["group"] = scene.record.group
    data = cv2.imencode(".jpg", scene.image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1]
    _write_whole(image, data.tobytes())
    _write_whole(_sidecar(out, index), json.dumps(content).encode())


def _write_whole(path: Path, data: bytes) -> None:
    half = path.with_name(path.name + ".part")
    half.write_bytes(data)
    os.replace(half, path)


def _finish(out: Path, wanted: int) -> None:
    records, sizes_wh = [], []
    for index in range(wanted):
        content = json.loads(_sidecar(out, index).read_text(encoding="utf-8"))
        boxes = tuple(
            LabelledBox(label, (x1, y1, x2, y2)) for label, x1, y1, x2, y2 in content["boxes"]
        )
        records.append(
            ImageRecord(
                out / "images" / f"{index:06d}.jpg",
                out.name,
                frozenset(content["labelled"]),
                boxes,
                frozenset(content["also_marked"]),
                content.get("group"),
            )
        )
        sizes_wh.append((content["width"], content["height"]))
    coco.write_annotations(out, coco.format_coco(records, sizes_wh))
