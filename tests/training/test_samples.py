"""What an epoch draws."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from datasets.records import ImageRecord, LabelledBox
from training.config import Stage
from training.samples import PictureCache, SampleStream

LABELS = ("overflowing_bin", "bin")
STAGE = Stage("only", 2, ((64, 64), (96, 64)), 3, 1e-3, 0.1, 0.5, 0, {"a": 5, "b": 2})
Sets = dict[str, tuple[ImageRecord, ...]]


@pytest.fixture
def make_set(tmp_path: Path) -> Callable[[str, int, frozenset[str]], tuple[ImageRecord, ...]]:
    def make(name: str, count: int, labelled: frozenset[str]) -> tuple[ImageRecord, ...]:
        records = []
        for i in range(count):
            path = tmp_path / f"{name}{i}.png"
            cv2.imwrite(str(path), np.full((48, 64, 3), 40 + i, np.uint8))
            box = LabelledBox("bin", (0.2, 0.2, 0.8, 0.8))
            records.append(ImageRecord(path, name, labelled, (box,)))
        return tuple(records)

    return make


@pytest.fixture
def sets(make_set: Callable[[str, int, frozenset[str]], tuple[ImageRecord, ...]]) -> Sets:
    return {
        "a": make_set("a", 4, frozenset(LABELS)),
        "b": make_set("b", 3, frozenset({"bin"})),
        "unused": make_set("unused", 1, frozenset()),
    }


def test_each_set_gives_what_was_asked(sets: Sets) -> None:
    order = SampleStream(sets, STAGE, LABELS, (0,)).order(0)
    assert Counter(one.set_name for one in order) == {"a": 5, "b": 2}


def test_no_picture_comes_again_before_all_have_come(sets: Sets) -> None:
    stream = SampleStream(sets, STAGE, LABELS, (0,))
    drawn = Counter(one.path for epoch in range(4) for one in stream.order(epoch))
    of_a = [drawn[one.path] for one in sets["a"]]
    assert of_a == [5, 5, 5, 5]
    assert sorted(drawn[one.path] for one in sets["b"]) == [2, 3, 3]


def test_epochs_differ_and_repeat_by_seed(sets: Sets) -> None:
    first, again = (SampleStream(sets, STAGE, LABELS, (7, 1)) for _ in range(2))
    assert first.order(3) == again.order(3)
    assert first.order(0) != first.order(1)
    one, other = next(first.batches(0)), next(again.batches(0))
    assert np.array_equal(one.images, other.images)
    assert np.array_equal(one.boxes_xywh, other.boxes_xywh)


def test_batches_say_what_is_known(sets: Sets) -> None:
    stream = SampleStream(sets, replace(STAGE, mosaic=0.0), LABELS, (0,))
    order = stream.order(0)
    for number, batch in enumerate(stream.batches(0)):
        part = order[number * 3 : number * 3 + 3]
        expected = [[label in one.labelled for label in LABELS] for one in part]
        assert batch.known.tolist() == np.array(expected, float).tolist()
        assert batch.images.shape[1:] in {(3, 64, 64), (3, 64, 96)}
        assert set(batch.picture_ids.tolist()) <= {0, 1, 2}
        assert set(batch.class_ids.tolist()) <= {1}
        low = batch.boxes_xywh[:, :2] - batch.boxes_xywh[:, 2:] / 2
        assert (low > -1e-6).all()


def test_mosaics_join_what_was_looked_at_alike(sets: Sets) -> None:
    stream = SampleStream(sets, replace(STAGE, mosaic=1.0), LABELS, (0,))
    for batch in stream.batches(0):
        assert batch.images.shape[0] == 3


def test_a_full_cache_still_loads(sets: Sets) -> None:
    cache = PictureCache(32, max_bytes=2500)
    for record in sets["a"] * 2:
        assert cache.load(record.path).shape == (24, 32, 3)
