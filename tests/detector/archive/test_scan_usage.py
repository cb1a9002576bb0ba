"""Wrong usage of `street-issues scan` is told with words, before any work."""

import sys
from pathlib import Path
from typing import Any

import pytest

from detector.cli import main

Capture = pytest.CaptureFixture[str]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--name-pattern", "{camera}/{when}"], "{when}"),
        (["--cameras", "{tmp}/none.csv"], "none.csv cannot be read"),
        (["--zones", "{tmp}/zones.yaml"], "zones.yaml: cameras: gate: zonse is unknown"),
        (["--rules", "{tmp}/rules.yaml"], "rules.yaml: overflowing_bin: dwel_s is unknown"),
        (["--timezone", "Mars/Base"], "Mars/Base"),
        (["--thresholds", "{tmp}/none.json"], "none.json"),
        (["--model", "{tmp}/none"], "none"),
        (["--runtime", "tensorrt"], "Choose one of auto, onnxruntime, openvino"),
        (["--key", "k"], "no --file-cases"),
        (["--file-cases", "https://x.test"], "STREET_ISSUES_KEY"),
        (["--file-cases", "https://x.test", "--key", "k", "--key-file", "f"], "Both"),
        (["--file-cases", "https://x.test", "--key-file", "{tmp}/no.key"], "no.key cannot be read"),
        (["--file-cases", "x.test", "--key", "k"], "address is no web address"),
    ],
)
def test_wrong_usage_is_told_before_any_work(
    town: Any,
    tmp_path: Path,
    capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
    more: list[str],
    words: str,
) -> None:
    monkeypatch.delenv("STREET_ISSUES_KEY", raising=False)
    (tmp_path / "zones.yaml").write_text("cameras:\n  gate:\n    zonse: []\n")
    (tmp_path / "rules.yaml").write_text("overflowing_bin:\n  dwel_s: 3\n")
    given = [one.replace("{tmp}", str(tmp_path)) for one in more]
    out = tmp_path / "out"
    assert main(["scan", str(town.archive), "--out", str(out), "--lang", "en", *given]) == 2
    told = capsys.readouterr().err
    assert words in told
    assert told.startswith("street-issues: ") and "Traceback" not in told
    assert not out.exists()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--every", "0"], "--every"),
        (["--every", "often"], "--every: invalid seconds value: 'often'"),
        (["--every", "nan"], "--every"),
        (["--workers", "0"], "--workers"),
        (["--max-failures", "2"], "--max-failures"),
        (["--engine", "cloud"], "--engine"),
        (["--lang", "fr"], "--lang"),
    ],
)
def test_options_that_are_none(
    tmp_path: Path, capsys: Capture, more: list[str], words: str
) -> None:
    with pytest.raises(SystemExit) as end:
        main(["scan", str(tmp_path), "--out", str(tmp_path / "out"), *more])
    assert end.value.code == 2
    assert words in capsys.readouterr().err


def test_the_results_must_not_lie_in_the_archive(town: Any, capsys: Capture) -> None:
    assert main(["scan", str(town.archive), "--out", str(town.archive / "gate" / "out")]) == 2
    assert "Name a folder outside it" in capsys.readouterr().err
    assert not (town.archive / "gate" / "out").exists()


def test_an_archive_without_footage_or_that_is_not_there(tmp_path: Path, capsys: Capture) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "readme.txt").write_text("nothing")
    assert main(["scan", str(empty), "--out", str(tmp_path / "out"), "--lang", "en"]) == 2
    assert f"no video and no photo in {empty}" in capsys.readouterr().err
    away = tmp_path / "away"
    assert main(["scan", str(away), "--out", str(tmp_path / "out"), "--lang", "en"]) == 2
    assert f"{away} cannot be read: No such file" in capsys.readouterr().err


def test_the_results_folder_may_be_a_file(town: Any, tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "out").write_text("a file")
    assert main(town.arguments(tmp_path / "out")) == 2
    assert f"{tmp_path / 'out'} cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize("module", ["av", "pyarrow"])
def test_a_missing_extra_is_named(
    town: Any, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    assert main(town.arguments(tmp_path / "out")) == 2
    assert 'pip install "street-issue-detector[camera]"' in capsys.readouterr().err
