"""Cameras are registered and watched; what they see opens, updates and clears."""

import io
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from sqlalchemy import func, select, update

from api.cameras.camera import check_hours, check_zone
from api.cameras.incidents import IncidentNews, record_incident
from api.cameras.watching import notice_silent_cameras
from api.errors import InvalidError, StorageError
from api.intake.accepting import accept_report
from api.principal import Principal
from api.services import Services
from api.store.side_tables import incidents, outbox
from api.store.tables import case_events, cases, photos, reports

if TYPE_CHECKING:
    from starlette.testclient import TestClient

MakeKey = Callable[..., dict[str, str]]
WATCHER = Principal("watcher", "a watcher", "camera")


def jpeg(shade: int = 100) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (64, 48), (shade, shade, shade)).save(stream, "JPEG")
    return stream.getvalue()


CAMERA = {
    "code": "HP-0137",
    "name": "南京东路 100 号路口",
    "position": {"lat": 31.05, "lng": 121.05},
    "labels": ["overflowing_bin"],
    "hours": [["06:00", "22:00"]],
    "zones": [
        {"points": [[0, 0.5], [1, 0.5], [1, 1], [0, 1]], "name": "road"},
        {"points": [[0.1, 0.6], [0.2, 0.6], [0.2, 0.7]], "kind": "exclude"},
    ],
}


def incident(revision: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "id": "HP-0137.7",
        "camera": "HP-0137",
        "label": "overflowing_bin",
        "state": "open",
        "revision": revision,
        "started_at": "2026-03-02T00:58:00Z",
        "frames": 3,
        "peak": {"score": 0.83, "box_xyxy": [10, 10, 30, 30], "severity": "medium"},
    } | changes


@pytest.fixture
def camera(client: "TestClient", make_key: MakeKey) -> dict[str, Any]:
    answer = client.post("/v1/cameras", json=CAMERA, headers=make_key("admin"))
    assert answer.status_code == 201, answer.text
    content: dict[str, Any] = answer.json()
    return content


@pytest.fixture
def watcher(make_key: MakeKey) -> dict[str, str]:
    return make_key("camera")


def events(services: Services, prefix: str) -> list[str]:
    with services.database.read() as connection:
        rows = connection.execute(
            select(outbox.c.type).where(outbox.c.type.contains(prefix)).order_by(outbox.c.seq)
        )
        return [row.type.removeprefix("cn.street-issues.") for row in rows]


def count(services: Services, table: Any) -> int:
    with services.database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def test_a_camera_is_registered_changed_retired(
    client: "TestClient", make_key: MakeKey, camera: dict[str, Any]
) -> None:
    admin, reader = make_key("admin"), make_key("operator")
    assert client.get("/v1/cameras", headers=reader).json() == [camera]
    assert client.get("/v1/cameras/HP-0137", headers=reader).json() == camera
    assert client.get(f"/v1/cameras/{camera['id']}", headers=reader).json() == camera
    assert camera["state"] is None
    assert camera["zones"][0]["kind"] == "include"
    assert client.post("/v1/cameras", json=CAMERA, headers=admin).json()["code"] == (
        "camera_code_taken"
    )
    other = client.post("/v1/cameras", json=CAMERA | {"code": "B"}, headers=admin).json()
    taken = client.patch(f"/v1/cameras/{other['id']}", json={"code": "HP-0137"}, headers=admin)
    assert taken.status_code == 409

    patch: dict[str, Any] = {"name": "新名", "position": None, "zones": []}
    changed = client.patch("/v1/cameras/HP-0137", json=patch, headers=admin).json()
    assert changed == camera | {"name": "新名", "position": None, "zones": []}

    for _ in range(2):
        retired = client.delete("/v1/cameras/HP-0137", headers=admin)
        assert retired.status_code == 200
        assert retired.json()["retired_at"] is not None
    codes = [one["code"] for one in client.get("/v1/cameras", headers=reader).json()]
    assert codes == ["B"]
    assert len(client.get("/v1/cameras?retired=true", headers=reader).json()) == 2


@pytest.mark.parametrize(
    "change",
    [
        {"zones": [{"points": [[0, 0], [1, 1], [1, 0], [0, 1]]}]},  # A bow tie
        {"zones": [{"points": [[0, 0], [0.5, 0.5], [1, 1]]}]},  # A line
        {"zones": [{"points": [[0, 0], [1, 0]]}]},
        {"zones": [{"points": [[0, 0], [1.1, 0], [1, 1]]}]},
        {"labels": ["potholes"]},
        {"zones": [{"points": [[0, 0], [1, 0], [1, 1]], "labels": ["potholes"]}]},
        {"hours": [["08:00", "08:00"]]},
        {"hours": [["08:00", "12:00"], ["11:00", "13:00"]]},
        {"hours": [["8:00", "12:00"]]},
        {"position": {"lat": 31}},
        {"code": "a/b"},
        {"name": "a\x00b"},
        {"colour": "red"},
    ],
)
def test_cameras_that_make_no_sense_are_refused(
    client: "TestClient", make_key: MakeKey, change: dict[str, Any]
) -> None:
    answer = client.post("/v1/cameras", json=CAMERA | change, headers=make_key("admin"))
    assert answer.status_code == 422
    assert client.get("/v1/cameras", headers=make_key("admin")).json() == []


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=3, max_size=12))
@settings(max_examples=300, deadline=None)
def test_zones_of_any_points_are_taken_or_refused(points: list[tuple[float, float]]) -> None:
    from shapely.geometry import Polygon

    try:
        check_zone(points)
    except InvalidError:
        return
    polygon = Polygon(points)
    assert polygon.is_simple
    assert polygon.area > 0


@given(st.integers(3, 30), st.floats(0.1, 0.45))
@settings(deadline=None)
def test_every_plain_round_zone_is_taken(corners: int, radius: float) -> None:
    import math

    turns = [2 * math.pi * i / corners for i in range(corners)]
    check_zone([(0.5 + radius * math.cos(t), 0.5 + radius * math.sin(t)) for t in turns])


def test_hours_over_midnight() -> None:
    check_hours([("06:00", "12:00"), ("20:00", "02:00")])
    check_hours([("20:00", "06:00")])
    for wrong in (
        [("20:00", "02:00"), ("06:00", "12:00")],
        [("01:00", "12:00"), ("20:00", "02:00")],
    ):
        with pytest.raises(InvalidError):
            check_hours(wrong)


def test_heartbeats_change_the_state_and_silence_is_noticed(
    client: "TestClient",
    watcher: dict[str, str],
    make_key: MakeKey,
    camera: dict[str, Any],
    services: Services,
    clock: Any,
) -> None:
    url, reader = "/v1/cameras/HP-0137/heartbeat", make_key("operator")
    assert client.post(url, json={"state": "live"}, headers=watcher).json()["state"] == "live"
    clock.advance(minutes=1)
    assert client.post(url, json={"state": "live"}, headers=watcher).status_code == 200
    black = client.post(url, json={"state": "black"}, headers=watcher).json()
    assert (black["state"], black["state_since"]) == ("black", "2026-03-02T01:01:00Z")
    late = {"state": "live", "at": "2026-03-02T01:00:30Z"}
    assert client.post(url, json=late, headers=watcher).json()["state"] == "black"
    ahead = {"state": "live", "at": "2027-01-01T00:00:00Z"}
    assert client.post(url, json=ahead, headers=watcher).json()["heartbeat_at"] == (
        "2026-03-02T01:01:00Z"
    )
    assert events(services, ".camera.") == ["camera.live", "camera.black", "camera.live"]

    assert notice_silent_cameras(services) > 0
    clock.advance(minutes=6)
    shown = client.get("/v1/cameras?state=offline", headers=reader).json()
    assert [one["code"] for one in shown] == ["HP-0137"]
    for _ in range(2):
        notice_silent_cameras(services)
    assert events(services, ".camera.")[3:] == ["camera.offline"]
    assert client.post(url, json={"state": "live"}, headers=watcher).json()["state"] == "live"
    assert events(services, ".camera.")[4:] == ["camera.live"]
    notice_silent_cameras(services)
    assert len(events(services, ".camera.")) == 5
    assert camera["state"] is None


def test_one_frame_an_hour_is_kept(
    client: "TestClient",
    watcher: dict[str, str],
    camera: dict[str, Any],
    services: Services,
    clock: Any,
) -> None:
    url = "/v1/cameras/HP-0137/heartbeat"

    def beat(shade: int, state: str = "live") -> str:
        files = {"photo": ("frame.jpg", jpeg(shade), "image/jpeg")}
        answer = client.post(url, data={"state": state}, files=files, headers=watcher)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["frame_sha256"])

    first = beat(10)
    clock.advance(minutes=1)
    assert beat(20) == first
    changed = beat(30, "blurred")
    assert changed != first
    clock.advance(minutes=61)
    assert beat(40, "blurred") not in (first, changed)
    assert count(services, photos) == 3
    bad = {"photo": ("frame.jpg", b"no picture at all", "image/jpeg")}
    answer = client.post(url, data={"state": "live"}, files=bad, headers=watcher)
    assert answer.status_code == 415
    assert camera["frame_sha256"] is None


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


def test_rights_and_grid_cells(
    client: "TestClient", make_key: MakeKey, watcher: dict[str, str], services: Services
) -> None:
    from api.grid_cells import import_grid

    ring = [[121.0, 31.0], [121.1, 31.0], [121.1, 31.1], [121.0, 31.1], [121.0, 31.0]]
    square = {
        "type": "Feature",
        "properties": {"code": "310A"},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
    import_grid(services, {"type": "FeatureCollection", "features": [square]}, actor="system:test")
    admin = make_key("admin")
    made = client.post("/v1/cameras", json=CAMERA, headers=admin).json()
    assert made["grid_code"] == "310A"
    client.post("/v1/incidents", json=incident(), headers=watcher)
    here, elsewhere = (make_key("operator", grids=(one,)) for one in ("310A", "320"))
    assert len(client.get("/v1/cameras", headers=here).json()) == 1
    assert len(client.get("/v1/incidents", headers=here).json()["items"]) == 1
    assert client.get("/v1/cameras", headers=elsewhere).json() == []
    assert client.get("/v1/incidents", headers=elsewhere).json()["items"] == []
    for path in ("/v1/cameras/HP-0137", "/v1/incidents/HP-0137.7", "/v1/incidents?camera=HP-0137"):
        assert client.get(path, headers=here).status_code == 200
        assert client.get(path, headers=elsewhere).status_code == 404
    stranger = make_key("camera", grids=("320",))
    beat = client.post("/v1/cameras/HP-0137/heartbeat", json={"state": "live"}, headers=stranger)
    assert beat.status_code == 404
    assert client.post("/v1/incidents", json=incident(2), headers=stranger).status_code == 404
    far = {**CAMERA, "code": "far", "position": {"lat": 40.0, "lng": 116.0}}
    limited = make_key("admin", grids=("310",))
    for sent in (far, {**far, "position": None}):
        refused = client.post("/v1/cameras", json=sent, headers=limited)
        assert (refused.status_code, refused.json()["code"]) == (403, "outside_grids")
        moved = {"position": sent["position"]}
        answer = client.patch("/v1/cameras/HP-0137", json=moved, headers=limited)
        assert (answer.status_code, answer.json()["code"]) == (403, "outside_grids")
    assert client.get("/v1/cameras/HP-0137", headers=limited).json()["grid_code"] == "310A"
    near = {**CAMERA, "code": "near"}
    assert client.post("/v1/cameras", json=near, headers=limited).status_code == 201
    renamed = client.patch("/v1/cameras/near", json={"name": "a"}, headers=limited)
    assert renamed.status_code == 200
    assert client.delete("/v1/cameras/near", headers=limited).status_code == 200
    assert client.post("/v1/cameras", json=far, headers=admin).status_code == 201
    case_ids = client.get("/v1/incidents/HP-0137.7", headers=here).json()["case_ids"]
    assert len(case_ids) == 1
    with services.database.write() as connection:  # As a merge into a case elsewhere leaves it.
        connection.execute(update(cases).values(grid_code="320A"))
    for reader, shown in ((here, []), (admin, case_ids)):
        assert client.get("/v1/incidents/HP-0137.7", headers=reader).json()["case_ids"] == shown
        (item,) = client.get("/v1/incidents", headers=reader).json()["items"]
        assert item["case_ids"] == shown
    assert client.get("/v1/cameras", headers=watcher).status_code == 403
    assert client.post("/v1/cameras", json=CAMERA, headers=here).status_code == 403
    assert client.post("/v1/incidents", json=incident(), headers=here).status_code == 403
    plain = client.post("/v1/incidents", content=b"hello", headers=watcher)
    assert plain.status_code == 415
