"""Plans are strict; composing is repeatable, resumable and parallel."""

import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import yaml

from datasets.cli import main
from datasets.errors import DatasetError
from datasets.formats import read_sets, yolo
from datasets.records import ImageRecord, LabelledBox
from datasets.synth import engine
from datasets.synth.composers import COMPOSERS, Resources, make_composer
from datasets.synth.engine import RECORD_NAME, compose_set
from datasets.synth.plan import ComposedSet, ComposePlan, parse_plan
from datasets.synth.scene import Background, Composer, Scene

GOOD: dict[str, Any] = {
    "seed": 1,
    "held_out_share": 0.0,
    "max_side_px": 96,
    "sets": [
        {"name": "dots", "composers": ["no-dust"], "count": 6, "backgrounds": {"walls": 1}},
    ],
}
ASKED = ComposedSet("dots", ("dot",), 6, {"walls": 2.0, "roads": 1.0})
PLAN = ComposePlan(1, 0.0, 96, (ASKED,))


class DotComposer:
    """A white dot, called a bin."""

    name = "dot"
    version = 1
    draws = frozenset({"bin"})

    def compose(self, background: Background, rng: np.random.Generator) -> Scene | None:
        height, width = background.image.shape[:2]
        x, y = int(rng.integers(0, width - 8)), int(rng.integers(0, height - 8))
        image = background.image.copy()
        image[y : y + 8, x : x + 8] = 255
        box = (x / width, y / height, (x + 8) / width, (y + 8) / height)
        return Scene(image, (*background.record.boxes, LabelledBox("bin", box)))


class Refuser:
    name = "refuser"
    version = 1
    draws: frozenset[str] = frozenset()

    def compose(self, background: Background, rng: np.random.Generator) -> Scene | None:
        assert background.image.size
        assert rng.random() < 1
        return None


@pytest.fixture
def backgrounds(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    drawn = tmp_path / "drawn"
    drawn.mkdir()
    marked = LabelledBox("site_dust", (0.1, 0.1, 0.2, 0.2))
    for name, labelled, boxes in (
        ("walls", frozenset({"site_dust"}), (marked,)),
        ("roads", frozenset({"site_dust", "bin"}), ()),
    ):
        records = []
        for i in range(3):
            path = drawn / f"{name}{i}.png"
            cv2.imwrite(str(path), rng.integers(0, 200, (180, 240, 3), dtype=np.uint8))
            records.append(ImageRecord(path, name, labelled, boxes))
        yolo.write_set(tmp_path / "data" / name, records)
    return tmp_path / "data"


@pytest.fixture
def resources(backgrounds: Path, monkeypatch: pytest.MonkeyPatch) -> Resources:
    made: dict[str, Callable[[Resources], Composer]] = {
        "dot": lambda _: DotComposer(),
        "refuser": lambda _: Refuser(),
    }
    monkeypatch.setattr("datasets.synth.composers.COMPOSERS", {**COMPOSERS, **made})
    engine._composer.cache_clear()
    return Resources(read_sets(backgrounds))


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_scene_keeps_what_is_known_of_its_background(
    resources: Resources, tmp_path: Path
) -> None:
    compose_set(PLAN, ASKED, resources, tmp_path / "dots")
    records = read_sets(tmp_path / "dots")
    assert len(records) == 6
    by_background = {one.labelled: one for one in records}
    wall, road = (
        by_background[frozenset({"site_dust"})],
        by_background[frozenset({"site_dust", "bin"})],
    )
    assert wall.also_marked == {"bin"}
    assert {box.label for box in wall.boxes} == {"bin", "site_dust"}
    assert road.also_marked == frozenset()
    assert [box.label for box in road.boxes] == ["bin"]


def test_boxes_stand_on_what_was_drawn(resources: Resources, tmp_path: Path) -> None:
    compose_set(PLAN, ASKED, resources, tmp_path / "dots")
    for record in read_sets(tmp_path / "dots"):
        image = cv2.imread(str(record.path))
        assert image is not None
        assert max(image.shape[:2]) == 96
        (box,) = [one for one in record.boxes if one.label == "bin"]
        x1, y1, x2, y2 = (np.array(box.box_xyxy) * [96, 72, 96, 72]).round().astype(int)
        assert image[y1:y2, x1:x2].mean() > 240


def test_the_same_seed_gives_the_same_files(resources: Resources, tmp_path: Path) -> None:
    for name in ("one", "two"):
        compose_set(PLAN, ASKED, resources, tmp_path / name / "dots")
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    other = replace(PLAN, seed=2)
    compose_set(other, ASKED, resources, tmp_path / "three" / "dots")
    assert contents(tmp_path / "one") != contents(tmp_path / "three")


def test_a_stopped_run_goes_on_to_the_same_files(
    resources: Resources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compose_set(PLAN, ASKED, resources, tmp_path / "whole" / "dots")
    written = engine._write_whole
    calls = 0

    def stop_at_the_seventh(path: Path, data: bytes) -> None:
        nonlocal calls
        calls += 1
        if calls == 7:
            path.with_name(path.name + ".part").write_bytes(data[:10])
            raise KeyboardInterrupt
        written(path, data)

    with monkeypatch.context() as patch:
        patch.setattr(engine, "_write_whole", stop_at_the_seventh)
        with pytest.raises(KeyboardInterrupt):
            compose_set(PLAN, ASKED, resources, tmp_path / "parts" / "dots")
    with pytest.raises(DatasetError):
        read_sets(tmp_path / "parts")  # no set before it is whole
    compose_set(PLAN, ASKED, resources, tmp_path / "parts" / "dots")
    assert contents(tmp_path / "parts") == contents(tmp_path / "whole")


def test_more_scenes_may_be_added(resources: Resources, tmp_path: Path) -> None:
    compose_set(PLAN, ASKED, resources, tmp_path / "dots", count=2)
    before = contents(tmp_path / "dots" / "images")
    compose_set(PLAN, ASKED, resources, tmp_path / "dots")
    after = contents(tmp_path / "dots" / "images")
    assert len(after) == 6
    assert before.items() <= after.items()


def test_a_set_is_not_cut_short(resources: Resources, tmp_path: Path) -> None:
    compose_set(PLAN, ASKED, resources, tmp_path / "dots")
    with pytest.raises(DatasetError, match="holds 6 scenes, more than 2"):
        compose_set(PLAN, ASKED, resources, tmp_path / "dots", count=2)
    assert len(read_sets(tmp_path / "dots")) == 6


def test_scenes_of_another_plan_are_not_mixed_in(resources: Resources, tmp_path: Path) -> None:
    compose_set(PLAN, ASKED, resources, tmp_path / "dots", count=1)
    with pytest.raises(DatasetError, match="another plan"):
        compose_set(replace(PLAN, seed=9), ASKED, resources, tmp_path / "dots")


def test_the_record_names_composers_and_data(resources: Resources, tmp_path: Path) -> None:
    compose_set(PLAN, ASKED, resources, tmp_path / "dots", count=1)
    record = json.loads((tmp_path / "dots" / RECORD_NAME).read_text())
    assert record["composers"] == {"dot": 1}
    assert set(record["background_versions"]) == {"walls", "roads"}


def test_composers_work_one_after_another(resources: Resources, tmp_path: Path) -> None:
    asked = replace(ASKED, composers=("dot", "dot", "refuser"))
    compose_set(PLAN, asked, resources, tmp_path / "dots", count=2)
    for record in read_sets(tmp_path / "dots"):
        assert sum(box.label == "bin" for box in record.boxes) == 2


def test_backgrounds_that_never_suit_are_said(resources: Resources, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="none of 12 backgrounds suits refuser"):
        compose_set(PLAN, replace(ASKED, composers=("refuser",)), resources, tmp_path / "dots")


def test_a_missing_background_set_is_named(resources: Resources, tmp_path: Path) -> None:
    asked = replace(ASKED, backgrounds={"moon": 1.0})
    with pytest.raises(DatasetError, match="no background set moon"):
        compose_set(PLAN, asked, resources, tmp_path / "dots")


def test_objects_without_sprites_say_what_to_do() -> None:
    with pytest.raises(DatasetError, match="street-issues-data render"):
        make_composer("objects", Resources(()))


def test_two_processes_compose_what_one_does(backgrounds: Path, tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text(yaml.safe_dump({**GOOD, "max_side_px": 240}))
    for workers in ("1", "2"):
        out = tmp_path / workers
        given = ["synth", str(plan), "--data", str(backgrounds), "--out", str(out)]
        assert main([*given, "--workers", workers]) == 0
    assert contents(tmp_path / "1") == contents(tmp_path / "2")
    assert len(read_sets(tmp_path / "1")) == 6


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda one: one.update(colour=1), "colour is unknown"),
        (lambda one: one["sets"][0].update(composers=["magic"]), "magic"),
        (lambda one: one["sets"][0].pop("count"), r"sets\[0\]: count is missing"),
        (lambda one: one["sets"][0].update(backgrounds={"walls": 0}), "walls is 0"),
        (lambda one: one["sets"].append(one["sets"][0]), "two sets have one name"),
    ],
)
def test_what_is_wrong_in_a_plan_is_named(
    change: Callable[[dict[str, Any]], object], message: str
) -> None:
    content = deepcopy(GOOD)
    change(content)
    with pytest.raises(DatasetError, match=message):
        parse_plan(content, "plan.yaml", tuple(COMPOSERS))
