"""The metrics tell what waits, for how long, and what went wrong."""

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import insert, update

from api.errors import StorageError
from api.gauges import read_gauges
from api.ids import new_id
from api.intake.accepting import NewReport, accept_report
from api.store.outbox import record_event
from api.store.queue import put_work
from api.store.side_tables import webhooks
from api.store.tables import cases

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.testclient import TestClient

    from api.services import Services

MakeKey = Callable[..., dict[str, str]]

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


class TestMetrics:
    def test_the_same_machine_needs_no_key(self, app: "FastAPI", client: "TestClient") -> None:
        local = type(client)(app, client=("127.0.0.1", 50000))
        answer = local.get("/metrics")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
        assert "street_issues_ledger_up 1.0" in answer.text
        assert "street_issues_photos_free_bytes" in answer.text

    def test_behind_a_proxy_it_is_not_the_same_machine(
        self, app: "FastAPI", client: "TestClient"
    ) -> None:
        local = type(client)(app, client=("127.0.0.1", 50000))
        assert local.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 401

    def test_others_need_the_right(self, client: "TestClient", make_key: MakeKey) -> None:
        assert client.get("/metrics").status_code == 401
        assert client.get("/metrics", headers=make_key("handler")).status_code == 403
        assert client.get("/metrics", headers=make_key("auditor")).status_code == 200

    def test_requests_are_counted_by_route(self, client: "TestClient", make_key: MakeKey) -> None:
        client.get("/v1/cases/01890a5d-ac96-774b-bcce-b302099a8057")
        text = client.get("/metrics", headers=make_key("auditor")).text
        assert 'route="/v1/cases/{case_id}",status="401"' in text
        assert "01890a5d" not in text

    def test_a_lost_database_is_shown_as_lost(self, services: "Services") -> None:
        def refuse() -> None:
            raise StorageError("database_unavailable", "It does not answer.")

        services.database.read = refuse  # type: ignore[method-assign,assignment]  # as if it were lost
        shown = {metric.name: metric.samples for metric in read_gauges(services)}
        assert shown["street_issues_ledger_up"][0].value == 0
        assert "street_issues_queue_depth" not in shown

    def test_the_queue_is_shown_by_state(self, services: "Services") -> None:
        now = services.clock()
        since = now - timedelta(seconds=90)
        with services.database.write() as connection:
            connection.execute(
                insert(cases).values(
                    id="a case",
                    number="2026-000001",
                    state="dispatched",
                    source="citizen",
                    priority=1,
                    reports_count=1,
                    reporters_count=1,
                    opened_at=since,
                    state_since=since,
                    version=1,
                )
            )
            put_work(
                connection,
                case_id="a case",
                state="dispatched",
                label=None,
                grid_code=None,
                priority=1,
                since=since,
                at=now,
            )
        shown = {metric.name: metric.samples for metric in read_gauges(services)}
        (depth,) = shown["street_issues_queue_depth"]
        assert (depth.labels, depth.value) == ({"state": "dispatched", "standing": "ready"}, 1)
        (age,) = shown["street_issues_queue_oldest_seconds"]
        assert age.value == 90

    def test_what_waits_beside_the_requests_is_shown(
        self, services: "Services", clock: "Any"
    ) -> None:
        assert waiting(services) == {"jobs": (0, 0), "deliveries": (0, 0)}
        on, off = new_id(), new_id()
        with services.database.write() as connection:
            for webhook_id in (on, off):
                connection.execute(
                    insert(webhooks).values(
                        id=webhook_id,
                        url="https://desk.example.cn/",
                        types=[],
                        grids=[],
                        secrets=["whsec_a"],
                        created_at=clock(),
                        created_by="system:test",
                    )
                )
        accept_report(
            services, NewReport("citizen", b"\xff\xd8\xff\xe0 a photo", lat=39.9, lon=116.4)
        )
        clock.advance(seconds=60)
        accept_report(
            services, NewReport("citizen", b"\xff\xd8\xff\xe0 another photo", lat=39.9, lon=116.4)
        )
        with services.database.write() as connection:
            record_event(
                connection,
                type="cn.street-issues.case.opened",
                subject="cases/a",
                grid_code=None,
                at=clock(),
                data={},
            )
        assert waiting(services)["deliveries"] == (6, 60)
        with services.database.write() as connection:
            disabled = update(webhooks).where(webhooks.c.id == off)
            connection.execute(disabled.values(disabled_at=clock()))
        clock.advance(seconds=30)
        assert waiting(services) == {"jobs": (2, 90), "deliveries": (3, 90)}
        clock.advance(days=-1)  # Nothing is younger than just come.
        assert waiting(services) == {"jobs": (2, 0), "deliveries": (3, 0)}


def waiting(services: "Services") -> dict[str, tuple[float, float]]:
    shown = {
        metric.name: metric.samples[0].value for metric in read_gauges(services) if metric.samples
    }
    return {
        name: (
            shown[f"street_issues_{name}_waiting"],
            shown[f"street_issues_{name}_oldest_seconds"],
        )
        for name in ("jobs", "deliveries")
    }
