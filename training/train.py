"""A whole training: stages one after another, resumable, with a record of what went in."""

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from datasets.versions import hash_records
from detector.decode import hash_photo
from detector.version import __version__
from training.config import Stage, TrainingConfig, read_config
from training.errors import TrainingError
from training.gathering import Sets, check_draws, gather_sets
from training.progress import Progress, read_curves, write_curves
from training.run_record import RECORD_NAME

STATE_NAME, WEIGHTS_NAME, CURVES_NAME = "state.pt", "weights.pt", "curves.csv"
RECORDED_PACKAGES = ("torch", "ultralytics", "numpy", "opencv-python")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `street-issues-train run`."""
    parser.add_argument("config", type=Path, help="YAML; see training/configs")
    parser.add_argument(
        "--data", type=Path, action="append", required=True, metavar="DIR",
        help="folder of labelled sets; its held-out share is not trained on",
    )  # fmt: skip
    parser.add_argument(
        "--composed", type=Path, action="append", default=[], metavar="DIR",
        help="folder of composed sets, made from what is not held out",
    )  # fmt: skip
    parser.add_argument("--warm-start", metavar="FILE", help="weights, in the config's place")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the run's folder")
    parser.add_argument("--resume", action="store_true", help="go on where --out stopped")
    parser.add_argument("--until", metavar="STAGE", help="stop after this stage; --resume goes on")
    parser.add_argument("--threads", type=int, help="CPU threads; all cores if not given")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda")


def run(options: argparse.Namespace) -> int:
    """Run the command.

    Raises:
        TrainingError: It cannot begin or go on.
    """
    config = read_config(options.config)
    out: Path = options.out
    if (out / RECORD_NAME).exists() and not options.resume:
        raise TrainingError("out_not_empty", f"{out} holds a run.", "Add --resume or name another.")
    stages = _stages_until(config, options.until)
    sets = gather_sets(options.data, options.composed, config.held_out_share)
    check_draws(stages, sets, config.labels)
    warm_start = options.warm_start or config.warm_start
    record = describe_run(replace(config, stages=stages), sets, warm_start)
    before_s = 0
    if options.resume:
        before_s = _check_goes_on(out, record)
    out.mkdir(parents=True, exist_ok=True)
    _write_record(out, {**record, "elapsed_s": before_s})
    began = time.monotonic()
    train_stages(
        replace(config, stages=stages), sets, warm_start, out,
        threads=options.threads, device=options.device,
    )  # fmt: skip
    ended = {
        "finished": True,
        "elapsed_s": before_s + round(time.monotonic() - began),
        "weights_sha256": hash_photo((out / WEIGHTS_NAME).read_bytes()),
    }
    _write_record(out, {**record, **ended})
    print(out / WEIGHTS_NAME)
    return 0


def _stages_until(config: TrainingConfig, name: str | None) -> tuple[Stage, ...]:
    names = [stage.name for stage in config.stages]
    if name is None:
        return config.stages
    if name not in names:
        raise TrainingError(
            "stage_unknown", f"There is no stage {name}; known: {', '.join(names)}."
        )
    return config.stages[: names.index(name) + 1]


def describe_run(config: TrainingConfig, sets: Sets, warm_start: str) -> dict[str, Any]:
    """Return what went into a run, JSON-ready: the resolved config, data versions, packages."""
    used = sorted({name for stage in config.stages for name in stage.draws if name in sets})
    return {
        "config": asdict(config),
        "warm_start": Path(warm_start).name,
        "sets": {
            name: {"pictures": len(sets[name]), "version": hash_records(sets[name])}
            for name in used
        },
        "code_version": __version__,
        "packages": {name: version(name) for name in RECORDED_PACKAGES},
        "python": platform.python_version(),
        "finished": False,
    }


def _check_goes_on(out: Path, new: dict[str, Any]) -> int:
    """Refuse to go on with another plan or data; what comes after the stages begun may change.

    Returns:
        Seconds that the run took before.
    """
    path = out / RECORD_NAME
    if not path.exists():
        if (out / STATE_NAME).exists():
            raise TrainingError("run_unreadable", f"{out} holds a state but no {RECORD_NAME}.")
        return 0
    try:
        old = json.loads(path.read_text(encoding="utf-8"))
        plan, new_plan = old["config"], json.loads(json.dumps(new["config"]))
        begun = {row["stage"] for row in read_curves(out / CURVES_NAME)}
        names = {name for stage in plan["stages"] for name in stage["draws"]
                 if stage["name"] in begun}  # fmt: skip
        same = {
            "config": _begun(plan, begun) == _begun(new_plan, begun),
            "data": _some(old["sets"], names) == _some(new["sets"], names),
            "warm start": old["warm_start"] == new["warm_start"],
        }
        before_s = int(old["elapsed_s"])
    except (ValueError, KeyError, TypeError) as error:
        raise TrainingError(
            "run_unreadable", f"{path} is no record of a run: {error!r}."
        ) from error
    for what, holds in same.items():
        if not holds:
            raise TrainingError(
                "run_differs",
                f"The run was begun with another {what}.",
                "Give the same config and data, or begin a new run.",
            )
    return before_s


def _begun(plan: dict[str, Any], names: set[str]) -> dict[str, Any]:
    return {**plan, "stages": [stage for stage in plan["stages"] if stage["name"] in names]}


def _some(sets: dict[str, Any], names: set[str]) -> dict[str, Any]:
    return {name: sets.get(name) for name in sorted(names)}


def _write_record(out: Path, record: dict[str, Any]) -> None:
    half = out / (RECORD_NAME + ".part")
    half.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(half, out / RECORD_NAME)


def train_stages(
    config: TrainingConfig,
    sets: Sets,
    warm_start: str,
    out: Path,
    *,
    threads: int | None,
    device: str,
) -> None:
    """Train every stage that is not done yet, and write the averaged weights.

    Raises:
        TrainingError: The weights or a set are missing.
    """
    import torch

    from training.loop import StageRun
    from training.network import build_network, save_weights, save_whole
    from training.samples import SampleStream

    chosen = ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device
    torch.set_num_threads(threads or _usable_cores())
    torch.manual_seed(config.seed)
    network = build_network(warm_start, config.labels)
    state: dict[str, Any] = {}
    if (out / STATE_NAME).exists():
        state = torch.load(out / STATE_NAME, map_location="cpu", weights_only=True)
    curves: list[dict[str, Any]] = state.get("curves", [])
    names = [stage.name for stage in config.stages]
    begin = names.index(state["stage"]) if state else 0
    for number, stage in enumerate(config.stages):
        if number < begin:
            continue
        stream = SampleStream(sets, stage, config.labels, (config.seed, number))
        stage_run = StageRun(network, config, stage, stream, torch.device(chosen))
        if state:
            stage_run.restore(state)
            state = {}
        progress = Progress(_say, stage.name, stage.epochs)
        while stage_run.epoch < stage.epochs:
            losses = stage_run.run_epoch(progress)
            curves.append({"stage": stage.name, "epoch": stage_run.epoch, **losses})
            save_weights(stage_run.ema.ema, config.labels, out / f"{stage.name}.pt")
            write_curves(out / CURVES_NAME, curves)
            # Last: what a crash leaves of this epoch before it is written again by the next run.
            save_whole({**stage_run.state(), "curves": curves}, out / STATE_NAME)
        network.load_state_dict(stage_run.ema.ema.state_dict())
    save_weights(network, config.labels, out / WEIGHTS_NAME)


def _usable_cores() -> int:
    from detector.models.network import usable_cores

    return usable_cores()


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command by itself."""
    parser = argparse.ArgumentParser(prog="python -m training.train")
    add_arguments(parser)
    return run(parser.parse_args(arguments))


if __name__ == "__main__":
    sys.exit(main())
