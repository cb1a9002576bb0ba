"""street-issues scan: an archive of videos and photos in, incidents and a report out."""

import argparse
import contextlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from detector.commands.choices import add_model_options, count, share
from detector.commands.inputs import check_output_folder
from detector.commands.scan_filing import add_filing_options, file_found
from detector.commands.scan_plan import ScanPlan, make_plan
from detector.commands.scan_words import tell_results, tell_stop
from detector.errors import ExtraMissingError, UsageError
from detector.models.network import usable_cores

if TYPE_CHECKING:
    from detector.archive.engines import Engine
    from detector.archive.finish import Finished
    from detector.archive.journal import Journal
    from detector.archive.onlooker import Onlooker
    from detector.commands import Subparsers

ENGINES: Final = ("local", "ray")
DEFAULT_EVERY_S: Final = 2.0
"""Most cameras send a key frame each second or two, so that only those are decoded."""
LEAST_EVERY_S, MOST_EVERY_S = 0.04, 3600.0
"""Every frame of 25 a second, and one an hour."""
EXIT_SOME_FAILED: Final = 1


def add_parser(commands: "Subparsers") -> None:
    """Add `scan` and its options."""
    parser = commands.add_parser(
        "scan",
        help="scan an archive of camera footage and photos",
        description="Scan folders of videos and photos for incidents. Run the same command again "
        "to go on after a stop, or to take in new files. Exit status: 0 all done, 1 some files "
        "failed (errors.jsonl names them), 2 wrong usage, or stopped.",
    )
    parser.add_argument("archives", nargs="+", type=Path, metavar="ARCHIVE", help="folder or file")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="where results go; see --restart"
    )
    parser.add_argument("--report", action="store_true", help="write DIR/report.html")
    _add_footage_options(parser)
    _add_work_options(parser)
    add_filing_options(parser)
    add_model_options(parser)
    parser.set_defaults(run=run)


def _add_footage_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("footage")
    group.add_argument(
        "--every",
        type=seconds,
        default=DEFAULT_EVERY_S,
        metavar="S",
        help="look at one frame in S seconds (default: 2); where key frames come as often, only "
        "they are decoded",
    )
    group.add_argument(
        "--zones", type=Path, metavar="FILE", help="YAML or JSON: zones, labels, hours by camera"
    )
    group.add_argument(
        "--rules", type=Path, metavar="FILE", help="YAML or JSON: when sightings are an incident"
    )
    group.add_argument(
        "--name-pattern",
        metavar="P",
        help="how paths tell camera and time, e.g. '{camera}/{time:%%Y%%m%%d_%%H%%M%%S}'",
    )
    group.add_argument(
        "--cameras",
        type=Path,
        metavar="FILE",
        help="CSV of path, camera, start, timezone, clock_offset_s",
    )
    group.add_argument(
        "--timezone", default="+08:00", metavar="TZ", help="of local times (default: +08:00)"
    )


def _add_work_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("work")
    group.add_argument("--engine", choices=ENGINES, default="local", help="who works")
    group.add_argument(
        "--ray-address", metavar="A", help="Ray cluster to use (default: one of this machine)"
    )
    group.add_argument(
        "--workers", type=count, metavar="N", help="processes at work (default: the cores)"
    )
    group.add_argument(
        "--max-failures",
        type=share,
        default=0.2,
        metavar="SHARE",
        help="stop when more than this share of the files fail (default: 0.2)",
    )
    group.add_argument(
        "--restart", action="store_true", help="forget what DIR holds and begin anew"
    )
    group.add_argument(
        "--no-privacy",
        action="store_true",
        help="do not blur faces and number plates in the evidence pictures",
    )


def run(options: argparse.Namespace) -> int:
    """Scan, write the results, hand incidents in."""
    _require_extra()
    import cv2

    from detector.archive.journal import Journal

    cv2.setNumThreads(1)  # The workers fill the cores.
    check_output_folder(options.out, [str(path) for path in options.archives], "results")
    plan = make_plan(options)
    with (
        contextlib.ExitStack() as stack,
        Journal.open(
            # Without the rules: incidents are made of what was seen, each time anew.
            options.out,
            plan.facts.fingerprint,
            options.restart,
            plan.setup.chunk_s,
        ) as journal,
    ):
        if plan.service is not None:
            stack.callback(plan.service.close)
        started = time.monotonic()
        with _look_on() as onlooker:
            finished = _scan(options, plan, journal, onlooker)
        tell_results(finished, journal.counts(), options, time.monotonic() - started)
        unfiled = 0
        if plan.service is not None:
            unfiled = file_found(plan.service, finished.incidents, journal, options)
        failed = finished.failed + len(finished.problems) + unfiled
        return EXIT_SOME_FAILED if failed else 0


def _scan(
    options: argparse.Namespace, plan: ScanPlan, journal: "Journal", onlooker: "Onlooker"
) -> "Finished":
    from detector.archive.finish import describe_run, write_results
    from detector.archive.outputs import Outputs
    from detector.archive.scan import enter_archive, fold_archive, look_through

    outputs = Outputs(options.out)
    enter_archive(journal, plan.archive, onlooker)
    if not journal.counts().files:
        raise UsageError(
            "There is no video and no photo in " + ", ".join(map(str, options.archives)) + ".",
            "Name the folder that holds them.",
        )
    outputs.write_run(describe_run(journal, plan.facts, "running"))
    started = time.monotonic()
    try:
        if journal.counts().chunks_todo:  # Workers take seconds to start.
            with _open_engine(options, plan, onlooker) as engine:
                look_through(journal, engine, options.max_failures, onlooker)
        stories = tuple(fold_archive(journal, plan.facts.rules, onlooker))
        finished = write_results(journal, outputs, stories, plan.finish, plan.facts, onlooker)
    except BaseException:
        with contextlib.suppress(Exception):  # What stopped the scan is to be told, not this.
            outputs.write_errors(journal.problems())
            outputs.write_run(describe_run(journal, plan.facts, "stopped"))
        tell_stop(journal.counts(), options.lang)
        raise
    summary = describe_run(journal, plan.facts, "complete", finished)
    outputs.write_run({**summary, "elapsed_s": round(time.monotonic() - started, 1)})
    return finished


@contextlib.contextmanager
def _open_engine(
    options: argparse.Namespace, plan: ScanPlan, onlooker: "Onlooker"
) -> Iterator["Engine"]:
    from detector.archive.engines import EngineSettings, LocalEngine

    settings = EngineSettings(options.workers or usable_cores(), on_progress=onlooker.frames)
    engine: Engine
    if options.engine == "ray":
        from detector.archive.ray_engine import RayEngine

        engine = RayEngine(plan.setup, settings, options.ray_address)
    else:
        engine = LocalEngine(plan.setup, settings)
    try:
        yield engine
    finally:
        engine.close()


@contextlib.contextmanager
def _look_on() -> Iterator["Onlooker"]:
    from detector.archive.onlooker import ProgressBar, Unwatched

    if not sys.stderr.isatty():
        yield Unwatched()
        return
    with ProgressBar() as bar:
        yield bar


def seconds(text: str) -> float:
    """Read the length of a step."""
    value = float(text)
    if not LEAST_EVERY_S <= value <= MOST_EVERY_S:
        raise argparse.ArgumentTypeError(f"must lie in {LEAST_EVERY_S} to {MOST_EVERY_S:.0f}")
    return value


def _require_extra() -> None:
    try:
        import av
        import pyarrow
    except ImportError as error:
        raise ExtraMissingError("camera", "Scanning an archive") from error
    del av, pyarrow
