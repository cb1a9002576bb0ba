"""24 photos of 12 MP: `street-issues score` against `yolo predict`, same network, same input size.

Steady figures leave out the start-up of both; whole-command figures hold it.
"""

import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.photos import write_photos
from benchmarks.processes import CLI, ROOT, median_run, run
from detector.models import RuntimeOptions, load_detector
from detector.models.bundle import DEFAULT_BUNDLE, load_bundle
from detector.models.manifest import Precision
from detector.models.network import usable_cores
from detector.pipeline import Pipeline
from detector.sources import PathSource

ROUNDS = 3
NETWORK = DEFAULT_BUNDLE / "model.onnx"
MODES: tuple[tuple[str, Precision], ...] = (
    ("onnxruntime", "fp32"),
    ("openvino", "fp32"),
    ("openvino", "bf16"),
)


def other_python() -> str:
    """Return the Python that has ultralytics: `BENCH_PYTHON`, else .venv-bench, made on demand."""
    chosen = os.environ.get("BENCH_PYTHON")
    if chosen:
        return chosen
    folder = ROOT / ".venv-bench"
    python = folder / "bin" / "python"
    if not python.exists():
        run([sys.executable, "-m", "venv", str(folder)])
        lock = str(ROOT / "requirements" / "bench.lock")
        run([str(python), "-m", "pip", "install", "--quiet", "--require-hashes", "-r", lock])
    return str(python)


def steady_rate(paths: Sequence[Path], runtime: str, precision: Precision) -> float:
    """Return photos per second of the pipeline, warm."""
    workers = usable_cores()
    bundle = load_bundle(DEFAULT_BUNDLE)
    detector = load_detector(bundle, runtime, RuntimeOptions(None, workers, precision))
    pipeline = Pipeline(detector)
    sources = [PathSource(path) for path in paths]
    list(pipeline.score_many(sources[:4], workers))
    rates = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        scores = list(pipeline.score_many(sources, workers))
        rates.append(len(scores) / (time.perf_counter() - started))
        assert all(score.error is None for score in scores)
    detector.close()
    return sorted(rates)[ROUNDS // 2]


def other_rate(python: str, folder: Path, save: str) -> float:
    """Return photos per second of `yolo predict`, warm."""
    script = str(Path(__file__).with_name("yolo_predict.py"))
    rates = []
    for _ in range(ROUNDS):
        output = run([python, script, str(NETWORK), str(folder), save]).output
        rates.append(float(output.rsplit("photos_per_s=", 1)[1]))
    return sorted(rates)[ROUNDS // 2]


def measure() -> list[str]:
    """Measure and return Markdown lines."""
    python = other_python()
    yolo = str(Path(python).with_name("yolo"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "photos"
        paths = write_photos(folder, 24, (4000, 3000))
        megabytes = sum(path.stat().st_size for path in paths) / len(paths) / 1e6
        others = {save: other_rate(python, folder, save) for save in ("no save", "save")}
        predict = [yolo, "predict", "task=detect", f"model={NETWORK}", f"source={folder}"]
        predict += ["imgsz=640", "device=cpu", "verbose=False", f"project={name}/runs"]
        whole_other = median_run([*predict, "save=False"], ROUNDS).wall_s
        lines = [
            f"24 photos of 4000×3000 px, {megabytes:.1f} MB each. `yolo predict` reaches "
            f"{others['no save']:.1f} photos/s with `save=False` and {others['save']:.1f} with its "
            f"default `save=True`; its whole command (`save=False`) takes {whole_other:.1f} s.",
            "",
            "| ours | photos/s, steady | × yolo `save=False` | × yolo default "
            "| whole command | × yolo's |",
            "|---|---|---|---|---|---|",
        ]
        for runtime, precision in MODES:
            rate = steady_rate(paths, runtime, precision)
            command = [CLI, "score", str(folder), "--out", f"{name}/out.jsonl"]
            command += ["--runtime", runtime, "--precision", precision]
            whole = median_run(command, ROUNDS).wall_s
            lines.append(
                f"| {runtime} {precision} | {rate:.1f} | {rate / others['no save']:.1f} "
                f"| {rate / others['save']:.1f} | {whole:.1f} s | {whole_other / whole:.1f} |"
            )
    return lines


if __name__ == "__main__":
    print("\n".join(measure()))
