"""`street-issues scan` as an analyst meets it: exit status, words, files."""

import json
import os
import pty
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import jsonschema
import pytest
from pyarrow import parquet

from detector.archive import filing
from detector.archive.lines import (
    CAMERAS_SCHEMA_PATH,
    ERRORS_SCHEMA_PATH,
    INCIDENTS_SCHEMA_PATH,
)
from detector.camera.fake_service import FakeService
from detector.cli import main
from detector.errors import ServiceError
from detector.evidence.privacy import open_privacy

Capture = pytest.CaptureFixture[str]
Results = Callable[[Path], dict[str, object]]
WriteFile = Callable[..., Path]
SCHEMAS = {
    "incidents.jsonl": INCIDENTS_SCHEMA_PATH,
    "cameras.jsonl": CAMERAS_SCHEMA_PATH,
    "errors.jsonl": ERRORS_SCHEMA_PATH,
}


@pytest.fixture
def out(town: Any, tmp_path: Path) -> Path:
    """A folder in which the town was scanned."""
    return Path(shutil.copytree(town.out, tmp_path / "out"))


def read_lines(path: Path) -> list[dict[str, Any]]:
    schema = json.loads(SCHEMAS[path.name].read_text(encoding="utf-8"))
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for line in lines:
        jsonschema.validate(line, schema)
    return lines


def read_run(out: Path) -> dict[str, Any]:
    return dict(json.loads((out / "run.json").read_text(encoding="utf-8")))


def test_a_scan_leaves_all_its_results(town: Any) -> None:
    assert town.told.returncode == 0, town.told.stderr
    incidents = read_lines(town.out / "incidents.jsonl")
    found = {(one["camera"], one["label"], one["state"]) for one in incidents}
    assert found == {
        ("gate", "overflowing_bin", "cleared"),
        ("gate", "illegal_poster", "open"),
        ("loose.mp4", "overflowing_bin", "open"),
        ("yard", "overflowing_bin", "open"),
    }
    assert len(incidents) == 4
    assert read_lines(town.out / "errors.jsonl") == []
    read_lines(town.out / "cameras.jsonl")
    table = parquet.read_table(town.out / "incidents.parquet")
    assert table.column("id").to_pylist() == [one["id"] for one in incidents]
    pictures = {path.stem for path in (town.out / "evidence").glob("*.jpg")}
    thumbnails = {path.stem for path in (town.out / "evidence" / "thumbnails").glob("*.jpg")}
    assert pictures == thumbnails > {one["id"] for one in incidents}
    run = read_run(town.out)
    assert (run["state"], run["incidents"]) == (
        "complete",
        {"illegal_poster": 1, "overflowing_bin": 3},
    )
    assert run["counts"]["files_done"] == run["counts"]["files"] == 7
    assert 0 < run["counts"]["scored"] <= run["counts"]["looks"] == 80 // 2 + 60 + 25 + 4
    assert not list(town.out.rglob("*.unfinished"))


def test_findings_are_a_row_each_with_their_camera_and_time(town: Any) -> None:
    rows = parquet.read_table(town.out / "findings.parquet").to_pylist()
    assert len(rows) == read_run(town.out)["findings"]
    cameras = {row["source"]: row["camera"] for row in rows}
    assert cameras == {
        "gate/20260302081000.mp4": "gate",
        "gate/20260302081200.mp4": "gate",
        "letters/from a citizen.jpg": None,
        "loose.mp4": "loose.mp4",
        "yard/20260302081500.jpg": "yard",
        "yard/20260302081520.jpg": "yard",
        "yard/20260302081540.jpg": "yard",
    }
    for row in rows:
        known = row["source"].startswith(("gate", "yard"))
        assert (row["captured_at"] is not None) == known
    first = min(row["captured_at"] for row in rows if row["captured_at"] is not None)
    assert first.isoformat() == "2026-03-02T00:10:00+00:00"


def test_a_video_of_unknown_time_stands_alone(town: Any) -> None:
    incidents = read_lines(town.out / "incidents.jsonl")
    (alone,) = (one for one in incidents if one["camera"] == "loose.mp4")
    assert alone["started_at"] is alone["last_seen_at"] is None
    assert (alone["started_s"], alone["last_seen_s"]) == (0.0, 48.0)


def test_incidents_are_listed_and_the_sum_is_told(town: Any) -> None:
    heading, *rows = town.told.stdout.splitlines()
    assert heading.split() == ["camera", "incident", "first", "seen", "for", "score"]
    assert len(rows) == 4
    (gate,) = (row for row in rows if row.startswith("gate") and "poster" in row)
    assert "2026-03-02 08:10:" in gate and gate.endswith("(still there)")
    summary, results, report = town.told.stderr.splitlines()
    assert summary.startswith("7 files, 129 frames looked at, ")
    assert summary.endswith("overflowing bin 3, illegal poster 1; 0 files failed")
    assert results == f"results: {town.out}"
    assert report == f"report: {town.out / 'report.html'}"


def test_once_more_does_nothing_twice(
    town: Any, out: Path, hands: Any, read_results: Results
) -> None:
    assert main(town.arguments(out)) == 0
    assert hands.done == []
    assert read_results(out) == read_results(town.out)


def test_an_own_process_or_workers_give_the_same(
    town: Any, tmp_path: Path, hands: Any, read_results: Results
) -> None:
    assert main(town.arguments(tmp_path / "anew")) == 0
    assert len(hands.done) == 5
    assert read_results(tmp_path / "anew") == read_results(town.out)


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


def test_zones_keep_out_what_lies_outside(
    town: Any, tmp_path: Path, hands: Any, write_script: WriteFile
) -> None:
    write_script(tmp_path / "archive" / "gate" / "20260302081000.mp4", 500, 580)
    zones = tmp_path / "zones.yaml"
    zones.write_text(
        "cameras:\n  gate:\n    labels: [overflowing_bin, illegal_poster]\n    zones:\n"
        "      - points: [[0.42, 0], [0.56, 0], [0.56, 1], [0.42, 1]]\n"
    )
    arguments = town.arguments(tmp_path / "out", "--zones", str(zones))
    arguments[1] = str(tmp_path / "archive")
    assert main(arguments) == 0
    (only,) = read_lines(tmp_path / "out" / "incidents.jsonl")
    assert only["label"] == "illegal_poster"
    assert hands.done == [("gate/20260302081000.mp4", 0)]


def test_without_privacy_nothing_is_blurred_and_the_report_says_so(
    town: Any, out: Path, hands: Any, monkeypatch: pytest.MonkeyPatch, read_results: Results
) -> None:
    def refuse() -> None:
        raise AssertionError("nobody asked for it")

    monkeypatch.setattr("detector.evidence.privacy.open_privacy", refuse)
    assert main(town.arguments(out, "--no-privacy")) == 0
    page = (out / "report.html").read_text(encoding="utf-8")
    assert page != (town.out / "report.html").read_text(encoding="utf-8")
    assert "NOT blurred" in page
    monkeypatch.setattr("detector.evidence.privacy.open_privacy", open_privacy)
    # A picture that nobody blurred must not stay when blurred ones are asked for.
    assert main(town.arguments(out)) == 0
    assert hands.done == []
    assert read_results(out) == read_results(town.out)


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


def test_names_and_a_table_tell_cameras_and_times(
    town: Any, tmp_path: Path, hands: Any, write_clip: WriteFile
) -> None:
    write_clip(tmp_path / "archive" / "north" / "2026-03-02" / "06.30.00_a.mp4", 4.0)
    write_clip(tmp_path / "archive" / "clip7.mp4", 4.0)
    table = tmp_path / "cameras.csv"
    table.write_text("path,camera,start,timezone\nclip7.mp4,HP-0140,2026-03-02T06:00:00,+00:00\n")
    pattern = "{camera}/{time:%Y-%m-%d}/{time:%H.%M.%S}*"
    more = ("--name-pattern", pattern, "--cameras", str(table))
    arguments = town.arguments(tmp_path / "out", *more)
    arguments[1] = str(tmp_path / "archive")
    assert main(arguments) == 0
    assert len(hands.done) == 2
    rows = parquet.read_table(tmp_path / "out" / "findings.parquet").to_pylist()
    starts = {
        row["camera"]: row["captured_at"].isoformat() for row in rows if not row["timestamp_s"]
    }
    assert starts == {"HP-0140": "2026-03-02T06:00:00+00:00", "north": "2026-03-01T22:30:00+00:00"}


def test_a_bar_is_shown_on_a_terminal_and_nowhere_else(
    town: Any, tmp_path: Path, write_clip: WriteFile
) -> None:
    write_clip(tmp_path / "archive" / "a.mp4", 4.0)
    arguments = town.arguments(tmp_path / "out", "--no-privacy")
    arguments[1] = str(tmp_path / "archive")
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "detector.cli", *arguments],
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
    ) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                shown += os.read(ours, 4096)
            except OSError:  # Linux's end of a terminal.
                break
        assert process.wait() == 0
    os.close(ours)
    assert b"scanning" in shown
    assert b"1 files, 2 frames looked at" in shown
    assert "scanning" not in town.told.stderr


@dataclass(slots=True)
class Stub:
    """A service over HTTP that keeps what it was sent."""

    down: bool = False
    taken: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    stub = Stub()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if stub.down:
                self.answer(503, {"code": "busy", "detail": "The service has no room."})
                return
            stub.taken.append((self.path, dict(self.headers), body))
            found = body[body.index(b"inc-") :][:24].decode("ascii")
            self.answer(202, {"id": found, "applied": True, "report_id": "r", "case_ids": []})

        def answer(self, status: int, content: dict[str, Any]) -> None:
            data = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    settings = filing.FilingSettings(tries=2, sleep=lambda _: None)
    monkeypatch.setattr(filing, "Filing", partial(filing.Filing, settings=settings))
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        stub.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield stub
        server.shutdown()
        thread.join()


def test_incidents_are_filed_once_the_service_is_there(
    town: Any, out: Path, tmp_path: Path, hands: Any, stub: Stub, capsys: Capture
) -> None:
    key = tmp_path / "key"
    key.write_text("si_test_key\n", encoding="utf-8")
    arguments = town.arguments(out, "--file-cases", stub.url, "--key-file", str(key))
    stub.down = True
    assert main(arguments) == 1
    words = capsys.readouterr().err
    assert "filed: 0 now, 0 before, 4 not" in words
    assert "The service has no room." in words and "time of its footage is unknown" in words
    assert stub.taken == []
    stub.down = False
    # That of unknown time can never be filed.
    assert main(arguments) == 1
    assert "filed: 3 now, 0 before, 1 not" in capsys.readouterr().err
    taken = [path for path, _, _ in stub.taken]
    # The bin was there and is gone: two revisions.
    assert taken == ["/v1/incidents"] * 4
    assert {headers["Authorization"] for _, headers, _ in stub.taken} == {"Bearer si_test_key"}
    assert sum(b"\xff\xd8\xff" in body for _, _, body in stub.taken) == 3
    assert main(arguments) == 1
    assert "filed: 0 now, 3 before, 1 not" in capsys.readouterr().err
    assert len(stub.taken) == 4
    assert hands.done == []
    for path in out.rglob("*"):
        assert path.is_dir() or b"si_test_key" not in path.read_bytes()


def test_a_service_that_refuses_the_key_is_not_asked_for_each(
    town: Any, out: Path, hands: Any, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusal = ServiceError("forbidden", "The key may not.", again=False, status=403)
    service = FakeService(down=refusal)
    monkeypatch.setattr("detector.commands.scan_plan.open_service", lambda _: service)
    assert main(town.arguments(out, "--file-cases", "http://x.test")) == 1
    words = capsys.readouterr().err
    assert words.count("Not tried, since others before failed") == 2
    assert service.sent == [] and service.closed
    assert hands.done == []
