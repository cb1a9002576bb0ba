"""Networks by ultralytics: begun from warm weights, saved as it saves them."""

import os
from copy import deepcopy
from pathlib import Path
from typing import Any

import torch

from training.errors import TrainingError


def build_network(warm_start: str, labels: tuple[str, ...]) -> Any:
    """Return a detection network for some labels, begun from warm weights.

    Args:
        warm_start: An ultralytics checkpoint, or a published name that ultralytics downloads.
            Rows of its head whose names are among the labels are kept too.
        labels: Class id of each label is its position.

    Raises:
        TrainingError: The weights cannot be had, or their head is not end-to-end.
    """
    from ultralytics.nn.tasks import DetectionModel, load_checkpoint
    from ultralytics.utils.downloads import attempt_download_asset

    try:
        base, _ = load_checkpoint(attempt_download_asset(warm_start))
    except Exception as error:  # whatever torch and ultralytics raise on a file they cannot use
        raise TrainingError(
            "warm_start_unusable",
            f"The warm start {warm_start} cannot be loaded: {error}.",
            "Name a checkpoint with --warm-start.",
        ) from error
    plan = {**deepcopy(base.yaml), "nc": len(labels)}
    network = DetectionModel(plan, verbose=False)
    network.names = dict(enumerate(labels))
    if getattr(network.model[-1], "one2one_cv2", None) is None:
        raise TrainingError("head_unknown", f"{warm_start} has no end-to-end head, as YOLO26 has.")
    network.load(base, verbose=False)
    return network


def save_weights(network: Any, labels: tuple[str, ...], path: Path) -> None:
    """Write weights as a checkpoint that ultralytics loads, whole or not at all."""
    copy = deepcopy(network).float().to("cpu", memory_format=torch.contiguous_format).eval()
    copy.names = dict(enumerate(labels))
    copy.args = {}
    for parameter in copy.parameters():
        parameter.requires_grad = False
    save_whole({"model": copy, "ema": None, "train_args": {}, "epoch": -1}, path)


def save_whole(content: dict[str, Any], path: Path) -> None:
    """Write with torch so that a crash leaves the old file or the new one."""
    half = path.with_name(path.name + ".part")
    torch.save(content, half)
    os.replace(half, path)


def serve_one_to_many(weights: Path, out: Path) -> None:
    """Write a copy of a checkpoint that is exported with its one-to-many head.

    An end-to-end network has two heads: one-to-one, which needs no suppression, and one-to-many,
    which teaches the backbone. The second learns faster; after a short training it is the better
    one, and the pipeline suppresses repeats anyway.

    Raises:
        TrainingError: The checkpoint cannot be read, or has no two heads.
    """
    try:
        content = torch.load(weights, map_location="cpu", weights_only=False)
        head = content["model"].model[-1]
        head.one2one_cv2, head.one2one_cv3 = deepcopy(head.cv2), deepcopy(head.cv3)
    except Exception as error:  # whatever torch raises on what is no checkpoint
        raise TrainingError("weights_unusable", f"{weights} cannot be used: {error}.") from error
    save_whole(content, out)


def keep_labels(weights: Path, labels: tuple[str, ...], out: Path) -> None:
    """Write a copy of a checkpoint that answers for some of its labels only.

    What it says of the others does not change. A label that was trained and did not become good
    enough is left out of a bundle so.

    Args:
        weights: An ultralytics checkpoint with two heads.
        labels: In the order of the new class ids.
        out: The file to write.

    Raises:
        TrainingError: The checkpoint cannot be read, or does not know a label.
    """
    try:
        content = torch.load(weights, map_location="cpu", weights_only=False)
        network = content["model"]
        head = network.model[-1]
        known = [network.names[i] for i in sorted(network.names)]
        last = [level[-1] for branch in (head.cv3, head.one2one_cv3) for level in branch]
    except Exception as error:  # whatever torch raises on what is no checkpoint
        raise TrainingError("weights_unusable", f"{weights} cannot be used: {error}.") from error
    missing = [label for label in labels if label not in known]
    if missing:
        raise TrainingError(
            "label_unknown", f"{weights} was not trained for {missing[0]}: {', '.join(known)}."
        )
    rows = [known.index(label) for label in labels]
    for layer in last:
        layer.weight = torch.nn.Parameter(layer.weight[rows].clone(), requires_grad=False)
        layer.bias = torch.nn.Parameter(layer.bias[rows].clone(), requires_grad=False)
        layer.out_channels = len(rows)
    head.nc = network.nc = len(rows)
    head.no = head.nc + 4 * head.reg_max
    network.names = dict(enumerate(labels))
    network.yaml = {**network.yaml, "nc": len(rows)}
    save_whole(content, out)
