"""An hour of a made-up camera gives the incidents of its script, and no other."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.scripted_camera import EXPECTED, HOUR_S, ZONES, write_video
from benchmarks.scripted_incidents import read_found, tell_script


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a scan of the whole script, small and at one frame a second."""
    folder = tmp_path_factory.mktemp("hour")
    video = folder / "footage" / "clip.mp4"
    video.parent.mkdir()
    write_video(video, wh=(640, 360), rate=1, gop=1)
    arguments = ("scan", str(video.parent), "--out", str(folder / "out"), "--lang", "en")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "detector.cli", *arguments),
            *("--zones", str(ZONES), "--runtime", "onnxruntime"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder / "out"


def test_the_script_and_nothing_else_is_found(results: Path) -> None:
    found = read_found(results / "incidents.jsonl")
    assert tell_script(found, HOUR_S) == f"{len(EXPECTED)} of {len(EXPECTED)}"


def test_a_lorry_and_the_changing_light_are_no_state_of_the_camera(results: Path) -> None:
    assert (results / "cameras.jsonl").read_text(encoding="utf-8") == ""


def test_most_frames_are_held(results: Path) -> None:
    counts = json.loads((results / "run.json").read_text(encoding="utf-8"))["counts"]
    assert counts["looks"] == HOUR_S / 2
    assert counts["scored"] < counts["looks"] * 0.6
