"""What counts as the same answer of two networks."""

import numpy as np
import pytest

from training.parity import MOST_BOX_PX, MOST_SCORE, ParityError, Rows, check_parity, make_tensors


@pytest.fixture
def rows() -> Rows:
    rng = np.random.default_rng(0)
    found = np.zeros((300, 6), np.float32)
    found[:, :2] = rng.uniform(0, 300, (300, 2))
    found[:, 2:4] = found[:, :2] + rng.uniform(10, 300, (300, 2))
    found[:, 4] = np.sort(rng.uniform(0, 1, 300))[::-1]
    found[:, 5] = rng.integers(0, 4, 300)
    return found


def test_small_differences_and_another_order_pass(rows: Rows) -> None:
    other = rows + np.array([0.3, -0.3, 0.3, -0.3, 0.0005, 0], np.float32)
    worst = check_parity([(rows, rows[::-1]), (rows, other)])
    assert 0 < worst.box_px < MOST_BOX_PX and 0 < worst.score < MOST_SCORE
    assert worst.n_rows == 200


@pytest.mark.parametrize(
    ("column", "change"), [(0, 0.8), (3, -2.0), (4, 0.0035), (4, -0.5), (5, 1.0)]
)
def test_one_box_that_differs_is_found(rows: Rows, column: int, change: float) -> None:
    changed = rows.copy()
    changed[7, column] += change
    for pair in ((rows, changed), (changed, rows)):
        with pytest.raises(ParityError, match="differs"):
            check_parity([pair])


def test_a_class_that_is_missing_is_found(rows: Rows) -> None:
    others = rows.copy()
    others[:, 5] = 9
    with pytest.raises(ParityError, match="inf"):
        check_parity([(rows, others)])


def test_tensors_are_made_up_the_same_each_time() -> None:
    first, second = make_tensors(256), make_tensors(256)
    assert len(first) == 3 and all(one.dtype == np.float32 for one in first)
    assert all(side % 32 == 0 for one in first for side in one.shape[2:])
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
