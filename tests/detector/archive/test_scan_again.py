"""A scan of what was scanned before: what is looked at anew, and what is refused."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet

from detector.cli import main
from tests.detector.archive.scan_results import read_lines, read_run

Capture = pytest.CaptureFixture[str]
Results = Callable[[Path], dict[str, object]]
WriteFile = Callable[..., Path]


@pytest.fixture
def out(town: Any, tmp_path: Path) -> Path:
    """A folder in which the town was scanned."""
    return Path(shutil.copytree(town.out, tmp_path / "out"))


def test_once_more_does_nothing_twice(
    town: Any, out: Path, hands: Any, read_results: Results
) -> None:
    assert main(town.arguments(out)) == 0
    assert hands.done == []
    assert read_results(out) == read_results(town.out)


def test_other_words_for_the_same_scan(town: Any, out: Path, hands: Any, capsys: Capture) -> None:
    assert main(town.arguments(out, "--lang", "zh")) == 0
    captured = capsys.readouterr()
    assert captured.out.splitlines()[0].split() == ["摄像机", "问题", "首次出现", "时长", "分数"]
    assert "7 个文件，查看 129 帧" in captured.err
    assert f"报告：{out / 'report.html'}" in captured.err
    assert 'lang="zh' in (out / "report.html").read_text(encoding="utf-8")
    assert hands.done == []


@pytest.fixture
def own_archive(town: Any, tmp_path: Path) -> Path:
    """A copy of the archive to change; journals take moved files for the same."""
    return Path(shutil.copytree(town.archive, tmp_path / "archive", copy_function=shutil.copy2))


def test_new_changed_and_vanished_files(
    town: Any,
    out: Path,
    own_archive: Path,
    hands: Any,
    write_script: WriteFile,
) -> None:
    write_script(own_archive / "gate" / "20260302082000.mp4", 0, 10)
    write_script(own_archive / "loose.mp4", 0, 30)
    (own_archive / "gate" / "20260302081200.mp4").unlink()
    arguments = town.arguments(out)
    arguments[1] = str(own_archive)
    assert main(arguments) == 0
    assert sorted(hands.done) == [("gate/20260302082000.mp4", 0), ("loose.mp4", 0)]
    found = {(one["camera"], one["label"]) for one in read_lines(out / "incidents.jsonl")}
    # The bin of the changed video is gone; what was found in the one that went away stays.
    assert found == {
        ("gate", "overflowing_bin"),
        ("gate", "illegal_poster"),
        ("yard", "overflowing_bin"),
    }
    assert read_run(out)["counts"]["files"] == 8
    sources = set(parquet.read_table(out / "findings.parquet").column("source").to_pylist())
    assert "gate/20260302081200.mp4" in sources


def test_other_rules_need_no_new_look(
    town: Any, out: Path, tmp_path: Path, hands: Any, read_results: Results
) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text("overflowing_bin:\n  dwell_s: 3000\nillegal_poster:\n  threshold: 0.99\n")
    assert main(town.arguments(out, "--rules", str(rules))) == 0
    assert hands.done == []
    assert read_lines(out / "incidents.jsonl") == []
    before, after = read_results(town.out), read_results(out)
    assert before["findings.parquet"] == after["findings.parquet"]
    # The pictures of incidents are swept away, that of the citizen's photo stays.
    left = [name for name in after if name.startswith("evidence/")]
    assert len(left) == 2 and not [name for name in left if "inc-" in name]
    assert main(town.arguments(out)) == 0
    assert read_results(out) == before


def test_other_settings_are_refused_by_name_until_begun_anew(
    town: Any, out: Path, hands: Any, capsys: Capture, read_results: Results
) -> None:
    assert main(town.arguments(out, "--every", "4")) == 2
    words = capsys.readouterr().err
    assert "every_s was 2.0 and is 4.0" in words and "--restart" in words
    assert read_results(out) == read_results(town.out)
    assert hands.done == []
    assert main(town.arguments(out, "--every", "4", "--restart")) == 0
    assert len(hands.done) == 5
    assert read_run(out)["settings"]["every_s"] == "4.0"


def test_a_report_of_an_earlier_run_does_not_stay_beside_other_results(
    town: Any, out: Path, hands: Any
) -> None:
    assert main(town.arguments(out, "--no-privacy")) == 0
    bare = [one for one in town.arguments(out) if one != "--report"]
    assert main(bare) == 0
    assert not (out / "report.html").exists()
    assert hands.done == []


def test_other_roots_are_other_names_and_are_refused_with_words(
    town: Any, out: Path, tmp_path: Path, capsys: Capture
) -> None:
    more = tmp_path / "more"
    more.mkdir()
    arguments = town.arguments(out)
    arguments.insert(1, str(more))
    assert main(arguments) == 2
    assert "archives was" in capsys.readouterr().err


def test_a_file_that_fails_costs_itself(
    town: Any, out: Path, own_archive: Path, hands: Any, capsys: Capture
) -> None:
    (own_archive / "gate" / "20260302083000.mp4").write_text("no video", encoding="utf-8")
    arguments = town.arguments(out)
    arguments[1] = str(own_archive)
    assert main(arguments) == 1
    (error,) = read_lines(out / "errors.jsonl")
    assert (error["source"], error["code"]) == ("gate/20260302083000.mp4", "not_a_video")
    assert "; 1 files failed" in capsys.readouterr().err
    assert read_run(out)["state"] == "complete"
    # It is damaged, not unreadable: it is not tried again until it changes, and still told.
    hands.done.clear()
    assert main(arguments) == 1
    assert hands.done == []
    assert len(read_lines(out / "errors.jsonl")) == 1
