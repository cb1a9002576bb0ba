"""Things side by side, walkers, dust and unsteady boxes become the right number of incidents."""

import random
from collections.abc import Sequence

import pytest

from detector.camera.looks import BoxXyxy, Sighting
from tests.detector.camera.film import (
    BESIDE,
    BIN,
    BOX,
    DUST,
    HOUR,
    POSTER,
    VENDING,
    FakeScenery,
    Film,
    always,
    moved,
    never,
    sight,
)


def test_two_bins_side_by_side_are_two() -> None:
    film = Film().play(always(sight(BIN), sight(BIN, 0.7, BESIDE)), 0, 600)
    assert len(film.ids) == 2
    assert {one.peak.box_xyxy for one in film.news} == {BOX, BESIDE}


def test_one_of_two_bins_is_emptied() -> None:
    film = Film().play(always(sight(BIN), sight(BIN, 0.7, BESIDE)), 0, 600)
    film.play(always(sight(BIN, 0.7, BESIDE)), 600, 1200)
    assert film.story == [("open", 1), ("open", 1), ("cleared", 2)]
    assert film.news[2].peak.box_xyxy == BOX


def test_a_vendor_who_walks_through_is_none() -> None:
    def walk(t: float) -> Sequence[Sighting]:
        return [sight(VENDING, box=moved((0, 500, 150, 800), t * 6))]

    assert Film().play(walk, 0, 290).news == []


def test_walkers_one_after_another_are_none() -> None:
    def stream(t: float) -> Sequence[Sighting]:
        return [sight(VENDING, box=moved((0, 500, 150, 800), (t % 20) * 80))]

    assert Film().play(stream, 0, 3600).news == []


def test_a_vendor_who_stays_and_moves_a_metre_is_one() -> None:
    def stay(t: float) -> Sequence[Sighting]:
        shift = 0 if t < 300 else min(75, (t - 300) * 10)
        return [sight(VENDING, box=moved((600, 500, 750, 800), shift))]

    film = Film().play(stay, 0, 600)
    assert film.story == [("open", 1)]
    assert film.news[0].last_seen_s - film.news[0].started_s == 180


def test_a_vendor_who_waits_at_a_crossing_is_none() -> None:
    assert Film().play(always(sight(VENDING)), 0, 120).play(never, 120, 300).news == []


def test_another_vendor_two_hours_later_is_a_new_incident() -> None:
    film = Film().play(always(sight(VENDING)), 0, 600).play(never, 600, 600 + 2 * HOUR, 2)
    film.play(always(sight(VENDING)), 7800, 8400)
    assert film.story == [("open", 1), ("cleared", 2), ("open", 1)]
    assert len(film.ids) == 2


def test_dust_that_moves_opens() -> None:
    film = Film().play(always(sight(DUST, motion=0.3)), 0, 30)
    assert film.story == [("open", 1)]
    assert film.news[0].last_seen_s - film.news[0].started_s == 10


def test_dust_that_grows_opens() -> None:
    def grow(t: float) -> Sequence[Sighting]:
        return [sight(DUST, box=moved(BOX, grow=1 + t / 20), motion=0.01)]

    assert Film().play(grow, 0, 60).story == [("open", 1)]


@pytest.mark.parametrize("box", [BOX, (0.0, 0.0, 1920.0, 1060.0)], ids=["wall", "fog"])
def test_a_painted_wall_and_fog_open_nothing(box: BoxXyxy) -> None:
    draw = random.Random(5)

    def wall(_: float) -> Sequence[Sighting]:
        grow = draw.uniform(0.92, 1.0)
        return [sight(DUST, box=moved(box, grow=grow), motion=draw.uniform(0, 0.04))]

    assert Film().play(wall, 0, 2 * HOUR, 2).news == []


def test_a_lorry_that_drives_past_a_painted_wall_makes_no_dust_of_it() -> None:
    def wall(t: float) -> Sequence[Sighting]:
        return [sight(DUST, motion=0.6 if t % 100 < 5 else 0.0)]

    film = Film().play(wall, 10, 1000)
    assert film.news == []


def test_a_puff_of_steam_opens_nothing() -> None:
    def puff(t: float) -> Sequence[Sighting]:
        return [sight(DUST, motion=0.4)] if t % 60 < 7 else []

    assert Film().play(puff, 0, HOUR).news == []


def test_fog_that_the_model_doubts_of_has_no_motion_to_show() -> None:
    assert Film().play(always(sight(DUST, motion=None)), 0, 60).news == []


def test_a_plume_wanders() -> None:
    def plume(t: float) -> Sequence[Sighting]:
        return [sight(DUST, box=moved((300, 300, 700, 600), (t % 40) * 8), motion=0.3)]

    assert len(Film().play(plume, 0, 600).ids) == 1


def test_a_box_that_jitters_is_one() -> None:
    draw = random.Random(1)

    def jitter(_: float) -> Sequence[Sighting]:
        box = moved((400, 300, 424, 324), draw.uniform(-9, 9), draw.uniform(-9, 9))
        return [sight(POSTER, box=box)]

    assert len(Film().play(jitter, 0, HOUR).ids) == 1


def test_a_heap_that_grows_is_one() -> None:
    def grow(t: float) -> Sequence[Sighting]:
        return [sight(BIN, box=moved(BOX, grow=1 + t / 600))]

    film = Film().play(grow, 0, HOUR, 5)
    assert len(film.ids) == 1


def test_a_box_that_doubles_at_once_is_one() -> None:
    film = Film().play(always(sight(BIN)), 0, 300)
    film.play(always(sight(BIN, box=moved(BOX, grow=2.2))), 300, 900)
    assert film.story == [("open", 1)]


def test_a_box_that_splits_and_merges_is_one() -> None:
    left, right = (400.0, 300.0, 458.0, 420.0), (462.0, 300.0, 520.0, 420.0)

    def split(t: float) -> Sequence[Sighting]:
        if t < 100 or t % 200 < 60:
            return [sight(BIN)]
        return [sight(BIN, 0.7, left), sight(BIN, 0.75, right)]

    film = Film().play(split, 0, 2 * HOUR)
    assert film.story == [("open", 1)]


def test_a_box_that_comes_in_parts_first_is_one() -> None:
    left, right = (400.0, 300.0, 458.0, 420.0), (462.0, 300.0, 520.0, 420.0)

    def parts(t: float) -> Sequence[Sighting]:
        return [sight(BIN)] if t % 2 else [sight(BIN, 0.7, left), sight(BIN, 0.75, right)]

    assert len(Film().play(parts, 0, 600).ids) == 1


def test_two_bins_that_one_box_covers_at_times_stay_two() -> None:
    both = (400.0, 300.0, 650.0, 420.0)

    def merge(t: float) -> Sequence[Sighting]:
        if t < 100 or t % 100 < 50:
            return [sight(BIN), sight(BIN, 0.7, BESIDE)]
        return [sight(BIN, 0.9, both)]

    film = Film().play(merge, 0, 2 * HOUR)
    assert len(film.ids) == 2
    assert all(one.state == "open" for one in film.news)


def test_a_label_that_switches_is_one_incident() -> None:
    draw = random.Random(2)

    def switch(_: float) -> Sequence[Sighting]:
        return [sight(draw.choice((POSTER, BIN)))]

    film = Film().play(switch, 0, HOUR)
    assert len(film.ids) == 1


def test_a_label_that_changes_for_good_ends_one_and_opens_the_other() -> None:
    unchanged = FakeScenery(lambda _: True)
    film = Film(unchanged).play(always(sight(POSTER)), 0, 60)
    film.play(always(sight(BIN)), 60, HOUR)
    assert [(one.label, one.state) for one in film.news] == [
        (POSTER, "open"),
        (POSTER, "cleared"),
        (BIN, "open"),
    ]


def test_a_sheet_on_a_bin_is_another_problem() -> None:
    sheet = sight(POSTER, box=(440.0, 340.0, 480.0, 380.0))
    assert len(Film().play(always(sight(BIN), sheet), 0, 120).ids) == 2
