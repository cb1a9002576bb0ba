"""A tiny training from end to end: it learns, it resumes, it says what went in."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import yaml

from datasets.errors import DatasetError
from datasets.formats import yolo
from datasets.records import ImageRecord, LabelledBox
from training.errors import TrainingError
from training.gathering import gather_sets
from training.run_record import RECORD_NAME
from training.train import CURVES_NAME, STATE_NAME, WEIGHTS_NAME, main

CONFIG: dict[str, Any] = {
    "name": "tiny",
    "version": "0.1.0",
    "warm_start": "yolo26n.pt",
    "labels": ["overflowing_bin", "bin"],
    "rivals": [{"labels": ["overflowing_bin", "bin"]}],
    "seed": 3,
    "held_out_share": 0.0,
    "stages": [
        {
            "name": name,
            "epochs": 2,
            "sizes_wh": [[96, 96], [128, 96]],
            "batch": 4,
            "learning_rate": 0.002,
            "final_share": 0.5,
            "mosaic": 0.25,
            "frozen_layers": frozen,
            "draws": {"squares": 12},
        }
        for name, frozen in (("first", 2), ("second", 0))
    ],
}


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Labelled squares, random weights, a config."""
    import torch
    from ultralytics.nn.tasks import DetectionModel

    folder = tmp_path_factory.mktemp("workshop")
    records = []
    rng = np.random.default_rng(0)
    (folder / "drawn").mkdir()
    for i in range(12):
        image = rng.integers(90, 130, (96, 128, 3), dtype=np.uint8)
        x, y = rng.integers(8, 60), rng.integers(8, 40)
        image[y : y + 40, x : x + 40] = (30, 200, 40) if i % 2 else (200, 40, 30)
        path = folder / "drawn" / f"{i}.png"
        cv2.imwrite(str(path), image)
        box = (x / 128, y / 96, (x + 40) / 128, (y + 40) / 96)
        label = "bin" if i % 2 else "overflowing_bin"
        labelled = frozenset({"overflowing_bin", "bin"})
        records.append(ImageRecord(path, "squares", labelled, (LabelledBox(label, box),)))
    yolo.write_set(folder / "data" / "squares", records)
    torch.manual_seed(0)
    network = DetectionModel("yolo26n.yaml", nc=80, verbose=False)
    torch.save({"model": network, "train_args": {}}, folder / "warm.pt")
    (folder / "tiny.yaml").write_text(yaml.safe_dump(CONFIG))
    return folder


def train(workshop: Path, out: Path, *more: str, config: str = "tiny.yaml") -> int:
    return main(
        [
            str(workshop / config), "--data", str(workshop / "data"),
            "--warm-start", str(workshop / "warm.pt"), "--out", str(out), "--threads", "1",
            "--device", "cpu", *more,
        ]
    )  # fmt: skip


def curves(out: Path) -> Sequence[str]:
    return (out / CURVES_NAME).read_text().splitlines()


def weights(out: Path) -> dict[str, Any]:
    import torch

    content = torch.load(out / WEIGHTS_NAME, weights_only=False)
    return {name: value.float().numpy() for name, value in content["model"].state_dict().items()}


@pytest.fixture(scope="module")
def finished(workshop: Path) -> Path:
    out = workshop / "run"
    assert train(workshop, out) == 0
    return out


def test_the_record_says_what_went_in(finished: Path) -> None:
    record = json.loads((finished / RECORD_NAME).read_text())
    assert record["finished"] is True
    assert record["sets"]["squares"]["pictures"] == 12
    assert len(record["sets"]["squares"]["version"]) == 64
    assert record["config"]["seed"] == 3
    assert set(record["packages"]) >= {"torch", "ultralytics"}


def test_curves_have_a_line_an_epoch(finished: Path) -> None:
    lines = curves(finished)
    assert lines[0] == "stage,epoch,box_loss,cls_loss,l1_loss"
    assert [line.split(",")[:2] for line in lines[1:]] == [
        ["first", "1"], ["first", "2"], ["second", "1"], ["second", "2"]
    ]  # fmt: skip


def test_a_longer_run_learns(workshop: Path, tmp_path: Path) -> None:
    long = {"epochs": 12, "mosaic": 0.0, "learning_rate": 0.003, "sizes_wh": [[96, 96]]}
    stage = {**CONFIG["stages"][1], **long}
    (workshop / "long.yaml").write_text(yaml.safe_dump({**CONFIG, "stages": [stage]}))
    assert train(workshop, tmp_path / "run", config="long.yaml") == 0
    of_classes = [float(line.split(",")[3]) for line in curves(tmp_path / "run")[1:]]
    assert of_classes[-1] < 0.7 * of_classes[0]


def test_ultralytics_loads_the_weights(finished: Path) -> None:
    from ultralytics import YOLO

    model = YOLO(finished / WEIGHTS_NAME)
    assert model.names == {0: "overflowing_bin", 1: "bin"}


def test_a_stopped_run_goes_on_to_the_same_weights(
    workshop: Path, finished: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import training.network as network_module

    saved = network_module.save_whole
    calls = 0

    def stop_after_the_third_epoch(content: dict[str, Any], path: Path) -> None:
        nonlocal calls
        saved(content, path)
        calls += path.name == "state.pt"
        if calls == 3:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(network_module, "save_whole", stop_after_the_third_epoch)
        with pytest.raises(KeyboardInterrupt):
            train(workshop, tmp_path / "run")
    assert not (tmp_path / "run" / WEIGHTS_NAME).exists()
    assert train(workshop, tmp_path / "run", "--resume") == 0
    assert curves(tmp_path / "run") == curves(finished)
    expected = weights(finished)
    for name, value in weights(tmp_path / "run").items():
        np.testing.assert_allclose(value, expected[name], rtol=1e-4, atol=1e-5, err_msg=name)


def test_a_run_is_not_overwritten(workshop: Path, finished: Path) -> None:
    with pytest.raises(TrainingError, match="holds a run"):
        train(workshop, finished)


def test_resuming_with_another_plan_is_refused(workshop: Path, finished: Path) -> None:
    (workshop / "other.yaml").write_text(yaml.safe_dump({**CONFIG, "seed": 4}))
    with pytest.raises(TrainingError, match="another config"):
        train(workshop, finished, "--resume", config="other.yaml")


def test_a_run_may_stop_after_a_stage_and_go_on(
    workshop: Path, finished: Path, tmp_path: Path
) -> None:
    assert train(workshop, tmp_path / "run", "--until", "first") == 0
    assert [line.split(",")[0] for line in curves(tmp_path / "run")[1:]] == ["first", "first"]
    assert train(workshop, tmp_path / "run", "--resume") == 0
    assert curves(tmp_path / "run") == curves(finished)


def test_an_unknown_stage_is_named(workshop: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="no stage third; known: first, second"):
        train(workshop, tmp_path / "run", "--until", "third")


def test_a_missing_warm_start_is_said(workshop: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.pt").write_bytes(b"no weights")
    with pytest.raises(TrainingError, match=r"bad\.pt cannot be loaded"):
        train(workshop, tmp_path / "run", "--warm-start", str(tmp_path / "bad.pt"))


def test_held_out_photos_are_not_gathered(workshop: Path) -> None:
    whole = gather_sets([workshop / "data"], [], 0.0)["squares"]
    part = gather_sets([workshop / "data"], [], 0.3)["squares"]
    assert set(part) < set(whole)
    assert gather_sets([], [workshop / "data"], 0.3)["squares"] == whole


def test_one_name_for_two_sets_is_refused(workshop: Path, tmp_path: Path) -> None:
    yolo.write_set(tmp_path / "squares", gather_sets([workshop / "data"], [], 0)["squares"])
    with pytest.raises(TrainingError, match="a set squares, and so does a folder named before"):
        gather_sets([workshop / "data"], [tmp_path], 0.0)


def test_a_set_is_not_taken_twice_from_one_folder(workshop: Path) -> None:
    with pytest.raises(TrainingError, match="a set squares"):
        gather_sets([workshop / "data"], [workshop / "data"], 0.0)


def test_a_missing_set_stops_the_run_before_it_begins(workshop: Path, tmp_path: Path) -> None:
    late = {**CONFIG["stages"][1], "draws": {"moons": 3}}
    (workshop / "late.yaml").write_text(
        yaml.safe_dump({**CONFIG, "stages": [CONFIG["stages"][0], late]})
    )
    with pytest.raises(TrainingError, match="second draws from moons"):
        train(workshop, tmp_path / "run", config="late.yaml")
    assert not (tmp_path / "run").exists()
    assert train(workshop, tmp_path / "run", "--until", "first", config="late.yaml") == 0
    (workshop / "changed.yaml").write_text(yaml.safe_dump(CONFIG))
    assert train(workshop, tmp_path / "run", "--resume", config="changed.yaml") == 0


def test_a_label_without_negatives_is_refused(workshop: Path, tmp_path: Path) -> None:
    (workshop / "plates.yaml").write_text(
        yaml.safe_dump({**CONFIG, "labels": ["overflowing_bin", "bin", "licence_plate"]})
    )
    with pytest.raises(TrainingError, match="was looked through for licence_plate"):
        train(workshop, tmp_path / "run", config="plates.yaml")


def test_a_state_without_its_record_is_not_taken_up(
    workshop: Path, finished: Path, tmp_path: Path
) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / STATE_NAME).write_bytes((finished / STATE_NAME).read_bytes())
    with pytest.raises(TrainingError, match=r"no run\.json"):
        train(workshop, tmp_path / "run", "--resume")


def test_a_torn_record_is_said(workshop: Path, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / RECORD_NAME).write_text('{"config": ')
    with pytest.raises(TrainingError, match="no record of a run"):
        train(workshop, tmp_path / "run", "--resume")


@pytest.mark.parametrize(("share", "fits"), [(0.0, True), (0.4, False)])
def test_scenes_on_held_out_backgrounds_are_refused(
    workshop: Path, tmp_path: Path, share: float, fits: bool
) -> None:
    """Scenes that were composed with a held-out share of 0 fit a training with 0 alone."""
    from datasets.synth.composers import Resources
    from datasets.synth.engine import compose_set
    from datasets.synth.plan import ComposedSet, ComposePlan

    asked = ComposedSet("signs", ("no-dust",), 1, {"squares": 1.0})
    records = gather_sets([workshop / "data"], [], 0.0)["squares"]
    large = tuple(
        ImageRecord(path, one.set_name, one.labelled, one.boxes)
        for one in records
        for path in [tmp_path / "large" / "images" / one.path.name]
    )
    (tmp_path / "large" / "images").mkdir(parents=True)
    for one, copy in zip(records, large, strict=True):
        image = cv2.imread(str(one.path))
        assert image is not None
        cv2.imwrite(str(copy.path), cv2.resize(image, None, fx=3, fy=3))
    yolo.write_set(tmp_path / "data" / "squares", large)
    whole = gather_sets([tmp_path / "data"], [], 0.0)["squares"]
    plan = ComposePlan(1, 0.0, 640, (asked,))
    compose_set(plan, asked, Resources(whole), tmp_path / "composed" / "signs")
    if fits:
        assert set(gather_sets([tmp_path / "data"], [tmp_path / "composed"], share)) == {
            "squares", "signs"
        }  # fmt: skip
    else:
        with pytest.raises(TrainingError, match="another part or version of squares"):
            gather_sets([tmp_path / "data"], [tmp_path / "composed"], share)


def test_an_empty_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no set"):
        gather_sets([tmp_path], [], 0.0)
