"""Ray's workers are watched however busy the others are. Ray itself is played."""

from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest

from detector.archive import ray_engine
from detector.archive.attempts import Job
from detector.archive.chunk_result import ChunkResult
from detector.archive.engines import EngineSettings
from detector.archive.journal_rows import ChunkTask
from detector.archive.messages import Lost, Orders, Ready

WORKS, HANGS = Job(ChunkTask("works", ())), Job(ChunkTask("hangs", ()))
PENDING: Any = object()


class PlayedRay:
    """Answers at once, but for jobs that hang; frames are counted where the job moves on."""

    exceptions = SimpleNamespace(RayError=KeyError)

    def __init__(self, *, moves: bool) -> None:
        frames = count(1) if moves else iter(lambda: 0, None)
        call = SimpleNamespace
        self.handle = SimpleNamespace(
            ready=call(remote=lambda: [Ready()]),
            do=call(remote=lambda job: [PENDING if job is HANGS else ChunkResult()]),
            frames=call(remote=lambda: [next(frames)]),
        )

    def remote(self, _: type) -> Any:
        actor = SimpleNamespace(remote=lambda _: self.handle)
        return SimpleNamespace(options=lambda **_: actor)

    def wait(
        self, references: list[Any], num_returns: int = 1, **_: float
    ) -> tuple[list[Any], list[Any]]:
        return [one for one in references if one[0] is not PENDING][:num_returns], []

    def get(self, reference: Any) -> Any:
        return reference[0]

    def kill(self, _: Any) -> None:
        """There is nothing to end."""


class Reference(list[Any]):
    """As Ray's: told apart by which it is, and not by what it holds."""

    __hash__ = object.__hash__  # type: ignore[assignment]  # a list has none

    def __eq__(self, other: object) -> bool:
        return self is other


@pytest.mark.parametrize("moves", [False, True])
def test_a_worker_that_hangs_is_found_while_others_answer(
    monkeypatch: pytest.MonkeyPatch, moves: bool
) -> None:
    seconds = count()
    clock = SimpleNamespace(monotonic=lambda: float(next(seconds)))
    monkeypatch.setattr(ray_engine, "time", clock)
    ray = PlayedRay(moves=moves)
    for name in ("ready", "do", "frames"):
        plain = getattr(ray.handle, name).remote
        getattr(ray.handle, name).remote = lambda *values, plain=plain: Reference(plain(*values))
    settings = EngineSettings(2, stall_s=120)
    crew = ray_engine._RayCrew(ray, settings, Orders("", None))
    crew.start(HANGS)
    lost = []
    for _ in range(500):
        if crew.has_room():
            crew.start(WORKS)
        lost += [answer for _, answer in crew.wait() if isinstance(answer, Lost)]
    assert [one.code for one in lost] == ([] if moves else ["stalled"])
