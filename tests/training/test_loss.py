"""What is not known of a picture does not teach."""

from typing import Any

import pytest
import torch

from training.config import TrainingConfig
from training.loss import in_fp32, knowledge, make_loss, rival_matrix

CONFIG = TrainingConfig(
    "tiny", "0.1.0", "none", ("overflowing_bin", "bin", "site_dust"),
    (("overflowing_bin", "bin"),), 0, 0.0, (),
)  # fmt: skip
ANCHORS = torch.tensor([[4.0, 4.0], [12.0, 4.0], [60.0, 60.0]])


@pytest.fixture(scope="module")
def network() -> Any:
    from types import SimpleNamespace

    from ultralytics.nn.tasks import DetectionModel

    torch.manual_seed(0)
    network = DetectionModel("yolo26n.yaml", nc=3, verbose=False)
    network.args = SimpleNamespace(box=7.5, cls=0.5, dfl=1.5, epochs=2)
    return network


def targets(boxes: list[list[float]], labels: list[int], known: list[list[float]]) -> Any:
    return {
        "batch_idx": torch.zeros(len(labels)),
        "cls": torch.tensor(labels, dtype=torch.float32).view(-1, 1),
        "bboxes": torch.tensor(boxes).view(-1, 4),
        "known": torch.tensor(known),
    }


def test_rivals_tell_of_each_other() -> None:
    assert rival_matrix(CONFIG).int().tolist() == [[1, 1, 0], [1, 1, 0], [0, 0, 1]]


def test_a_label_that_was_looked_for_is_known_everywhere() -> None:
    known = torch.tensor([[1.0, 0.0, 1.0]])
    batch = targets([], [], [[1.0, 0.0, 1.0]])
    weight = knowledge(known, ANCHORS, torch.zeros(0, 4), batch, rival_matrix(CONFIG))
    assert weight[0].tolist() == [[1, 0, 1]] * 3


def test_inside_a_box_its_label_and_rivals_are_known() -> None:
    known = torch.zeros(1, 3)
    batch = targets([[0, 0, 1, 1]], [1], [[0.0] * 3])
    boxes = torch.tensor([[0.0, 0.0, 20.0, 8.0]])
    weight = knowledge(known, ANCHORS, boxes, batch, rival_matrix(CONFIG))
    assert weight[0].tolist() == [[1, 1, 0], [1, 1, 0], [0, 0, 0]]
    assert known.sum() == 0


def score_gradients(network: Any, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """Gradient of the loss by the one-to-one head's scores, (A, C)."""
    torch.manual_seed(1)
    network.train()
    preds = in_fp32(network(torch.rand(1, 3, 64, 64)))
    scores = preds["one2one"]["scores"].detach().requires_grad_()
    preds["one2one"]["scores"] = scores
    loss, parts = make_loss(network, CONFIG)(preds, batch)
    loss.sum().backward()
    assert torch.isfinite(loss).all()
    assert set(parts) == {"box_loss", "cls_loss", "l1_loss"}
    assert scores.grad is not None
    return scores.grad[0].T


def test_an_unknown_label_gets_no_gradient(network: Any) -> None:
    gradients = score_gradients(network, targets([], [], [[1.0, 0.0, 1.0]]))
    assert (gradients[:, 1] == 0).all()
    assert (gradients[:, [0, 2]] != 0).all()


def test_a_box_teaches_though_its_label_was_not_looked_for(network: Any) -> None:
    batch = targets([[0.5, 0.5, 0.6, 0.6]], [1], [[0.0, 0.0, 0.0]])
    gradients = score_gradients(network, batch)
    assert (gradients[:, 1] != 0).any()  # the box itself
    assert (gradients[:, 0] != 0).any()  # its rival is surely not there
    assert (gradients[:, 2] == 0).all()
    assert (gradients == 0).all(dim=1).any()  # away from the box nothing is told


def test_all_known_is_the_plain_loss(network: Any) -> None:
    from ultralytics.utils.loss import E2ELoss

    batch = targets([[0.5, 0.5, 0.6, 0.6]], [1], [[1.0, 1.0, 1.0]])
    network.train()
    preds = in_fp32(network(torch.rand(1, 3, 64, 64)))
    ours, _ = make_loss(network, CONFIG)(preds, dict(batch))
    theirs, _ = E2ELoss(network)(preds, dict(batch))
    assert torch.allclose(ours, theirs)
