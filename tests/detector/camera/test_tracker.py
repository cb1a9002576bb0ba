"""Looks become incidents: the cases that cameras really show."""

import random

import pytest

from detector.camera.looks import Condition
from detector.camera.rules import rules_for
from tests.detector.camera.film import (
    BIN,
    DAY,
    HOUR,
    MINUTE,
    POSTER,
    START,
    VENDING,
    FakeScenery,
    Film,
    always,
    look,
    never,
    sight,
)


def test_it_opens_after_three_of_five() -> None:
    film = Film()
    film.see(look(0, sight(POSTER)), look(1), look(2, sight(POSTER, 0.6)), look(3))
    assert film.news == []
    film.see(look(4, sight(POSTER, 0.7)))
    (incident,) = film.news
    assert (incident.state, incident.revision, incident.frames) == ("open", 1, 3)
    assert (incident.started_s, incident.last_seen_s) == (
        START.timestamp(),
        START.timestamp() + 4,
    )
    assert incident.started_at == START
    assert incident.median_score == 0.7
    assert incident.peak.score == 0.8
    assert (incident.peak.source, incident.peak.timestamp_s) == ("cam.mp4", 0)
    assert incident.ended_at is None
    assert film.tracker.open_incidents() == (incident,)


def test_a_median_under_the_threshold_opens_nothing() -> None:
    film = Film().play(lambda t: [sight(POSTER, 0.9 if t % 3 == 0 else 0.45)], 0, 60)
    assert film.news == []


def test_sightings_too_far_apart_open_nothing() -> None:
    film = Film().play(lambda t: [sight(POSTER)] if t % 3 == 0 else [], 0, 60)
    assert film.news == []


def test_sightings_of_unknown_labels_and_faint_ones_are_passed_over() -> None:
    film = Film().play(always(sight("licence_plate"), sight(POSTER, 0.2)), 0, 60)
    assert film.news == []
    assert film.tracker.state()["tracks"] == []


def test_a_poster_with_wandering_scores_is_one_incident() -> None:
    draw = random.Random(3)
    film = Film().play(lambda _: [sight(POSTER, draw.uniform(0.3, 0.7))], 0, DAY, 30)
    assert len(film.ids) == 1
    assert all(one.state == "open" for one in film.news)
    assert len(film.news) <= 3


def test_a_lorry_before_a_poster_does_not_end_it() -> None:
    covered = FakeScenery(lambda _: None)
    film = Film(covered).play(always(sight(POSTER)), 0, 60)
    film.play(never, 60, 60 + 20 * MINUTE).play(always(sight(POSTER)), 1260, 1320)
    assert film.story == [("open", 1)]
    assert covered.asked


def test_a_lorry_that_stays_all_day_ends_it_and_its_leaving_goes_on_with_it() -> None:
    film = Film(FakeScenery(lambda _: None)).play(always(sight(POSTER)), 0, 60)
    film.play(never, 60, 8 * HOUR, 10).play(always(sight(POSTER)), 8 * HOUR, 8 * HOUR + 60)
    assert film.story == [("open", 1), ("cleared", 2), ("open", 3)]
    assert len(film.ids) == 1
    assert film.news[1].last_seen_s == START.timestamp() + 59
    assert film.news[1].ended_at == film.news[1].last_seen_at
    assert film.news[2].end_reason is None


def test_a_poster_that_the_model_misses_by_night_stays_open() -> None:
    unchanged = FakeScenery(lambda _: True)
    film = Film(unchanged).play(always(sight(POSTER)), 0, HOUR, 10)
    film.play(never, HOUR, 11 * HOUR, 10).play(always(sight(POSTER)), 11 * HOUR, 12 * HOUR, 10)
    assert film.story == [("open", 1)]
    # Asked once each ten minutes, not at each look; two looks to compare with at most.
    assert 50 <= len({now for _, now in unchanged.asked}) <= 61


def test_an_unchanged_place_does_not_keep_it_for_ever() -> None:
    film = Film(FakeScenery(lambda _: True)).play(always(sight(POSTER)), 0, HOUR, 10)
    film.play(never, HOUR, 27 * HOUR, 60)
    assert film.story == [("open", 1), ("cleared", 2)]


def test_a_poster_that_was_taken_off_is_cleared() -> None:
    film = Film(FakeScenery(lambda _: False)).play(always(sight(POSTER)), 0, 60)
    film.play(never, 60, 60 + 11 * MINUTE)
    assert film.story == [("open", 1), ("cleared", 2)]
    assert film.news[1].end_reason == "gone"
    assert film.news[1].last_seen_s == START.timestamp() + 59
    assert film.tracker.open_incidents() == ()


def test_the_side_of_a_van_that_stops_for_a_moment_is_no_poster() -> None:
    film = Film(rules={POSTER: rules_for(POSTER, 0.5)})
    film.play(always(sight(POSTER)), 0, 40).play(never, 40, 300)
    assert film.news == []
    film.play(always(sight(POSTER)), 300, 400)
    assert film.story == [("open", 1)]


def test_dark_hours_say_nothing() -> None:
    film = Film().play(always(sight(POSTER)), 0, 60)
    for i in range(1000):
        film.see(look(60 + i * 40, condition="dark"))
    film.play(always(sight(POSTER)), 12 * HOUR, 12 * HOUR + 60)
    assert film.story == [("open", 1)]


def test_dusk_and_dawn_round_a_dark_night_do_not_add_up() -> None:
    film = Film().play(always(sight(POSTER)), 0, 60).play(never, 60, 300)
    film.see(*(look(300 + i * 60, condition="dark") for i in range(600)))
    film.play(never, 10.5 * HOUR, 10.5 * HOUR + 200)
    film.play(always(sight(POSTER)), 11 * HOUR, 11 * HOUR + 60)
    assert film.story == [("open", 1)]


@pytest.mark.parametrize("condition", ["dark", "blank", "blurred", "turned", "frozen"])
def test_frames_that_show_nothing_open_nothing(condition: Condition) -> None:
    film = Film()
    film.see(*(look(i, sight(POSTER), condition=condition) for i in range(20)))
    assert film.news == []


def test_a_gap_of_hours_is_no_absence() -> None:
    film = Film().play(always(sight(BIN)), 0, 120).play(never, 120, 130)
    film.play(never, 9 * HOUR, 9 * HOUR + 30).play(always(sight(BIN)), 9 * HOUR + 30, 9 * HOUR + 60)
    assert film.story == [("open", 1)]


def test_a_bin_emptied_and_full_again_after_three_hours_is_a_new_incident() -> None:
    film = Film(FakeScenery(lambda _: False)).play(always(sight(BIN)), 0, 600, 2)
    film.play(never, 600, 600 + 3 * HOUR, 2).play(always(sight(BIN)), 11400, 12000, 2)
    assert film.story == [("open", 1), ("cleared", 2), ("open", 1)]
    assert len(film.ids) == 2


@pytest.mark.parametrize("every_s", [1, 2, 10])
def test_a_bin_emptied_and_full_again_after_five_minutes_is_the_same(every_s: float) -> None:
    film = Film(FakeScenery(lambda _: False)).play(always(sight(BIN)), 0, 600, every_s)
    film.play(never, 600, 900, every_s).play(always(sight(BIN)), 900, 1500, every_s)
    assert len(film.ids) == 1
    assert film.news[-1].state == "open"


def test_what_came_back_is_believed_gone_more_slowly() -> None:
    film = Film(FakeScenery(lambda _: False))
    for i in range(20):  # Cars park before the bin for seven minutes in each twenty.
        film.play(always(sight(BIN)), i * 1200, i * 1200 + 780, 5)
        film.play(never, i * 1200 + 780, i * 1200 + 1200, 5)
    assert len(film.ids) == 1
    assert [one.state for one in film.news] == ["open", "cleared", "open"]


@pytest.mark.parametrize("label", [POSTER, BIN, VENDING])
def test_a_frame_every_ten_minutes_is_enough(label: str) -> None:
    film = Film().play(always(sight(label)), 0, 3 * HOUR, 600)
    film.play(never, 3 * HOUR, 6 * HOUR, 600)
    assert film.story == [("open", 1), ("cleared", 2)]
    assert film.news[0].last_seen_s - film.news[0].started_s <= 1800


def test_bursts_of_frames_once_an_hour_clear_after_some_bursts() -> None:
    film = Film()
    for hour in range(20):
        scene = always(sight(BIN)) if hour < 5 else never
        film.play(scene, hour * HOUR, hour * HOUR + 10)
    assert film.story == [("open", 1), ("cleared", 2)]
