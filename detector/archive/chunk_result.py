"""What came of looking through a chunk of an archive."""

import logging
from dataclasses import dataclass, field

from detector.archive.rows import FileProblem
from detector.camera.looks import Look

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ChunkCounts:
    """How much work it was."""

    frames: int = 0
    """Frames and photos that were decoded."""
    scored: int = 0
    """Of them: those that the model looked at."""
    held: int = 0
    """Of them: those whose scene was as it was at the last scored look."""


@dataclass(frozen=True, slots=True)
class ChunkResult:
    """A function of the chunk's files and of the setup; of nothing else."""

    looks: tuple[Look, ...] = ()
    """Of one camera in time order."""
    problems: tuple[FileProblem, ...] = ()
    """What was odd, and photos that could not be looked at; the rest of the chunk was."""
    counts: ChunkCounts = field(default_factory=ChunkCounts)
    n_chunks: int | None = None
    """Of the first chunk of a video: how many chunks it is looked through in, this one included;
    None for others. All that there is where the task was to count only."""
    footage_s: float | None = None
    """Of the first chunk of a video: its length as the header tells it; None: it does not tell."""
    failure: FileProblem | None = None
    """Why the chunk was not looked through to its end; then its looks are not to be used. With the
    code `timeline_broken` the file wants to be looked through in one piece, with `rebase`."""


def describe_unforeseen(name: str, error: Exception) -> FileProblem:
    """Put into words what nobody foresaw; the log has the trace."""
    logger.error("Unforeseen error while looking at %s", name, exc_info=error)
    return FileProblem(
        name,
        "internal",
        f"The file could not be looked at: {type(error).__name__}.",
        "This is a fault of the software or the machine, not of the file; see the log.",
    )
