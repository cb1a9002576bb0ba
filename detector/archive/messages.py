"""What a worker process and its owner say to each other."""

from dataclasses import dataclass
from typing import Any, Literal

LostCode = Literal["decoder_crashed", "stalled", "out_of_memory", "internal"]
"""decoder_crashed: the worker ended, which broken files do to decoders; stalled: it gave no sign
of life; out_of_memory: it had too little; internal: it raised what nobody foresaw."""


@dataclass(frozen=True, slots=True)
class Lost:
    """A job came to no end; the next one gets another worker."""

    code: LostCode
    message: str


@dataclass(frozen=True, slots=True)
class Orders:
    """The first message to a worker: how it sets itself up."""

    open_work: str
    """`module:function`; takes the plan and returns the work: a callable of a job and of a
    function that it tells how many more frames it has looked at."""
    plan: Any


@dataclass(frozen=True, slots=True)
class Ready:
    """The worker is set up."""


@dataclass(frozen=True, slots=True)
class Refused:
    """It cannot be set up, and neither could another: the parts of a `StreetIssueError`."""

    code: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Progress:
    """A sign of life: the job was taken, or went on."""

    frames: int
    """Looked at since the last sign."""


@dataclass(frozen=True, slots=True)
class Done:
    """The job's result."""

    result: Any
