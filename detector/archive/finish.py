"""What a scan leaves behind: tables, lines, evidence pictures, the report."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import tzinfo
from heapq import nsmallest
from itertools import chain, groupby
from pathlib import Path
from typing import Any, Final

from detector.archive.evidence import Evidence, subject_of
from detector.archive.fold import CameraStory
from detector.archive.frames_again import FramesAgain
from detector.archive.journal import Journal
from detector.archive.onlooker import Onlooker
from detector.archive.outputs import Outputs
from detector.archive.report import (
    PhotoFindings,
    ReportContent,
    ReportSettings,
    ScanCounts,
    best_photos,
    write_report,
)
from detector.archive.rows import FileProblem
from detector.camera.incident import Incident
from detector.camera.rules import IncidentRules
from detector.evidence.gallery import PrivacyFilter
from detector.labels import Language

MOST_PROBLEMS_SHOWN: Final = 2000
"""On the page; errors.jsonl has all."""
RUN_SCHEMA: Final = 1


@dataclass(frozen=True, slots=True)
class FinishSettings:
    """How the results are written."""

    language: Language
    timezone: tzinfo
    privacy: PrivacyFilter | None
    """None leaves faces and plates as they are."""
    report: bool


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What run.json says of the run beside its counts."""

    archives: tuple[str, ...]
    """As they were named."""
    fingerprint: Mapping[str, str]
    rules: Mapping[str, IncidentRules]


@dataclass(frozen=True, slots=True)
class Finished:
    """What was written."""

    incidents: tuple[Incident, ...]
    findings: int
    problems: tuple[FileProblem, ...]
    """Of evidence pictures."""
    failed: int
    """Files and folders that were not looked through, or not to their end."""
    report: Path | None


def write_results(
    journal: Journal,
    outputs: Outputs,
    stories: Sequence[CameraStory],
    settings: FinishSettings,
    facts: RunFacts,
    onlooker: Onlooker,
) -> Finished:
    """Write all results of a scan that is through.

    Raises:
        OutputError: A file cannot be written.
        ExtraMissingError: pyarrow is not installed.
    """
    incidents = tuple(chain.from_iterable(story.incidents for story in stories))
    states = tuple(chain.from_iterable(story.states for story in stories))
    findings = outputs.write_findings(journal.findings())
    outputs.write_incidents(incidents)
    outputs.write_states(states)
    photos = best_photos(journal.findings(), settings.timezone)
    problems = _write_evidence(journal, outputs, incidents, photos, settings, onlooker)
    outputs.write_errors(chain(journal.problems(), problems))
    failed = _count_failed(journal)
    page = None
    # One of a run before would show what is not found any more, and perhaps faces.
    outputs.remove_report()
    if settings.report:
        content = ReportContent(
            archives=facts.archives,
            model=facts.fingerprint["model"],
            counts=_count(journal, failed),
            incidents=incidents,
            spans=tuple(journal.spans()),
            states=states,
            problems=_gravest(chain(journal.problems(), problems)),
            photos=photos,
        )
        page = write_report(
            outputs.folder,
            content,
            ReportSettings(settings.language, settings.timezone, settings.privacy is not None),
        )
    return Finished(incidents, findings, problems, failed, page)


def describe_run(
    journal: Journal, facts: RunFacts, state: str, finished: Finished | None = None
) -> dict[str, Any]:
    """Return what run.json holds.

    Args:
        journal: For the counts.
        facts: What the run was told.
        state: running, stopped or complete.
        finished: What was written; None before that.
    """
    run: dict[str, Any] = {
        "schema": RUN_SCHEMA,
        "state": state,
        "archives": list(facts.archives),
        "settings": dict(facts.fingerprint),
        "rules": {label: asdict(rules) for label, rules in sorted(facts.rules.items())},
        "counts": asdict(journal.counts()),
    }
    if finished is not None:
        by_label = Counter(one.label for one in finished.incidents)
        run["findings"] = finished.findings
        run["incidents"] = dict(sorted(by_label.items()))
        run["failed"] = finished.failed
        run["pictures_failed"] = len(finished.problems)
    return run


def _write_evidence(
    journal: Journal,
    outputs: Outputs,
    incidents: Sequence[Incident],
    photos: PhotoFindings,
    settings: FinishSettings,
    onlooker: Onlooker,
) -> tuple[FileProblem, ...]:
    evidence = Evidence(
        outputs.folder, FramesAgain(journal.file).read_image, settings.privacy, settings.language
    )
    subjects = [*map(subject_of, incidents), *photos.subjects]
    done = 0

    def tell(_: str) -> None:
        nonlocal done
        done += 1
        onlooker.picturing(done, len(subjects))

    problems = evidence.write(subjects, tell)
    evidence.sweep(subject.id for subject in subjects)
    return tuple(problems)


def _gravest(problems: Iterable[FileProblem]) -> tuple[FileProblem, ...]:
    """Return so many problems as are shown: files that failed before what was merely odd."""
    kept = nsmallest(MOST_PROBLEMS_SHOWN, enumerate(problems), key=lambda one: not one[1].fatal)
    return tuple(problem for _, problem in kept)


def _count_failed(journal: Journal) -> int:
    """Count what was not looked through; a folder that cannot be listed, too, which is no file."""
    by_source = groupby(journal.problems(), key=lambda problem: problem.source)
    return sum(any(problem.fatal for problem in problems) for _, problems in by_source)


def _count(journal: Journal, failed: int) -> ScanCounts:
    counts, totals = journal.counts(), journal.totals()
    return ScanCounts(
        videos=totals.videos,
        photos=totals.photos,
        citizen_photos=totals.citizen_photos,
        failed=failed,
        looks=counts.looks,
        scored=counts.scored,
    )
