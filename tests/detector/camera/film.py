"""Looks of a made-up camera, played to a tracker that keeps all its news."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from detector.camera.incident import Incident
from detector.camera.looks import BoxXyxy, Condition, Look, Measures, Sighting
from detector.camera.rules import IncidentRules, rules_for
from detector.camera.scenery import LookKey
from detector.camera.tracker import IncidentTracker

WH = (1920, 1080)
BOX = (400.0, 300.0, 520.0, 420.0)
BESIDE = (530.0, 300.0, 650.0, 420.0)
START = datetime(2026, 3, 2, tzinfo=UTC)
POSTER, BIN, VENDING, DUST = "illegal_poster", "overflowing_bin", "street_vending", "site_dust"
RULES = {label: rules_for(label, 0.5) for label in (POSTER, BIN, VENDING, DUST)}
# A plain label for what has nothing to do with its dwell.
RULES[POSTER] = replace(RULES[POSTER], dwell_s=0.0)
MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0

Scene = Callable[[float], Sequence[Sighting]]


def sight(
    label: str, score: float = 0.8, box: BoxXyxy = BOX, motion: float | None = 0.0
) -> Sighting:
    return Sighting(label, score, box, score >= 0.5, "small", motion)


def look(
    at_s: float,
    *sightings: Sighting,
    held: bool = False,
    condition: Condition = "clear",
    wh: tuple[int, int] = WH,
) -> Look:
    return Look(
        "cam.mp4",
        at_s,
        START + timedelta(seconds=at_s),
        wh,
        held,
        condition,
        sightings,
        Measures(100, 40, 10, 1.0),
    )


def moved(box: BoxXyxy, dx: float = 0.0, dy: float = 0.0, grow: float = 1.0) -> BoxXyxy:
    w, h = (box[2] - box[0]) * grow, (box[3] - box[1]) * grow
    x, y = (box[0] + box[2]) / 2 + dx, (box[1] + box[3]) / 2 + dy
    return x - w / 2, y - h / 2, x + w / 2, y + h / 2


class FakeScenery:
    """Answers as it is told, and remembers what it was asked."""

    def __init__(self, answer: Callable[[float], bool | None]) -> None:
        self.answer = answer
        self.asked: list[tuple[LookKey, LookKey]] = []

    def unchanged(
        self, then: LookKey, now: LookKey, box_xyxy: BoxXyxy, image_wh: tuple[int, int]
    ) -> bool | None:
        assert 0 <= box_xyxy[0] < box_xyxy[2] <= image_wh[0]
        self.asked.append((then, now))
        return self.answer(now[1])


class Film:
    """A tracker and all its news."""

    def __init__(
        self,
        scenery: FakeScenery | None = None,
        rules: Mapping[str, IncidentRules] = RULES,
    ) -> None:
        self.tracker = IncidentTracker("HP-0137", rules, scenery)
        self.news: list[Incident] = []

    def see(self, *looks: Look) -> "Film":
        for one in looks:
            self.news += self.tracker.see(one)
        return self

    def play(self, scene: Scene, start_s: float, end_s: float, every_s: float = 1.0) -> "Film":
        count = round((end_s - start_s) / every_s)
        times: Iterable[float] = (start_s + i * every_s for i in range(count))
        return self.see(*(look(at_s, *scene(at_s)) for at_s in times))

    @property
    def ids(self) -> list[str]:
        """Of incidents, in the order in which they opened."""
        return list(dict.fromkeys(one.id for one in self.news))

    @property
    def story(self) -> list[tuple[str, int]]:
        return [(one.state, one.revision) for one in self.news]


def always(*sightings: Sighting) -> Scene:
    return lambda _: sightings


def never(_: float) -> Sequence[Sighting]:
    return ()
