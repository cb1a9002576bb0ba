import os
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from api.errors import BusyError, GoneError, InvalidError, NotFoundError, ScoringError
from api.keeping.retention import delete_old_originals
from api.photos.picture_cache import SHARES, PictureCache
from api.photos.pictures import served_picture
from api.principal import Principal
from api.scoring.base import PictureRequest
from api.scoring.fake import FakePool
from api.services import Services
from api.store.photos import describe_photo
from detector.errors import EvidenceError, ExtraMissingError, PhotoError
from tests.api.keeping.conftest import MakeReport, finding, jpeg

if TYPE_CHECKING:
    from tests.api.conftest import SetClock

ANYBODY = Principal("1", "somebody", "operator")
NAME = "ab" * 32


@pytest.fixture
def asked(pool: FakePool, monkeypatch: pytest.MonkeyPatch) -> list[PictureRequest]:
    """What the pool was asked to make."""
    requests: list[PictureRequest] = []
    make = pool.picture

    def note(data: bytes, request: PictureRequest) -> Any:
        requests.append(request)
        return make(data, request)

    monkeypatch.setattr(pool, "picture", note)
    return requests


def test_hides_plates_draws_findings_and_never_grows_old(
    services: Services, make_report: MakeReport, asked: list[PictureRequest]
) -> None:
    sha256 = make_report(finding()).report.photo_sha256
    assert sha256 is not None
    plate = (10.0, 20.0, 90.0, 60.0)
    with services.database.write() as connection:
        describe_photo(
            connection,
            sha256,
            image_wh=(1000, 1000),
            captured_at=None,
            perceptual_hash=None,
            plates=[plate],
        )
    plain = served_picture(services, ANYBODY, sha256, "small", draw=False)
    drawn = served_picture(services, ANYBODY, sha256, "large", draw=True)
    assert plain != jpeg() != drawn
    assert [one.longest_side_px for one in asked] == [320, 2560]
    assert all(one.hide_xyxy == (plate,) for one in asked)
    assert asked[0].draw == ()
    assert [one.box_xyxy for one in asked[1].draw] == [finding().box_xyxy]
    assert served_picture(services, ANYBODY, sha256, "small", draw=False) == plain
    assert len(asked) == 2  # The cache answered.


def test_a_deleted_original_is_shown_by_its_copy(
    services: Services,
    clock: "SetClock",
    make_report: MakeReport,
    asked: list[PictureRequest],
    end_cases: Callable[[datetime], None],
) -> None:
    sha256 = make_report(finding()).report.photo_sha256
    assert sha256 is not None
    with services.database.write() as connection:
        describe_photo(
            connection,
            sha256,
            image_wh=(2560, 1000),
            captured_at=None,
            perceptual_hash=None,
            plates=[(1, 1, 5, 5)],
        )
    end_cases(clock())
    clock.advance(days=200)
    delete_old_originals(services)
    asked.clear()
    served_picture(services, ANYBODY, sha256, "medium", draw=True)
    (request,) = asked
    assert request.hide_xyxy == ()  # Blurred already, in a smaller picture.
    assert [one.box_xyxy for one in request.draw] == [(50.0, 100.0, 200.0, 250.0)]


def test_without_a_copy_it_is_gone(
    services: Services, clock: "SetClock", make_report: MakeReport
) -> None:
    from api.keeping.erasure import erase_reports

    report = make_report(finding()).report
    assert report.photo_sha256 is not None
    served_picture(services, ANYBODY, report.photo_sha256, "small", draw=False)
    erase_reports(services, [report.id], actor="system:test")
    with pytest.raises(GoneError) as caught:
        served_picture(services, ANYBODY, report.photo_sha256, "small", draw=False)
    assert caught.value.status == 410
    assert f"{clock():%Y-%m-%d}" in caught.value.message


def test_sees_only_what_lies_in_its_cells(services: Services, make_report: MakeReport) -> None:
    from api.cases.grid import Grid, parse_grid

    def cell(code: str, west: float) -> dict[str, Any]:
        ring = [[west, 31], [west + 0.1, 31], [west + 0.1, 31.1], [west, 31.1], [west, 31]]
        geometry = {"type": "Polygon", "coordinates": [ring]}
        return {"type": "Feature", "properties": {"code": code}, "geometry": geometry}

    grid, problems = parse_grid(
        {"type": "FeatureCollection", "features": [cell("310101001", 121), cell("310202001", 122)]}
    )
    assert isinstance(grid, Grid) and not problems
    services.grid = grid
    of_case = make_report(finding(), lat=31.05, lon=121.05).report.photo_sha256
    loose = make_report(score=False, photo=jpeg((5, 5, 5)), lat=31.05, lon=121.05)
    placeless = make_report(finding(), photo=jpeg((6, 6, 6))).report.photo_sha256
    here, there = (
        Principal("1", "h", "handler", grids=("3101",)),
        Principal("2", "t", "handler", grids=("3102",)),
    )
    for sha256 in (of_case, loose.report.photo_sha256):
        assert sha256 is not None
        served_picture(services, here, sha256, "small", draw=False)
        with pytest.raises(NotFoundError):
            served_picture(services, there, sha256, "small", draw=False)
    assert placeless is not None
    with pytest.raises(NotFoundError):
        served_picture(services, here, placeless, "small", draw=False)
    served_picture(services, ANYBODY, placeless, "small", draw=False)
    with pytest.raises(NotFoundError):
        served_picture(services, ANYBODY, NAME, "small", draw=False)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (PhotoError("truncated", "The file ends too early."), InvalidError),
        (EvidenceError("privacy_failed", "The finder failed."), ScoringError),
        (ExtraMissingError("privacy", "Blurring"), ScoringError),
        (TimeoutError(), ScoringError),
        (ScoringError("hung", "It hung."), ScoringError),
    ],
)
def test_never_shows_what_could_not_be_blurred(
    services: Services,
    pool: FakePool,
    make_report: MakeReport,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    expected: type[Exception],
) -> None:
    sha256 = make_report(finding()).report.photo_sha256
    assert sha256 is not None

    class Failing:
        def result(self, timeout: float) -> bytes:
            assert timeout > 0
            raise error

    monkeypatch.setattr(pool, "picture", lambda *_: Failing())
    with pytest.raises(expected):
        served_picture(services, ANYBODY, sha256, "small", draw=False)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_full_pool_is_busy(services: Services, pool: FakePool, make_report: MakeReport) -> None:
    sha256 = make_report(finding()).report.photo_sha256
    assert sha256 is not None
    pool.full = True
    with pytest.raises(BusyError):
        served_picture(services, ANYBODY, sha256, "small", draw=False)


def test_cache_stays_below_its_bound_and_drops_the_oldest(tmp_path: Path) -> None:
    cache = PictureCache(tmp_path, most_bytes=SHARES * 100)
    for number in range(10):
        cache.put(NAME, f"request {number}", b"x" * 30)
        for path in tmp_path.rglob("ab*.*"):  # Older by a minute with each turn.
            facts = path.stat()
            os.utime(path, (facts.st_atime - 60, facts.st_mtime - 60))
    kept = [number for number in range(10) if cache.get(NAME, f"request {number}") is not None]
    assert kept == [7, 8, 9]


def test_cache_forgets_and_expires(tmp_path: Path) -> None:
    cache = PictureCache(tmp_path)
    other = "ab" + "cd" * 31
    assert cache.get(NAME, "x") is None
    cache.put(NAME, "x", b"1")
    cache.put(NAME, "y", b"2")
    cache.put(other, "x", b"3")
    assert cache.photos() == (NAME, other)
    assert cache.forget(NAME) == 2
    assert cache.get(NAME, "x") is None
    assert cache.get(other, "x") == b"3"
    assert cache.expire() == 0
    for path in tmp_path.rglob("ab*.*"):
        long_ago = time.time() - 100_000
        os.utime(path, (long_ago, long_ago))
    assert cache.expire() == 1
    assert cache.get(other, "x") is None


def test_cache_that_cannot_be_written_fails_nobody(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = PictureCache(tmp_path / "file")
    cache.put(NAME, "x", b"1")
    assert cache.get(NAME, "x") is None
