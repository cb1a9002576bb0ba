"""Citizens without a key: they report, follow, say what is right, and that it is not solved."""

import itertools
import json
from collections.abc import Callable
from concurrent.futures import Future
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from api.cases.spans import last_days
from api.casework.closing_check import AfterPhoto, check_after_photo
from api.casework.moving import MoveOrder, move_case
from api.casework.objections import REASON, object_to
from api.casework.regrouping import merge_case, split_case
from api.errors import BusyError, ConflictError, RateLimitedError
from api.intake.accepting import NewReport, accept_report
from api.intake.scoring import score_step
from api.keeping.erasure import erase_reports, find_by_contact
from api.principal import Principal
from api.scoring.base import PictureRequest
from api.scoring.fake import FakePool
from api.security import door
from api.security.rate_limit import RateLimit
from api.services import Services
from api.store.cases import get_case, list_events
from api.store.citizen_words import list_words
from api.store.objections import list_objections
from api.store.reports import list_cases_of
from api.store.side_tables import outbox
from api.store.statistics import Wanted
from api.store.statistics_judged import WordCount, count_words
from api.store.tables import reports
from detector.detections import Finding

if TYPE_CHECKING:
    from tests.api.conftest import SetClock

MakeKey = Callable[..., dict[str, str]]

BIN = Finding("f1", "overflowing_bin", 0.9, (100, 100, 400, 500), True, "medium")
FAINT = Finding("f2", "illegal_poster", 0.1, (10, 10, 40, 50), False, "small")
JPEG = b"\xff\xd8\xff\xe0 a photo of a bin"
CLEAN = b"\xff\xd8\xff\xe0 a clean street"
PLACE = {"lat": "31.2304", "lng": "121.4737"}
OPERATOR = Principal("op", "an operator", "operator")
WRONG = {"X-Follow-Token": "fol_" + 64 * "0"}


class Reported:
    """A report, as its sender holds it."""

    def __init__(self, client: TestClient, services: Services, body: dict[str, Any]) -> None:
        self.client, self.services, self.body = client, services, body
        self.id: str = body["id"]
        self.path = f"/v1/reports/{self.id}"
        self.token = {"X-Follow-Token": body["follow_token"]}

    @property
    def number(self) -> str:
        number: str = self.body["cases"][0]["number"]
        return number

    @property
    def case_id(self) -> str:
        with self.services.database.read() as connection:
            return list_cases_of(connection, self.id)[0]

    def read(self) -> Any:
        answer = self.client.get(self.path, headers=self.token)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def say(self, finding: str, right: object) -> Any:
        return self.client.put(
            f"{self.path}/findings/{finding}/word", json={"right": right}, headers=self.token
        )

    def object(self, note: str | None = None, number: str | None = None) -> Any:
        body = {"number": number or self.number, "note": note}
        return self.client.post(f"{self.path}/objections", json=body, headers=self.token)

    def move(self, *names: Any, reason: str | None = "because") -> None:
        for name in names:
            move_case(self.services, OPERATOR, self.case_id, MoveOrder(name, reason))

    def close(self) -> None:
        self.move("verify", "file", "dispatch", "handle", "report_back", "check", "close")

    def hand_in(self, photo: bytes) -> None:
        check_after_photo(self.services, OPERATOR, self.case_id, AfterPhoto(photo))


@pytest.fixture
def report(client: TestClient, services: Services, pool: FakePool) -> Callable[..., Reported]:
    pool.findings = lambda data: () if data.startswith(CLEAN) else (BIN, FAINT)

    def make(photo: bytes = JPEG, **fields: str) -> Reported:
        files = {"photo": ("bin.jpg", photo, "image/jpeg")}
        answer = client.post("/v1/reports", files=files, data=PLACE | fields)
        assert answer.status_code == 202, answer.text
        return Reported(client, services, answer.json())

    return make


Report = Callable[..., Reported]


def post(client: TestClient, **options: Any) -> Any:
    return client.post("/v1/reports", files={"photo": ("a.jpg", JPEG, "image/jpeg")}, **options)


class TestWithoutAKey:
    def test_anybody_reports_as_a_citizen(
        self, client: TestClient, services: Services, report: Report
    ) -> None:
        made = report(note="满了", phone="13800000000")
        with services.database.read() as connection:
            row = connection.execute(select(reports).where(reports.c.id == made.id)).one()
        assert (row.source, row.key_id, row.note) == ("citizen", None, "满了")
        refused = post(client, data=PLACE | {"source": "superior"})
        assert (refused.status_code, refused.json()["code"]) == (403, "source_forbidden")

    def test_a_wrong_key_is_refused_and_so_is_one_without_the_right(
        self, client: TestClient, make_key: MakeKey
    ) -> None:
        assert post(client, headers={"X-API-Key": "sid_" + 43 * "a"}).status_code == 401
        assert post(client, headers=make_key("auditor")).status_code == 403

    def test_a_service_may_ask_for_keys(
        self, client: TestClient, services: Services, make_key: MakeKey
    ) -> None:
        services.settings = services.settings.model_copy(update={"citizen_page": False})
        assert post(client).status_code == 401
        assert post(client, headers=make_key("citizen-intake")).status_code == 202

    def test_sending_again_makes_no_second_report(self, client: TestClient) -> None:
        first, again = (post(client, headers={"Idempotency-Key": "k-1"}) for _ in range(2))
        assert first.json()["id"] == again.json()["id"]
        assert first.json()["follow_token"] == again.json()["follow_token"]

    def test_an_address_is_limited_by_the_hour_before_its_body_is_read(
        self,
        client: TestClient,
        make_key: MakeKey,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        now = [1000.0]
        limit = RateLimit(2, lambda: now[0], window_s=door.HOUR_S)
        monkeypatch.setattr(client.app.state.door, "_reports", limit)  # type: ignore[attr-defined]
        assert [post(client).status_code for _ in range(2)] == [202, 202]

        async def never(*_: Any) -> None:
            raise AssertionError("the body was read")

        with monkeypatch.context() as patched:
            patched.setattr("api.routes.reports.read_upload", never)
            refused = post(client)
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many_reports")
        assert refused.headers["retry-after"] == "1800"
        assert post(client, headers=make_key("citizen-intake")).status_code == 202
        now[0] += 1800
        assert [post(client).status_code for _ in range(2)] == [202, 429]

    def test_the_limit_is_the_settings(self, services: Services) -> None:
        services.settings = services.settings.model_copy(update={"citizen_reports_per_hour": 3})
        opened = door.Door(services)
        for _ in range(3):
            opened.admit_report("203.0.113.7")
        with pytest.raises(RateLimitedError, match="within an hour"):
            opened.admit_report("203.0.113.7")
        opened.admit_report("203.0.113.8")


class TestTheToken:
    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            ("GET", "", None),
            ("GET", "/photo", None),
            ("GET", "/cases/2026-000001/after-photo", None),
            ("PUT", "/findings/f1/word", {"right": True}),
            ("POST", "/objections", {"number": "2026-000001"}),
        ],
    )
    def test_a_wrong_one_is_answered_as_no_report_is(
        self,
        client: TestClient,
        report: Report,
        method: str,
        path: str,
        body: Any,
    ) -> None:
        made, other = report(), report(JPEG + b"2")
        nobody = "/v1/reports/01890a5d-ac96-774b-bcce-b302099a8057"
        answers = [
            client.request(method, made.path + path, json=body, headers=headers)
            for headers in ({}, WRONG, other.token)
        ]
        answers.append(client.request(method, nobody + path, json=body, headers=WRONG))
        texts = {
            answer.text.replace(made.id, "ID").replace(nobody.rpartition("/")[2], "ID")
            for answer in answers
        }
        assert {answer.status_code for answer in answers} == {404}
        assert len(texts) == 1
        assert '"not_found"' in texts.pop()

    def test_addresses_are_limited(
        self, client: TestClient, report: Report, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = report()
        limit = RateLimit(4)
        monkeypatch.setattr(client.app.state.door, "_by_address", limit)  # type: ignore[attr-defined]
        asked = [
            client.get(f"{made.path}/photo", headers=made.token),
            client.get(f"{made.path}/cases/{made.number}/after-photo", headers=made.token),
            made.say("f1", True),
            made.object(),
        ]
        assert 429 not in [answer.status_code for answer in asked]
        asked = [
            client.get(f"{made.path}/photo", headers=made.token),
            client.get(f"{made.path}/cases/{made.number}/after-photo", headers=made.token),
            made.say("f1", True),
            made.object(),
        ]
        assert {answer.status_code for answer in asked} == {429}


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


class TestWords:
    def test_a_word_is_kept_and_the_later_one_counts(
        self, services: Services, report: Report, clock: "SetClock"
    ) -> None:
        made = report()
        assert made.body["findings"][0]["said_right"] is None
        assert (made.say("f1", False).status_code, made.say("f1", False).content) == (204, b"")
        clock.advance(minutes=1)
        assert made.say("f1", True).status_code == 204
        assert made.read()["findings"][0]["said_right"] is True
        with services.database.read() as connection:
            assert list_words(connection, [made.id, "other"]) == {made.id: {"f1": True}}
            today = Wanted(last_days(1, clock().date(), services.rules.timezone))
            assert count_words(connection, today) == {"overflowing_bin": WordCount(1, 0)}
            tomorrow = clock().date() + timedelta(days=1)
            later = Wanted(last_days(1, tomorrow, services.rules.timezone))
            assert count_words(connection, later) == {}

    @pytest.mark.parametrize("finding", ["f2", "f3", "a" * 64])
    def test_only_of_what_was_shown(self, report: Report, finding: str) -> None:
        made = report()
        assert made.say(finding, True).status_code == 404

    @pytest.mark.parametrize("right", ["yes", 1, None])
    def test_a_word_is_yes_or_no(self, report: Report, right: object) -> None:
        assert report().say("f1", right).status_code == 422

    def test_words_are_exported(
        self, client: TestClient, report: Report, make_key: MakeKey
    ) -> None:
        made = [report(JPEG + bytes([n]), lat=str(20 + n)) for n in range(3)]
        for one, right in zip(made, (True, False, True), strict=True):
            one.say("f1", right)
        key = make_key("operator")
        answer = client.get("/v1/feedback/words", headers=key)
        lines = [json.loads(line) for line in answer.text.splitlines()]
        assert answer.headers["content-type"] == "application/x-ndjson"
        assert [line["right"] for line in lines] == [True, False, True]
        model = lines[0].pop("model")
        assert set(model) == {"name", "version"}
        assert lines[0] == {
            "report": made[0].id,
            "finding": "f1",
            "label": "overflowing_bin",
            "score": 0.9,
            "right": True,
            "at": "2026-03-02T01:00:00Z",
        }
        paged: list[str] = []
        cursor: str | None = None
        for _ in range(4):
            params = {"limit": "1"} | ({"cursor": cursor} if cursor else {})
            page = client.get("/v1/feedback/words", headers=key, params=params)
            paged += page.text.splitlines()
            cursor = page.headers.get("next-cursor")
            if cursor is None:
                break
        assert paged == answer.text.splitlines()
        since = client.get(
            "/v1/feedback/words", headers=key, params={"since": "2026-03-02T01:00:01Z"}
        )
        assert since.text == ""
        bad = client.get("/v1/feedback/words", headers=key, params={"cursor": "bad"})
        assert bad.status_code == 422
        elsewhere = make_key("operator", grids=("310101",))
        assert client.get("/v1/feedback/words", headers=elsewhere).text == ""
        assert client.get("/v1/feedback/words", headers=make_key("handler")).status_code == 403


class TestObjections:
    def test_a_closed_case_is_reopened_once_and_its_history_tells_no_words(
        self, services: Services, report: Report, clock: "SetClock"
    ) -> None:
        made = report()
        assert made.read()["cases"][0]["may_object"] is False
        assert made.object().json()["code"] == "still_open"
        made.close()
        clock.advance(days=2)
        followed = made.read()["cases"][0]
        assert (followed["state"], followed["may_object"]) == ("closed", True)
        assert followed["ended_at"] == "2026-03-02T01:00:00Z"
        assert followed["objection_until"] == "2026-03-17T01:00:00Z"
        answer = made.object("my door, number 7, is full again")
        assert (answer.status_code, answer.json()["outcome"]) == (201, "reopened")
        assert answer.json()["message_zh"] and answer.json()["message_en"]
        followed = made.read()["cases"][0]
        assert (followed["state"], followed["may_object"]) == ("collected", False)
        assert (followed["ended_at"], followed["objection_until"]) == (None, None)
        with services.database.read() as connection:
            case = get_case(connection, made.case_id)
            last = list_events(connection, made.case_id)[-1]
            (objection,) = list_objections(connection, made.case_id)
            told = [row.type for row in connection.execute(select(outbox).order_by(outbox.c.seq))]
        assert case is not None and case.review_due_at is not None
        assert case.review_due_at > clock()
        assert (last.action, last.actor, last.reason) == ("reopen", "citizen", REASON)
        assert last.details == {"objection": objection.id}
        assert objection.note == "my door, number 7, is full again"
        assert (objection.report_id, objection.outcome) == (made.id, "reopened")
        assert told[-1] == "cn.street-issues.case.collected"
        assert made.object().status_code == 409
        clock.advance(days=1)
        made.close()
        assert made.object().status_code == 201, "of another end one may object again"

    def test_of_a_dismissed_case_it_is_noted(
        self, services: Services, report: Report, clock: "SetClock"
    ) -> None:
        made = report()
        made.move("dismiss")
        clock.advance(hours=1)
        assert made.read()["cases"][0]["may_object"] is True
        assert made.object("it is there").json()["outcome"] == "noted"
        again = made.object()
        assert (again.status_code, again.json()["code"]) == (409, "objected_already")
        assert made.read()["cases"][0]["may_object"] is False
        with services.database.read() as connection:
            case = get_case(connection, made.case_id)
            last = list_events(connection, made.case_id)[-1]
        assert case is not None and case.state == "dismissed"
        assert (last.action, last.actor, last.from_state) == ("objected", "citizen", "dismissed")

    def test_too_late_is_too_late(self, report: Report, clock: "SetClock") -> None:
        made = report()
        made.close()
        clock.advance(days=15)
        assert made.read()["cases"][0]["may_object"] is True
        clock.advance(seconds=1)
        assert made.read()["cases"][0]["may_object"] is False
        answer = made.object()
        assert (answer.status_code, answer.json()["code"]) == (409, "objection_too_late")
        assert "Report the problem again" in answer.json()["hint"]

    def test_a_case_of_others_is_none(self, report: Report) -> None:
        made, other = report(), report(JPEG + b"2", lat="30.0")
        other.close()
        assert made.object(number=other.number).status_code == 404
        assert made.object(number="2026-12").status_code == 422
        assert made.object("a\x00b").status_code == 422

    def test_two_reporters_of_one_case_reopen_it_once(
        self, services: Services, report: Report
    ) -> None:
        first, second = report(), report(JPEG + b"2")
        assert first.number == second.number
        first.close()
        assert first.object("one").status_code == 201
        with pytest.raises(ConflictError, match="still worked on"):
            object_to(services, second.id, second.number, "two")

    def test_it_goes_with_its_report_through_merges_and_splits(
        self, services: Services, report: Report
    ) -> None:
        made, other = report(), report(JPEG + b"2", lat="30.0")
        made.close()
        made.object("not solved")
        old_case = made.case_id
        merge_case(services, OPERATOR, old_case, other.case_id)
        assert made.case_id == other.case_id
        with services.database.read() as connection:
            assert [one.note for one in list_objections(connection, other.case_id)] == [
                "not solved"
            ]
        assert made.object(number=made.number).status_code == 404  # The merged one is not its own.
        split_case(services, OPERATOR, other.case_id, [made.id])
        with services.database.read() as connection:
            assert list_objections(connection, other.case_id) == ()
            assert len(list_objections(connection, made.case_id)) == 1
        made.close()
        assert made.object(number=made.read()["cases"][0]["number"]).status_code == 201

    def test_words_and_notes_are_found_and_erased(self, services: Services, report: Report) -> None:
        made, other = report(), report(JPEG + b"2", lat="30.0")
        for one in (made, other):
            one.say("f1", False)
            one.close()
        made.object("call 13912345678")
        other.object("leave it")
        assert find_by_contact(services, "13912345678").mentioned_in == (made.id,)
        erase_reports(services, [made.id], actor="system:test")
        assert find_by_contact(services, "13912345678").mentioned_in == ()
        with services.database.read() as connection:
            (objection,) = list_objections(connection, made.case_id)
            assert (objection.note, objection.outcome) == (None, "reopened")
            assert list_objections(connection, other.case_id)[0].note == "leave it"
            assert list_words(connection, [made.id, other.id]) == {other.id: {"f1": False}}
