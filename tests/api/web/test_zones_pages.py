"""A camera's zones are drawn by managers, checked, and told in words when they are wrong."""

import html
import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from api.cameras.camera import MOST_ZONE_POINTS, Zone
from api.errors import InvalidError
from api.web.camera_words import check_zones

if TYPE_CHECKING:
    from starlette.testclient import TestClient

MakeKey = Callable[..., dict[str, str]]
CAMERA = {"code": "HP-0137", "name": "路口", "zones": [{"points": [[0, 0], [1, 0], [1, 1]]}]}
SQUARE = [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9], [0.1, 0.9]]


@pytest.fixture
def manager(client: "TestClient", make_key: MakeKey) -> "TestClient":
    headers = make_key("admin")
    assert client.post("/v1/cameras", json=CAMERA, headers=headers).status_code == 201
    key = headers["Authorization"].removeprefix("Bearer ")
    client.post("/console/login", data={"key": key})
    page = client.get("/console/wall/HP-0137/zones")
    found = re.search(r'data-csrf="([^"]+)"', page.text)
    assert found
    client.headers |= {"X-CSRF-Token": found[1], "Accept": "application/json"}
    return client


def save(client: "TestClient", body: Any, **headers: str) -> Any:
    """Send zones as the page does that was opened just now."""
    page = client.get("/console/wall/HP-0137/zones", headers={"Accept": "text/html"}).text
    seen = page.split('data-seen="', 1)[1].split('"', 1)[0]
    return client.post(
        "/console/wall/HP-0137/zones", json={"seen": seen} | body, headers=headers or None
    )


def stored(client: "TestClient", make_key: MakeKey) -> Any:
    return client.get("/v1/cameras/HP-0137", headers=make_key("operator")).json()["zones"]


def test_what_was_drawn_comes_back(manager: "TestClient", make_key: MakeKey) -> None:
    zones = [
        {"points": SQUARE, "kind": "include", "labels": ["overflowing_bin"], "name": "道</script>"},
        {"points": SQUARE, "kind": "exclude", "labels": [], "name": None},
    ]  # fmt: skip
    answer = save(manager, {"zones": zones})
    assert answer.status_code == 200
    assert answer.json()["zones"] == zones
    assert stored(manager, make_key) == zones
    page = manager.get("/console/wall/HP-0137/zones", headers={"Accept": "text/html"}).text
    data = re.search(r'data-zones="([^"]*)"', page)
    assert data
    assert json.loads(html.unescape(data[1])) == zones
    assert "道</script>" not in page


@pytest.mark.parametrize(
    ("points", "zh", "en"),
    [
        ([[0, 0], [1, 1], [1, 0], [0, 1]], "相互交叉", "cross"),
        ([[0, 0], [0.001, 0], [0, 0.001]], "面积太小", "no area"),
        ([[0.1, 0.1], [0.2, 0.2], [0.3, 0.3]], "交叉", "cross"),
    ],
)
def test_a_wrong_zone_is_told_in_words_and_changes_nothing(
    manager: "TestClient", make_key: MakeKey, points: Any, zh: str, en: str
) -> None:
    before = stored(manager, make_key)
    zones = {"zones": [{"points": SQUARE}, {"points": points, "name": "门口"}]}
    for language, words in (
        ("zh", f"第 2 个区域「门口」：.*{zh}"),
        ("en", f'Zone 2 "门口": .*{en}'),
    ):
        answer = save(manager, zones, **{"Accept-Language": language})
        assert answer.status_code == 422
        assert answer.json()["code"] == "zone_invalid"
        assert re.search(words, answer.json()["detail"])
    assert stored(manager, make_key) == before


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"zones": None},
        {"zones": [], "seen": None},
        {"zones": [{"points": [[0, 0], [2, 0], [1, 1]]}]},
        {"zones": [{"points": [[0, 0], [1, 0]]}]},
        {"zones": [{"points": SQUARE}] * 21},
        {"zones": [{"points": SQUARE, "labels": ["potholes"]}]},
        {"zones": [{"points": SQUARE, "colour": "red"}]},
        {"zones": [{"points": SQUARE, "name": "a\x00"}]},
    ],
)
def test_what_makes_no_sense_is_refused(
    manager: "TestClient", make_key: MakeKey, body: Any
) -> None:
    before = stored(manager, make_key)
    assert save(manager, body).status_code == 422
    assert stored(manager, make_key) == before


def test_of_two_who_draw_at_once_the_second_is_told(
    manager: "TestClient", make_key: MakeKey
) -> None:
    address = "/console/wall/HP-0137/zones"
    page = manager.get(address, headers={"Accept": "text/html"}).text
    seen = page.split('data-seen="', 1)[1].split('"', 1)[0]
    mine, theirs = [{"points": SQUARE, "name": name} for name in ("mine", "theirs")]
    first = manager.post(address, json={"seen": seen, "zones": [mine]})
    assert first.status_code == 200
    before = stored(manager, make_key)
    for language, words in (("zh", "别人刚刚改过"), ("en", "Somebody else")):
        headers = {"Accept-Language": language}
        late = manager.post(address, json={"seen": seen, "zones": [theirs]}, headers=headers)
        assert (late.status_code, late.json()["code"]) == (409, "zones_changed")
        assert words in late.json()["detail"]
    assert stored(manager, make_key) == before
    again = manager.post(address, json={"seen": seen, "zones": [mine]})
    assert again.status_code == 200, "an answer that was lost: what is wanted is there already"
    more = {"seen": first.json()["seen"], "zones": [mine, theirs]}
    assert manager.post(address, json=more).status_code == 200
    assert [one["name"] for one in stored(manager, make_key)] == ["mine", "theirs"]


def test_a_moved_camera_is_warned_of(manager: "TestClient", make_key: MakeKey) -> None:
    accept = {"Accept": "text/html"}
    assert "视角已偏移" not in manager.get("/console/wall/HP-0137/zones", headers=accept).text
    beat = {"state": "moved"}
    manager.post("/v1/cameras/HP-0137/heartbeat", json=beat, headers=make_key("camera"))
    assert "视角已偏移" in manager.get("/console/wall/HP-0137/zones", headers=accept).text


@pytest.mark.parametrize(
    "points",
    [
        [(0, 0), (1, 0)],
        [(0.5, 0.5)] * (MOST_ZONE_POINTS + 1),
        [(0, 0), (1.5, 0), (1, 1)],
        [(0, 0), (1, 1), (1, 0), (0, 1)],
        [(0, 0), (0.001, 0), (0, 0.001)],
    ],
)
def test_every_fault_of_a_zone_has_chinese_words(points: Any) -> None:
    with pytest.raises(InvalidError) as raised:
        check_zones([Zone(tuple(points))], lambda zh, _: zh)
    assert not re.search("[A-Za-z]", raised.value.message)
