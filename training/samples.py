"""Draw the pictures of an epoch and make batches of them, the same ones for the same seed."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from datasets.pictures import load_picture
from datasets.records import ImageRecord
from detector.arrays import Image
from training.augment import Sample, frame_sample, join_mosaic, make_sample, vary_light
from training.config import Stage

AHEAD: Final = 3
"""Batches that are made while the network works on an earlier one."""
CACHE_BYTES: Final = 8 * 2**30
"""Decoded pictures are kept up to this; the rest is decoded each time."""


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Pictures of one size and what is known of them."""

    images: npt.NDArray[np.uint8]
    """(B, 3, H, W), RGB."""
    boxes_xywh: npt.NDArray[np.float32]
    """(N, 4) centre and sides, in shares of the picture."""
    class_ids: npt.NDArray[np.int64]
    """(N,)"""
    picture_ids: npt.NDArray[np.int64]
    """(N,) position in the batch."""
    known: npt.NDArray[np.float32]
    """(B, C): 1 where the label was looked for in the picture, else 0."""


class PictureCache:
    """Decoded pictures, shrunk to what training can use; safe to share between threads."""

    def __init__(self, max_side_px: int, max_bytes: int = CACHE_BYTES) -> None:
        """Keep pictures up to a number of bytes."""
        self._max_side_px = max_side_px
        self._free = max_bytes
        self._kept: dict[Path, Image] = {}
        self._lock = threading.Lock()

    def load(self, path: Path) -> Image:
        """Return a picture, upright, its longer side at most `max_side_px`.

        Raises:
            DatasetError: It cannot be read; a training without it would be another training.
        """
        if path in self._kept:
            return self._kept[path]
        image = load_picture(path, self._max_side_px)
        with self._lock:
            if image.nbytes <= self._free and path not in self._kept:
                self._free -= image.nbytes
                self._kept[path] = image
        return image


class SampleStream:
    """The batches of a stage's epochs."""

    def __init__(
        self,
        sets: Mapping[str, Sequence[ImageRecord]],
        stage: Stage,
        labels: tuple[str, ...],
        seed: tuple[int, ...],
    ) -> None:
        """Prepare a stage.

        Args:
            sets: Records by set name; holds every set that the stage draws from.
            stage: Sizes, batch, shares.
            labels: Class id of each label is its position.
            seed: Numbers that make this stage's random states its own.
        """
        self._sets = {name: tuple(sets[name]) for name in sorted(stage.draws)}
        self._stage, self._labels, self._seed = stage, labels, seed
        self._cache = PictureCache(max(side for size in stage.sizes_wh for side in size))
        self._partners: dict[frozenset[str], list[ImageRecord]] = {}
        for records in self._sets.values():
            for record in records:
                self._partners.setdefault(record.labelled, []).append(record)

    @property
    def batches_per_epoch(self) -> int:
        """Number of batches; a last incomplete one is left out."""
        return max(1, sum(self._stage.draws.values()) // self._stage.batch)

    def order(self, epoch: int) -> list[ImageRecord]:
        """Return the pictures that an epoch draws, mixed.

        Each set is gone through whole before a picture of it comes again, across epochs too.
        """
        drawn: list[ImageRecord] = []
        for i, (name, records) in enumerate(self._sets.items()):
            count = self._stage.draws[name]
            for position in range(epoch * count, (epoch + 1) * count):
                turn, place = divmod(position, len(records))
                deal = np.random.default_rng([*self._seed, 1, i, turn]).permutation(len(records))
                drawn.append(records[deal[place]])
        mixed = np.random.default_rng([*self._seed, 2, epoch]).permutation(len(drawn))
        return [drawn[i] for i in mixed]

    def batches(self, epoch: int) -> Iterator[Batch]:
        """Yield an epoch's batches, made ahead by another thread."""
        order = self.order(epoch)
        size = self._stage.batch
        with ThreadPoolExecutor(1) as pool:
            waiting: list[Future[Batch]] = []
            for number in range(self.batches_per_epoch):
                part = order[number * size : (number + 1) * size]
                waiting.append(pool.submit(self.make_batch, part, epoch, number))
                if len(waiting) > AHEAD:
                    yield waiting.pop(0).result()
            for future in waiting:
                yield future.result()

    def make_batch(self, records: Sequence[ImageRecord], epoch: int, number: int) -> Batch:
        """Make one batch.

        Args:
            records: Its pictures.
            epoch: Counted from 0.
            number: Of the batch in its epoch, from 0.
        """
        rng = np.random.default_rng([*self._seed, 3, epoch, number])
        wh = self._stage.sizes_wh[rng.integers(len(self._stage.sizes_wh))]
        samples = [self._draw_sample(record, wh, rng) for record in records]
        frame = np.array([*wh, *wh], np.float32)
        boxes = np.concatenate([one.boxes_xyxy for one in samples]) / frame
        known = [[label in one.labelled for label in self._labels] for one in records]
        return Batch(
            images=np.stack([one.image[..., ::-1].transpose(2, 0, 1) for one in samples]),
            boxes_xywh=np.hstack([(boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]]),
            class_ids=np.concatenate([one.class_ids for one in samples]),
            picture_ids=np.repeat(np.arange(len(samples)), [len(one.class_ids) for one in samples]),
            known=np.array(known, np.float32),
        )

    def _draw_sample(
        self, record: ImageRecord, wh: tuple[int, int], rng: np.random.Generator
    ) -> Sample:
        if rng.random() < self._stage.mosaic:
            others = self._partners[record.labelled]
            three = [others[i] for i in rng.integers(len(others), size=3)]
            first, second, third, fourth = (self._load(one) for one in (record, *three))
            sample = join_mosaic((first, second, third, fourth), wh, rng)
        else:
            sample = frame_sample(self._load(record), wh, rng)
        return Sample(vary_light(sample.image, rng), sample.boxes_xyxy, sample.class_ids)

    def _load(self, record: ImageRecord) -> Sample:
        return make_sample(self._cache.load(record.path), record, self._labels)
