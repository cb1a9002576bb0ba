"""Who looks through the chunks: worker processes of this machine, or others in their place."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from detector.archive.attempts import Course, Job, see_through
from detector.archive.chunk_result import ChunkResult
from detector.archive.journal_rows import ChunkTask
from detector.archive.messages import Lost, Orders
from detector.archive.pool import STALL_S, PoolSettings, WorkerPool
from detector.archive.settings import ScanSetup
from detector.models.network import usable_cores

OPEN_WORK: Final = "detector.archive.chunk:open_workshop"


class Engine(Protocol):
    """Looks through chunks. Used from one thread, the one that made it."""

    def run(self, tasks: Iterable[ChunkTask]) -> Iterator[tuple[ChunkTask, ChunkResult]]:
        """Look through chunks, several at a time.

        Args:
            tasks: Asked for one only when a worker has nothing to do, so any number may come. An
                iterable that has ended is asked no more.

        Yields:
            Each task with its result, in the order in which they end. A chunk that cannot be
            looked through has a failure in its result; the others go on.

        Raises:
            StreetIssueError: No worker can be set up, e.g. for the model cannot be loaded.
        """
        ...

    def close(self) -> None:
        """Stop, whatever is under way."""
        ...


class Crew(Protocol):
    """Workers that each do one job at a time; what engines differ in."""

    @property
    def running(self) -> int:
        """Jobs that were started and have not ended."""
        ...

    def has_room(self) -> bool:
        """Tell whether a worker has no job."""
        ...

    def start(self, job: Job) -> None:
        """Start a job; there must be room."""
        ...

    def wait(self) -> list[tuple[Job, ChunkResult | Lost]]:
        """Wait until a job has ended, and return those that have."""
        ...

    def close(self) -> None:
        """End all workers."""
        ...


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """How many workers, and how patient."""

    workers: int
    stall_s: float = STALL_S
    """A worker that gives no sign of life for so long is replaced."""
    on_progress: Callable[[int], None] = lambda _: None
    """Told how many more frames were looked at, for a progress bar; tries that failed count."""
    open_work: str = OPEN_WORK
    """`module:function` that makes a worker's work; tests put in one that dies."""


class LocalEngine:
    """Worker processes on this machine; see `Engine`."""

    def __init__(self, setup: ScanSetup, settings: EngineSettings) -> None:
        """Start the workers. They share the cores that this process may use.

        Raises:
            StreetIssueError: The system starts no process.
        """
        plan = setup.with_threads(max(1, usable_cores() // settings.workers))
        orders = Orders(settings.open_work, plan)
        self._pool: WorkerPool[Job, ChunkResult] = WorkerPool(
            PoolSettings(
                settings.workers, orders, settings.stall_s, on_progress=settings.on_progress
            )
        )

    @property
    def worker_pids(self) -> tuple[int, ...]:
        """Process numbers of the workers."""
        return self._pool.pids

    def run(self, tasks: Iterable[ChunkTask]) -> Iterator[tuple[ChunkTask, ChunkResult]]:
        """See `Engine.run`."""
        return employ(self._pool, tasks)

    def close(self) -> None:
        """See `Engine.close`."""
        self._pool.close()


class FakeEngine:
    """Answers with a function of the task, one at a time: for tests of what stands on engines."""

    def __init__(self, answer: Callable[[ChunkTask], ChunkResult]) -> None:
        """Keep the function."""
        self._answer = answer
        self.closed = False

    def run(self, tasks: Iterable[ChunkTask]) -> Iterator[tuple[ChunkTask, ChunkResult]]:
        """See `Engine.run`."""
        for task in tasks:
            yield task, self._answer(task)

    def close(self) -> None:
        """See `Engine.close`."""
        self.closed = True


def employ(crew: Crew, tasks: Iterable[ChunkTask]) -> Iterator[tuple[ChunkTask, ChunkResult]]:
    """See chunks through with a crew; see `Engine.run`."""
    desk = _Desk(crew, iter(tasks))
    ended: list[tuple[ChunkTask, ChunkResult]] = []
    while True:
        desk.hand_out()
        # The workers have their next jobs already: who takes a result may take his time.
        yield from ended
        if not crew.running:
            return
        ended = desk.take_in(crew.wait())


@dataclass(frozen=True, slots=True, eq=False)
class _Case:
    """A chunk that is under way."""

    task: ChunkTask
    course: Course


class _Desk:
    """Which jobs wait, which run, and whose they are."""

    def __init__(self, crew: Crew, tasks: Iterator[ChunkTask]) -> None:
        self._crew = crew
        self._tasks: Iterator[ChunkTask] | None = tasks
        self._waiting: deque[tuple[Job, _Case]] = deque()
        """Further jobs of chunks that are under way; they go before any new chunk."""
        self._running: list[tuple[Job, _Case]] = []

    def hand_out(self) -> None:
        """Start jobs while there is room for them."""
        while self._crew.has_room() and not any(job.alone for job, _ in self._running):
            following = self._next()
            if following is None:
                return
            if following[0].alone and self._running:
                self._waiting.appendleft(following)
                return
            self._running.append(following)
            self._crew.start(following[0])

    def take_in(
        self, answers: Iterable[tuple[Job, ChunkResult | Lost]]
    ) -> list[tuple[ChunkTask, ChunkResult]]:
        """Tell the chunks what came of their jobs; return those that are through."""
        ended: list[tuple[ChunkTask, ChunkResult]] = []
        for job, answer in answers:
            at = next(i for i, (mine, _) in enumerate(self._running) if mine is job)
            _, case = self._running.pop(at)
            try:
                self._waiting.append((case.course.send(answer), case))
            except StopIteration as end:
                ended.append((case.task, end.value))
        return ended

    def _next(self) -> tuple[Job, _Case] | None:
        if self._waiting:
            return self._waiting.popleft()
        task = None if self._tasks is None else next(self._tasks, None)
        if task is None:
            self._tasks = None
            return None
        case = _Case(task, see_through(task))
        return next(case.course), case
