"""Looks that are held, late, of another view or of unknown time are taken for what they are."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from detector.camera.looks import Sighting
from detector.camera.scenery import LookKey
from detector.camera.tracker import IncidentTracker
from tests.detector.camera.film import (
    BESIDE,
    BIN,
    BOX,
    DAY,
    DUST,
    HOUR,
    POSTER,
    RULES,
    START,
    VENDING,
    FakeScenery,
    Film,
    always,
    look,
    moved,
    never,
    sight,
)


def test_held_looks_carry_it_on_but_open_nothing() -> None:
    film = Film().see(look(0, sight(POSTER)))
    film.see(*(look(i, sight(POSTER), held=True) for i in range(1, 100)))
    assert film.news == []
    film.see(look(100, sight(POSTER)), look(101, sight(POSTER)))
    film.see(*(look(i, sight(POSTER), held=True) for i in range(102, 5000)))
    assert film.story == [("open", 1)]
    (incident,) = film.tracker.open_incidents()
    assert incident.last_seen_s == START.timestamp() + 4999
    assert incident.frames == 3


def test_held_looks_count_for_the_dwell() -> None:
    film = Film().play(always(sight(VENDING)), 0, 6)
    film.see(*(look(i, sight(VENDING), held=True) for i in range(6, 200)))
    assert film.story == [("open", 1)]
    assert film.news[0].last_seen_s == START.timestamp() + 180


def test_held_looks_alone_do_not_clear() -> None:
    film = Film().play(always(sight(BIN)), 0, 60).play(never, 60, 63)
    film.see(*(look(i, held=True) for i in range(63, 3000)))
    assert film.story == [("open", 1)]
    film.see(look(3000), look(3001))
    assert film.story == [("open", 1), ("cleared", 2)]


def test_a_weak_false_sighting_now_and_then_does_not_keep_an_emptied_bin() -> None:
    def emptied(t: float) -> Sequence[Sighting]:
        return [sight(BIN, 0.3)] if t % 20 == 0 else []

    film = Film().play(always(sight(BIN)), 0, 60).play(emptied, 60, 600)
    assert film.story == [("open", 1), ("cleared", 2)]
    assert film.news[1].last_seen_s < START.timestamp() + 65


def test_late_and_repeated_looks_are_passed_over() -> None:
    film = Film()
    film.see(
        *(look(10, sight(POSTER)) for _ in range(5)), *(look(i, sight(POSTER)) for i in range(5))
    )
    assert film.news == []


def test_a_clock_that_was_ahead_and_is_set_right_does_not_end_the_watching() -> None:
    film = Film().play(always(sight(BIN)), 0, 60).see(look(400 * DAY, sight(BIN)))
    film.play(always(sight(BIN)), 60, 90).play(never, 90, 900)
    assert film.story == [("open", 1), ("cleared", 2)]
    assert film.news[-1].last_seen_at == START + timedelta(seconds=89)
    film.play(always(sight(BIN, box=BESIDE)), 900, 960)
    assert [state for state, _ in film.story] == ["open", "cleared", "open"]


def test_what_opened_while_the_clock_was_ahead_began_no_later_than_now() -> None:
    film = Film().play(always(sight(BIN)), 400 * DAY, 400 * DAY + 60)
    film.play(never, 0, 900)
    assert film.story == [("open", 1), ("cleared", 2)]
    assert film.news[-1].started_at == film.news[-1].last_seen_at == START


def test_a_better_peak_is_told_sparingly() -> None:
    film = Film().play(lambda t: [sight(POSTER, 0.55 + t / 10_000)], 0, HOUR, 10)
    assert [one.revision for one in film.news] == [1, 2, 3, 4]
    assert 0.85 <= film.news[3].peak.score < 0.86


def test_another_resolution_shows_the_same_place() -> None:
    film = Film().play(always(sight(POSTER)), 0, 60)
    half = tuple(edge / 2 for edge in BOX)
    film.see(*(look(60 + i, sight(POSTER, box=half), wh=(960, 540)) for i in range(100)))  # type: ignore[arg-type]
    assert film.story == [("open", 1)]


def test_a_turned_camera_ends_what_was_open() -> None:
    film = Film().play(always(sight(POSTER)), 0, 60)
    film.play(always(sight(BIN, box=BESIDE)), 60, 120)
    turned = film.tracker.view_changed(START.timestamp() + 50)
    assert [(one.label, one.state, one.end_reason) for one in turned] == [
        (POSTER, "cleared", "view_changed")
    ]
    assert [one.label for one in film.tracker.open_incidents()] == [BIN]
    elsewhere = moved(BOX, dy=400)
    film.play(always(sight(POSTER, box=elsewhere)), 200, 260)
    assert film.news[-1].revision == 1
    assert film.news[-1].id != turned[0].id


def test_what_a_lamp_made_look_like_another_view_is_not_told_again_in_the_morning() -> None:
    film = Film().play(always(sight(POSTER)), 0, 60)
    (turned,) = film.tracker.view_changed(START.timestamp() + 50)
    film.play(always(sight(POSTER)), 10 * HOUR, 10 * HOUR + 60)
    assert film.news[-1].id == turned.id
    assert (film.news[-1].state, film.news[-1].revision) == ("open", turned.revision + 1)


def test_footage_of_unknown_time_counts_from_its_file() -> None:
    tracker = IncidentTracker("a", RULES)
    news = [
        one
        for i in range(5)
        for one in tracker.see(replace(look(i, sight(POSTER)), captured_at=None))
    ]
    (incident,) = news
    assert (incident.started_s, incident.started_at) == (0, None)


def test_ids_tell_cameras_apart() -> None:
    def first(camera: str) -> str:
        tracker = IncidentTracker(camera, RULES)
        return next(one.id for i in range(5) for one in tracker.see(look(i, sight(POSTER))))

    assert first("a") != first("b")
    assert first("a") == first("a")


def test_only_what_may_be_asked_for_is_referred_to() -> None:
    film = Film().play(always(sight(VENDING), sight(DUST, motion=0.5)), 0, 300)
    assert film.tracker.references() == frozenset()
    film.play(always(sight(POSTER, 0.7)), 300, 310)
    film.see(look(310, sight(POSTER, 0.9)), look(311, sight(POSTER, 0.6)), look(312))
    assert film.tracker.references() == {("cam.mp4", 311), ("cam.mp4", 310)}


def test_scenery_is_asked_about_looks_that_were_referred_to() -> None:
    film = Film(FakeScenery(lambda _: True))
    assert film.tracker is not None
    scenery = film.tracker._scenery
    assert isinstance(scenery, FakeScenery)
    known: frozenset[LookKey] = frozenset()
    for i in range(3000):
        at_s = i * 1.0
        scenery.asked.clear()
        shown = [sight(BIN)] if i < 100 else []
        film.see(look(at_s, *shown))
        assert all(then in known for then, _ in scenery.asked)
        known = film.tracker.references()
