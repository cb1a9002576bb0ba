"""A made-up town's month in a ledger of its own, to show the pages with: nothing in it is real.

Photos are the demo's renderings; names of streets, units and sites are made up.
"""

import json
import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import cv2

from api.intake.scoring import score_step
from api.toilets.files import parse_csv
from api.toilets.importing import import_toilets
from scripts.town_service import Town

DEMO: Final = Path(__file__).parents[1] / "demo"
NOON: Final = datetime(2026, 3, 31, 15, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
BEGIN: Final = NOON - timedelta(days=30)
SOUTH, WEST = 31.2300, 121.4680
CELL_DEG: Final = 0.004
STREETS: Final = ("梧桐路", "银杏街", "河滨路", "东风里", "幸福巷", "桥头街")
UNITS: Final = ("环卫一队", "环卫三队", "市容二中队", "工地管理科")
SCENES: Final = (
    ("overflowing_bin", "overflowing_bin.jpg", "垃圾桶满了好几天，旁边都是袋子"),
    ("illegal_poster", "posters.jpg", "墙上又贴了很多小广告"),
    ("street_vending", "street_vending.jpg", "摊位占了人行道，推车过不去"),
    ("site_dust", "site_dust.jpg", "工地没有洒水，尘土很大"),
    ("illegal_poster", "bin_and_posters.jpg", "垃圾桶旁的墙上贴着广告"),
    ("overflowing_bin", "bin_and_posters.jpg", "桶满了，墙上还有小广告"),
)
TOILETS: Final = (
    ("梧桐路公厕", 0.003, 0.004, "00:00-24:00", "yes"),
    ("河滨公园公厕", 0.008, 0.011, "06:00-22:00", "yes"),
    ("桥头街公厕", 0.012, 0.006, "05:30-23:00", "no"),
)


def fill_town(town: Town, *, reports: int = 70, fresh: int = 14) -> None:
    """Let a month pass: cells, cameras, reports, and what the bureau did with them."""
    rng = random.Random(7)
    town.call("POST", "/v1/grid", json=_cells())
    _register_cameras(town)
    _list_toilets(town)
    month = sorted(NOON - timedelta(hours=rng.uniform(6, 29 * 24)) for _ in range(reports))
    today = sorted(NOON - timedelta(minutes=rng.uniform(5, 300)) for _ in range(fresh))
    for number, at in enumerate([*month, *today]):
        town.clock.now = at
        _report(town, rng, number)
        if number < reports and number % 5 == 4:
            _work_off(town, rng, until=at)
    town.clock.now = NOON
    _tell_of_cameras(town)
    while score_step(town.services) == 0:
        pass


def _cells() -> dict[str, Any]:
    features = []
    for row in range(4):
        for column in range(5):
            south, west = SOUTH + row * CELL_DEG, WEST + column * CELL_DEG
            north, east = south + CELL_DEG, west + CELL_DEG
            ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
            number = row * 5 + column + 1
            features.append(
                {
                    "type": "Feature",
                    "properties": {"code": f"990101001{number:03d}", "name": f"示例{number}格"},
                    "geometry": {"type": "Polygon", "coordinates": [ring]},
                }
            )
    return {"type": "FeatureCollection", "features": features}


def _list_toilets(town: Town) -> None:
    rows = "".join(
        f"{name},{SOUTH + north:.6f},{WEST + east:.6f},{hours},{wheelchair},no\n"
        for name, north, east, hours, wheelchair in TOILETS
    )
    content = parse_csv(("名称,纬度,经度,开放时间,无障碍,收费\n" + rows).encode(), "wgs84")
    import_toilets(town.services, content, actor="system:town", source="town.csv")


def _report(town: Town, rng: random.Random, number: int) -> None:
    label, name, note = rng.choices(SCENES, weights=(5, 4, 3, 2, 2, 2))[0]
    picture = cv2.imread(str(DEMO / "scenes" / name))
    assert picture is not None
    height, width = picture.shape[:2]
    # Each from where its reporter stands: photos that look alike would become one case.
    left, right = rng.randrange(1, width // 5), rng.randrange(1, width // 5)
    top, bottom = rng.randrange(1, height // 6), rng.randrange(1, height // 8)
    part = picture[top:-bottom, left:-right]
    light = cv2.convertScaleAbs(part, alpha=rng.uniform(0.75, 1.15), beta=rng.uniform(-12, 12))
    _, data = cv2.imencode(".jpg", light, [cv2.IMWRITE_JPEG_QUALITY, 88])
    # Spread so far that only what is meant to be one problem becomes one case.
    lat = SOUTH + CELL_DEG * 4 * rng.random()
    lng = WEST + CELL_DEG * 5 * rng.random()
    fields = {
        "lat": f"{lat:.6f}",
        "lng": f"{lng:.6f}",
        "label": label,
        "note": note,
        "address": f"{rng.choice(STREETS)} {rng.randrange(1, 180)} 号",
        "device_id": f"town-{number}",
    }
    for again in range(rng.choices((1, 2, 3), weights=(7, 2, 1))[0]):
        files = {"photo": ("photo.jpg", data.tobytes() + bytes(again), "image/jpeg")}
        more = {**fields, "device_id": f"town-{number}-{again}"}
        town.call("POST", "/v1/reports", data=more, files=files)


def _work_off(town: Town, rng: random.Random, *, until: datetime) -> None:
    """Do some of what waits, as a bureau does that does not keep up."""
    for state, share in (("reported_back", 0.9), ("dispatched", 0.7), ("collected", 0.75)):
        page = town.call("GET", "/v1/cases", params={"state": state, "limit": 50})
        for case in page["items"]:
            if rng.random() < share:
                _move_on(town, rng, case)
    town.clock.now = until


def _move_on(town: Town, rng: random.Random, case: dict[str, Any]) -> None:
    def move(name: str, hours: float, **more: Any) -> None:
        town.clock.now += timedelta(hours=hours * rng.uniform(0.3, 1.6))
        town.call("POST", f"/v1/cases/{case['id']}/moves", json={"move": name, **more})

    state = case["state"]
    if state == "collected":
        if rng.random() < 0.15:
            move("dismiss", 0.5, reason="不是问题")
            return
        _judge(town, rng, case)
        move("verify", 0.3)
        move("file", 0.1)
        if rng.random() < 0.85:
            move("dispatch", 0.2, unit=rng.choice(UNITS))
    elif state == "dispatched":
        move("handle", 2)
        move("report_back", 0.2)
    else:
        move("check", 0.5, reason="现场已清理")
        move("close", 0.1)


def _judge(town: Town, rng: random.Random, case: dict[str, Any]) -> None:
    detail = town.call("GET", f"/v1/cases/{case['id']}")
    report = detail["reports"][0]
    found = (report["score"] or {}).get("findings", [])
    if not found:
        return
    words = [
        {"finding_id": one["id"], "verdict": "true" if rng.random() < 0.8 else "false"}
        for one in found
    ]
    body = {"photo_sha256": report["photo_sha256"], "findings": words}
    town.call("POST", f"/v1/cases/{case['id']}/verdict", json=body)


def _register_cameras(town: Town) -> None:
    for number, (code, name, place, site) in enumerate(
        (
            ("ST-001", "梧桐路 12 号路口", "street", None),
            ("ST-002", "银杏街菜场", "street", None),
            ("ST-003", "桥头街北", "street", None),
            ("GD-101", "滨江三期 东门", "site", "滨江三期"),
            ("GD-102", "滨江三期 塔吊", "site", "滨江三期"),
            ("GD-201", "东风里改造 大门", "site", "东风里改造"),
        )
    ):
        position = {"lat": SOUTH + 0.002 + 0.002 * number, "lng": WEST + 0.003 + 0.0025 * number}
        body: dict[str, Any] = {
            "code": code,
            "name": name,
            "place": place,
            "site": site,
            "position": position,
        }
        if place == "street":
            wall = [[0.0, 0.2], [1.0, 0.2], [1.0, 0.64], [0.0, 0.64]]
            body["zones"] = [{"name": "墙面", "labels": ["illegal_poster"], "points": wall}]
        town.call("POST", "/v1/cameras", json=body)


def _tell_of_cameras(town: Town) -> None:
    frames = ("camera_bin.jpg", "camera_stall.jpg", "camera_ads.jpg", "camera_tidy.jpg")
    states = ("live", "live", "frozen", "live", "moved", "live")
    codes = ("ST-001", "ST-002", "ST-003", "GD-101", "GD-102", "GD-201")
    for number, (code, state) in enumerate(zip(codes, states, strict=True)):
        path = DEMO / "camera" / frames[number % 4]
        if code.startswith("GD"):
            path = DEMO / "scenes" / "site_dust.jpg"
        files = {"photo": (path.name, path.read_bytes(), "image/jpeg")}
        town.call("POST", f"/v1/cameras/{code}/heartbeat", data={"state": state}, files=files)
    _tell_of_incident(town, "ST-001", "overflowing_bin", "camera_bin.jpg", 55, None)
    _tell_of_incident(town, "ST-002", "street_vending", "camera_stall.jpg", 130, None)
    for code, began, ended in (
        ("GD-101", 420, 380),
        ("GD-101", 260, 200),
        ("GD-102", 410, 350),
        ("GD-201", 190, None),
    ):
        _tell_of_incident(town, code, "site_dust", None, began, ended)


def _tell_of_incident(
    town: Town, code: str, label: str, frame: str | None, began: int, ended: int | None
) -> None:
    path = DEMO / "scenes" / "site_dust.jpg" if frame is None else DEMO / "camera" / frame
    started_at = town.clock.now - timedelta(minutes=began)
    fields = {
        "id": f"{code}.{began}",
        "camera": code,
        "label": label,
        "state": "open" if ended is None else "cleared",
        "revision": "1",
        "started_at": started_at.isoformat(),
        "frames": "12",
        "peak": json.dumps({"score": 0.8, "box_xyxy": [200, 300, 700, 700]}),
    }
    if ended is not None:
        fields["ended_at"] = (town.clock.now - timedelta(minutes=ended)).isoformat()
    picture = cv2.imread(str(path))
    assert picture is not None
    if frame is None:  # Another camera, another view: else all of them show one and the same.
        picture = picture[began // 4 :, began // 3 :]
    _, data = cv2.imencode(".jpg", picture)
    files = {"photo": ("frame.jpg", data.tobytes(), "image/jpeg")}
    town.call("POST", "/v1/incidents", data=fields, files=files)
