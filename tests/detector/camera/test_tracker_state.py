"""What a tracker leaves behind for its successor."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from detector.camera.looks import Look, Measures, Sighting
from detector.camera.rules import rules_for
from detector.camera.tracker import IncidentTracker
from detector.errors import UsageError

# What a few looks open: nothing here is about the dwell.
RULES = {
    label: replace(rules_for(label, 0.5), dwell_s=0.0)
    for label in ("illegal_poster", "overflowing_bin")
}
START = datetime(2026, 3, 2, tzinfo=UTC)


def _look(at_s: float, *labels: str) -> Look:
    seen = tuple(Sighting(one, 0.8, (10.0, 20.0, 50.5, 70.25), True, "small") for one in labels)
    when = START + timedelta(seconds=at_s)
    return Look("a", at_s, when, (640, 360), False, "clear", seen, Measures(1, 1, 1, None))


def _state() -> dict[str, Any]:
    tracker = IncidentTracker("c", RULES)
    for i in range(5):
        tracker.see(_look(i, "illegal_poster"))
    state: dict[str, Any] = json.loads(json.dumps(tracker.state()))
    return state


def test_open_incidents_survive_a_restart() -> None:
    tracker = IncidentTracker.restore("c", RULES, _state())
    (incident,) = tracker.open_incidents()
    assert incident.started_at == START
    assert incident.peak.box_xyxy == (10.0, 20.0, 50.5, 70.25)
    assert incident.peak.image_wh == (640, 360)
    assert [news for i in range(5, 60) for news in tracker.see(_look(i, "illegal_poster"))] == []


def test_looks_before_the_restart_are_not_taken_again() -> None:
    tracker = IncidentTracker.restore("c", RULES, _state())
    tracker.see(_look(3, "illegal_poster"))
    assert tracker.open_incidents()[0].frames == 5


def test_a_fresh_state_is_restored() -> None:
    state = IncidentTracker("c", RULES).state()
    assert IncidentTracker.restore("c", RULES, state).state() == state


def test_a_state_is_a_copy() -> None:
    tracker = IncidentTracker("c", RULES)
    tracker.see(_look(0, "illegal_poster"))
    state = tracker.state()
    before = json.dumps(state)
    tracker.see(_look(1, "illegal_poster"))
    assert json.dumps(state) == before


def test_an_incident_whose_label_has_no_rules_any_more_is_cleared() -> None:
    rules = {"overflowing_bin": RULES["overflowing_bin"]}
    tracker = IncidentTracker.restore("c", rules, _state())
    (news,) = tracker.see(_look(10, "illegal_poster"))
    assert (news.state, news.revision, news.end_reason) == ("cleared", 2, "gone")
    assert tracker.see(_look(11)) == ()
    assert tracker.state()["tracks"] == []


def _damage(key: str, value: object) -> dict[str, Any]:
    state = _state()
    state["tracks"][0][key] = value
    return state


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"schema": 2, "last_s": None, "tracks": []},
        {"schema": 1, "last_s": "x", "tracks": []},
        {"schema": 1, "last_s": None, "tracks": [{}]},
        {"schema": 1, "last_s": None, "tracks": None},
        {"schema": 1, "last_s": None, "tracks": [3]},
        _damage("place", [1, 2, 3]),
        _damage("started_at", "yesterday"),
        _damage("peak", {"score": 1}),
        _damage("surplus", 1),
    ],
)
def test_a_damaged_state_is_refused(state: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="The kept state of camera HP-1 cannot be read"):
        IncidentTracker.restore("HP-1", RULES, state)
