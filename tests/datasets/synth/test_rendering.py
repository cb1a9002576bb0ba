import ast
import sys
from pathlib import Path

import pytest

from datasets.cli import main
from datasets.errors import DatasetError
from datasets.synth import rendering
from datasets.synth.rendering import RenderJob, render_sprites

FAKE_WORKER = """
import argparse, pathlib
parser = argparse.ArgumentParser()
for name in ("--first", "--step", "--count", "--threads"):
    parser.add_argument(name, type=int)
parser.add_argument("--out", type=pathlib.Path)
args = parser.parse_args()
for n in range(args.first, args.first + args.count * args.step, args.step):
    path = args.out / f"{n:05d}.json"
    if not path.exists():
        path.write_text(f"rendered {n}")
"""


def job(tmp_path: Path, count: int, worker: str = FAKE_WORKER, processes: int = 1) -> RenderJob:
    script = tmp_path / "worker.py"
    script.write_text(worker, encoding="utf-8")
    return RenderJob(tmp_path / "out", count, processes, Path(sys.executable), script)


def test_missing_environment_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(DatasetError) as caught:
        render_sprites(RenderJob(tmp_path / "out", 3, python=tmp_path / "none" / "python"))
    assert caught.value.code == "synth_env_missing"
    assert "python3.11 -m venv .venv-synth" in str(caught.value)
    assert "requirements/synth.lock" in str(caught.value)


def test_renders_all_numbers_in_shares(tmp_path: Path) -> None:
    assert render_sprites(job(tmp_path, 5, processes=2)) == 5
    names = sorted(path.name for path in (tmp_path / "out").glob("*.json"))
    assert names == [f"{n:05d}.json" for n in range(5)]


def test_resumes_where_it_stopped(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "00001.json").write_text("as it was", encoding="utf-8")
    assert render_sprites(job(tmp_path, 3)) == 2
    assert (out / "00001.json").read_text(encoding="utf-8") == "as it was"


def test_complete_set_starts_nothing(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "00000.json").write_text("{}", encoding="utf-8")
    assert render_sprites(RenderJob(out, 1, python=tmp_path / "none")) == 0


def test_failure_shows_the_end_of_the_log(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no bpy here"):
        render_sprites(job(tmp_path, 2, "raise SystemExit('no bpy here')"))


def test_silent_worker_is_a_failure(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="2 sprites are missing"):
        render_sprites(job(tmp_path, 2, "pass"))


def test_command_line_reports_the_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["render", "--out", str(tmp_path / "out"), "--python", str(tmp_path / "none")])
    assert code == 2
    assert "requirements/synth.lock" in capsys.readouterr().err


def test_blender_scripts_import_nothing_of_the_project() -> None:
    for path in rendering.WORKER.parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert not any(name.split(".")[0] in ("datasets", "detector") for name in names)
