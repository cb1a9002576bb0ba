"""Start-up time and memory of the command line."""

import sys
import tempfile
from pathlib import Path

from benchmarks.processes import CLI, median_run, run

ROUNDS = 5
SIZES_WH = ((4000, 3000), (6000, 4000), (8160, 6120))
"""12, 24 and 50 MP."""


def measure() -> list[str]:
    """Measure and return Markdown lines."""
    empty = median_run([sys.executable, "-c", "pass"], ROUNDS).wall_s
    imported = median_run([sys.executable, "-c", "import detector"], ROUNDS).wall_s
    pipeline = median_run([sys.executable, "-c", "import detector.pipeline"], ROUNDS).wall_s
    lines = [
        f"- `import detector`: {imported - empty:.2f} s; with all that scoring needs "
        f"(`import detector.pipeline`): {pipeline - empty:.2f} s (an empty Python: {empty:.2f} s)",
    ]
    with tempfile.TemporaryDirectory() as name:
        one = _write_apart(Path(name) / "one", 1, SIZES_WH[0]) / "photo_000.jpg"
        for runtime in ("onnxruntime", "openvino"):
            command = [CLI, "score", str(one), "--format", "jsonl", "--runtime", runtime]
            cold = median_run(command, ROUNDS)
            lines.append(f"- `street-issues score one.jpg` (12 MP), {runtime}: {cold.wall_s:.2f} s")
        folder = Path(name) / "many"
        for wh in SIZES_WH:
            _write_apart(folder / f"{wh[0]}", 8, wh)
        for runtime in ("onnxruntime", "openvino"):
            for repeats in (1, 4):
                command = [CLI, "score", *[str(folder)] * repeats, "--out", f"{name}/out.jsonl"]
                peak = run([*command, "--runtime", runtime]).peak_mb
                lines.append(
                    f"- peak memory over {24 * repeats} photos of 12, 24 and 50 MP, {runtime}: "
                    f"{peak:.0f} MB"
                )
    return lines


def _write_apart(folder: Path, count: int, wh: tuple[int, int]) -> Path:
    """Write photos in another process: what this one once held would count as its children's."""
    code = f"write_photos(Path({str(folder)!r}), {count}, {wh})"
    imports = "from pathlib import Path; from benchmarks.photos import write_photos"
    run([sys.executable, "-c", f"{imports}; {code}"])
    return folder


if __name__ == "__main__":
    print("\n".join(measure()))
