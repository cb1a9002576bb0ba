"""What engines promise, and what becomes of chunks that cost workers."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from detector.archive.attempts import MOST_TO_BLAME, Job, see_through
from detector.archive.chunk_result import ChunkCounts, ChunkResult
from detector.archive.engines import Engine, FakeEngine, employ
from detector.archive.journal_rows import ChunkTask
from detector.archive.messages import Lost, LostCode
from detector.archive.rows import FileProblem
from detector.archive.work_list import ArchiveItem


def make_item(name: str) -> ArchiveItem:
    return ArchiveItem(Path("/archive") / name, name, "photo", 1, 1, None, None, None)


def make_task(*names: str) -> ChunkTask:
    return ChunkTask(",".join(names), tuple(make_item(name) for name in names))


class MadeUpCrew:
    """Does one job after another; a file's name says what becomes of it."""

    def __init__(self, size: int = 2) -> None:
        self.size = size
        self.jobs: list[Job] = []
        self.done: list[Job] = []
        self.most_beside_alone = 0

    @property
    def running(self) -> int:
        return len(self.jobs)

    def has_room(self) -> bool:
        return len(self.jobs) < self.size

    def start(self, job: Job) -> None:
        assert self.has_room()
        self.jobs.append(job)
        if any(one.alone for one in self.jobs):
            self.most_beside_alone = max(self.most_beside_alone, len(self.jobs) - 1)

    def wait(self) -> list[tuple[Job, ChunkResult | Lost]]:
        job = self.jobs.pop(0)
        self.done.append(job)
        names = [one.name for one in job.task.files if one.name not in job.passed_over]
        for name in names:
            for code in ("decoder_crashed", "stalled", "out_of_memory", "internal"):
                tries = sum(name in [f.name for f in one.task.files] for one in self.done)
                once = name.startswith("once") and tries > 1
                if code in name and not once:
                    return [(job, Lost(code, "words"))]
        return [(job, ChunkResult(counts=ChunkCounts(frames=len(names))))]

    def close(self) -> None:
        pass


def employ_all(*tasks: ChunkTask, size: int = 2) -> tuple[dict[str, ChunkResult], MadeUpCrew]:
    crew = MadeUpCrew(size)
    pairs = list(employ(crew, iter(tasks)))
    assert len({task.key for task, _ in pairs}) == len(pairs) == len(tasks)
    assert {task for task, _ in pairs} == set(tasks)
    return {task.key: result for task, result in pairs}, crew


def test_every_task_comes_back_with_its_result() -> None:
    results, _ = employ_all(*(make_task(f"{i}", f"{i} too") for i in range(7)))
    assert [result.counts.frames for result in results.values()] == [2] * 7


def test_tasks_are_asked_for_only_when_a_worker_has_nothing_to_do() -> None:
    asked: list[int] = []

    def supply() -> Iterator[ChunkTask]:
        for i in range(100):
            asked.append(i)
            yield make_task(str(i))

    run = employ(MadeUpCrew(size=2), supply())
    for got in range(1, 6):
        next(run)
        assert len(asked) <= got + 2


def test_workers_have_their_next_job_before_a_result_goes_out() -> None:
    crew = MadeUpCrew(size=2)
    run = employ(crew, iter([make_task("a"), make_task("b"), make_task("c")]))
    next(run)
    assert crew.running == 2


def test_no_tasks_no_results() -> None:
    assert employ_all()[0] == {}


@pytest.mark.parametrize("code", ["decoder_crashed", "stalled", "out_of_memory"])
def test_a_file_that_costs_a_worker_twice_is_given_up(code: LostCode) -> None:
    results, crew = employ_all(make_task(code), make_task("a"), make_task("b"))
    failure = results[code].failure
    assert failure is not None
    assert (failure.source, failure.code, failure.fatal) == (code, code, True)
    assert failure.hint
    assert len([job for job in crew.done if job.task.key == code]) == 2
    assert results["a"].failure is results["b"].failure is None


def test_a_fault_of_the_software_is_not_tried_again() -> None:
    results, crew = employ_all(make_task("internal"))
    assert results["internal"].failure is not None
    assert len(crew.done) == 1


def test_a_chunk_that_cost_a_worker_once_is_tried_once_more_and_alone() -> None:
    tasks = [make_task("once decoder_crashed"), *(make_task(str(i)) for i in range(5))]
    results, crew = employ_all(*tasks, size=3)
    assert all(result.failure is None for result in results.values())
    again = [job for job in crew.done if job.task.key == "once decoder_crashed"]
    assert [job.alone for job in again] == [False, True]
    assert crew.most_beside_alone == 0


def test_a_stalled_chunk_keeps_nobody_waiting() -> None:
    _, crew = employ_all(make_task("once stalled"), make_task("a"))
    assert not any(job.alone for job in crew.done)


@pytest.mark.parametrize("code", ["decoder_crashed", "stalled", "internal"])
def test_a_photo_that_costs_a_worker_does_not_take_its_neighbours_along(code: LostCode) -> None:
    task = make_task("a", f"{code} 1", "b", "c", f"{code} 2")
    results, crew = employ_all(task, make_task("x", "y"))
    result = results[task.key]
    assert result.failure is None
    assert result.counts.frames == 3
    assert [(one.source, one.code) for one in result.problems] == [
        (f"{code} 1", code),
        (f"{code} 2", code),
    ]
    # The neighbours are looked at together again: what one tells may rest on the one before.
    assert [one.name for one in crew.done[-1].task.files] == [one.name for one in task.files]


def test_a_chunk_of_nothing_but_killers_is_given_up_before_long() -> None:
    task = make_task(*(f"stalled {i}" for i in range(100)))
    results, crew = employ_all(task)
    assert results[task.key].failure is not None
    assert len(crew.done) == 2 + MOST_TO_BLAME + 1


def test_a_chunk_that_dies_though_none_of_its_photos_does_is_given_up() -> None:
    course = see_through(task := make_task("a", "b"))
    lost = Lost("decoder_crashed", "words")
    assert next(course).task == task
    assert course.send(lost) == Job(task, alone=True)
    assert course.send(lost) == Job(replace(task, files=task.files[:1]))
    assert course.send(ChunkResult()) == Job(replace(task, files=task.files[1:]))
    with pytest.raises(StopIteration) as end:
        course.send(ChunkResult())
    assert end.value.value.failure.code == "decoder_crashed"


def test_the_fake_answers_in_order() -> None:
    problem = FileProblem("a", "odd", "words")
    engine: Engine = FakeEngine(lambda task: ChunkResult(failure=replace(problem, source=task.key)))
    tasks = [make_task("a"), make_task("b")]
    pairs = list(engine.run(tasks))
    assert [task for task, _ in pairs] == tasks
    assert [result.failure and result.failure.source for _, result in pairs] == ["a", "b"]
    engine.close()
