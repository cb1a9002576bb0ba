from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.arrays import BoxArray
from detector.errors import GeometryError
from detector.geometry import (
    box_iou,
    clip_boxes,
    contained_shares,
    scale_boxes,
    suppress,
    tile_windows,
)


def boxes_of(*rows: tuple[float, float, float, float]) -> BoxArray:
    return np.array(rows, np.float32).reshape(-1, 4)


def test_iou_of_known_boxes() -> None:
    a = boxes_of((0, 0, 2, 2), (5, 5, 6, 6))
    b = boxes_of((1, 0, 3, 2), (0, 0, 2, 2))
    assert box_iou(a, b).tolist() == [[pytest.approx(1 / 3), 1.0], [0.0, 0.0]]


def test_contained_share_is_of_the_inner_box() -> None:
    inner, outer = boxes_of((1, 1, 3, 3)), boxes_of((0, 0, 2, 10))
    assert contained_shares(inner, outer).item() == 0.5
    assert contained_shares(outer, inner).item() == pytest.approx(0.1)


def test_empty_boxes_have_no_overlap() -> None:
    none = boxes_of()
    assert box_iou(none, boxes_of((0, 0, 1, 1))).shape == (0, 1)
    assert box_iou(boxes_of((1, 1, 1, 1)), boxes_of((1, 1, 1, 1))).item() == 0.0


def run_suppress(
    boxes: BoxArray, scores: list[float], classes: list[int], iou: float = 0.5, inside: float = 0.6
) -> list[int]:
    kept = suppress(
        boxes,
        np.array(scores, np.float32),
        np.array(classes, np.int64),
        max_iou=iou,
        max_containment=inside,
    )
    return [int(i) for i in kept]


def test_suppress_drops_a_repeat_and_keeps_another_class() -> None:
    boxes = boxes_of((0, 0, 10, 10), (0, 0, 10, 9), (0, 0, 10, 9))
    assert run_suppress(boxes, [0.9, 0.8, 0.7], [0, 0, 1]) == [0, 2]


def test_suppress_drops_a_box_inside_a_better_one_but_not_the_other_way() -> None:
    small, large = (2, 2, 4, 4), (0, 0, 10, 10)
    assert run_suppress(boxes_of(large, small), [0.9, 0.5], [0, 0]) == [0]
    assert run_suppress(boxes_of(small, large), [0.9, 0.5], [0, 0]) == [0, 1]


def test_a_dropped_box_does_not_drop_others() -> None:
    # 1 repeats 0; 2 repeats 1 but not 0, so it stays.
    boxes = boxes_of((0, 0, 10, 10), (3, 0, 13, 10), (6, 0, 16, 10))
    assert run_suppress(boxes, [0.9, 0.8, 0.7], [0, 0, 0], iou=0.5, inside=1.0) == [0, 2]


def test_ties_keep_the_order_given() -> None:
    boxes = boxes_of((0, 0, 1, 1), (5, 5, 6, 6), (9, 9, 10, 10))
    assert run_suppress(boxes, [0.5, 0.5, 0.5], [0, 0, 0]) == [0, 1, 2]


box_rows = st.lists(
    st.tuples(*[st.floats(0, 100, width=32)] * 4).map(
        lambda e: (min(e[0], e[2]), min(e[1], e[3]), max(e[0], e[2]) + 1, max(e[1], e[3]) + 1)
    ),
    max_size=12,
)


@given(rows=box_rows, data=st.data())
def test_suppress_leaves_no_pair_over_the_limits_and_drops_nothing_without_cause(
    rows: list[tuple[float, float, float, float]], data: st.DataObject
) -> None:
    n = len(rows)
    scores = data.draw(st.lists(st.floats(0, 1, width=32), min_size=n, max_size=n))
    classes = data.draw(st.lists(st.integers(0, 2), min_size=n, max_size=n))
    boxes = boxes_of(*rows)
    kept = run_suppress(boxes, scores, classes)
    assert [scores[i] for i in kept] == sorted((scores[i] for i in kept), reverse=True)
    iou, inside = box_iou(boxes, boxes), contained_shares(boxes, boxes)

    def repeats(worse: int, better: int) -> bool:
        over = iou[worse, better] > 0.5 or inside[worse, better] > 0.6
        return bool(classes[worse] == classes[better] and over)

    for place, i in enumerate(kept):
        assert not any(repeats(i, better) for better in kept[:place])
    for i in set(range(n)) - set(kept):
        assert any(scores[j] >= scores[i] and repeats(i, j) for j in kept)


def test_clip_and_scale_return_new_arrays() -> None:
    boxes = boxes_of((-5, -5, 30, 8))
    assert clip_boxes(boxes, (20, 10)).tolist() == [[0, 0, 20, 8]]
    assert scale_boxes(boxes, (2, 3)).tolist() == [[-10, -15, 60, 24]]
    assert boxes.tolist() == [[-5, -5, 30, 8]]


@given(
    image_wh=st.tuples(st.integers(1, 5000), st.integers(1, 5000)),
    tile_wh=st.tuples(st.integers(50, 1500), st.integers(50, 1500)),
    overlap=st.floats(0, 0.5),
)
def test_tiles_cover_the_picture_with_the_overlap_asked(
    image_wh: tuple[int, int], tile_wh: tuple[int, int], overlap: float
) -> None:
    windows = tile_windows(image_wh, tile_wh, overlap)
    for axis in (0, 1):
        spans = sorted({(window[axis], window[axis + 2]) for window in windows})
        assert spans[0][0] == 0 and spans[-1][1] == image_wh[axis]
        assert all(low < high for low, high in spans)
        assert all(high - low == min(tile_wh[axis], image_wh[axis]) for low, high in spans)
        for (_, left_end), (right_start, _) in pairwise(spans):
            # Rounding the starts may cost a pixel.
            assert left_end - right_start >= tile_wh[axis] * overlap - 2
    assert len(set(windows)) == len(windows)


@pytest.mark.parametrize(
    ("image_wh", "tile_wh", "overlap"), [((0, 5), (5, 5), 0.1), ((5, 5), (5, 5), 0.95)]
)
def test_impossible_tiles_are_refused(
    image_wh: tuple[int, int], tile_wh: tuple[int, int], overlap: float
) -> None:
    with pytest.raises(GeometryError):
        tile_windows(image_wh, tile_wh, overlap)
