"""What citizens say afterwards: whether a finding is right, and that a case is not solved."""

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from api.cases.spans import last_days
from api.casework.objections import REASON, object_to
from api.casework.regrouping import merge_case, split_case
from api.errors import ConflictError
from api.keeping.erasure import erase_reports, find_by_contact
from api.services import Services
from api.store.cases import get_case, list_events
from api.store.citizen_words import list_words
from api.store.objections import list_objections
from api.store.side_tables import outbox
from api.store.statistics import Wanted
from api.store.statistics_judged import WordCount, count_words
from tests.api import reported
from tests.api.conftest import MakeKey
from tests.api.reported import JPEG, OPERATOR, Report

if TYPE_CHECKING:
    from tests.api.conftest import SetClock

report = pytest.fixture(reported.report)


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
