"""A bureau's rules: the shipped ones, and every way to get them wrong."""

from collections.abc import Callable
from datetime import date, time
from pathlib import Path
from typing import Any

import pytest
import yaml

from api.cases.rules import SHIPPED_RULES, Rules, TimeLimit, load_rules
from api.errors import SettingsError
from datasets.dedupe import MOST_BITS
from detector.labels import ISSUE_LABELS

Write = Callable[[Any], Path]


@pytest.fixture
def shipped() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(SHIPPED_RULES.read_text(encoding="utf-8"))
    return content


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_rules(content: Any) -> Path:
        path = tmp_path / "rules.yaml"
        text = content if isinstance(content, str) else yaml.safe_dump(content, allow_unicode=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write_rules


def change(content: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    *groups, last = path.split("/")
    here = content
    for group in groups:
        here = here[group]
    here[last] = value
    return content


def test_shipped_rules_know_every_issue() -> None:
    rules = load_rules(None)
    assert {label: rules.events[label].code for label in rules.events} == {
        "illegal_poster": "200201",
        "overflowing_bin": "200102",
        "street_vending": "200501",
        "site_dust": "200302",
    }
    assert set(rules.near_m) == set(rules.handling) == set(ISSUE_LABELS)
    assert rules.unlabelled.code is None
    assert rules.unlabelled.name_zh == "待核实"
    assert rules.similar_bits == MOST_BITS
    assert rules.working_hours == ((time(9), time(12)), (time(13, 30), time(17, 30)))
    assert rules.thresholds == {}
    assert not rules.camera_files_at_once


def test_an_event_is_found_for_every_label() -> None:
    rules = load_rules(None)
    assert rules.event_for("site_dust").name_zh == "施工扬尘"
    assert rules.event_for(None) is rules.unlabelled
    of_a_bundle = rules.event_for("pothole")
    assert (of_a_bundle.label, of_a_bundle.code, of_a_bundle.name_en) == (
        "pothole",
        None,
        "pothole",
    )


def test_handling_limits_may_differ_by_severity() -> None:
    rules = load_rules(None)
    assert rules.handling_for("overflowing_bin", "small") == TimeLimit("working_hours", 4)
    assert rules.handling_for("overflowing_bin", "large") == TimeLimit("working_hours", 2)
    assert rules.handling_for("site_dust", "large") == TimeLimit("hours", 2)
    assert rules.handling_for("overflowing_bin", None) == TimeLimit("working_hours", 4)
    assert rules.handling_for(None, "large") == rules.handling_otherwise.limit
    assert rules.handling_for("pothole", None) == rules.handling_otherwise.limit


def test_rules_cannot_be_changed() -> None:
    rules: Any = load_rules(None)
    with pytest.raises(TypeError):
        rules.near_m["site_dust"] = 1.0
    with pytest.raises(AttributeError):
        rules.queue_tries = 1


def test_a_bureau_edits_its_copy(shipped: dict[str, Any], write: Write) -> None:
    change(shipped, "events/pothole", {**shipped["events"]["site_dust"], "code": "0"})
    change(shipped, "near_m/pothole", 12.5)
    change(shipped, "handling/pothole", {"working_days": 3})
    change(shipped, "extra_holidays", [date(2027, 2, 8), "2027-02-09"])
    change(shipped, "complete_years", [2027])
    change(shipped, "thresholds", {"site_dust": 0.6})
    change(shipped, "working_hours", ["08:30-11:30", "14:00-18:00"])
    rules = load_rules(write(shipped))
    assert rules.event_for("pothole").code is None
    assert rules.near_m["pothole"] == 12.5
    assert rules.handling_for("pothole", None) == TimeLimit("working_days", 3)
    assert rules.extra_holidays == {date(2027, 2, 8), date(2027, 2, 9)}
    assert rules.complete_years == {2027}
    assert rules.thresholds == {"site_dust": 0.6}
    assert rules.working_hours[0] == (time(8, 30), time(11, 30))


WRONG: list[tuple[str, Any, str]] = [
    (
        "handling/site_dust/working_hours",
        0,
        "handling.site_dust.working_hours must be a number over 0",
    ),
    ("handling/site_dust/working_hours", "4", "handling.site_dust.working_hours must be a number"),
    ("handling/site_dust/working_hours", True, "handling.site_dust.working_hours must be a number"),
    ("handling/site_dust/working_hours", float("nan"), "handling.site_dust.working_hours must be"),
    ("handling/site_dust/hours", 1, "handling.site_dust must hold exactly one of hours"),
    ("handling/site_dust", {}, "handling.site_dust must hold exactly one of"),
    ("handling/site_dust/minutes", 5, "minutes is unknown; known are hours, working_hours"),
    (
        "handling/site_dust/by_severity",
        {"huge": {"hours": 1}},
        "handling.site_dust.by_severity.huge",
    ),
    ("review", {"hours": 1e9}, "review.hours must be less than or equal to"),
    ("near_metres", 30, "near_metres is unknown; known are timezone"),
    ("near_m/site_dust", -1, "near_m.site_dust must be a number over 0"),
    ("near_m/Site Dust", 5, "near_m.Site Dust is 'Site Dust', which is no name"),
    ("events/site_dust/code", 200302, "events.site_dust.code must be a text, in quotes"),
    (
        "events/site_dust/code",
        "20 03",
        "events.site_dust.code is '20 03', which is no name or code",
    ),
    ("events/site_dust/name_zh", "", "events.site_dust.name_zh"),
    (
        "events/site_dust/colour",
        "red",
        "events.site_dust.colour is unknown; known are code, name_zh",
    ),
    ("timezone", "Asia/Atlantis", "timezone must be a time zone such as Asia/Shanghai"),
    ("timezone", "../../etc/passwd", "timezone must be a time zone"),
    ("working_hours", ["09:00-08:00"], "working_hours[0] must be a span such as"),
    ("working_hours", ["13:30-17:30", "09:00-12:00"], "working_hours must be spans in order"),
    ("working_hours", ["09:00-12:00", "12:00-17:30"], "working_hours must be spans in order"),
    ("working_hours", ["9-17"], "working_hours[0] must be a span"),
    ("working_hours", [], "working_hours"),
    ("extra_holidays", ["soon"], "extra_holidays[0]"),
    ("thresholds", {"site_dust": 1.5}, "thresholds.site_dust must be less than or equal to 1"),
    ("camera_files_at_once", "yes", "camera_files_at_once must be a valid boolean"),
    ("queue_tries", 2.5, "queue_tries must be"),
    ("queue_tries", 0, "queue_tries must be greater than or equal to 1"),
    ("similar_bits", 65, "similar_bits must be less than or equal to 64"),
    ("closing/distance_m", None, "closing.distance_m must be a number"),
    ("priority/severity", {"small": 1, "medium": 2}, "priority must say the points of small"),
    ("priority/severity", {"small": 3, "medium": 2, "large": 1}, "priority must not give a graver"),
]


@pytest.mark.parametrize(("path", "value", "words"), WRONG)
def test_what_is_wrong_is_said_with_its_path(
    shipped: dict[str, Any], write: Write, path: str, value: Any, words: str
) -> None:
    with pytest.raises(SettingsError) as refusal:
        load_rules(write(change(shipped, path, value)))
    assert refusal.value.message.startswith("rules.yaml: ")
    assert words in refusal.value.message
    assert "\n" not in refusal.value.message


@pytest.mark.parametrize("key", ["events", "near_m", "review", "priority", "timezone"])
def test_a_key_left_out_is_named(shipped: dict[str, Any], write: Write, key: str) -> None:
    del shipped[key]
    with pytest.raises(SettingsError, match=f"{key} is missing"):
        load_rules(write(shipped))


def test_a_day_is_not_free_and_worked(shipped: dict[str, Any], write: Write) -> None:
    change(shipped, "extra_holidays", [date(2026, 3, 2)])
    change(shipped, "extra_working_days", [date(2026, 3, 2)])
    with pytest.raises(SettingsError, match="lists 2026-03-02 both"):
        load_rules(write(shipped))


def test_a_key_that_stands_twice_is_refused(write: Write) -> None:
    text = SHIPPED_RULES.read_text(encoding="utf-8") + "\nqueue_tries: 7\n"
    with pytest.raises(SettingsError, match="the key queue_tries stands there twice"):
        load_rules(write(text))


@pytest.mark.parametrize(
    "text", ["", "[]", "5", "a: [", "!!python/object:os.system {}", "? [a]\n: b"]
)
def test_what_are_no_rules_is_refused(write: Write, text: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        load_rules(write(text))
    assert refusal.value.message.startswith("rules.yaml")


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        load_rules(tmp_path / "absent.yaml")
    broken = tmp_path / "rules.yaml"
    broken.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match="UTF-8"):
        load_rules(broken)


def test_values_stand_without_yaml_and_pydantic() -> None:
    import ast

    tree = ast.parse(Path(SHIPPED_RULES.with_name("rules.py")).read_text(encoding="utf-8"))
    at_import = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    assert not {"yaml", "pydantic"} & {name.name for node in at_import for name in node.names}
    assert isinstance(load_rules(None), Rules)
