"""ultralytics' detection loss, taught what is not known of a picture.

A set is looked at for some labels only. Where a label was not looked for, a cell without a box says
nothing about it, so its classification loss there is left out. Inside a box the object's own label
is known, and so are its rivals: a full bin is no bin in order.
"""

from functools import partial
from typing import Any

import torch
from torch import Tensor
from ultralytics.utils.loss import E2ELoss, v8DetectionLoss
from ultralytics.utils.tal import make_anchors

from training.config import TrainingConfig


def rival_matrix(config: TrainingConfig) -> Tensor:
    """Return bool (C, C): row c marks the labels that a box of label c tells of."""
    matrix = torch.eye(len(config.labels), dtype=torch.bool)
    for group in config.rivals:
        for first in group:
            for second in group:
                matrix[config.labels.index(first), config.labels.index(second)] = True
    return matrix


def knowledge(
    known: Tensor, anchors_xy: Tensor, boxes_xyxy: Tensor, batch: dict[str, Tensor], rivals: Tensor
) -> Tensor:
    """Tell for which cells and labels a picture's marks say anything.

    Args:
        known: float (B, C), 1 where the label was looked for in the picture.
        anchors_xy: float (A, 2), centres of the cells in pixels.
        boxes_xyxy: float (N, 4) in pixels.
        batch: `batch_idx` (N,) and `cls` (N, 1) of the boxes.
        rivals: bool (C, C), from `rival_matrix`.

    Returns:
        float (B, A, C), 0 or 1.
    """
    weight = known[:, None, :].expand(-1, len(anchors_xy), -1).clone()
    inside = (anchors_xy[None] > boxes_xyxy[:, None, :2]) & (
        anchors_xy[None] < boxes_xyxy[:, None, 2:]
    )  # (N, A, 2)
    boxes, cells = inside.all(-1).nonzero(as_tuple=True)
    pictures = batch["batch_idx"].long()[boxes]
    told = rivals[batch["cls"].view(-1).long()[boxes]].to(weight.dtype)  # (K, C)
    for label in range(weight.shape[2]):  # several boxes may tell of one cell
        hits = told[:, label] > 0
        weight[pictures[hits], cells[hits], label] = 1.0
    return weight


class KnownLoss(v8DetectionLoss):  # type: ignore[misc] # ultralytics is untyped
    """The detection loss with `batch["known"]` float (B, C)."""

    def __init__(self, model: Any, rivals: Tensor, **assigner: Any) -> None:
        """Wrap the loss of a model; `assigner` is passed through."""
        super().__init__(model, **assigner)
        self._rivals = rivals.to(self.device)
        self._weight: Tensor | None = None
        self._plain_bce: Any = torch.nn.BCEWithLogitsLoss(reduction="none")
        self.bce: Any = self._known_bce

    def _known_bce(self, scores: Tensor, targets: Tensor) -> Tensor:
        loss: Tensor = self._plain_bce(scores, targets)
        return loss if self._weight is None else loss * self._weight

    def loss(self, preds: dict[str, Any], batch: dict[str, Tensor]) -> Any:
        """Return ultralytics' loss, masked."""
        anchors, strides = make_anchors(preds["feats"], self.stride, 0.5)
        height, width = preds["feats"][0].shape[2:]
        frame = torch.tensor([width, height, width, height], device=anchors.device)
        centres, sides = (batch["bboxes"] * frame * self.stride[0]).chunk(2, 1)
        boxes = torch.cat([centres - sides / 2, centres + sides / 2], 1)
        self._weight = knowledge(batch["known"], anchors * strides, boxes, batch, self._rivals)
        return super().loss(preds, batch)


def make_loss(model: Any, config: TrainingConfig) -> E2ELoss:
    """Return the loss of an end-to-end network: both heads, masked."""
    return E2ELoss(model, partial(KnownLoss, rivals=rival_matrix(config)))


def in_fp32(preds: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Bring a network's outputs to float32; of the feature maps only the shapes are used."""
    return {
        head: {
            **parts,
            "boxes": parts["boxes"].float(),
            "scores": parts["scores"].float(),
            "feats": [
                one.new_zeros((), dtype=torch.float32).expand(one.shape) for one in parts["feats"]
            ],
        }
        for head, parts in preds.items()
    }
