"""The look-ups for duplicates find what going through all cases would find."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, func, select, text, update

from api.cases.duplicates import differing_bits
from api.cases.places import distance_m
from api.store.database import Database
from api.store.duplicates import (
    MOST_PER_BAND,
    forget_photos,
    index_photo,
    near_cases,
    same_photo_cases,
    similar_photo_cases,
)
from api.store.tables import case_reports, cases, photo_bands, photos, reports

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
AddCase = Callable[..., str]

# A few hundred metres around places where something is special: a city, the date line, a pole.
SPOTS = ((31.2304, 121.4737), (-17.0, 180.0), (89.9995, 40.0), (0.0, 0.0))
OFFSETS_DEG = st.floats(-0.004, 0.004)


@st.composite
def places_around(draw: st.DrawFn, spot: tuple[float, float]) -> tuple[float, float]:
    lat, lon = spot[0] + draw(OFFSETS_DEG), spot[1] + draw(OFFSETS_DEG)
    # To a centimetre, as every place is stored (api.cases.places.to_wgs84).
    return round(min(90.0, lat), 7), round((lon + 180) % 360 - 180, 7)


@st.composite
def towns(draw: st.DrawFn) -> tuple[tuple[float, float], list[tuple[float, float]]]:
    spot = draw(st.sampled_from(SPOTS))
    return draw(places_around(spot)), draw(st.lists(places_around(spot), max_size=12))


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(town=towns(), radius_m=st.sampled_from((0.0, 5.0, 60.0, 300.0)))
def test_near_cases_are_those_that_a_look_at_all_finds(
    database: Database,
    add_case: AddCase,
    town: tuple[tuple[float, float], list[tuple[float, float]]],
    radius_m: float,
) -> None:
    here, there = town
    with database.write() as connection:
        connection.execute(delete(cases))
        ids = [add_case(connection, lat=lat, lon=lon) for lat, lon in there]
        add_case(connection, lat=here[0], lon=here[1], label="site_dust")
        add_case(connection, lat=here[0], lon=here[1], label=None)
        add_case(connection, lat=here[0], lon=here[1], ended_at=NOW)
        add_case(connection)  # Nobody knows where.
        found = near_cases(connection, "overflowing_bin", *here, radius_m)
    away = sorted(
        (distance_m(*here, *place), case_id) for place, case_id in zip(there, ids, strict=True)
    )
    assert [(one.distance_m, one.case_id) for one in found] == [
        one for one in away if one[0] <= radius_m
    ]


def test_unlabelled_is_a_label_of_its_own(database: Database, add_case: AddCase) -> None:
    lat, lon = SPOTS[0]
    with database.write() as connection:
        add_case(connection, lat=lat, lon=lon)
        bare = add_case(connection, lat=lat, lon=lon, label=None)
        (found,) = near_cases(connection, None, lat, lon, 10)
    assert (found.case_id, found.label, found.distance_m) == (bare, None, 0.0)
    assert (found.same_photo, found.photo_bits, found.opened_at) == (False, None, NOW)


def test_of_many_the_nearest_are_kept(database: Database, add_case: AddCase) -> None:
    lat, lon = SPOTS[0]
    with database.write() as connection:
        ids = [add_case(connection, lat=lat + i * 1e-6, lon=lon - i * 1e-6) for i in range(40)]
        found = near_cases(connection, "overflowing_bin", lat, lon, 100, limit=7)
    assert [one.case_id for one in found] == ids[:7]


def test_equally_near_the_older_comes_first(database: Database, add_case: AddCase) -> None:
    lat, lon = SPOTS[0]
    with database.write() as connection:
        young = add_case(connection, lat=lat, lon=lon, opened_at=NOW + timedelta(seconds=1))
        old = add_case(connection, lat=lat, lon=lon)
        found = near_cases(connection, "overflowing_bin", lat, lon, 100)
    assert [one.case_id for one in found] == [old, young]


def _add_photo(connection: Connection, number: int, perceptual_hash: str | None) -> str:
    sha256 = f"{number:064x}"
    connection.execute(
        photos.insert().values(
            sha256=sha256,
            size_bytes=1,
            media_type="image/jpeg",
            stored_at=NOW,
            perceptual_hash=perceptual_hash,
        )
    )
    return sha256


def _add_report(connection: Connection, case_id: str, sha256: str, name: str) -> None:
    connection.execute(
        reports.insert().values(
            id=name, received_at=NOW, source="citizen", state="scored", photo_sha256=sha256
        )
    )
    connection.execute(
        case_reports.insert().values(
            case_id=case_id, report_id=name, joined_at=NOW, why="opened", findings=[]
        )
    )


def test_the_same_photo_finds_cases_of_any_label_and_place(
    database: Database, add_case: AddCase
) -> None:
    with database.write() as connection:
        sha256 = _add_photo(connection, 1, None)
        lat, lon = SPOTS[0]
        near = add_case(connection, lat=lat, lon=lon, label="site_dust")
        nowhere = add_case(connection, opened_at=NOW - timedelta(days=1))
        ended = add_case(connection, ended_at=NOW)
        for i, case_id in enumerate((near, nowhere, ended, near)):
            _add_report(connection, case_id, sha256, f"r{i}")
        found = same_photo_cases(connection, sha256, place=(lat, lon))
        assert [(one.case_id, one.distance_m) for one in found] == [(nowhere, None), (near, 0.0)]
        assert all(one.same_photo for one in found)
        bare = same_photo_cases(connection, sha256)
        assert bare == tuple(replace(one, distance_m=None) for one in found)
        assert same_photo_cases(connection, "f" * 64) == ()


HASHES = st.integers(0, 2**256 - 1).map(lambda value: f"{value:064x}")


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(asked=HASHES, data=st.data())
def test_near_copies_up_to_15_bits_are_always_found(
    database: Database, add_case: AddCase, asked: str, data: st.DataObject
) -> None:
    flips = data.draw(st.lists(st.sets(st.integers(0, 255), max_size=24), max_size=6))
    hashes = [f"{int(asked, 16) ^ sum(1 << bit for bit in bits):064x}" for bits in flips]
    with database.write() as connection:
        for table in (photo_bands, cases, photos):
            connection.execute(delete(table))
        for i, one in enumerate(hashes):
            case_id = add_case(connection, id=f"case-{i}", number=str(i))
            index_photo(connection, case_id, _add_photo(connection, i, one), one)
        found = similar_photo_cases(connection, asked, 15)
        more = similar_photo_cases(connection, asked, 22)
    exact = sorted((differing_bits(asked, one), f"case-{i}") for i, one in enumerate(hashes))
    assert [(one.photo_bits, one.case_id) for one in found] == [
        one for one in exact if one[0] <= 15
    ]
    # Beyond 15 bits some may be missed, but none is made up.
    assert {(one.photo_bits, one.case_id) for one in more} <= {one for one in exact if one[0] <= 22}


def test_the_closest_photo_of_a_case_counts_and_an_ended_case_is_forgotten(
    database: Database, add_case: AddCase
) -> None:
    asked, close, far = "0" * 64, "0" * 63 + "1", "0" * 63 + "f"
    with database.write() as connection:
        case_id = add_case(connection)
        for i, one in enumerate((far, close)):
            index_photo(connection, case_id, _add_photo(connection, i, one), one)
            index_photo(connection, case_id, f"{i:064x}", one)  # Twice is fine.
        (found,) = similar_photo_cases(connection, asked, 10, place=SPOTS[0])
        assert (found.case_id, found.photo_bits, found.distance_m) == (case_id, 1, None)
        connection.execute(update(cases).values(ended_at=NOW))
        assert similar_photo_cases(connection, asked, 10) == ()
        connection.execute(update(cases).values(ended_at=None))
        forget_photos(connection, case_id)
        assert similar_photo_cases(connection, asked, 10) == ()
        assert connection.scalar(select(func.count()).select_from(photo_bands)) == 0


def test_a_band_that_everything_shares_hides_no_copy_that_shares_another(
    database: Database, add_case: AddCase
) -> None:
    sky = "0" * 32  # The upper half of each photo.
    with database.write() as connection:
        for i in range(MOST_PER_BAND + 20):
            one = sky + f"{(i + 1) * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128:032x}"
            case_id = add_case(connection)
            index_photo(connection, case_id, _add_photo(connection, i, one), one)
        found = similar_photo_cases(connection, one, 10)
    assert case_id in [one.case_id for one in found if one.photo_bits == 0]


def test_a_malformed_hash_is_refused(database: Database) -> None:
    with database.read() as connection, pytest.raises(ValueError, match="64 hex digits"):
        similar_photo_cases(connection, "abc", 10)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_index_is_used(database: Database, add_case: AddCase) -> None:
    seen: list[str] = []
    with database.write() as connection:
        add_case(connection, lat=1.0, lon=1.0)
        real: Any = connection.execute

        def explain(statement: Any, values: Any = None) -> Any:
            if values:
                statement = statement.params(**values)
            compiled = statement.compile(
                dialect=connection.dialect, compile_kwargs={"literal_binds": True}
            )
            seen.extend(row.detail for row in real(text(f"EXPLAIN QUERY PLAN {compiled}")))
            return real(statement)

        connection.execute = explain  # type: ignore[method-assign, assignment]
        near_cases(connection, "overflowing_bin", 1.0, 1.0, 60)
        similar_photo_cases(connection, "0" * 64, 10)
    plan = "\n".join(seen)
    assert "USING INDEX ix_cases_near (place_cell=? AND label=?)" in plan
    assert "(band=? AND bits=?)" in plan
    assert not [line for line in seen if line.startswith(("SCAN cases", "SCAN photo_bands"))]
