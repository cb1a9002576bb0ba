"""One stage of a training: epochs over a stream of batches, resumable after each."""

import math
from types import SimpleNamespace
from typing import Any, Final

import torch
from ultralytics.utils.torch_utils import ModelEMA

from training.config import Stage, TrainingConfig
from training.errors import TrainingError
from training.loss import in_fp32, make_loss
from training.progress import Progress
from training.samples import Batch, SampleStream

LOSS_GAINS: Final = {"box": 7.5, "cls": 0.5, "dfl": 1.5}
"""ultralytics' defaults (cfg/default.yaml)."""
WEIGHT_DECAY: Final = 5e-4
WARMUP_STEPS: Final = 60
WARMUP_SHARE: Final = 0.1
"""The learning rate rises over so many steps, or this share of a short stage."""
NOMINAL_BATCH: Final = 16
"""ultralytics' default batch, for which its longest gradient is meant."""
LONGEST_GRADIENT: Final = 10.0
"""Norm that gradients are cut to, as in ultralytics' trainer."""
EMA_STEPS: Final = 300
"""The averaged weights forget over about as many steps: some epochs of a small data set."""


class StageRun:
    """The state of a stage: network, its average, optimizer, place."""

    def __init__(
        self,
        network: Any,
        config: TrainingConfig,
        stage: Stage,
        stream: SampleStream,
        device: torch.device,
    ) -> None:
        """Prepare a stage; the network is trained in place."""
        self.stage, self.stream, self.device = stage, stream, device
        self.network = network.to(device).to(memory_format=torch.channels_last)
        self.network.args = SimpleNamespace(**LOSS_GAINS, epochs=stage.epochs)
        self.epoch = 0
        self._freeze()
        self.criterion = make_loss(self.network, config)
        self.ema = ModelEMA(self.network, decay=0.998, tau=EMA_STEPS)
        self.optimizer = torch.optim.AdamW(self._parameter_groups(), lr=stage.learning_rate)

    def _freeze(self) -> None:
        frozen = tuple(f"model.{i}." for i in range(self.stage.frozen_layers))
        for name, parameter in self.network.named_parameters():
            parameter.requires_grad = not name.startswith(frozen)

    def _parameter_groups(self) -> list[dict[str, Any]]:
        decayed: list[Any] = []
        others: list[Any] = []
        for parameter in self.network.parameters():
            if parameter.requires_grad:
                (decayed if parameter.ndim > 1 else others).append(parameter)
        return [
            {"params": decayed, "weight_decay": WEIGHT_DECAY},
            {"params": others, "weight_decay": 0.0},
        ]

    def state(self) -> dict[str, Any]:
        """Return all that a later process needs to go on after this epoch."""
        return {
            "stage": self.stage.name,
            "epoch": self.epoch,
            "network": self.network.state_dict(),
            "average": self.ema.ema.state_dict(),
            "updates": self.ema.updates,
            "optimizer": self.optimizer.state_dict(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take up the state that `state` gave."""
        self.epoch = state["epoch"]
        self.network.load_state_dict(state["network"])
        self.ema.ema.load_state_dict(state["average"])
        self.ema.updates = state["updates"]
        self.optimizer.load_state_dict(state["optimizer"])
        for _ in range(self.epoch):
            self.criterion.update()

    def run_epoch(self, progress: Progress) -> dict[str, float]:
        """Train one epoch.

        Args:
            progress: Is told of each batch.

        Returns:
            The epoch's mean losses.

        Raises:
            TrainingError: The loss is no longer a number.
        """
        self.network.train()
        for layer in list(self.network.model)[: self.stage.frozen_layers]:
            layer.eval()  # their BatchNorm keeps its statistics too
        total = self.stream.batches_per_epoch
        sums: dict[str, float] = {}
        for number, batch in enumerate(self.stream.batches(self.epoch)):
            self._set_rate(self.epoch * total + number, total)
            for name, value in self._step(batch).items():
                sums[name] = sums.get(name, 0.0) + value
            means = {name: one / (number + 1) for name, one in sums.items()}
            progress.report(self.epoch, number + 1, total, means)
        self.criterion.update()
        self.epoch += 1
        return {name: one / total for name, one in sums.items()}

    def _set_rate(self, step: int, per_epoch: int) -> None:
        steps = self.stage.epochs * per_epoch
        done = step / steps
        cosine = (1 + math.cos(math.pi * done)) / 2
        share = self.stage.final_share + (1 - self.stage.final_share) * cosine
        warm = min(1.0, (step + 1) / max(1, min(WARMUP_STEPS, WARMUP_SHARE * steps)))
        for group in self.optimizer.param_groups:
            group["lr"] = self.stage.learning_rate * share * warm

    def _step(self, batch: Batch) -> dict[str, float]:
        images = torch.from_numpy(batch.images).to(self.device).float().div_(255)
        images = images.contiguous(memory_format=torch.channels_last)
        with torch.autocast(self.device.type, torch.bfloat16):
            preds = self.network(images)
        loss, parts = self.criterion(in_fp32(preds), self._targets(batch))
        whole = loss.sum()
        if not torch.isfinite(whole):
            raise TrainingError(
                "loss_broken",
                f"The loss is {whole.item()} in epoch {self.epoch + 1}.",
                "Lower the learning rate.",
            )
        # The loss is a sum over pictures; a gradient's longest norm must not depend on the batch.
        (whole / len(batch.images) * NOMINAL_BATCH).backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), LONGEST_GRADIENT)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.ema.update(self.network)
        return {name: float(value) for name, value in parts.items()}

    def _targets(self, batch: Batch) -> dict[str, torch.Tensor]:
        return {
            "batch_idx": torch.from_numpy(batch.picture_ids).float().to(self.device),
            "cls": torch.from_numpy(batch.class_ids).float().view(-1, 1).to(self.device),
            "bboxes": torch.from_numpy(batch.boxes_xywh).float().to(self.device),
            "known": torch.from_numpy(batch.known).to(self.device),
        }
