"""A scan that is killed, stopped or loses a worker goes on where it was cut off."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from detector.archive.journal import Journal
from detector.cli import main

Capture = pytest.CaptureFixture[str]
Results = Callable[[Path], dict[str, object]]
DIARY = Path(__file__).with_name("diary.py")
PATIENCE_S = 120.0
"""For what takes seconds; a busy machine takes longer."""


class Diarist:
    """Runs a scan in short stretches as a process of its own, and reads its diary."""

    def __init__(self, folder: Path, town: Any) -> None:
        self.out = folder / "out"
        self.path = folder / "diary"
        self.path.touch()
        self._arguments = town.arguments(self.out)
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> subprocess.Popen[str]:
        self.process = subprocess.Popen(
            [sys.executable, str(DIARY), str(self.path), *self._arguments],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )
        return self.process

    def finish(self) -> tuple[int, str]:
        assert self.process is not None
        _, words = self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode, words

    def run(self) -> tuple[int, str]:
        self.start()
        return self.finish()

    def read(self) -> list[list[str]]:
        return [line.split(" ") for line in self.path.read_text("ascii").splitlines()]

    def wait_for(self, what: str, number: int = 1) -> list[str]:
        """Wait until so many lines of a kind are in the diary, or the scan ends."""
        assert self.process is not None
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            lines = [line for line in self.read() if line[0] == what]
            if len(lines) >= number:
                return lines[number - 1]
            if self.process.poll() is not None:
                break
            time.sleep(0.01)
        raise AssertionError(f"there are not {number} lines of {what}")

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.communicate()


@pytest.fixture(scope="session")
def unbroken(
    tmp_path_factory: pytest.TempPathFactory, town: Any, read_results: Results
) -> tuple[dict[str, object], Counter[tuple[str, ...]]]:
    """The results of a scan in short stretches that nobody disturbed, and its chunks."""
    diarist = Diarist(tmp_path_factory.mktemp("unbroken"), town)
    status, words = diarist.run()
    assert status == 0, words
    lines = diarist.read()
    chunks = Counter(tuple(line[1:3]) for line in lines if line[0] == "begin")
    assert len(chunks) > 15 and set(chunks.values()) == {1}
    assert len(lines) == 3 * len(chunks)
    return read_results(diarist.out), chunks


@pytest.fixture
def diarist(tmp_path: Path, town: Any) -> Iterator[Diarist]:
    diarist = Diarist(tmp_path, town)
    yield diarist
    diarist.close()


def check_course(lines: Sequence[Sequence[str]], chunks: Counter[tuple[str, ...]]) -> None:
    """What was noted was not begun again; all that there is was noted."""
    noted: set[tuple[str, ...]] = set()
    for what, *chunk, _ in lines:
        if what == "note":
            noted.add(tuple(chunk))
        elif what == "begin":
            assert tuple(chunk) not in noted
    # A kill between the journal's commit and its line in the diary leaves a chunk out.
    assert {tuple(line[1:3]) for line in lines if line[0] == "end"} == set(chunks) >= noted


@pytest.mark.parametrize("kills", [3, pytest.param(20, marks=pytest.mark.faults)])
def test_kill_9_at_random_moments(
    diarist: Diarist,
    unbroken: tuple[dict[str, object], Counter[tuple[str, ...]]],
    read_results: Results,
    kills: int,
) -> None:
    expected, chunks = unbroken
    chance = random.Random(kills)
    for _ in range(kills):
        done = sum(line[0] == "note" for line in diarist.read())
        process = diarist.start()
        if done < len(chunks) - 1:
            # Some chunks further each time, so that the kills lie all over the scan.
            diarist.wait_for("begin", sum(line[0] == "begin" for line in diarist.read()) + 1)
            time.sleep(chance.uniform(0.0, 2.4 * 3 / kills))
        else:  # While the results are written.
            with suppress(subprocess.TimeoutExpired):
                process.wait(chance.uniform(0.5, 2.5))
        process.kill()
        process.communicate()
    status, words = diarist.run()
    assert status == 0, words
    assert read_results(diarist.out) == expected
    lines = diarist.read()
    check_course(lines, chunks)
    begun = Counter(tuple(line[1:3]) for line in lines if line[0] == "begin")
    # Two workers: as many chunks were open at each kill, and as many results on their way.
    assert sum(begun.values()) <= len(chunks) + kills * 4


def test_ctrl_c_says_how_to_go_on(
    diarist: Diarist,
    unbroken: tuple[dict[str, object], Counter[tuple[str, ...]]],
    read_results: Results,
) -> None:
    expected, chunks = unbroken
    process = diarist.start()
    diarist.wait_for("note", 3)
    os.killpg(process.pid, signal.SIGINT)  # As a terminal does: the whole group.
    status, words = diarist.finish()
    assert status == 130
    assert "files were looked through. Run the same command again to go on." in words
    assert words.endswith("street-issues: stopped.\n")
    assert "Traceback" not in words
    run = json.loads((diarist.out / "run.json").read_text(encoding="utf-8"))
    assert run["state"] == "stopped"
    assert 3 <= run["counts"]["chunks_done"] < len(chunks)
    assert diarist.run()[0] == 0
    assert read_results(diarist.out) == expected
    check_course(diarist.read(), chunks)


def test_a_stop_while_results_are_written_is_told_too(
    town: Any,
    tmp_path: Path,
    hands: Any,
    read_results: Results,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Capture,
) -> None:
    out = Path(shutil.copytree(town.out, tmp_path / "out"))

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("detector.archive.finish.write_results", stop)
        assert main(town.arguments(out)) == 130
    words = capsys.readouterr().err
    assert "7 of 7 files were looked through. Run the same command again to go on." in words
    run = json.loads((out / "run.json").read_text(encoding="utf-8"))
    assert run["state"] == "stopped"
    assert main(town.arguments(out)) == 0
    assert hands.done == []
    assert read_results(out) == read_results(town.out)


def test_a_worker_that_somebody_kills_is_replaced(
    diarist: Diarist,
    unbroken: tuple[dict[str, object], Counter[tuple[str, ...]]],
    read_results: Results,
) -> None:
    expected, chunks = unbroken
    diarist.start()
    killed = []
    for number in (2, 9):
        line = diarist.wait_for("begin", number)
        os.kill(int(line[3]), signal.SIGKILL)
        killed.append(line[3])
    status, words = diarist.finish()
    assert status == 0, words
    assert read_results(diarist.out) == expected
    lines = diarist.read()
    check_course(lines, chunks)
    assert len({line[3] for line in lines if line[0] == "begin"}) == 4
    assert all(line[3] not in killed for line in lines if line[0] == "note")


def test_two_scans_in_one_folder(town: Any, tmp_path: Path, capsys: Capture) -> None:
    with Journal.open(tmp_path / "out", {"other": "scan"}):
        assert main(town.arguments(tmp_path / "out")) == 2
        assert main(town.arguments(tmp_path / "out", "--restart")) == 2
    words = capsys.readouterr().err
    assert words.count(f"Another scan is at work in {tmp_path / 'out'}.") == 2
    # The first one's journal is as it was.
    Journal.open(tmp_path / "out", {"other": "scan"}).close()
