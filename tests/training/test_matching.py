import numpy as np
import pytest

from training.matching import (
    PictureMatch,
    Pool,
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
    found = match_picture(predicted, np.array([0.9, 0.8, 0.7]), marked, 0.5)
    assert found.hits.tolist() == [True, False, False] and found.n_marked == 1


def test_a_box_takes_the_free_one_it_overlaps_most() -> None:
    marked = boxes((0, 0, 10, 10), (2, 0, 12, 10))
    predicted = boxes((1, 0, 11, 10), (0, 0, 10, 10))
    found = match_picture(predicted, np.array([0.5, 0.9]), marked, 0.5)
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


def test_weights_are_drawing_again() -> None:
    one, other = match([0.9, 0.3], [True, False], 2), match([0.8], [False], 1)
    drawn, weighed = Pool([one, one, one, other]), Pool([one, other])
    ones, weights = np.ones(4), np.array([3.0, 1.0])
    assert weighed.average_precision(weights) == drawn.average_precision(ones)
    for figure in ("recall", "precision"):
        for threshold in (0.2, 0.5, 0.85, 0.95):
            expected = getattr(drawn, figure)(ones, threshold)
            assert getattr(weighed, figure)(weights, threshold) == expected


def test_a_pool_counts_as_the_plain_loop() -> None:
    matches = [match([0.9, 0.5], [True, False], 3), match([0.5], [True], 1), match([], [], 0)]
    pool, weights = Pool(matches), np.ones(3)
    for threshold in (0.0, 0.5, 0.51, 1.0):
        point = at_threshold(matches, threshold)
        assert pool.recall(weights, threshold) == point.recall
        assert pool.precision(weights, threshold) == point.precision
    assert Pool([]).recall(np.ones(0), 0.5) is None


def test_the_interval_holds_the_figure_and_narrows_with_more_pictures() -> None:
    some = [match([0.9], [i % 3 > 0], 1) for i in range(30)]

    def interval(matches: list[PictureMatch]) -> tuple[float, float] | None:
        pool = Pool(matches)
        return bootstrap_interval(len(matches), lambda weights: pool.recall(weights, 0.5))

    few, many = interval(some), interval(some * 10)
    assert few is not None and many is not None
    assert few[0] < 2 / 3 < few[1] and few[0] < many[0] < 2 / 3 < many[1] < few[1]
    assert interval(some) == few
    assert interval([match([], [], 0)]) is None and interval([]) is None
    # All pictures alike: no other draw is possible.
    assert interval([match([0.9], [True], 1)] * 5) == (1.0, 1.0)
