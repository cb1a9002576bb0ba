"""Severity and the number of reporters order the queue."""

from dataclasses import replace
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from api.cases.priority import MOST, reckon_priority
from api.cases.rules import load_rules
from detector.detections import Severity

RULES = load_rules(None)
SEVERITIES: tuple[Severity, ...] = get_args(Severity)

severities = st.sampled_from((*SEVERITIES, None))
counts = st.integers(0, 10**6)
labels = st.sampled_from((*RULES.events, "pothole", None))


@given(severities, counts, counts, labels)
def test_more_people_never_count_less(
    severity: Severity | None, a: int, b: int, label: str | None
) -> None:
    few, many = sorted((a, b))
    assert reckon_priority(severity, few, RULES, label=label) <= reckon_priority(
        severity, many, RULES, label=label
    )


@given(counts, labels)
def test_graver_never_counts_less(count: int, label: str | None) -> None:
    points = [reckon_priority(severity, count, RULES, label=label) for severity in SEVERITIES]
    assert points == sorted(points)


@given(severities, counts, labels, st.integers(0, 1000), st.floats(0, 1000))
def test_it_is_a_whole_number_in_range(
    severity: Severity | None, count: int, label: str | None, weight: int, per_doubling: float
) -> None:
    points = replace(RULES.priority, labels={"site_dust": weight}, per_doubling=per_doubling)
    priority = reckon_priority(severity, count, replace(RULES, priority=points), label=label)
    assert isinstance(priority, int)
    assert 0 <= priority <= MOST


def test_hand_worked() -> None:
    assert reckon_priority("small", 1, RULES) == 100
    assert reckon_priority("large", 1, RULES) == 400
    assert reckon_priority(None, 1, RULES) == 200
    assert reckon_priority("medium", 2, RULES) == 330
    assert reckon_priority("medium", 5, RULES) == 250 + 185  # 80 x log2 5 = 185.75
    assert reckon_priority("medium", 1, RULES, label="site_dust") == 350
    assert reckon_priority("large", 10**6, RULES) == MOST


def test_a_few_neighbours_lift_a_small_thing_over_a_lone_medium_one() -> None:
    assert reckon_priority("small", 4, RULES) > reckon_priority("medium", 1, RULES)
    assert reckon_priority("small", 3, RULES) < reckon_priority("medium", 1, RULES)
