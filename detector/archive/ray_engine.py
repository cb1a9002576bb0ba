"""Ray looks through the chunks: on this machine, or on the machines of a cluster."""

import contextlib
import logging
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from detector.archive.attempts import Job
from detector.archive.chunk_result import ChunkResult
from detector.archive.engines import EngineSettings, employ
from detector.archive.journal_rows import ChunkTask
from detector.archive.messages import Lost, Orders, Ready, Refused
from detector.archive.ray_session import start_ray
from detector.archive.settings import ScanSetup
from detector.archive.worker import open_work, refuse
from detector.errors import StreetIssueError
from detector.models.network import usable_cores

logger = logging.getLogger(__name__)

START_TIMEOUT_S: Final = 600.0
"""A cluster that grows on demand takes minutes to start a machine."""
PULSE_EVERY_S: Final = 1.0
"""How often the workers are asked how far they are."""
MOST_FAILED_STARTS: Final = 3
"""In a row, without a worker that got ready: then the next would not either."""


class RayEngine:
    """Ray's actors, each with a model of its own that stays loaded; see `Engine`."""

    def __init__(
        self, setup: ScanSetup, settings: EngineSettings, address: str | None = None
    ) -> None:
        """Start Ray, or reach a cluster, and ask for workers.

        Args:
            setup: What to look with. On a cluster every machine needs this package, the model's
                folder and the archive under the same paths.
            settings: A worker takes one core of a cluster, and its share of this machine's.
            address: Of a cluster (`ray start --head` says it); None: this machine alone.

        Raises:
            ExtraMissingError: Ray is not installed.
            StreetIssueError: Ray does not start, or the cluster cannot be reached.
        """
        self._session = start_ray(settings.workers, address)
        threads = 1 if address else max(1, usable_cores() // settings.workers)
        orders = Orders(settings.open_work, setup.with_threads(threads))
        self._crew = _RayCrew(self._session.ray, settings, orders)

    def run(self, tasks: Iterable[ChunkTask]) -> Iterator[tuple[ChunkTask, ChunkResult]]:
        """See `Engine.run`."""
        return employ(self._crew, tasks)

    def close(self) -> None:
        """See `Engine.close`; ends the Ray that was started here, and no other."""
        self._crew.close()
        self._session.close()


class Hand:
    """What runs in each of Ray's actors."""

    def __init__(self, orders: Orders) -> None:
        """Set up; `ready` tells what came of it."""
        self._frames = 0
        self._work: Any = None
        self._greeting: Ready | Refused = Ready()
        try:
            self._work = open_work(orders)
        except Exception as error:  # The owner must hear why, whatever it is.
            self._greeting = refuse(error)

    def ready(self) -> Ready | Refused:
        """Tell whether it is set up."""
        return self._greeting

    def do(self, job: Job) -> ChunkResult | Lost:
        """Do a job."""
        try:
            result: ChunkResult = self._work(job, self._tell)
            return result
        except MemoryError:
            return Lost("out_of_memory", "The memory did not suffice.")
        except Exception as error:  # One bad job must not cost the worker.
            logger.error("Unforeseen error in a worker", exc_info=error)
            return Lost("internal", f"The work failed: {type(error).__name__}.")

    def frames(self) -> int:
        """Return how many frames it has looked at; runs beside `do`."""
        return self._frames

    def _tell(self, frames: int) -> None:
        self._frames += frames


@dataclass(slots=True, eq=False)
class _Actor:
    """One of Ray's actors, and the job that it has."""

    handle: Any
    greeting: Any
    """Reference to what `Hand.ready` returns; None once it was read."""
    seen_at: float
    job: Job | None = None
    answer: Any = None
    """Reference to the job's result."""
    pulse: Any = None
    """Reference to the number of frames that was asked for."""
    frames: int = 0


class _RayCrew:
    """See `Crew`. Jobs are not kept apart from each other: `alone` has no meaning here."""

    def __init__(self, ray: Any, settings: EngineSettings, orders: Orders) -> None:
        self._ray = ray
        self._settings = settings
        self._orders = orders
        # Two calls at a time: `frames` answers while `do` works.
        self._remote = ray.remote(Hand).options(
            num_cpus=1, max_concurrency=2, max_restarts=0, scheduling_strategy="SPREAD"
        )
        self._failed_starts = 0
        self._left_at: float | None = None
        self._pulse_at = time.monotonic() + PULSE_EVERY_S
        self._actors = [self._hire() for _ in range(settings.workers)]

    @property
    def running(self) -> int:
        return sum(actor.job is not None for actor in self._actors)

    def has_room(self) -> bool:
        return self.running < len(self._actors)

    def start(self, job: Job) -> None:
        free = [actor for actor in self._actors if actor.job is None]
        self._give(next((one for one in free if one.greeting is None), free[0]), job)

    def wait(self) -> list[tuple[Job, ChunkResult | Lost]]:
        ended: list[tuple[Job, ChunkResult | Lost]] = []
        if self._left_at is not None:  # As `WorkerPool.wait`: our absence is not their silence.
            away_s = time.monotonic() - self._left_at
            for actor in self._actors:
                actor.seen_at += away_s
        while self.running and not ended:
            awaited = {
                reference: actor
                for actor in self._actors
                for reference in (actor.greeting, actor.answer)
                if reference is not None
            }
            done, _ = self._ray.wait(list(awaited), num_returns=1, timeout=PULSE_EVERY_S)
            for reference in done:
                ended.extend(self._hear(awaited[reference], reference))
            # By the clock: where many workers answer all the time, one may hang all the same.
            if time.monotonic() >= self._pulse_at:
                ended.extend(self._feel_pulses())
                self._pulse_at = time.monotonic() + PULSE_EVERY_S
        self._left_at = time.monotonic()
        return ended

    def close(self) -> None:
        for actor in self._actors:
            self._dismiss(actor)
        self._actors = []

    def _hire(self) -> _Actor:
        handle = self._remote.remote(self._orders)
        return _Actor(handle, handle.ready.remote(), time.monotonic())

    def _dismiss(self, actor: _Actor) -> None:
        with contextlib.suppress(Exception):  # Dead already, or with its machine.
            self._ray.kill(actor.handle)

    def _give(self, actor: _Actor, job: Job) -> None:
        """Hand a job over once the worker is set up: what ends it before is not its doing."""
        actor.job = job
        actor.seen_at = time.monotonic()
        if actor.greeting is None:
            actor.answer = actor.handle.do.remote(job)

    def _hear(self, actor: _Actor, reference: Any) -> list[tuple[Job, ChunkResult | Lost]]:
        """Take what a call returned; return what ended with it."""
        try:
            answer = self._ray.get(reference)
        except self._ray.exceptions.RayError as error:
            return self._replace(actor, _explain(self._ray, error))
        actor.seen_at = time.monotonic()
        if isinstance(answer, Refused):
            raise StreetIssueError(answer.code, answer.message, answer.hint)
        if isinstance(answer, Ready):
            actor.greeting = None
            self._failed_starts = 0
            if actor.job is not None:
                self._give(actor, actor.job)
            return []
        job, actor.job, actor.answer = actor.job, None, None
        if isinstance(answer, Lost) and answer.code == "out_of_memory":
            self._replace(actor, answer)  # What held the memory may hold it still.
        return [] if job is None else [(job, answer)]

    def _feel_pulses(self) -> list[tuple[Job, ChunkResult | Lost]]:
        """Ask the workers how far they are; replace those that do not move."""
        ended: list[tuple[Job, ChunkResult | Lost]] = []
        for actor in list(self._actors):
            if actor.greeting is None:
                self._read_pulse(actor)
            silent_s = time.monotonic() - actor.seen_at
            if actor.greeting is not None:
                if silent_s > START_TIMEOUT_S:
                    raise StreetIssueError(
                        "worker_failed",
                        "Ray starts no worker: no machine has a core to spare.",
                        "Ask for fewer workers, or wait until the cluster has room.",
                    )
                continue
            if actor.job is not None and silent_s > self._settings.stall_s:
                text = f"The worker gave no sign of life for {self._settings.stall_s:g} s."
                ended.extend(self._replace(actor, Lost("stalled", text)))
        return ended

    def _read_pulse(self, actor: _Actor) -> None:
        if actor.pulse is None:
            actor.pulse = actor.handle.frames.remote()
            return
        if not self._ray.wait([actor.pulse], timeout=0)[0]:
            return
        try:
            frames: int = self._ray.get(actor.pulse)
        except self._ray.exceptions.RayError:
            return  # Its job ends with the same error.
        actor.pulse = None
        if frames > actor.frames:
            actor.seen_at = time.monotonic()
            self._settings.on_progress(frames - actor.frames)
            actor.frames = frames

    def _replace(self, actor: _Actor, lost: Lost) -> list[tuple[Job, ChunkResult | Lost]]:
        """Put a new worker in the place of one; return the job that was lost with it."""
        logger.info("A worker is replaced: %s", lost.message)
        self._dismiss(actor)
        successor = self._hire()
        self._actors[self._actors.index(actor)] = successor
        if actor.greeting is not None:  # It had not begun: its job is not to blame.
            self._failed_starts += 1
            if self._failed_starts >= MOST_FAILED_STARTS:
                raise StreetIssueError("worker_failed", f"No worker can be started: {lost.message}")
            if actor.job is not None:
                self._give(successor, actor.job)
            return []
        return [] if actor.job is None else [(actor.job, lost)]


def _explain(ray: Any, error: Exception) -> Lost:
    if isinstance(error, ray.exceptions.OutOfMemoryError):
        return Lost("out_of_memory", "The machine's memory did not suffice.")
    if isinstance(error, ray.exceptions.RayActorError):
        return Lost("decoder_crashed", "The process that looked through it, or its machine, ended.")
    logger.error("Ray lost a job", exc_info=error)
    return Lost("internal", f"Ray lost the job: {type(error).__name__}.")
