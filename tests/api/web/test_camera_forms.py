"""The forms that register, change and retire a camera, and who may send them."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from api.cameras.camera import Camera
from api.services import Services
from tests.api.web import camera_wall
from tests.api.web.camera_wall import MakeKey, codes, token

if TYPE_CHECKING:
    from starlette.testclient import TestClient

enter = pytest.fixture(camera_wall.enter)
add = pytest.fixture(camera_wall.add)

FORM = {
    "code": "HP-0137", "name": "南京东路 100 号路口", "place": "site", "site": "滨江三期",
    "lat": "31.2304", "lng": "121.4737", "labels": ["site_dust", "overflowing_bin"],
    "hours_from": ["06:00", "14:00", ""], "hours_to": ["12:00", "22:00", ""],
}  # fmt: skip


def test_a_manager_registers_changes_and_retires_a_camera(
    services: Services, enter: Callable[..., "TestClient"], make_key: MakeKey
) -> None:
    client = enter("admin")
    csrf = {"X-CSRF-Token": token(client.get("/console/wall/new").text)}
    made = client.post("/console/wall/new", data=FORM, headers=csrf, follow_redirects=False)
    assert made.status_code == 303
    api = make_key("admin")
    camera = client.get("/v1/cameras/HP-0137", headers=api).json()
    assert camera["hours"] == [["06:00", "12:00"], ["14:00", "22:00"]]
    assert camera["labels"] == ["site_dust", "overflowing_bin"]
    assert camera["position"] == {"lat": 31.2304, "lng": 121.4737}
    assert made.headers["location"] == f"/console/wall/{camera['id']}"
    zones = [{"points": [[0, 0], [1, 0], [1, 1]], "kind": "include", "labels": [], "name": None}]
    client.patch("/v1/cameras/HP-0137", json={"zones": zones}, headers=api)
    edit = client.get("/console/wall/HP-0137/edit").text
    assert 'value="31.2304000"' in edit
    changed = FORM | {"name": "新名", "lat": "", "lng": "", "site": "", "place": "street"}
    changed["seen"] = _seen(edit)
    done = client.post("/console/wall/HP-0137/edit", data=changed, headers=csrf)
    assert done.status_code == 200
    camera = client.get("/v1/cameras/HP-0137", headers=api).json()
    assert (camera["name"], camera["position"], camera["site"]) == ("新名", None, None)
    assert camera["zones"] == zones
    done = client.post("/console/wall/HP-0137/retire", headers=csrf)
    assert "停用" in done.text
    with services.database.read() as connection:
        from api.store.cameras import find_camera

        found = find_camera(connection, "HP-0137")
        assert found is not None
        assert found.retired_at is not None


def _seen(page: str) -> str:
    (seen,) = re.findall(r'name="seen" value="([0-9a-f]{64})"', page)
    return str(seen)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_somebody_else_changed_meanwhile_is_not_undone(
    enter: Callable[..., "TestClient"], make_key: MakeKey
) -> None:
    client, api = enter("admin"), make_key("admin")
    csrf = {"X-CSRF-Token": token(client.get("/console/wall/new").text)}
    client.post("/console/wall/new", data=FORM, headers=csrf)
    form = FORM | {"seen": _seen(client.get("/console/wall/HP-0137/edit").text)}
    client.patch("/v1/cameras/HP-0137", json={"hours": [["08:00", "09:00"]]}, headers=api)
    late = client.post("/console/wall/HP-0137/edit", data=form | {"name": "新名"}, headers=csrf)
    assert late.status_code == 409
    assert "别人刚刚改过这台摄像机" in late.text
    assert 'value="新名"' in late.text
    assert _seen(late.text) == form["seen"]
    camera = client.get("/v1/cameras/HP-0137", headers=api).json()
    assert (camera["name"], camera["hours"]) == (FORM["name"], [["08:00", "09:00"]])


@pytest.mark.parametrize(
    ("change", "zh", "en"),
    [
        ({"code": "a b"}, "编号须为", "The code has"),
        ({"code": ""}, "编号须为", "The code has"),
        ({"name": " "}, "名称须填写", "The name must"),
        ({"lat": "north"}, "经纬度须同时填写", "Fill in both"),
        ({"lng": ""}, "经纬度须同时填写", "Fill in both"),
        ({"lat": "nan"}, "经纬度须同时填写", "Fill in both"),
        ({"hours_to": ["", "22:00", ""]}, "每个时段", "Each span"),
        ({"hours_to": ["15:00", "22:00", ""]}, "监看时段有误", "begins before"),
        ({"labels": ["potholes"]}, "识别类别不在", "no label"),
        ({"place": "moon"}, "安装类型", "Choose what"),
        ({"code": "TAKEN"}, "已被使用", "already"),
    ],
)
def test_a_form_that_makes_no_sense_comes_back_with_what_was_typed(
    enter: Callable[..., "TestClient"],
    add: Callable[..., Camera],
    change: dict[str, Any],
    zh: str,
    en: str,
) -> None:
    add("TAKEN")
    client = enter("admin")
    csrf = {"X-CSRF-Token": token(client.get("/console/wall/new").text)}
    for language, words in (("zh", zh), ("en", en)):
        headers = csrf | {"Accept-Language": language}
        answer = client.post("/console/wall/new", data=FORM | change, headers=headers)
        assert answer.status_code in (409, 422)
        assert words in answer.text
        assert 'value="滨江三期"' in answer.text
        assert 'value="14:00"' in answer.text
    assert codes(client.get("/console/wall").text) == ["TAKEN"]


def test_only_a_manager_may_change_cameras(
    enter: Callable[..., "TestClient"], add: Callable[..., Camera]
) -> None:
    add("A")
    client = enter("operator")
    page = client.get("/console/wall").text
    assert "/console/wall/new" not in page
    csrf = {"X-CSRF-Token": token(page)}
    for path in ("new", "A/edit", "A/zones"):
        assert client.get(f"/console/wall/{path}").status_code == 403
    for path in ("new", "A/edit", "A/retire"):
        assert client.post(f"/console/wall/{path}", data=FORM, headers=csrf).status_code == 403
    zones: dict[str, Any] = {"seen": "", "zones": []}
    assert client.post("/console/wall/A/zones", json=zones, headers=csrf).status_code == 403
    client = enter("admin")
    assert client.post("/console/wall/A/retire").status_code == 403  # No token
    forged = {"X-CSRF-Token": "x" * 43}
    assert client.post("/console/wall/new", data=FORM, headers=forged).status_code == 403
    client.cookies.clear()
    answer = client.get("/console/wall", follow_redirects=False)
    assert answer.headers["location"].startswith("/console/login")
