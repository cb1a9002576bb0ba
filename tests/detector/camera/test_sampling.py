"""The grid in time."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.camera.sampling import TOLERANCE_S, Grid, Sampling, Span


def take_all(times_s: list[float], every_s: float, span: Span | None = None) -> list[float]:
    grid = Grid(every_s, span)
    taken = []
    for at_s in times_s:
        if grid.wants(at_s):
            grid.take(at_s)
            taken.append(at_s)
    return taken


def test_the_first_frame_of_each_cell_is_taken() -> None:
    times_s = [0.0, 0.4, 0.8, 1.2, 1.6, 2.0, 2.4, 4.9, 6.1]
    assert take_all(times_s, 1.0) == [0.0, 1.2, 2.0, 4.9, 6.1]


def test_rounded_timestamps_fall_into_their_cell() -> None:
    # 3 × 0.1 is 0.30000000000000004; Matroska rounds 1/3 of 1.0 to 0.333 and 0.9999 to 1.0.
    assert take_all([0.0, 0.1, 0.2, 0.3, 0.4], 0.1) == [0.0, 0.1, 0.2, 0.3, 0.4]
    assert take_all([0.0, 0.9995, 1.4, 2.0], 1.0) == [0.0, 0.9995, 2.0]


def test_a_span_owns_its_start_and_not_its_end() -> None:
    times_s = [0.0, 1.0, 2.0, 3.0, 4.0]
    assert take_all(times_s, 1.0, Span(1.0, 3.0)) == [1.0, 2.0]
    grid = Grid(1.0, Span(1.0, 3.0))
    assert (grid.target_s, grid.done) == (1.0, False)
    grid.take(2.3)
    assert (grid.target_s, grid.done) == (3.0, True)
    assert grid.is_past(3.0)
    assert not grid.is_past(2.99)


@given(
    steps=st.lists(st.floats(0.002, 5.0), min_size=1, max_size=60),
    every_s=st.sampled_from([0.04, 0.1, 1 / 3, 1.0, 2.0]),
    cells=st.lists(st.integers(1, 40), max_size=8),
)
def test_cuts_on_the_grid_change_nothing(
    steps: list[float], every_s: float, cells: list[int]
) -> None:
    times_s = [math.fsum(steps[:n]) for n in range(len(steps))]
    cuts = [sum(cells[: n + 1]) * every_s for n in range(len(cells))]
    edges = [0.0, *cuts, None]
    parts = [
        take_all(times_s, every_s, Span(start_s, end_s))
        for start_s, end_s in itertools.pairwise(edges)
        if start_s is not None
    ]
    whole = take_all(times_s, every_s)
    assert [one for part in parts for one in part] == whole
    # Each cell that has a frame is looked at once.
    held = {math.floor((one + TOLERANCE_S) / every_s) for one in times_s}
    assert sorted(math.floor((one + TOLERANCE_S) / every_s) for one in whole) == sorted(held)


@pytest.mark.parametrize("every_s", [0.0, -1.0, 0.004, math.inf, math.nan])
def test_no_step_is_refused(every_s: float) -> None:
    with pytest.raises(ValueError, match="every_s"):
        Sampling(every_s)


def test_other_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match="threads"):
        Sampling(threads=0)
    with pytest.raises(ValueError, match="span"):
        Span(2.0, 2.0)
    with pytest.raises(ValueError, match="span"):
        Span(-1.0)
