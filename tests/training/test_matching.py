import numpy as np
import pytest

from training.calibrate import HIGHEST, LOWEST, choose_threshold
from training.matching import (
    PictureMatch,
    at_threshold,
    average_precision,
    bootstrap_interval,
    match_picture,
)


def boxes(
    *rows: tuple[float, float, float, float],
) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return np.array(rows, np.float32).reshape(-1, 4)


def match(scores: list[float], hits: list[bool], n_marked: int) -> PictureMatch:
    return PictureMatch(np.array(scores), np.array(hits, np.bool_), n_marked)


def test_each_marked_box_is_hit_once_by_the_best() -> None:
    marked = boxes((0, 0, 10, 10))
    predicted = boxes((0, 0, 10, 9), (0, 0, 10, 10), (50, 50, 60, 60))
    found = match_picture(predicted, np.array([0.9, 0.8, 0.7], np.float32), marked, 0.5)
    assert found.hits.tolist() == [True, False, False] and found.n_marked == 1


def test_a_box_takes_the_free_one_it_overlaps_most() -> None:
    marked = boxes((0, 0, 10, 10), (2, 0, 12, 10))
    predicted = boxes((1, 0, 11, 10), (0, 0, 10, 10))
    found = match_picture(predicted, np.array([0.5, 0.9], np.float32), marked, 0.5)
    assert found.scores.tolist() == pytest.approx([0.9, 0.5])
    assert found.hits.tolist() == [True, True]


def test_average_precision_of_known_cases() -> None:
    assert average_precision([match([0.9], [True], 1)]) == 1.0
    assert average_precision([match([0.9], [False], 1)]) == 0.0
    assert average_precision([match([], [], 3)]) == 0.0
    assert average_precision([match([0.9], [False], 0)]) is None
    # Half the boxes found, before any false alarm: recall levels 0 to 0.50 of 101.
    assert average_precision([match([0.9], [True], 2)]) == pytest.approx(51 / 101)
    # One false alarm above the only hit halves the precision everywhere.
    assert average_precision([match([0.9, 0.8], [False, True], 1)]) == pytest.approx(0.5)
    # Scores are compared across pictures.
    assert average_precision([match([0.2], [True], 1), match([0.9], [False], 0)]) == pytest.approx(
        0.5
    )


def test_counts_at_a_threshold() -> None:
    point = at_threshold([match([0.9, 0.5, 0.4], [True, False, True], 4), match([], [], 0)], 0.5)
    assert (point.hits, point.false_alarms, point.n_marked, point.n_pictures) == (1, 1, 4, 2)
    assert point.recall == 0.25 and point.precision == 0.5
    nothing = at_threshold([match([], [], 0)], 0.5)
    assert nothing.recall is None and nothing.precision is None


def test_the_lowest_threshold_that_keeps_the_rate_is_chosen() -> None:
    clean = [match([score], [False], 0) for score in (0.9, 0.6, 0.3, 0.2)] + [match([], [], 0)] * 96
    assert choose_threshold(clean, max_per_100=2) == pytest.approx(0.31)
    assert choose_threshold(clean, max_per_100=0) == pytest.approx(0.91)
    assert choose_threshold(clean, max_per_100=4) == LOWEST
    assert choose_threshold([match([0.99], [False], 0)], max_per_100=1) == HIGHEST


def test_the_interval_holds_the_figure_and_narrows_with_more_pictures() -> None:
    some = [match([0.9], [i % 3 > 0], 1) for i in range(30)]

    def recall(matches: list[PictureMatch]) -> float | None:
        return at_threshold(matches, 0.5).recall

    few, many = bootstrap_interval(some, recall), bootstrap_interval(some * 10, recall)
    assert few is not None and many is not None
    assert few[0] < 2 / 3 < few[1] and few[0] < many[0] < 2 / 3 < many[1] < few[1]
    assert bootstrap_interval(some, recall) == few
    assert bootstrap_interval([match([], [], 0)], recall) is None
    # All pictures alike: no other draw is possible.
    assert bootstrap_interval([match([0.9], [True], 1)] * 5, recall) == (1.0, 1.0)
