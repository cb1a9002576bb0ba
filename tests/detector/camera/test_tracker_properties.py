"""What holds for incidents whatever a camera sees: made-up sightings."""

import json
import random
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import median

from hypothesis import given, settings
from hypothesis import strategies as st

from detector.camera.incident import Incident
from detector.camera.looks import BoxXyxy, Condition, Look, Measures, Sighting
from detector.camera.place import MAX_OVERLAP, overlap
from detector.camera.rules import rules_for
from detector.camera.scenery import LookKey
from detector.camera.tracker import IncidentTracker

WH = (640, 360)
START = datetime(2026, 3, 2, tzinfo=UTC)
LABELS = ("illegal_poster", "overflowing_bin", "street_vending", "site_dust")
RULES = {label: rules_for(label, 0.5) for label in LABELS}
QUICK = {
    label: replace(rule, dwell_s=0, clear_looks=2, clear_after_s=5, rejoin_s=20)
    for label, rule in RULES.items()
}
MEASURES = Measures(100, 40, 10, 1.0)

boxes = st.builds(
    lambda x, y, w, h: (float(x), float(y), float(x + w), float(y + h)),
    *(st.integers(0, 60), st.integers(0, 60), st.integers(8, 60), st.integers(8, 60)),
)
few_boxes = st.sampled_from(
    [
        (10.0, 10.0, 50.0, 50.0),
        (14.0, 12.0, 52.0, 51.0),
        (10.0, 10.0, 30.0, 50.0),
        (30.0, 10.0, 50.0, 50.0),
        (10.0, 10.0, 90.0, 50.0),
        (52.0, 10.0, 90.0, 50.0),
        (26.0, 10.0, 66.0, 50.0),
    ]
)
sightings = st.builds(
    lambda label, percent, box, motion: Sighting(
        label, percent / 100, box, percent >= 50, "small", motion
    ),
    *(st.sampled_from(LABELS), st.integers(20, 99), st.one_of(few_boxes, boxes)),
    st.sampled_from([None, 0.0, 0.3]),
)
conditions: st.SearchStrategy[Condition] = st.sampled_from(["clear"] * 9 + ["dark"])


@st.composite
def films(draw: st.DrawFn, held: bool = True) -> list[Look]:
    """Looks whose sightings repeat, so that incidents come of them."""
    scenes = draw(st.lists(st.lists(sightings, max_size=4), min_size=1, max_size=4))
    shots = draw(
        st.lists(
            st.tuples(
                st.sampled_from([0.5, 1.0, 2.0, 10.0, 60.0, 600.0, 40_000.0]),
                st.integers(0, len(scenes) - 1),
                conditions,
                st.sampled_from([False, False, held]),
            ),
            min_size=1,
            max_size=60,
        )
    )
    looks = []
    at_s = 0.0
    last = 0
    for step_s, scene, condition, is_held in shots:
        at_s += step_s
        last = last if is_held else scene
        looks.append(_look(at_s, scenes[last], held=is_held, condition=condition))
    return looks


def _look(
    at_s: float, seen: Sequence[Sighting], held: bool = False, condition: Condition = "clear"
) -> Look:
    when = START + timedelta(seconds=at_s)
    return Look("a.mp4", at_s, when, WH, held, condition, tuple(seen), MEASURES)


class Echo:
    """Scenery whose answers depend on the question alone."""

    def unchanged(
        self, then: LookKey, now: LookKey, box_xyxy: BoxXyxy, image_wh: tuple[int, int]
    ) -> bool | None:
        return (True, False, None)[int(then[1] + now[1] + box_xyxy[0] + image_wh[0]) % 3]


def play(looks: Sequence[Look], tracker: IncidentTracker) -> list[Incident]:
    return [one for look in looks for one in tracker.see(look)]


@given(films(), st.sampled_from([RULES, QUICK]))
def test_a_state_goes_on_as_if_nothing_had_been(looks: list[Look], rules: dict) -> None:  # type: ignore[type-arg]
    whole = IncidentTracker("c", rules, Echo())
    broken = IncidentTracker("c", rules, Echo())
    for look in looks:
        assert broken.see(look) == whole.see(look)
        state = json.loads(json.dumps(broken.state()))
        assert state == broken.state()
        broken = IncidentTracker.restore("c", rules, state, Echo())
        assert broken.open_incidents() == whole.open_incidents()
        assert broken.references() == whole.references()


@given(films(), st.randoms(use_true_random=False))
def test_the_order_within_a_look_does_not_matter(looks: list[Look], draw: random.Random) -> None:
    shuffled = [
        replace(look, sightings=tuple(draw.sample(look.sightings, len(look.sightings))))
        for look in looks
    ]
    assert play(looks, IncidentTracker("c", QUICK)) == play(shuffled, IncidentTracker("c", QUICK))


@given(films())
def test_open_incidents_of_a_label_do_not_overlap(looks: list[Look]) -> None:
    tracker = IncidentTracker("c", QUICK)
    for look in looks:
        tracker.see(look)
        places = [track for track in tracker.state()["tracks"] if track["phase"] == "open"]
        for i, one in enumerate(places):
            for other in places[:i]:
                if one["label"] == other["label"]:
                    assert overlap(one["place"], other["place"]) <= MAX_OVERLAP
        told = tracker.open_incidents()
        for i, incident in enumerate(told):
            for earlier in told[:i]:
                if incident.label == earlier.label:
                    both = (incident.peak.box_xyxy, earlier.peak.box_xyxy)
                    assert overlap(*both) <= MAX_OVERLAP + 1e-9


@given(films())
def test_nothing_opens_without_k_of_n_and_their_median(looks: list[Look]) -> None:
    tracker = IncidentTracker("c", QUICK)
    scored: list[Look] = []
    for look in looks:
        if look.condition == "clear" and not look.held:
            scored.append(look)
        for news in tracker.see(look):
            rules = QUICK[news.label]
            if news.state == "open" and news.revision == 1:
                best = [
                    [s.score for s in one.sightings if s.label == news.label and s.score >= 0.25]
                    for one in scored[-rules.open_window :]
                ]
                hits = sorted((max(scores) for scores in best if scores), reverse=True)
                assert len(hits) >= rules.open_hits
                assert median(hits[: rules.open_hits]) >= rules.threshold
                assert news.started_s <= news.last_seen_s <= look.at_s
                assert news.frames >= rules.open_hits


@given(films(), st.sampled_from([RULES, QUICK]))
def test_news_tell_a_story(looks: list[Look], rules: dict) -> None:  # type: ignore[type-arg]
    tracker = IncidentTracker("c", rules, Echo())
    stories: dict[str, list[Incident]] = defaultdict(list)
    for news in play(looks, tracker):
        stories[news.id].append(news)
    for key, story in stories.items():
        assert re.fullmatch(r"[A-Za-z0-9._:-]{1,80}", key)
        assert [one.revision for one in story] == list(range(1, len(story) + 1))
        assert story[0].state == "open"
        assert len({(one.label, one.started_s, one.started_at) for one in story}) == 1
        for before, after in pairwise(story):
            assert after.last_seen_s >= before.last_seen_s
            assert after.frames >= before.frames
            assert (before.state, after.state) != ("cleared", "cleared")
        assert all((one.end_reason is None) == (one.state == "open") for one in story)
    still_open = {key for key, story in stories.items() if story[-1].state == "open"}
    now_open = tracker.open_incidents()
    assert len(now_open) == len(still_open)
    assert {one.id for one in now_open} == still_open


@given(films(held=False), st.data())
def test_held_looks_between_change_nothing_that_opens(
    looks: list[Look], data: st.DataObject
) -> None:
    quiet = [
        replace(
            look,
            timestamp_s=10.0 * i,
            captured_at=START + timedelta(seconds=10.0 * i),
            sightings=tuple(one for one in look.sightings if one.label == LABELS[0]),
        )
        for i, look in enumerate(looks)
    ]
    mixed = []
    for look in quiet:
        mixed.append(look)
        count = data.draw(st.integers(0, 3))
        mixed += [
            replace(
                look,
                held=True,
                timestamp_s=look.timestamp_s + k + 1,
                captured_at=look.captured_at and look.captured_at + timedelta(seconds=k + 1),
            )
            for k in range(count)
        ]
    never_over = {
        label: replace(rule, clear_after_s=1e6, rejoin_s=1e6) for label, rule in QUICK.items()
    }
    opened = [
        [
            (one.id, one.started_s, one.peak)
            for one in play(film, IncidentTracker("c", never_over))
            if one.revision == 1
        ]
        for film in (quiet, mixed)
    ]
    assert opened[0] == opened[1]


@settings(max_examples=6)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.15, 0.25, 0.35]), st.sampled_from(LABELS[:2]))
def test_a_static_scene_of_a_week_is_one_incident_at_most(
    seed: int, spread: float, label: str
) -> None:
    draw = random.Random(seed)
    tracker = IncidentTracker("c", RULES)
    ids: set[str] = set()
    for i in range(7 * 24 * 30):
        score = min(0.99, max(0.0, draw.gauss(0.5, spread)))
        jitter = [draw.gauss(0, 3) for _ in range(4)]
        box: BoxXyxy = (100 + jitter[0], 100 + jitter[1], 140 + jitter[2], 150 + jitter[3])
        seen = [Sighting(label, score, box, score >= 0.5, "small")] if score > 0.05 else []
        ids.update(one.id for one in tracker.see(_look(i * 120.0, seen)))
        if i % 1000 == 0:
            tracker = IncidentTracker.restore("c", RULES, tracker.state())
    assert len(ids) <= 1
