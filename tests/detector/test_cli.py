"""The command line as a user meets it: exit status, words, files."""

import argparse
import hashlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import jsonschema
import pytest

from detector.cli import build_parser, main
from detector.errors import ExtraMissingError
from detector.models.bundle import DEFAULT_BUNDLE
from detector.score_json import SCHEMA_PATH

ROOT = Path(__file__).parents[2]
SCENES = ROOT / "demo" / "scenes"
WriteJpeg = Callable[..., Path]
Capture = pytest.CaptureFixture[str]


def lines_of(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_the_demo_scenes_are_scored_and_fit_the_schema(capsys: Capture) -> None:
    assert main(["score", str(SCENES), "--format", "jsonl", "--context"]) == 0
    schema = json.loads(SCHEMA_PATH.read_text(encoding="utf-8"))
    answers = lines_of(capsys.readouterr().out)
    assert [Path(str(one["source"])).name for one in answers] == sorted(
        path.name for path in SCENES.glob("*.jpg")
    )
    for one in answers:
        jsonschema.validate(one, schema)
        assert one["error"] is None


def test_a_bad_photo_gives_status_1_and_is_named(
    write_jpeg: WriteJpeg, tmp_path: Path, capsys: Capture
) -> None:
    write_jpeg(tmp_path / "a.jpg")
    (tmp_path / "b.jpg").write_text("not a photo", encoding="utf-8")
    assert main(["score", str(tmp_path), str(tmp_path / "none.jpg"), "--format", "jsonl"]) == 1
    captured = capsys.readouterr()
    codes = [(one["error"] or {"code": None})["code"] for one in lines_of(captured.out)]  # type: ignore[index]
    assert codes == [None, "not_a_picture", "unreadable"]
    assert f"failed: {tmp_path / 'b.jpg'}: The file is not a picture." in captured.err
    assert "3 photos: 0 flagged, 1 with nothing flagged, 2 failed" in captured.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--runtime", "tensorrt"], "Choose one of auto, onnxruntime, openvino"),
        (["--model", "/nowhere"], "no readable manifest.json in the model folder /nowhere"),
        (["--thresholds", "/nowhere.json"], "thresholds file /nowhere.json cannot be read"),
        (["--precision", "bf16", "--runtime", "onnxruntime"], "fp32, not bf16"),
    ],
)
def test_a_wrong_set_up_gives_status_2_and_says_what_to_do(
    arguments: list[str], words: str, write_jpeg: WriteJpeg, tmp_path: Path, capsys: Capture
) -> None:
    assert main(["score", str(write_jpeg(tmp_path / "a.jpg")), *arguments]) == 2
    captured = capsys.readouterr()
    assert words in captured.err and captured.out == ""


@pytest.mark.parametrize(
    "arguments",
    [[], ["score"], ["score", "x", "--min-score", "2"], ["score", "x", "--workers", "0"], ["no"]],
)
def test_wrong_usage_gives_status_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2


def test_a_folder_without_photos_gives_status_2(tmp_path: Path, capsys: Capture) -> None:
    assert main(["score", str(tmp_path)]) == 2
    assert "no photos found" in capsys.readouterr().err


def test_paths_come_from_standard_input(
    write_jpeg: WriteJpeg,
    tmp_path: Path,
    capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = [str(write_jpeg(tmp_path / name)) for name in ("c d.jpg", "a.jpg")]
    listed = "\r\n".join(names).encode() + b"\r\n\n" + b"bad\xff.jpg\n"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(listed)))
    assert main(["score", "-", "--format", "jsonl"]) == 1
    answers = lines_of(capsys.readouterr().out)
    assert [one["source"] for one in answers[:2]] == names
    assert "bad" in str(answers[2]["source"]) and answers[2]["error"] is not None


def test_out_writes_jsonl_to_a_file(write_jpeg: WriteJpeg, tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "new" / "out.jsonl"
    assert main(["score", str(write_jpeg(tmp_path / "a.jpg")), "--out", str(out)]) == 0
    assert capsys.readouterr().out == ""
    assert len(lines_of(out.read_text(encoding="utf-8"))) == 1


def test_an_out_that_cannot_be_written_gives_status_2(
    write_jpeg: WriteJpeg, tmp_path: Path, capsys: Capture
) -> None:
    photo = str(write_jpeg(tmp_path / "a.jpg"))
    assert main(["score", photo, "--out", str(tmp_path / "a.jpg" / "x")]) == 2
    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_said_and_no_traceback(
    write_jpeg: WriteJpeg, tmp_path: Path, capsys: Capture
) -> None:
    photo = str(write_jpeg(tmp_path / "a.jpg"))
    assert main(["score", photo, "--out", "/dev/full"]) == 2
    assert "/dev/full cannot be written: No space left" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("language", "words"), [("zh", "未发现达到阈值的问题"), ("en", "nothing flagged")]
)
def test_the_table_speaks_both_languages(
    language: str, words: str, write_jpeg: WriteJpeg, tmp_path: Path, capsys: Capture
) -> None:
    photo = write_jpeg(tmp_path / ("很长的名字" * 12 + ".jpg"))
    assert main(["score", str(photo), "--lang", language]) == 0
    heading, row = capsys.readouterr().out.splitlines()
    assert words in row and "…" in row
    assert "score" in heading if language == "en" else "分数" in heading


def test_a_model_is_taken_from_the_environment(
    write_jpeg: WriteJpeg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setenv("STREET_ISSUES_MODEL", "/of/the/bureau")
    assert main(["score", str(write_jpeg(tmp_path / "a.jpg"))]) == 2
    assert "/of/the/bureau" in capsys.readouterr().err


def test_thresholds_of_the_bureau_decide_what_is_flagged(tmp_path: Path, capsys: Capture) -> None:
    scene = str(SCENES / "overflowing_bin.jpg")
    thresholds = tmp_path / "thresholds.json"
    thresholds.write_text('{"overflowing_bin": 1.0}', encoding="utf-8")
    found = []
    for extra in ([], ["--thresholds", str(thresholds), "--min-score", "0.3"]):
        assert main(["score", scene, "--format", "jsonl", *extra]) == 0
        findings = lines_of(capsys.readouterr().out)[0]["findings"]
        assert isinstance(findings, list)
        found.append({(one["label"], one["flagged"]) for one in findings})
    assert ("overflowing_bin", True) in found[0]
    assert ("overflowing_bin", False) in found[1] and ("overflowing_bin", True) not in found[1]


def test_drawing_writes_pictures_and_a_page(tmp_path: Path, capsys: Capture) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "scene.jpg").write_bytes((SCENES / "overflowing_bin.jpg").read_bytes())
    (folder / "torn.jpg").write_bytes((SCENES / "overflowing_bin.jpg").read_bytes()[:5000])
    assert main(["score", str(folder), "--draw", str(tmp_path / "out"), "--lang", "en"]) == 1
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert str(tmp_path / "out" / "index.html") in capsys.readouterr().err
    pictures = sorted((tmp_path / "out").glob("*.jpg"))
    assert len(pictures) == 1 and pictures[0].name in page
    assert "torn.jpg" in page and "not scored" in page and "are blurred" in page
    assert cv2.imread(str(pictures[0])) is not None
    assert b"Exif" not in pictures[0].read_bytes()


def test_without_the_privacy_extra_drawing_is_refused_unless_asked(
    write_jpeg: WriteJpeg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    def missing() -> None:
        raise ExtraMissingError("privacy", "Blurring", "Or use --no-privacy.")

    monkeypatch.setattr("detector.evidence.privacy.open_privacy", missing)
    photo, out = str(write_jpeg(tmp_path / "a.jpg")), tmp_path / "out"
    assert main(["score", photo, "--draw", str(out)]) == 2
    assert "--no-privacy" in capsys.readouterr().err and not out.exists()
    assert main(["score", photo, "--draw", str(out), "--no-privacy", "--lang", "en"]) == 0
    assert "NOT blurred" in (out / "index.html").read_text(encoding="utf-8")


def test_a_script_in_a_file_name_stays_text(write_jpeg: WriteJpeg, tmp_path: Path) -> None:
    photo = write_jpeg(tmp_path / "<img src=x onerror=alert(1)>&.jpg")
    assert main(["score", str(photo), "--draw", str(tmp_path / "out"), "--no-privacy"]) == 0
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert "<img src=x" not in page and "&lt;img src=x" in page


def test_phone_numbers_of_posters_are_read(capsys: Capture) -> None:
    assert main(["score", str(SCENES / "posters.jpg"), "--format", "jsonl", "--ocr"]) == 0
    text = capsys.readouterr().out
    findings = lines_of(text)[0]["findings"]
    assert isinstance(findings, list)
    phones = {phone for one in findings for phone in one["evidence"].get("phones", [])}
    # The scene's placeholders; that several are read is what counts, not which.
    assert len(phones) >= 5 and all(phone.startswith("13800000") for phone in phones)


def test_model_show_and_verify(capsys: Capture) -> None:
    assert main(["model", "show"]) == 0
    shown = capsys.readouterr().out
    assert "street-issues-n" in shown and "What it cannot do" in shown
    assert main(["model", "verify", str(DEFAULT_BUNDLE), "--runtime", "onnxruntime"]) == 0
    assert "onnxruntime cpu fp32 runs it" in capsys.readouterr().out
    assert main(["model", "verify", "/nowhere"]) == 2


def test_a_reader_that_goes_away_is_no_crash(write_jpeg: WriteJpeg, tmp_path: Path) -> None:
    for i in range(3):
        write_jpeg(tmp_path / f"{i}.jpg")
    command = [sys.executable, "-m", "detector.cli", "score", str(tmp_path), "--format", "jsonl"]
    process = subprocess.Popen(
        [*command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    error = process.stderr.read()
    process.stderr.close()
    assert process.wait(60) == 141
    assert "Traceback" not in error and "Exception ignored" not in error


PAGES = {
    "score": ("scoring.md",),
    "model": ("scoring.md",),
    "scan": ("archive-analyst.md", "scoring.md"),
    "watch": ("watch.md", "scoring.md"),
}
"""What chooses the model stands in scoring.md for all."""


def test_every_option_is_documented() -> None:
    commands = build_parser()._subparsers
    assert commands is not None
    (action,) = commands._group_actions
    assert action.choices is not None
    for name, parser in dict(action.choices).items():
        first, *_ = pages = [(ROOT / "docs" / one).read_text("utf-8") for one in PAGES[name]]
        assert f"street-issues {name}" in first
        check_documented(parser, "\n".join(pages))


def check_documented(parser: argparse.ArgumentParser, text: str) -> None:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for verb, below in action.choices.items():
                assert f"model {verb}" in text
                check_documented(below, text)
        for flag in action.option_strings:
            if flag not in ("-h", "--help"):
                assert f"`{flag}" in text or f"[{flag}" in text, flag


def test_the_locale_chooses_the_language() -> None:
    code = (
        "from detector.cli import build_parser\n"
        "print(build_parser().parse_args(['score', 'x']).lang)"
    )
    for locale, language in (("zh_CN.UTF-8", "zh"), ("C", "en")):
        environment = {**os.environ, "LC_ALL": locale}
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            env=environment,
            check=True,
            cwd=ROOT,
        )
        assert done.stdout.strip() == language


def test_odd_file_names_neither_break_the_batch_nor_steer_the_terminal(
    write_jpeg: WriteJpeg, tmp_path: Path
) -> None:
    photo = write_jpeg(tmp_path / "a.jpg").read_bytes()
    for name in (b"b\xff.jpg", "照片.jpg".encode(), b"c\x1b[2J\nd.jpg"):
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_bytes(photo)
    command = [sys.executable, "-m", "detector.cli", "score", str(tmp_path), "--format", "table"]
    out = tmp_path / "o.txt"
    runs: tuple[tuple[list[str], str], ...] = (
        ([], "ascii:strict"),
        (["--out", str(out)], "utf-8:strict"),
    )
    for extra, locale in runs:
        done = subprocess.run(
            [*command, *extra],
            capture_output=True,
            env={**os.environ, "PYTHONIOENCODING": locale},
            cwd=ROOT,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert b"4 photos" in done.stderr
        table = out.read_bytes() if extra else done.stdout
        assert b"\x1b" not in table and len(table.splitlines()) == 5


def test_pipes_and_devices_are_refused_and_not_waited_for(
    write_jpeg: WriteJpeg, tmp_path: Path, capsys: Capture
) -> None:
    write_jpeg(tmp_path / "a.jpg")
    os.mkfifo(tmp_path / "z.jpg")
    assert main(["score", str(tmp_path), "/dev/zero", "--format", "jsonl"]) == 1
    answers = lines_of(capsys.readouterr().out)
    assert [one["error"] is None for one in answers] == [True, False, False]


@pytest.mark.parametrize("below", [".", "drawn"])
def test_pictures_are_not_drawn_where_they_would_be_scored(
    below: str, write_jpeg: WriteJpeg, tmp_path: Path, capsys: Capture
) -> None:
    write_jpeg(tmp_path / "a.jpg")
    assert main(["score", str(tmp_path), "--draw", str(tmp_path / below)]) == 2
    assert "Name a folder outside it" in capsys.readouterr().err


def test_a_picture_that_cannot_be_drawn_is_named_and_gives_status_1(
    write_jpeg: WriteJpeg, tmp_path: Path, capsys: Capture
) -> None:
    photo = write_jpeg(tmp_path / "in" / "a.jpg")
    digest = hashlib.sha256(photo.read_bytes()).hexdigest()[:8]
    (tmp_path / "out" / f"a-{digest}.jpg").mkdir(parents=True)
    assert main(["score", str(photo), "--draw", str(tmp_path / "out"), "--no-privacy"]) == 1
    assert f"not drawn: {photo}:" in capsys.readouterr().err


def test_an_empty_path_is_not_the_current_folder(capsys: Capture) -> None:
    assert main(["score", ""]) == 2
    assert "A path is empty" in capsys.readouterr().err


@pytest.mark.shared
def test_every_validation_photo_gets_an_answer(shared_data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    assert main(["score", str(shared_data / "val"), "--out", str(out)]) == 0
    answers = lines_of(out.read_text(encoding="utf-8"))
    assert len(answers) == len(list((shared_data / "val").rglob("*.jpg"))) > 0
    assert all(one["error"] is None for one in answers)
