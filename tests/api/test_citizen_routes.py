"""Citizens without a key report and follow: who is let in, how often, and by which token."""

from typing import Any

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from api.errors import RateLimitedError
from api.security import door
from api.security.rate_limit import RateLimit
from api.services import Services
from api.store.tables import reports
from tests.api import reported
from tests.api.conftest import MakeKey
from tests.api.reported import JPEG, PLACE, Report

WRONG = {"X-Follow-Token": "fol_" + 64 * "0"}

report = pytest.fixture(reported.report)


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
