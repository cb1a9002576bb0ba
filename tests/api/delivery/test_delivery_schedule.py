"""When tries follow each other, over three days."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.delivery.pace import AT_ONCE, REFUSALS_BORNE, Pace, adapt
from api.delivery.schedule import (
    GIVE_UP_AFTER,
    JITTER,
    LEAST_TRIES,
    WAITS_S,
    Answer,
    Tried,
    decide,
    parse_retry_after,
)

START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
CHANCES = st.floats(0, 1, exclude_max=True)
FAILURES = st.builds(
    Answer,
    status=st.none() | st.sampled_from([301, 302, 400, 401, 404, 429, 500, 502, 503, 504]),
    error=st.just("wrong"),
)


def tries_until_the_end(answers: list[Answer], chance: float) -> list[datetime]:
    """Return when each try of a delivery that never gets through is made."""
    now, made = START, [START]
    while True:
        answer = answers[len(made) % len(answers)]
        decision = decide(answer, Tried(len(made), START, now), chance)
        if decision.action == "give_up":
            return made
        assert decision.action == "again"
        assert decision.next_at is not None
        assert decision.next_at > now
        now = decision.next_at
        made.append(now)


@given(answers=st.lists(FAILURES, min_size=1, max_size=5), chance=CHANCES)
def test_it_is_tried_for_three_days_and_then_given_up(answers: list[Answer], chance: float) -> None:
    made = tries_until_the_end(answers, chance)
    assert len(made) >= 10
    assert GIVE_UP_AFTER <= made[-1] - START <= GIVE_UP_AFTER + timedelta(minutes=1)
    waits = [(after - before).total_seconds() for before, after in pairwise(made)]
    for number, wait_s in enumerate(waits[:-2]):
        planned = WAITS_S[min(number, len(WAITS_S) - 1)]
        assert planned <= wait_s + 1e-5
        assert wait_s <= planned * (1 + JITTER) + 1e-5


@given(answer=FAILURES, chance=CHANCES, days=st.floats(3, 400), attempts=st.integers(1, 40))
def test_one_that_is_old_is_still_tried_some_times(
    answer: Answer, chance: float, days: float, attempts: int
) -> None:
    tried = Tried(attempts, START, START + timedelta(days=days))
    expected = "give_up" if attempts >= LEAST_TRIES else "again"
    assert decide(answer, tried, chance).action == expected


@given(answer=FAILURES, chance=CHANCES, hours=st.floats(0, 1000), attempts=st.integers(1, 40))
def test_a_clock_that_jumped_back_gives_nothing_up(
    answer: Answer, chance: float, hours: float, attempts: int
) -> None:
    tried = Tried(attempts, START, START - timedelta(hours=hours))
    decision = decide(answer, tried, chance)
    assert decision.next_at is not None
    assert decision.next_at - tried.now <= timedelta(seconds=WAITS_S[-1] * (1 + JITTER))


@given(status=st.integers(200, 299), attempts=st.integers(1, 100), days=st.floats(0, 400))
def test_any_2xx_is_delivered_however_late(status: int, attempts: int, days: float) -> None:
    tried = Tried(attempts, START, START + timedelta(days=days))
    assert decide(Answer(status), tried, 0.5).action == "delivered"


def test_410_disables_at_once() -> None:
    assert decide(Answer(410, "gone"), Tried(1, START, START), 0.5).action == "disable"


@given(asked_s=st.floats(0, 1e9), chance=CHANCES, attempts=st.integers(1, 20))
def test_retry_after_is_respected_up_to_a_day(asked_s: float, chance: float, attempts: int) -> None:
    decision = decide(Answer(503, "busy", asked_s), Tried(attempts, START, START), chance)
    assert decision.next_at is not None
    waited_s = (decision.next_at - START).total_seconds()
    assert waited_s + 1e-5 >= min(asked_s, 86400)
    assert waited_s <= 86400 * (1 + JITTER) + 1e-5


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("99999999999999999999", 86400),
        ("Mon, 02 Mar 2026 01:02:00 GMT", 120),
        ("Mon, 02 Mar 2026 00:00:00 GMT", 0),
        ("Mon, 02 Mar 2099 00:00:00 GMT", 86400),
        ("", None),
        ("-5", None),
        ("soon", None),
        ("１２", None),
        (None, None),
    ],
)
def test_retry_after_is_read_in_both_forms(text: str | None, expected: float | None) -> None:
    assert parse_retry_after(text, START) == expected


@given(text=st.text())
def test_no_retry_after_breaks_the_reader(text: str) -> None:
    seconds = parse_retry_after(text, START)
    assert seconds is None or 0 <= seconds <= 86400


def test_a_receiver_that_refuses_one_event_is_not_slowed() -> None:
    pace = Pace()
    for _ in range(REFUSALS_BORNE):
        pace = adapt(pace, Answer(500, "wrong"), 10.0)
        assert pace.free(10.0, 0) == AT_ONCE
    assert adapt(pace, Answer(204), 10.0) == Pace()
    assert adapt(pace, Answer(500, "wrong"), 10.0).free(10.0, 0) == 0


@given(failures=st.integers(1, 30), status=st.sampled_from([None, 429, 502, 503, 504]))
def test_a_receiver_that_is_down_is_asked_ever_more_rarely(
    failures: int, status: int | None
) -> None:
    pace = Pace()
    for _ in range(failures):
        pace = adapt(pace, Answer(status, "wrong"), 100.0)
    assert pace.free(100.0, 0) == 0
    assert pace.free(99 + min(2.0 ** (failures - 1), 60), 0) == 0
    assert pace.free(160.0, 0) == 1
    assert pace.free(160.0, 1) == 0
    assert adapt(pace, Answer(200), 161.0).free(161.0, 0) == AT_ONCE


def test_retry_after_pauses_all_of_a_receivers_deliveries() -> None:
    pace = adapt(Pace(), Answer(429, "busy", retry_after_s=600), 0.0)
    assert (pace.free(599, 0), pace.free(600, 0)) == (0, 1)


def test_a_slow_receiver_gets_one_at_a_time() -> None:
    assert adapt(Pace(), Answer(200, elapsed_s=9), 0.0).free(0.0, 0) == 1


def test_the_docs_tell_the_waits_as_they_are() -> None:
    page = (Path(__file__).parents[3] / "docs" / "webhooks.md").read_text(encoding="utf-8")
    row = next(line for line in page.splitlines() if line.startswith("| wait |"))
    seconds = {"s": 1, "min": 60, "h": 3600}
    cells = [cell.split() for cell in row.strip("| ").split("|")[1:]]
    assert [int(number) * seconds[unit] for number, unit in cells] == list(WAITS_S)
