"""Export with its gate, and int8; what needs torch or onnx is skipped without them."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from detector.models import load_detector
from detector.models.bundle import Bundle
from training.bundling import read_recipe, write_draft
from training.commands import export as command
from training.errors import TrainingError
from training.export import NEEDED, export_network
from training.parity import ParityError, Rows
from training.quantise import picture_tensor, quantise_network

RECIPE = Path(__file__).parents[2] / "training" / "recipes" / "street-issues-n-0.2.0.json"


def made_up_export(weights: Path, size_px: int) -> Path:
    assert size_px == 96
    network = weights.with_suffix(".onnx")
    network.write_bytes(b"exported")
    return network


@pytest.mark.parametrize("apart_px", [0.1, 2.0])
def test_only_a_network_that_agrees_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, apart_px: float
) -> None:
    def answers(
        weights: Path, network: Path, tensors: Sequence[Any]
    ) -> Iterator[tuple[Rows, Rows]]:
        assert weights.exists() and network.exists()
        for _ in tensors:
            rows = np.array([[10, 10, 50, 50, 0.9, 0]], np.float32)
            yield rows, rows + np.array([apart_px, 0, 0, 0, 0, 0], np.float32)

    monkeypatch.setattr("training.export._export", made_up_export)
    monkeypatch.setattr("training.export.run_both", answers)
    weights = tmp_path / "weights.pt"
    weights.write_bytes(b"trained")
    out = tmp_path / "new" / "model.onnx"
    if apart_px < 0.5:
        assert export_network(weights, 96, out).box_px == pytest.approx(apart_px, abs=1e-4)
        assert out.read_bytes() == b"exported"
    else:
        with pytest.raises(ParityError, match=r"2\.000 px"):
            export_network(weights, 96, out)
        assert not out.parent.exists()
    assert sorted(one.name for one in tmp_path.iterdir()) in (["weights.pt"], ["new", "weights.pt"])


def test_a_refused_export_has_status_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from training.cli import main

    def refuse(*_: object) -> None:
        raise ParityError("parity", "It differs.")

    monkeypatch.setattr(command, "_make_network", refuse)
    out = tmp_path / "draft"
    assert main(["export", "w.pt", "--recipe", str(RECIPE), "--out", str(out)]) == 1
    assert "refused: It differs." in capsys.readouterr().out and not out.exists()


@pytest.mark.filterwarnings("ignore")  # torch and ultralytics warn about each other
def test_a_trained_network_is_exported(tmp_path: Path) -> None:
    for name in NEEDED:
        pytest.importorskip(name)
    import torch
    from ultralytics.nn.tasks import DetectionModel

    from training.network import save_weights

    recipe, _ = read_recipe(RECIPE)
    labels = tuple(recipe["classes"])
    weights = tmp_path / "weights.pt"
    torch.manual_seed(0)
    made = DetectionModel("yolo26n.yaml", nc=len(labels), verbose=False)
    for parameter in made.model[-1].parameters():  # unlike scores: ties may be ranked either way
        parameter.data += 0.1 * torch.rand_like(parameter)
    save_weights(made, labels, weights)
    network = tmp_path / "model.onnx"
    assert export_network(weights, 256, network).n_rows > 0
    detector = load_detector(write_draft(tmp_path / "draft", network, recipe), "onnxruntime")
    assert detector.detect([np.zeros((48, 64, 3), np.uint8)])
    detector.close()


@pytest.mark.filterwarnings("ignore")
def test_either_head_may_answer(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from ultralytics.nn.tasks import DetectionModel, load_checkpoint

    from training.network import save_weights, serve_one_to_many

    torch.manual_seed(0)
    network = DetectionModel("yolo26n.yaml", nc=80, verbose=False)
    for weights in network.model[-1].cv3.parameters():  # both heads begin alike
        weights.data += 0.1 * torch.rand_like(weights)
    save_weights(network, tuple(map(str, range(80))), tmp_path / "w.pt")
    serve_one_to_many(tmp_path / "w.pt", tmp_path / "many.pt")
    picture = torch.rand(1, 3, 64, 64)
    given, changed = (
        load_checkpoint(tmp_path / name)[0].eval()(picture)[1] for name in ("w.pt", "many.pt")
    )
    assert torch.allclose(changed["one2one"]["scores"], given["one2many"]["scores"], atol=1e-5)
    assert not torch.allclose(given["one2one"]["scores"], given["one2many"]["scores"], atol=1e-3)
    (tmp_path / "bad.pt").write_bytes(b"no weights")
    with pytest.raises(TrainingError, match=r"bad\.pt cannot be used"):
        serve_one_to_many(tmp_path / "bad.pt", tmp_path / "x.pt")


@pytest.mark.filterwarnings("ignore")
def test_labels_that_are_left_out_change_nothing_else(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from ultralytics.nn.tasks import DetectionModel, load_checkpoint

    from training.network import keep_labels, save_weights

    torch.manual_seed(0)
    network = DetectionModel("yolo26n.yaml", nc=80, verbose=False)
    for weights in network.model[-1].parameters():
        weights.data += 0.1 * torch.rand_like(weights)
    save_weights(network, tuple(f"label {i}" for i in range(80)), tmp_path / "w.pt")
    keep_labels(tmp_path / "w.pt", ("label 7", "label 2"), tmp_path / "few.pt")
    picture = torch.rand(1, 3, 64, 64)
    given, few = (load_checkpoint(tmp_path / one)[0].eval() for one in ("w.pt", "few.pt"))
    assert few.names == {0: "label 7", 1: "label 2"}
    before, after = given(picture)[1], few(picture)[1]
    for head in ("one2one", "one2many"):
        expected = before[head]["scores"][:, [7, 2]]
        assert torch.allclose(after[head]["scores"], expected, atol=1e-5)
        assert torch.allclose(after[head]["boxes"], before[head]["boxes"], atol=1e-4)
    with pytest.raises(TrainingError, match="was not trained for bin"):
        keep_labels(tmp_path / "w.pt", ("bin",), tmp_path / "x.pt")


def test_an_int8_network_runs(
    default_bundle: Bundle, write_jpeg: Callable[..., Path], tmp_path: Path
) -> None:
    photo = write_jpeg(tmp_path / "photo.jpg")
    turned = tmp_path / "turned.png"  # photos of any shape make one calibration
    cv2.imwrite(str(turned), np.full((400, 300, 3), 90, np.uint8))
    for one in (photo, turned):
        assert picture_tensor(one, default_bundle).shape == (1, 3, 640, 640)
    with pytest.raises(TrainingError, match="needs photos"):
        quantise_network(default_bundle, [], tmp_path / "int8.onnx")
    pytest.importorskip("onnx")
    network = tmp_path / "int8.onnx"
    quantise_network(default_bundle, [photo, turned], network)
    assert network.stat().st_size < default_bundle.network_path.stat().st_size / 2
    recipe, _ = read_recipe(RECIPE)
    detector = load_detector(write_draft(tmp_path / "draft", network, recipe), "onnxruntime")
    assert detector.detect([np.full((240, 320, 3), 90, np.uint8)])
    detector.close()
