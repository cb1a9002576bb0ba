"""street-issues score: photos in, findings out."""

import argparse
import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from detector.commands.choices import add_model_options, count, load_chosen, share
from detector.commands.inputs import check_output_folder, list_sources
from detector.commands.report import Report, open_report, printable
from detector.detections import ImageScore, ScoreFailure
from detector.errors import OutputError
from detector.models import RuntimeOptions, load_detector
from detector.models.network import usable_cores
from detector.pipeline import Pipeline, PipelineSettings

if TYPE_CHECKING:
    from detector.commands import Subparsers
    from detector.evidence.gallery import Gallery
    from detector.pipeline import EvidenceReader

MOST_FAILURES_NAMED = 20


def add_parser(commands: "Subparsers") -> None:
    """Add `score` and its options."""
    parser = commands.add_parser(
        "score",
        help="score photos",
        description="Score photos: files, folders, or '-' for a list of paths on standard input. "
        "Exit status: 0 all scored, 1 some failed (named at the end), 2 wrong usage.",
    )
    parser.add_argument("paths", nargs="+", metavar="PATH", help="photo, folder, or -")
    parser.add_argument(
        "--format",
        choices=("table", "jsonl"),
        help="what to write (default: table; jsonl when --out is given)",
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="write to FILE, not to the screen")
    parser.add_argument(
        "--min-score",
        type=share,
        metavar="S",
        help="list findings under their label's threshold too, down to S in [0, 1]",
    )
    parser.add_argument(
        "--context", action="store_true", help="list context labels, such as a bin in order"
    )
    parser.add_argument(
        "--draw", type=Path, metavar="DIR", help="write annotated pictures and index.html to DIR"
    )
    parser.add_argument(
        "--no-privacy",
        action="store_true",
        help="do not blur faces and number plates in the pictures of --draw",
    )
    parser.add_argument(
        "--ocr", action="store_true", help="read text and phone numbers of flagged posters"
    )
    add_model_options(parser)
    parser.add_argument(
        "--workers", type=count, metavar="N", help="photos in work at once (default: the cores)"
    )
    parser.add_argument(
        "--threads", type=count, metavar="N", help="inference threads (default: the cores)"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Score photos and write the report."""
    import cv2

    cv2.setNumThreads(1)  # The workers fill the cores; OpenCV's own threads would stand in the way.
    sources, total = list_sources(options.paths)
    gallery = _open_gallery(options)
    readers = _open_readers() if options.ocr else ()
    bundle = load_chosen(options)
    workers = options.workers or usable_cores()
    workers = workers if total is None else min(workers, max(1, total))
    detector = load_detector(
        bundle, options.runtime, RuntimeOptions(options.threads, workers, options.precision)
    )
    settings = PipelineSettings(min_score=options.min_score, readers=readers)
    with contextlib.ExitStack() as stack:
        stack.callback(detector.close)
        pipeline = Pipeline(detector, settings)
        report = stack.enter_context(_open_out(options))
        scores = pipeline.score_many(sources, workers)
        stack.callback(scores.close)
        if sys.stderr.isatty() and (options.out is not None or not sys.stdout.isatty()):
            failed = _write_all(_with_progress(scores, total), report, gallery)
        else:
            failed = _write_all(scores, report, gallery)
    status = _tell(report, failed)
    if gallery is None or report.count == 0:
        return status
    print(f"pictures: {gallery.finish()}", file=sys.stderr)
    _name("not drawn", gallery.failures())
    return max(status, 1 if gallery.failures() else 0)


def _open_gallery(options: argparse.Namespace) -> "Gallery | None":
    if options.draw is None:
        return None
    check_output_folder(options.draw, options.paths, "pictures of --draw")
    from detector.evidence.gallery import Gallery
    from detector.evidence.privacy import open_privacy

    privacy = None if options.no_privacy else open_privacy()
    return Gallery(options.draw, options.lang, privacy)


def _open_readers() -> tuple["EvidenceReader", ...]:
    from detector.evidence.poster_text import PosterReader

    return (PosterReader(),)


@contextlib.contextmanager
def _open_out(options: argparse.Namespace) -> Iterator[Report]:
    format_name = options.format or ("table" if options.out is None else "jsonl")
    if options.out is None:
        yield open_report(format_name, sys.stdout, options.lang, context=options.context)
        return
    try:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        with options.out.open("w", encoding="utf-8", errors="backslashreplace") as stream:
            yield open_report(format_name, stream, options.lang, context=options.context)
    except OSError as error:  # Closing writes, too: a full disk may show only there.
        raise OutputError(str(options.out), error) from error


def _with_progress(scores: Iterator[ImageScore], total: int | None) -> Iterator[ImageScore]:
    """Show a progress bar; for where a person looks on and the report does not scroll by."""
    from rich.console import Console
    from rich.progress import track

    yield from track(scores, "scoring", total=total, console=Console(stderr=True), transient=True)


def _write_all(
    scores: Iterator[ImageScore], report: Report, gallery: "Gallery | None"
) -> list[ImageScore]:
    failed: list[ImageScore] = []
    for score in scores:
        report.write(score)
        if score.error is not None:
            failed.append(score)
        if gallery is not None:
            gallery.add(score)
    return failed


def _tell(report: Report, failed: list[ImageScore]) -> int:
    """Sum up on standard error: what was scored, and by name what was not."""
    if report.count == 0:
        print("street-issues: no photos found.", file=sys.stderr)
        return 2
    print(report.summary(), file=sys.stderr)
    _name("failed", [(one.source, _words(one.error)) for one in failed])
    return 1 if failed else 0


def _words(failure: ScoreFailure | None) -> str:
    return "" if failure is None else f"{failure.message} {failure.hint}".strip()


def _name(what: str, failures: list[tuple[str, str]]) -> None:
    """Name failures on standard error, so many as a person reads."""
    for source, words in failures[:MOST_FAILURES_NAMED]:
        print(printable(f"{what}: {source}: {words}"), file=sys.stderr)
    if len(failures) > MOST_FAILURES_NAMED:
        print(f"{what}: {len(failures) - MOST_FAILURES_NAMED} more", file=sys.stderr)
