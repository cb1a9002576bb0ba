"""Thresholds within a joint budget of false alarms on clean photos."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datasets.records import ImageRecord
from detector.detections import ImageScore
from training.calibrate import CANDIDATES, NEVER, SPLITS, Split, calibrate, format_calibration
from training.errors import TrainingError

LABELS = ("illegal_poster", "overflowing_bin", "site_dust")
PLACE, ELSEWHERE = (0.0, 0.0, 100.0, 100.0), (500.0, 500.0, 600.0, 600.0)
Photos = tuple[list[ImageRecord], list[ImageScore]]


def photos_of(
    record_photo: Callable[..., ImageRecord],
    score_photo: Callable[..., ImageScore],
    clean: list[dict[str, float]],
    marked: list[tuple[str, float]],
) -> Photos:
    """Make clean photos with a false alarm of each score, and photos with one box that is found."""
    records = [record_photo(f"clean_{i}.jpg", LABELS) for i in range(len(clean))]
    scores = [
        score_photo(f"clean_{i}.jpg", [(label, score, PLACE) for label, score in one.items()])
        for i, one in enumerate(clean)
    ]
    for i, (label, score) in enumerate(marked):
        records.append(record_photo(f"{i}.jpg", LABELS, [(label, PLACE)]))
        scores.append(score_photo(f"{i}.jpg", [(label, score, PLACE)]))
    return records, scores


some_score = st.floats(0.01, 0.9999).map(lambda score: round(score, 4))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(
    clean=st.lists(
        st.dictionaries(st.sampled_from(LABELS), some_score, max_size=3), min_size=1, max_size=40
    ),
    marked=st.lists(st.tuples(st.sampled_from(LABELS), some_score), max_size=10),
    budget=st.floats(0, 60),
    split=st.sampled_from(SPLITS),
)
def test_the_joint_budget_is_kept(
    record_photo: Callable[..., ImageRecord],
    score_photo: Callable[..., ImageScore],
    clean: list[dict[str, float]],
    marked: list[tuple[str, float]],
    budget: float,
    split: Split,
) -> None:
    records, scores = photos_of(record_photo, score_photo, clean, marked)
    found = calibrate(records, scores, LABELS, budget_per_100=budget, split=split)
    assert set(found.thresholds) == set(LABELS)
    assert set(found.thresholds.values()) <= set(CANDIDATES)
    # As an operator counts: every false alarm on the clean photos at these thresholds.
    alarms = sum(score >= found.thresholds[label] for one in clean for label, score in one.items())
    assert 100 * alarms <= budget * len(clean) + 1e-6
    counted = found.figures["clean"]["looked_for_all"]
    assert (counted["false_alarms"], counted["pictures"]) == (alarms, len(clean))


def test_equal_shares_and_the_most_recall(
    record_photo: Callable[..., ImageRecord], score_photo: Callable[..., ImageScore]
) -> None:
    # Bins: two false alarms stand above all that is to be found. Posters: none is in the way.
    clean = [{"overflowing_bin": 0.6}, {"overflowing_bin": 0.6}, {"illegal_poster": 0.3}]
    clean += [{}] * 97
    marked = [("overflowing_bin", 0.55), ("illegal_poster", 0.5), ("illegal_poster", 0.2)]
    records, scores = photos_of(record_photo, score_photo, clean, marked)
    equal = calibrate(records, scores, LABELS, budget_per_100=2, split="equal")
    # A share of 2/3 of an alarm is none.
    assert equal.thresholds["overflowing_bin"] == 0.61
    assert equal.thresholds["illegal_poster"] == 0.31
    most = calibrate(records, scores, LABELS, budget_per_100=2, split="recall")
    # Dust has nothing marked and keeps its share, unused; all else goes where it finds a bin.
    assert most.thresholds["overflowing_bin"] <= 0.55
    assert most.thresholds["illegal_poster"] == 0.31
    assert most.thresholds["site_dust"] == equal.thresholds["site_dust"] == 0.10
    assert most.figures["found"]["overflowing_bin"] == {"hits": 1, "boxes": 1}
    assert "2 false alarms on 100 clean photos" in format_calibration(most)


def test_the_budget_holds_on_what_was_learned_too(
    record_photo: Callable[..., ImageRecord], score_photo: Callable[..., ImageScore]
) -> None:
    held_out = photos_of(record_photo, score_photo, [{}] * 40, [("site_dust", 0.5)])
    learned = photos_of(record_photo, score_photo, [{"site_dust": 0.3}] * 5 + [{}] * 95, [])
    alone = calibrate(*held_out, LABELS, budget_per_100=2)
    both = calibrate(*held_out, LABELS, budget_per_100=2, learned=learned)
    assert alone.thresholds["site_dust"] == 0.10  # 40 photos without an alarm say little
    assert both.thresholds["site_dust"] == 0.31
    assert both.thresholds["illegal_poster"] == 0.10
    assert both.figures["clean_learned"]["looked_for_all"]["pictures"] == 100
    assert "on the clean photos learned from" in format_calibration(both)


def test_a_label_that_cannot_keep_its_share_is_switched_off(
    record_photo: Callable[..., ImageRecord], score_photo: Callable[..., ImageScore]
) -> None:
    records, scores = photos_of(record_photo, score_photo, [{"site_dust": 0.995}], [])
    found = calibrate(records, scores, LABELS, budget_per_100=2)
    assert found.thresholds["site_dust"] == NEVER and found.switched_off == ("site_dust",)
    assert "switched off" in format_calibration(found)


def test_photos_that_show_an_issue_are_not_clean(
    record_photo: Callable[..., ImageRecord], score_photo: Callable[..., ImageScore]
) -> None:
    records = [record_photo("a.jpg", LABELS, [("site_dust", PLACE)])]
    scores = [score_photo("a.jpg", [("illegal_poster", 0.9, ELSEWHERE)])]
    with pytest.raises(TrainingError, match="illegal_poster"):
        calibrate(records, scores, LABELS, budget_per_100=2)
