"""Pictures are made before anybody asks, and never before a report."""

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from api.errors import BusyError, ScoringError
from api.intake.accepting import NewReport, accept_report
from api.intake.scoring import score_step
from api.photos.ahead import BUSY_S, IDLE_S, picture_step
from api.photos.pictures import look_up_picture
from api.photos.wanted import PicturesAhead
from api.principal import Principal
from api.scoring.fake import FakePool

if TYPE_CHECKING:
    from api.services import Services

sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
READER = Principal("reader", "a reader", "admin")


def report(services: "Services") -> str:
    """Hand a photo in and have it scored; return its name."""
    done, data = cv2.imencode(".png", np.full((8, 8, 3), 90, np.uint8))
    assert done
    accepted = accept_report(services, NewReport(source="citizen", photo=data.tobytes()))
    while score_step(services) == 0.0:
        pass
    assert accepted.report.photo_sha256 is not None
    return accepted.report.photo_sha256


def is_made(services: "Services", sha256: str) -> tuple[bool, bool]:
    return (
        look_up_picture(services, READER, sha256, "small", draw=False).made is not None,
        look_up_picture(services, READER, sha256, "medium", draw=False).made is not None,
    )


@sqlite
def test_a_scored_photos_pictures_are_there_before_they_are_asked_for(
    services: "Services",
) -> None:
    sha256 = report(services)
    assert is_made(services, sha256) == (False, False)
    assert picture_step(services) == 0.0
    assert is_made(services, sha256) == (True, True)
    assert picture_step(services) == IDLE_S


@sqlite
def test_reports_come_first(
    services: "Services", pool: FakePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    sha256 = report(services)
    monkeypatch.setattr(pool, "busy", 1, raising=False)
    assert picture_step(services) == BUSY_S
    assert is_made(services, sha256) == (False, False)


@sqlite
def test_a_pool_that_filled_up_meanwhile_only_puts_it_off(
    services: "Services", pool: FakePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    sha256 = report(services)

    def refuse(*_: object) -> None:
        raise BusyError("pool_full", "Every worker is busy.")

    with monkeypatch.context() as patch:
        patch.setattr(pool, "picture", refuse)
        assert picture_step(services) == BUSY_S
    assert picture_step(services) == 0.0
    assert is_made(services, sha256) == (True, True)


@sqlite
def test_a_picture_that_cannot_be_made_holds_nothing_up(
    services: "Services", pool: FakePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    report(services)

    def fail(*_: object) -> None:
        raise ScoringError("worker_gone", "The worker died.")

    monkeypatch.setattr(pool, "picture", fail)
    assert picture_step(services) == 0.0
    assert picture_step(services) == IDLE_S


def test_of_too_many_the_oldest_are_forgotten_and_none_stands_twice() -> None:
    ahead = PicturesAhead(most=2)
    for name in ("a", "b", "b", "c"):
        ahead.add(name)
    assert [ahead.take(), ahead.take(), ahead.take()] == ["b", "c", None]
