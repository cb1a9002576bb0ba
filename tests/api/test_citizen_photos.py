"""The photos that a citizen sees without a key: of the own report, and of how it was solved."""

import itertools
from concurrent.futures import Future

import pytest
from starlette.testclient import TestClient

from api.errors import BusyError
from api.intake.accepting import NewReport, accept_report
from api.intake.scoring import score_step
from api.keeping.erasure import erase_reports
from api.scoring.base import PictureRequest
from api.scoring.fake import FakePool
from api.services import Services
from tests.api import reported
from tests.api.reported import CLEAN, JPEG, Report

report = pytest.fixture(reported.report)


class TestPhotos:
    @pytest.mark.parametrize("size", ["small", "medium", "large"])
    def test_the_reports_own_photo_is_blurred_and_kept_by_nobody(
        self, client: TestClient, report: Report, size: str
    ) -> None:
        made = report()
        answer = client.get(f"{made.path}/photo", params={"size": size}, headers=made.token)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
        assert answer.headers["cache-control"] == "private, no-store"
        assert answer.content.startswith(b"\xff\xd8") and answer.content != JPEG
        wrong = client.get(f"{made.path}/photo", params={"size": "huge"}, headers=made.token)
        assert wrong.status_code == 422

    def test_one_that_nobody_has_looked_at_yet_waits(
        self, client: TestClient, services: Services, report: Report, pool: FakePool
    ) -> None:
        pool.full = True
        made = report()
        pool.full = False
        answer = client.get(f"{made.path}/photo", headers=made.token)
        assert (answer.status_code, answer.json()["code"]) == (503, "photo_waiting")
        assert answer.headers["retry-after"] == "5"
        while score_step(services) == 0.0:
            pass
        assert client.get(f"{made.path}/photo", headers=made.token).status_code == 200

    def test_a_photo_waits_for_a_worker_that_is_busy(
        self, client: TestClient, pool: FakePool, report: Report, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = report()
        picture, refused = pool.picture, itertools.count(1)

        def make(data: bytes, request: PictureRequest) -> "Future[bytes]":
            if next(refused) <= 3:
                raise BusyError("pool_full", "Every worker is busy.", retry_after_s=1)
            return picture(data, request)

        monkeypatch.setattr(pool, "picture", make)
        answer = client.get(f"{made.path}/photo", headers=made.token)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
        assert next(refused) == 5

    def test_a_report_without_a_photo_has_none(
        self, client: TestClient, services: Services
    ) -> None:
        made = accept_report(services, NewReport("citizen", lat=31.2, lon=121.4))
        path = f"/v1/reports/{made.report.id}/photo"
        answer = client.get(path, headers={"X-Follow-Token": made.follow_token})
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")

    def test_the_after_photo_is_shown_once_it_is_checked(
        self, client: TestClient, report: Report
    ) -> None:
        made = report()
        path = f"{made.path}/cases/{made.number}/after-photo"

        def look() -> tuple[int, bool]:
            shown: bool = made.read()["cases"][0]["after_photo"]
            return client.get(path, headers=made.token).status_code, shown

        made.move("verify", "file", "dispatch")
        made.hand_in(CLEAN)
        assert look() == (404, False)
        made.move("handle", "report_back")
        assert look() == (404, False)
        made.move("check")
        assert look() == (200, True)
        made.move("close", "evaluate")
        assert look() == (200, True)
        assert client.get(path, headers=made.token).headers["cache-control"] == "private, no-store"
        other = path.replace(made.number, "2026-999999")
        assert client.get(other, headers=made.token).status_code == 404
        made.move("reopen", "verify", "file", "dispatch", "handle", "report_back", "check")
        assert look() == (404, False), "the proof of an earlier round proves nothing"

    def test_photos_of_others_cannot_be_reached(self, client: TestClient, report: Report) -> None:
        made = report()
        other = report(JPEG + b"2", lat="30.0")
        other.move("verify", "file", "dispatch")
        other.hand_in(CLEAN)
        other.move("handle", "report_back", "check")
        path = f"{made.path}/cases/{other.number}/after-photo"
        assert client.get(path, headers=made.token).status_code == 404

    def test_of_an_erased_report_nothing_is_shown(
        self, client: TestClient, services: Services, report: Report
    ) -> None:
        made, other = report(), report()
        made.close()
        erase_reports(services, [made.id], actor="system:test")
        for path in ("/photo", f"/cases/{made.number}/after-photo"):
            assert client.get(made.path + path, headers=made.token).status_code == 410
        assert client.get(f"{other.path}/photo", headers=other.token).status_code == 200
        assert made.say("f1", True).status_code == 410
        assert made.object("still there").status_code == 410
        assert made.read()["cases"][0]["may_object"] is False
