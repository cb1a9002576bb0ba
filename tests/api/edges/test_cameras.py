"""Cameras are registered and watched, each with the rights of its key."""

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from api.cameras.camera import check_hours, check_zone
from api.cameras.watching import notice_silent_cameras
from api.errors import InvalidError
from api.services import Services
from api.store.tables import cases, photos
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


@pytest.fixture
def camera(client: "TestClient", make_key: MakeKey) -> dict[str, Any]:
    return register_camera(client, make_key)


@pytest.fixture
def watcher(make_key: MakeKey) -> dict[str, str]:
    return make_key("camera")


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
