"""The pool with real processes whose work misbehaves on demand."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from pathlib import Path

import pytest

from api.errors import BusyError, ScoringError, SettingsError
from api.scoring.base import PictureRequest
from api.scoring.fake import fake_score
from api.scoring.pool import PoolSettings, ProcessPool
from api.scoring.tasks import WorkPlan
from detector.errors import PhotoError

HERE = Path(__file__).parent
PATIENCE_S = 30.0
FLAG = "STREET_ISSUES_TEST_REFUSES"
OpenPool = Callable[..., ProcessPool]


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, "it never came to hold"
        time.sleep(0.02)


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.fixture
def open_pool(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenPool]:
    monkeypatch.syspath_prepend(HERE)
    opened: list[ProcessPool] = []

    def make(
        workers: int = 1,
        backlog: int = 4,
        timeout_s: float = PATIENCE_S,
        on_replaced: Callable[[], None] = lambda: None,
    ) -> ProcessPool:
        work = "odd_work:open_work"
        settings = PoolSettings(workers, backlog, timeout_s, 0.5, work, on_replaced, 3.0)
        opened.append(ProcessPool(settings, WorkPlan()))
        return opened[-1]

    yield make
    for pool in opened:
        pool.close()


def test_tasks_are_answered_each_with_its_own_result(open_pool: OpenPool) -> None:
    pool = open_pool(workers=2, backlog=20)
    futures = [pool.score(b"x" * n) for n in range(1, 31)]
    assert [one.result(PATIENCE_S).perceptual_hash for one in futures] == [
        str(n) for n in range(1, 31)
    ]
    assert pool.model.name == "fake" and "site_dust" in pool.labels
    assert pool.busy == 0


def test_large_photos_arrive_whole(open_pool: OpenPool) -> None:
    data = os.urandom(30_000_000)
    score = open_pool().score(data).result(PATIENCE_S)
    assert score.perceptual_hash == "30000000"
    assert score.score == fake_score(data)


def test_a_hanging_task_is_given_up_and_the_others_go_on(open_pool: OpenPool) -> None:
    pool = open_pool(workers=2, timeout_s=1.0)
    before = set(pool.worker_pids)
    hanging = pool.score(b"hang")
    others = [pool.score(b"x" * n) for n in range(1, 5)]
    assert [one.result(PATIENCE_S).perceptual_hash for one in others] == ["1", "2", "3", "4"]
    with pytest.raises(ScoringError) as caught:
        hanging.result(PATIENCE_S)
    assert caught.value.code == "scoring_timeout"
    wait_until(lambda: len(pool.worker_pids) == 2 and set(pool.worker_pids) != before)
    replaced = (before - set(pool.worker_pids)).pop()
    assert not is_running(replaced)


def test_a_task_that_kills_its_worker_fails_alone(open_pool: OpenPool) -> None:
    replaced: list[int] = []
    pool = open_pool(on_replaced=lambda: replaced.append(1))
    dying, next_one = pool.score(b"die"), pool.score(b"xx")
    with pytest.raises(ScoringError, match="signal 9") as caught:
        dying.result(PATIENCE_S)
    assert caught.value.code == "worker_died"
    assert next_one.result(PATIENCE_S).perceptual_hash == "2"
    assert replaced == [1]


def test_a_worker_that_dies_idle_costs_no_task(open_pool: OpenPool) -> None:
    pool = open_pool()
    (pid,) = pool.worker_pids
    os.kill(pid, signal.SIGKILL)
    assert pool.score(b"xxx").result(PATIENCE_S).perceptual_hash == "3"
    assert pool.worker_pids != (pid,)


def test_errors_come_back_as_what_they_are(open_pool: OpenPool) -> None:
    pool = open_pool()
    with pytest.raises(PhotoError) as photo:
        pool.score(b"photo").result(PATIENCE_S)
    assert (photo.value.code, photo.value.hint) == ("truncated", "Send it again.")
    with pytest.raises(ScoringError) as unforeseen:
        pool.score(b"error").result(PATIENCE_S)
    assert unforeseen.value.code == "internal"
    with pytest.raises(ScoringError) as evidence:
        pool.picture(b"x", PictureRequest(100)).result(PATIENCE_S)
    assert evidence.value.code == "privacy_failed"
    assert pool.score(b"x").result(PATIENCE_S).perceptual_hash == "1"


def test_a_full_pool_refuses_and_says_when_to_come_back(open_pool: OpenPool) -> None:
    pool = open_pool(workers=1, backlog=2)
    futures = [pool.score(b"sleep 0.5") for _ in range(3)]
    assert not pool.has_room() and pool.busy == 3
    with pytest.raises(BusyError) as caught:
        pool.score(b"x")
    assert caught.value.code == "pool_full" and caught.value.retry_after_s >= 1
    for future in futures:
        future.result(PATIENCE_S)
    assert pool.has_room()
    assert pool.score(b"x").result(PATIENCE_S)


def test_who_gives_up_waiting_frees_the_place(open_pool: OpenPool) -> None:
    pool = open_pool(workers=1, backlog=1)
    running = pool.score(b"sleep 1")
    wait_until(running.running)
    waiting = pool.score(b"die")
    assert not pool.has_room()
    assert waiting.cancel()
    assert pool.score(b"x").result(PATIENCE_S).perceptual_hash == "1"
    with pytest.raises(CancelledError):
        waiting.result()


@pytest.mark.parametrize("then", [b"hang", b"die", b"error", b"photo"])
def test_an_answer_stands_whatever_the_shadow_does(open_pool: OpenPool, then: bytes) -> None:
    pool = open_pool()
    started = time.monotonic()
    scored = pool.score(b"first " + then).result(PATIENCE_S)
    assert scored.perceptual_hash == "first" and scored.shadow is None
    assert time.monotonic() - started < 10
    assert pool.score(b"x").result(PATIENCE_S).perceptual_hash == "1"


def test_closing_ends_what_runs_and_sends_away_what_waits(open_pool: OpenPool) -> None:
    pool = open_pool()
    pids = pool.worker_pids
    running = pool.score(b"sleep 1")
    wait_until(running.running)
    waiting = pool.score(b"x")
    pool.close()
    assert running.result(0).perceptual_hash == "7"
    with pytest.raises(BusyError) as caught:
        waiting.result(0)
    assert caught.value.code == "shutting_down"
    with pytest.raises(BusyError):
        pool.score(b"x")
    assert not pool.has_room()
    assert not any(is_running(pid) for pid in pids)
    pool.close()


def test_closing_does_not_wait_for_a_task_that_hangs(open_pool: OpenPool) -> None:
    pool = open_pool(workers=2)
    pids = pool.worker_pids
    hanging = pool.score(b"hang")
    wait_until(hanging.running)
    started = time.monotonic()
    pool.close()
    assert time.monotonic() - started < 10
    with pytest.raises(ScoringError) as caught:
        hanging.result(0)
    assert caught.value.code == "worker_died"
    assert not any(is_running(pid) for pid in pids)


def test_signals_of_a_terminal_or_service_manager_do_not_end_workers(open_pool: OpenPool) -> None:
    pool = open_pool()
    (pid,) = pool.worker_pids
    running = pool.score(b"sleep 0.5")
    wait_until(running.running)
    os.kill(pid, signal.SIGINT)
    os.kill(pid, signal.SIGTERM)
    assert running.result(PATIENCE_S).perceptual_hash == "9"
    assert pool.worker_pids == (pid,)
    assert os.getpgid(pid) != os.getpgid(0)


def test_a_worker_goes_before_the_server_when_memory_runs_out(open_pool: OpenPool) -> None:
    (pid,) = open_pool().worker_pids

    def oom_score(number: int) -> int:
        return int(Path(f"/proc/{number}/oom_score_adj").read_text("ascii"))

    assert oom_score(pid) == 800 > oom_score(os.getpid())


def test_a_model_that_cannot_be_loaded_is_told_at_the_start(
    open_pool: OpenPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FLAG, __file__)
    with pytest.raises(SettingsError) as caught:
        open_pool(workers=2)
    assert (caught.value.code, caught.value.message) == (
        "manifest_missing",
        "There is no default.",
    )


def test_a_worker_that_cannot_come_back_leaves_no_room_until_it_can(
    open_pool: OpenPool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    flag = tmp_path / "refuse"
    monkeypatch.setenv(FLAG, str(flag))
    pool = open_pool()
    flag.touch()
    dying, waiting = pool.score(b"die"), pool.score(b"x")
    with pytest.raises(ScoringError):
        dying.result(PATIENCE_S)
    with pytest.raises(BusyError) as caught:
        waiting.result(PATIENCE_S)
    assert caught.value.code == "no_worker"
    assert not pool.has_room() and not pool.is_alive()
    flag.unlink()
    wait_until(pool.has_room)
    assert pool.is_alive()
    assert pool.score(b"x").result(PATIENCE_S).perceptual_hash == "1"
    pool.close()
    assert not pool.is_alive()


PARENT = """
import sys, time
from api.scoring.pool import PoolSettings, ProcessPool
from api.scoring.tasks import WorkPlan
pool = ProcessPool(PoolSettings(2, 4, 60.0, 5.0, "odd_work:open_work"), WorkPlan())
pool.score(b"hang")
pool.score(b"print")
print(*pool.worker_pids, flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_workers_end_with_their_parent_however_it_ends(how: signal.Signals) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), *sys.path])}
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True, env=environment
    ) as parent:
        assert parent.stdout is not None
        pids = [int(word) for word in parent.stdout.readline().split()]
        assert len(pids) == 2 and all(is_running(pid) for pid in pids)
        parent.send_signal(how)
        parent.wait(PATIENCE_S)
        wait_until(lambda: not any(is_running(pid) for pid in pids))
        assert parent.stdout.read() == ""
