"""Worker processes that die, hang and hunger, for real."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from detector.archive.messages import Lost, Orders
from detector.archive.pool import PoolSettings, WorkerPool, import_path
from detector.errors import StreetIssueError

Pool = WorkerPool[str, str]


@pytest.fixture
def open_pool(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Pool]]:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    pools: list[Pool] = []

    def make(workers: int = 1, plan: str = "", stall_s: float = 60.0, **more: object) -> Pool:
        orders = Orders("odd_hands:open_words", plan)
        pools.append(WorkerPool(PoolSettings(workers, orders, stall_s, **more)))  # type: ignore[arg-type]
        return pools[-1]

    yield make
    for pool in pools:
        pool.close()


def do_all(pool: Pool, *jobs: str) -> dict[str, str | Lost]:
    waiting = list(jobs)
    answers: dict[str, str | Lost] = {}
    while waiting or pool.running:
        while waiting and pool.has_room():
            pool.start(waiting.pop(0))
        answers.update(pool.wait())
    return answers


def code_of(answer: str | Lost) -> str:
    assert isinstance(answer, Lost)
    return answer.code


def exists(pid: int) -> bool:
    """Tell whether a process runs; a zombie, which only waits to be counted, does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_each_job_is_answered_by_a_worker(open_pool: Callable[..., Pool]) -> None:
    pool = open_pool(workers=2)
    answers = do_all(pool, "a", "b", "c", "d", "e")
    assert {str(answer).split()[0] for answer in answers.values()} == {"a", "b", "c", "d", "e"}
    assert {int(str(answer).split()[-1]) for answer in answers.values()} <= set(pool.pids)


def test_a_worker_that_dies_is_replaced_and_the_others_go_on(
    open_pool: Callable[..., Pool],
) -> None:
    pool = open_pool(workers=2)
    before = pool.pids
    answers = do_all(pool, "die", "a", "b", "c")
    assert code_of(answers["die"]) == "decoder_crashed"
    assert "signal 9" in answers["die"].message  # type: ignore[union-attr]
    assert all(str(answers[job]).startswith(job) for job in "abc")
    assert len(set(pool.pids) - set(before)) == 1


def test_a_worker_that_hangs_is_replaced(open_pool: Callable[..., Pool]) -> None:
    pool = open_pool(stall_s=0.5)
    hung = pool.pids[0]
    answers = do_all(pool, "hang", "a")
    assert code_of(answers["hang"]) == "stalled"
    assert str(answers["a"]).startswith("a by")
    assert not exists(hung)


def test_signs_of_life_count_as_progress_and_keep_a_slow_worker(
    open_pool: Callable[..., Pool],
) -> None:
    counted: list[int] = []
    pool = open_pool(stall_s=1.5, on_progress=counted.append)
    answers = do_all(pool, "work 60")  # 3 s, twice the patience.
    assert str(answers["work 60"]).startswith("work 60 by")
    assert sum(counted) == 60
    assert len(counted) > 1


def test_hunger_for_memory_is_told_apart_and_costs_the_worker(
    open_pool: Callable[..., Pool],
) -> None:
    pool = open_pool()
    hungry = pool.pids[0]
    answers = do_all(pool, "eat", "a")
    assert code_of(answers["eat"]) == "out_of_memory"
    assert str(answers["a"]).startswith("a by")
    assert pool.pids[0] != hungry


@pytest.mark.parametrize("job", ["raise", "unsendable"])
def test_what_nobody_foresaw_costs_no_worker(open_pool: Callable[..., Pool], job: str) -> None:
    pool = open_pool()
    before = pool.pids
    answers = do_all(pool, job, "a")
    assert code_of(answers[job]) == "internal"
    assert pool.pids == before


def test_a_worker_that_died_with_nothing_to_do_costs_no_job(
    open_pool: Callable[..., Pool],
) -> None:
    pool = open_pool()
    do_all(pool, "a")
    os.kill(pool.pids[0], signal.SIGKILL)
    assert str(do_all(pool, "b")["b"]).startswith("b by")


def test_the_owner_decides_when_a_worker_ends(open_pool: Callable[..., Pool]) -> None:
    pool = open_pool()
    assert str(do_all(pool, "interrupt")["interrupt"]).startswith("interrupt by")
    pids = pool.pids
    pool.start("hang")
    pool.close()
    assert not any(exists(pid) for pid in pids)


def test_time_in_which_nobody_listened_is_no_stall(open_pool: Callable[..., Pool]) -> None:
    pool = open_pool(workers=2, stall_s=1.0)
    pool.start("work 30")
    pool.start("a")
    assert [job for job, _ in pool.wait()] == ["a"]
    time.sleep(2)  # The owner writes down what it has.
    assert [str(answer)[:7] for _, answer in pool.wait()] == ["work 30"]


def test_why_no_worker_can_be_set_up_is_told(open_pool: Callable[..., Pool]) -> None:
    pool = open_pool(plan="refuse")
    with pytest.raises(StreetIssueError, match="There is no model") as caught:
        do_all(pool, "a")
    assert (caught.value.code, caught.value.hint) == ("manifest_missing", "Copy it.")


def test_workers_that_die_at_once_are_not_started_for_ever(
    open_pool: Callable[..., Pool],
) -> None:
    pool = open_pool(plan="die")
    with pytest.raises(StreetIssueError, match="exit status 3") as caught:
        do_all(pool, "a")
    assert caught.value.code == "worker_failed"


def test_standard_output_is_the_owners(
    open_pool: Callable[..., Pool], capfd: pytest.CaptureFixture[str]
) -> None:
    do_all(open_pool(), "a")
    assert capfd.readouterr().out == ""


OWNER = """
import sys, time
from detector.archive.messages import Orders
from detector.archive.pool import PoolSettings, WorkerPool
pool = WorkerPool(PoolSettings(2, Orders("odd_hands:open_words", "")))
pool.start("a"), pool.start("b")
pool.wait()
pool.start("hang")
print(*pool.pids, flush=True)
time.sleep(600)
"""


def test_workers_end_with_an_owner_that_is_killed() -> None:
    here = str(Path(__file__).parent)
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([here, import_path()])},
    )
    assert owner.stdout is not None
    with owner, owner.stdout:
        pids = [int(pid) for pid in owner.stdout.readline().split()]
        assert len(pids) == 2 and all(exists(pid) for pid in pids)
        owner.kill()
    wait_until(lambda: not any(exists(pid) for pid in pids))
