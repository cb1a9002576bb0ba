"""What is tried when a worker is lost over a chunk: once more, then without the files to blame."""

from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import Final

from detector.archive.chunk_result import ChunkResult
from detector.archive.journal_rows import ChunkTask
from detector.archive.messages import Lost, LostCode
from detector.archive.rows import FileProblem

MOST_TO_BLAME: Final = 8
"""Of the photos of one chunk: a stall costs minutes, and more than a few are no accident."""
HINTS: Final[dict[LostCode, str]] = {
    "decoder_crashed": "The file is probably damaged; copy it again from where it comes from.",
    "stalled": "Check the file, and the disk or the network that it lies on.",
    "out_of_memory": "Use fewer workers, or a machine with more memory.",
    "internal": "This is a fault of the software or the machine, not of the file; see the log.",
}


@dataclass(frozen=True, slots=True)
class Job:
    """One try at a chunk."""

    task: ChunkTask
    passed_over: frozenset[str] = frozenset()
    """Names of files that are not to be touched."""
    alone: bool = False
    """Nothing else is to run beside it on the same machine, so that it has all the memory."""


Course = Generator[Job, ChunkResult | Lost, ChunkResult]
"""Yields the jobs that a chunk needs, is sent what came of each, and returns the chunk's result."""


def see_through(task: ChunkTask) -> Course:
    """See a chunk through to a result, whatever its files do to the workers.

    What ended a worker may have been a neighbour's hunger for memory, so the chunk is tried once
    more, alone. Is a worker lost again, the file is to blame; of several photos each is tried by
    itself, and those that cost a worker are left out.

    Returns:
        The result; of a chunk that cannot be looked through, one with a failure.
    """
    answer = yield Job(task)
    if isinstance(answer, ChunkResult):
        return answer
    if answer.code != "internal":  # What the software itself does it would do again.
        # Others need not wait while a stalled one takes its minutes once more.
        answer = yield Job(task, alone=answer.code != "stalled")
        if isinstance(answer, ChunkResult):
            return answer
    if len(task.files) == 1:
        return ChunkResult(failure=blame(task.files[0].name, answer))
    to_blame: list[FileProblem] = []
    for file in task.files:
        alone = yield Job(replace(task, files=(file,)))
        if isinstance(alone, Lost):
            to_blame.append(blame(file.name, alone))
            if len(to_blame) > MOST_TO_BLAME:
                return ChunkResult(failure=to_blame[0])
    if to_blame:
        answer = yield Job(task, frozenset(problem.source for problem in to_blame))
        if isinstance(answer, ChunkResult):
            return replace(answer, problems=(*answer.problems, *to_blame))
    return ChunkResult(failure=blame(task.files[0].name, answer))


def blame(name: str, lost: Lost) -> FileProblem:
    """Put a file's doing into words."""
    return FileProblem(name, lost.code, lost.message, HINTS[lost.code])
