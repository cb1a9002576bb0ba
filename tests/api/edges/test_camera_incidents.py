"""What cameras see opens, updates and clears, once each, whatever breaks off."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, update

from api.cameras.incidents import IncidentNews, record_incident
from api.errors import StorageError
from api.intake.accepting import accept_report
from api.principal import Principal
from api.services import Services
from api.store.side_tables import incidents
from api.store.tables import case_events, cases, reports
from tests.api.edges.registered_camera import (
    CAMERA,
    MakeKey,
    count,
    events,
    incident,
    jpeg,
    register_camera,
)

if TYPE_CHECKING:
    from starlette.testclient import TestClient

WATCHER = Principal("watcher", "a watcher", "camera")


@pytest.fixture
def camera(client: "TestClient", make_key: MakeKey) -> dict[str, Any]:
    return register_camera(client, make_key)


@pytest.fixture
def watcher(make_key: MakeKey) -> dict[str, str]:
    return make_key("camera")


def test_incidents_open_join_update_and_clear(
    client: "TestClient",
    watcher: dict[str, str],
    make_key: MakeKey,
    camera: dict[str, Any],
    services: Services,
) -> None:
    opened = client.post("/v1/incidents", json=incident(1), headers=watcher)
    assert opened.status_code == 200, opened.text
    content = opened.json()
    assert content["applied"] is True
    assert content["camera_id"] == camera["id"]
    (case_id,) = content["case_ids"]
    with services.database.read() as connection:
        case = connection.execute(select(cases)).one()
        report = connection.execute(select(reports)).one()
    assert (case.id, case.label, case.source) == (case_id, "overflowing_bin", "camera")
    assert (case.state, case.lat) == ("collected", 31.05)
    assert report.id == content["report_id"]

    again = client.post("/v1/incidents", json=incident(1), headers=watcher).json()
    assert (again["applied"], again["report_id"]) == (False, report.id)
    newer = client.post("/v1/incidents", json=incident(3, frames=40), headers=watcher).json()
    assert (newer["applied"], newer["frames"]) == (True, 40)
    late = client.post("/v1/incidents", json=incident(2, frames=9), headers=watcher).json()
    assert (late["applied"], late["frames"], late["revision"]) == (False, 40, 3)
    over = incident(4, state="cleared", ended_at="2026-03-02T02:00:00Z")
    cleared = client.post("/v1/incidents", json=over, headers=watcher).json()
    assert (cleared["state"], cleared["ended_at"]) == ("cleared", "2026-03-02T02:00:00Z")
    client.post("/v1/incidents", json=over, headers=watcher)

    assert events(services, ".incident.") == ["incident.opened", "incident.cleared"]
    with services.database.read() as connection:
        notes = connection.execute(
            select(case_events).where(case_events.c.action == "incident_cleared")
        ).all()
        case = connection.execute(select(cases)).one()
    assert [(one.case_id, one.to_state) for one in notes] == [(case_id, "collected")]
    assert (case.state, case.reports_count, case.ended_at) == ("collected", 1, None)

    # Another incident of the same camera joins the case, and is no further witness.
    client.post("/v1/incidents", json=incident(1, id="HP-0137.8"), headers=watcher)
    with services.database.read() as connection:
        case = connection.execute(select(cases)).one()
    assert (case.reports_count, case.reporters_count) == (2, 1)

    reader = make_key("operator")
    shown = client.get("/v1/incidents", headers=reader).json()
    assert [one["id"] for one in shown["items"]] == ["HP-0137.8", "HP-0137.7"]
    for query, ids in (
        ("state=cleared", ["HP-0137.7"]),
        ("camera=HP-0137&state=open", ["HP-0137.8"]),
        (f"case_id={case_id}&label=overflowing_bin", ["HP-0137.8", "HP-0137.7"]),
        ("label=site_dust", []),
        ("started_from=2026-03-02T00:59:00Z", []),
    ):
        found = client.get(f"/v1/incidents?{query}", headers=reader).json()
        assert [one["id"] for one in found["items"]] == ids, query
    page = client.get("/v1/incidents?limit=1", headers=reader).json()
    following = client.get(f"/v1/incidents?limit=1&cursor={page['next']}", headers=reader).json()
    assert [one["id"] for one in following["items"]] == ["HP-0137.7"]
    assert following["next"] is None
    one = client.get("/v1/incidents/HP-0137.7", headers=reader).json()
    assert one["case_ids"] == [case_id]


def test_an_incident_with_its_frame_waits_for_its_score(
    client: "TestClient", watcher: dict[str, str], camera: dict[str, Any], services: Services
) -> None:
    import json

    fields = {
        name: json.dumps(value) if isinstance(value, dict) else str(value)
        for name, value in incident().items()
    }
    files = {"photo": ("peak.jpg", jpeg(), "image/jpeg")}
    answer = client.post("/v1/incidents", data=fields, files=files, headers=watcher)
    assert answer.status_code == 200, answer.text
    content = answer.json()
    with services.database.read() as connection:
        report = connection.execute(select(reports)).one()
    assert report.photo_sha256 == content["photo_sha256"]
    assert (report.state, report.label, report.source) == ("waiting", "overflowing_bin", "camera")
    assert services.photos.get(report.photo_sha256) == jpeg()
    assert camera["code"] == "HP-0137"


def test_an_incident_that_is_over_when_first_told_is_a_case_all_the_same(
    client: "TestClient", watcher: dict[str, str], camera: dict[str, Any], services: Services
) -> None:
    over = incident(5, state="cleared", ended_at="2026-03-02T00:59:00Z")
    content = client.post("/v1/incidents", json=over, headers=watcher).json()
    assert (content["state"], content["applied"], content["revision"]) == ("cleared", True, 5)
    assert len(content["case_ids"]) == 1
    assert events(services, ".incident.") == ["incident.opened", "incident.cleared"]
    assert camera["code"] == content["id"].partition(".")[0]


def news(revision: int = 1, **changes: Any) -> IncidentNews:
    from datetime import UTC, datetime

    at = datetime(2026, 3, 2, 0, 58, tzinfo=UTC)
    whole = IncidentNews("i-1", "HP-0137", "overflowing_bin", "open", revision, at, None, 1, {})
    return replace(whole, **changes)


@pytest.fixture
def broken_intake(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The storage fails at one moment: before the report is made, or right after."""
    moments: list[str] = []
    real = accept_report

    def accept(*arguments: Any, **named: Any) -> Any:
        moment = moments.pop() if moments else ""
        if moment == "before":
            raise StorageError("database_unavailable", "The database does not answer.")
        accepted = real(*arguments, **named)
        if moment == "after":
            raise StorageError("database_unavailable", "The database does not answer.")
        return accepted

    monkeypatch.setattr("api.cameras.incidents.accept_report", accept)
    yield moments


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("next_revision", [1, 2])
def test_what_broke_off_is_made_up_for(
    camera: dict[str, Any],
    services: Services,
    broken_intake: list[str],
    moment: str,
    next_revision: int,
) -> None:
    broken_intake.append(moment)
    over: dict[str, Any] = {"state": "cleared"}
    with pytest.raises(StorageError):
        record_incident(services, WATCHER, news(**over), jpeg(1))
    recorded = record_incident(services, WATCHER, news(next_revision, **over), jpeg(2))
    assert recorded.applied
    assert recorded.incident.state == "cleared"
    assert recorded.incident.report_id is not None
    assert count(services, reports) == 1
    assert events(services, ".incident.") == ["incident.opened", "incident.cleared"]
    assert camera["id"] == recorded.incident.camera_id


def test_the_same_news_many_times_at_once_are_one_report(
    camera: dict[str, Any], services: Services
) -> None:
    with ThreadPoolExecutor(8) as threads:
        told = [
            threads.submit(record_incident, services, WATCHER, news(revision))
            for revision in (1, 2, 3, 4) * 4
        ]
        answers = [one.result() for one in told]
    assert len({one.incident.report_id for one in answers}) == 1
    assert (count(services, reports), count(services, incidents)) == (1, 1)
    with services.database.read() as connection:
        assert connection.scalar(select(incidents.c.revision)) == 4
    assert events(services, ".incident.") == ["incident.opened"]
    assert camera["code"] == "HP-0137"


def test_an_incident_belongs_to_one_camera_and_label(
    client: "TestClient", watcher: dict[str, str], make_key: MakeKey, camera: dict[str, Any]
) -> None:
    client.post("/v1/incidents", json=incident(), headers=watcher)
    admin = make_key("admin")
    client.post("/v1/cameras", json=CAMERA | {"code": "B"}, headers=admin)
    for other in ({"camera": "B"}, {"label": "site_dust"}):
        answer = client.post("/v1/incidents", json=incident(9, **other), headers=watcher)
        assert answer.json()["code"] == "incident_id_taken"
    changes: tuple[tuple[dict[str, Any], int], ...] = (
        ({"camera": "nowhere", "id": "x"}, 404),
        ({"label": "potholes", "id": "x"}, 422),
        ({"revision": 0}, 422),
        ({"peak": {"score": 2, "box_xyxy": [0, 0, 1, 1]}}, 422),
        ({"ended_at": "2020-01-01T00:00:00Z"}, 422),
        ({"started_at": "2020-01-01T00:00:00"}, 422),
        ({"id": "a b"}, 422),
    )
    for change, status in changes:
        answer = client.post("/v1/incidents", json=incident() | change, headers=watcher)
        assert answer.status_code == status, change
    client.delete("/v1/cameras/HP-0137", headers=admin)
    gone = client.post("/v1/incidents", json=incident(9), headers=watcher)
    assert gone.status_code == 404
    assert camera["retired_at"] is None


def test_a_closed_case_gets_no_note(camera: dict[str, Any], services: Services) -> None:
    record_incident(services, WATCHER, news())
    with services.database.write() as connection:
        connection.execute(update(cases).values(state="closed", ended_at=services.clock()))
    record_incident(services, WATCHER, news(2, state="cleared"))
    with services.database.read() as connection:
        actions = connection.scalars(select(case_events.c.action)).all()
    assert "incident_cleared" not in actions
    assert camera["code"] == "HP-0137"
