"""Rules of incidents: defaults and overrides."""

import re

import pytest

from detector.camera.rules import IncidentRules, default_rules, parse_rules, rules_for
from detector.errors import UsageError
from detector.models.bundle import Bundle

BASE = {
    "illegal_poster": rules_for("illegal_poster", 0.6),
    "site_dust": rules_for("site_dust", 0.2),
}


def test_each_issue_of_the_model_has_rules(default_bundle: Bundle) -> None:
    manifest = default_bundle.manifest
    rules = default_rules(manifest)
    assert tuple(rules) == manifest.issue_labels
    for label, one in rules.items():
        assert one.threshold == manifest.thresholds[label]
        assert manifest.floor_score <= one.keep_score <= one.threshold
        assert one.open_hits <= one.open_window


def test_labels_differ_where_their_nature_does(default_bundle: Bundle) -> None:
    rules = default_rules(default_bundle.manifest)
    assert rules["street_vending"].dwell_s == 180
    assert rules["street_vending"].place == "stays"
    assert rules["site_dust"].needs_motion
    assert not rules["site_dust"].ask_scenery
    assert rules["illegal_poster"].ask_scenery
    assert rules["illegal_poster"].rejoin_s == 86_400


def test_a_label_of_its_own_has_the_defaults() -> None:
    assert rules_for("pothole", 0.5) == IncidentRules(0.5, 0.25)


def test_the_floor_never_lifts_what_counts_over_the_threshold() -> None:
    assert rules_for("site_dust", 0.1, floor=0.3).keep_score == 0.1


def test_overrides_leave_the_rest() -> None:
    rules = parse_rules({"site_dust": {"dwell_s": 20, "open_hits": 2}}, "r.yaml", BASE)
    assert rules["site_dust"].dwell_s == 20
    assert rules["site_dust"].open_hits == 2
    assert isinstance(rules["site_dust"].open_hits, int)
    assert rules["site_dust"].clear_after_s == BASE["site_dust"].clear_after_s
    assert rules["illegal_poster"] == BASE["illegal_poster"]
    assert list(rules) == list(BASE)


def test_what_counts_follows_the_threshold() -> None:
    rules = parse_rules({"illegal_poster": {"threshold": 0.2}}, "r.yaml", BASE)
    assert rules["illegal_poster"].keep_score == pytest.approx(0.1)


def test_flags_and_choices_are_read() -> None:
    content = {"site_dust": {"needs_motion": False, "place": "fixed", "ask_scenery": True}}
    rule = parse_rules(content, "r.yaml", BASE)["site_dust"]
    assert (rule.needs_motion, rule.place, rule.ask_scenery) == (False, "fixed", True)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "r.yaml must be an object"),
        ({"dust": {}}, "r.yaml: dust is no label of the model"),
        ({"site_dust": 3}, "site_dust"),
        ({"site_dust": {"dwel_s": 3}}, "r.yaml: site_dust: dwel_s is unknown"),
        ({"site_dust": {"dwell_s": -1}}, "dwell_s is -1"),
        ({"site_dust": {"dwell_s": "3"}}, "dwell_s must be a number"),
        ({"site_dust": {"open_hits": 2.5}}, "open_hits must be a whole number"),
        ({"site_dust": {"open_hits": 0}}, "open_hits is 0"),
        ({"site_dust": {"open_hits": 6}}, "open_hits is 6, more than open_window, 5"),
        ({"site_dust": {"keep_score": 0.3}}, "keep_score is 0.3, above the threshold of 0.2"),
        ({"site_dust": {"place": "moon"}}, "place is 'moon'"),
        ({"site_dust": {"needs_motion": "yes"}}, "needs_motion must be"),
        ({"site_dust": {"threshold": float("nan")}}, "threshold is nan"),
    ],
)
def test_wrong_overrides_are_named(content: object, message: str) -> None:
    with pytest.raises(UsageError, match=re.escape(message)):
        parse_rules(content, "r.yaml", BASE)
