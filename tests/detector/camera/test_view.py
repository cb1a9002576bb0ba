import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from detector.camera.view import CameraView, read_views
from detector.camera.view_reading import parse_views
from detector.camera.zones import Zone
from detector.errors import UsageError

LEFT = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
TOP = ((0.0, 0.0), (1.0, 0.0), (1.0, 0.5), (0.0, 0.5))
WH = (1000, 500)


def test_without_zones_everything_counts() -> None:
    assert CameraView().counts("site_dust", (0, 0, 1, 1), WH)
    assert CameraView().gate_mask((16, 9)) is None


def test_a_box_counts_where_half_of_it_lies_in_an_include_zone() -> None:
    view = CameraView(zones=(Zone(LEFT),))
    assert view.counts("site_dust", (400, 0, 600, 100), WH)
    assert not view.counts("site_dust", (402, 0, 602, 100), WH)


def test_exclude_wins() -> None:
    view = CameraView(zones=(Zone(LEFT), Zone(TOP, "exclude")))
    assert not view.counts("site_dust", (0, 200, 100, 300), WH)
    assert view.counts("site_dust", (0, 201, 100, 301), WH)
    assert not CameraView(zones=(Zone(TOP, "exclude"),)).counts("site_dust", (0, 0, 9, 9), WH)


def test_a_zone_of_a_label_says_nothing_of_others() -> None:
    view = CameraView(zones=(Zone(LEFT, labels=("street_vending",)),))
    right = (800.0, 0.0, 900.0, 100.0)
    assert not view.counts("street_vending", right, WH)
    assert view.counts("overflowing_bin", right, WH)


def test_labels_and_least_sizes() -> None:
    view = CameraView(labels=("overflowing_bin",), min_box_share={"overflowing_bin": 0.1})
    assert not view.counts("street_vending", (0, 0, 400, 400), WH)
    assert view.counts("overflowing_bin", (0, 0, 50, 400), WH)
    assert not view.counts("overflowing_bin", (0, 0, 49, 400), WH)


def test_the_mask_covers_what_any_label_counts_in() -> None:
    zones = (Zone(LEFT, labels=("street_vending",)), Zone(TOP, "exclude"))
    mask = CameraView(zones=zones, labels=("street_vending",)).gate_mask((16, 10))
    assert mask is not None
    assert mask[6:, :7].all() and not mask[:, 10:].any() and not mask[:4].any()
    wider = CameraView(zones=zones).gate_mask((16, 10))
    assert wider is not None
    assert wider[6:].all() and not wider[:4].any()


def test_hours_are_of_the_views_zone() -> None:
    view = CameraView(hours=(("06:00", "22:00"),))
    assert view.watches_at(datetime(2026, 3, 1, 22, 0, tzinfo=UTC))
    assert not view.watches_at(datetime(2026, 3, 2, 14, 0, tzinfo=UTC))
    assert view.watches_at(None)


CONTENT: dict[str, Any] = {
    "default": {"timezone": "+09:00", "labels": ["overflowing_bin"]},
    "cameras": {
        "HP-0137": {
            "labels": [],
            "hours": [["06:00", "22:00"], ["23:00", "01:00"]],
            "zones": [
                {"points": [[0, 0.5], [1, 0.5], [1, 1]], "name": "pavement"},
                {"points": [[0.1, 0.6], [0.2, 0.6], [0.2, 0.7]], "kind": "exclude", "name": None},
            ],
            "min_box_share": {"site_dust": 0.2},
        },
        "empty": {},
    },
}


def test_a_whole_file() -> None:
    views = parse_views(CONTENT, "zones.yaml")
    view = views.of("HP-0137")
    assert view.code == "HP-0137" and view.labels == ()
    assert view.hours == (("06:00", "22:00"), ("23:00", "01:00"))
    assert view.zones[0] == Zone(((0.0, 0.5), (1.0, 0.5), (1.0, 1.0)), name="pavement")
    assert view.zones[1].kind == "exclude" and view.min_box_share == {"site_dust": 0.2}
    assert view.zone == timezone(timedelta(hours=9))
    for code in ("empty", "unheard-of"):
        assert views.of(code).labels == ("overflowing_bin",) and views.of(code).code == code


def test_yaml_and_json_read_the_same(tmp_path: Path) -> None:
    as_json, as_yaml = tmp_path / "zones.json", tmp_path / "zones.yaml"
    as_json.write_text(json.dumps(CONTENT), encoding="utf-8")
    as_yaml.write_text(
        """
default: {timezone: "+09:00", labels: [overflowing_bin]}
cameras:
  HP-0137:
    labels: []
    hours: [[06:00, 22:00], [23:00, 01:00]]   # YAML 1.1 would read 22:00 as 1320.
    zones:
      - {points: [[0, 0.5], [1, 0.5], [1, 1]], name: pavement}
      - {points: [[0.1, 0.6], [0.2, 0.6], [0.2, 0.7]], kind: exclude}
    min_box_share: {site_dust: 0.2}
  empty: {}
""",
        encoding="utf-8",
    )
    assert read_views(as_yaml) == read_views(as_json) == parse_views(CONTENT, "x")


def of_camera(**keys: object) -> dict[str, Any]:
    return {"cameras": {"HP-1": keys}}


def of_zone(**keys: object) -> dict[str, Any]:
    return of_camera(zones=[{"points": [[0, 0], [1, 0], [1, 1]]} | keys])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ([], "z.yaml must be an object"),
        ({"camera": {}}, "z.yaml: camera is unknown; known are cameras, default"),
        ({"cameras": {"HP-1": 3}}, "z.yaml: cameras: HP-1 must be an object"),
        ({"cameras": {8: {}}}, "z.yaml: cameras: the key 8 must be a text"),
        (of_camera(zone=[]), "z.yaml: cameras: HP-1: zone is unknown"),
        (of_camera(labels=["bin"]), "HP-1: labels holds 'bin'; known are illegal_poster"),
        (of_camera(labels="all"), "HP-1: labels must be a list"),
        (of_camera(hours=[["6:00", "22:00"]]), "HP-1: hours holds '6:00'"),
        (of_camera(hours=[360]), "HP-1: hours must hold spans"),
        (of_camera(hours=[["06:00", "07:00"]] * 7), "holds 7 spans"),
        (of_camera(timezone="Mars"), "HP-1: timezone: 'Mars' is no time zone"),
        (of_camera(min_box_share={"bin": 0.1}), "HP-1: min_box_share: bin is unknown"),
        (of_camera(min_box_share={"site_dust": 2}), "site_dust is 2; it must lie in [0, 1]"),
        (of_camera(zones=[{}]), "HP-1: zones[0]: points is missing"),
        (of_camera(zones=[{"points": [[0, 0]]}] * 21), "holds 21 zones"),
        (of_zone(kind="inside"), "zones[0]: kind is 'inside'; it must be one of include, exclude"),
        (of_zone(colour="red"), "zones[0]: colour is unknown"),
        (of_zone(points=[[0, 0], [1, 0]]), "zones[0]: points has 2 corners"),
        (of_zone(points=[[0, 0], [1, 0], [100, 50]]), "points has a corner outside the frame"),
        (of_zone(points=[[0, 0], [1, 0], [10**400, 1]]), "outside the frame"),
        (of_zone(points=[[0, 0], [1, 0], [1, True]]), "points must hold corners such as"),
        (of_zone(points=[[0, 0], [1, 0], [1]]), "points must hold corners such as"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(content: object, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_views(content, "z.yaml")
    assert words in caught.value.message
