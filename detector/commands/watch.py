"""street-issues watch: cameras in, incidents out to the service."""

import argparse
import logging
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Final

from detector.commands.choices import add_model_options, load_chosen
from detector.labels import show_label

if TYPE_CHECKING:
    from detector.camera.service import ServiceClient
    from detector.commands import Subparsers
    from detector.models.base import Detector
    from detector.watch.config import WatchConfig
    from detector.watch.watching import WatchSettings

MOST_FINDINGS_SHOWN: Final = 5
SECOND_SIGNAL_S: Final = 1.0
"""A signal so long after the first one is meant as a second."""

DetectorMaker = Callable[[argparse.Namespace, "WatchConfig"], "Detector"]
"""Makes the model ready; a test brings one whose answers are known."""


def add_parser(commands: "Subparsers") -> None:
    """Add `watch` and its options."""
    parser = commands.add_parser(
        "watch",
        help="watch cameras live",
        description="Watch cameras live and tell the service of incidents and of how the cameras "
        "are, until stopped (SIGTERM or Ctrl-C). See docs/watch.md. Exit status: 0 stopped in good "
        "order, 1 --check found a camera or the service wanting, 2 wrong usage or set-up.",
    )
    parser.add_argument("config", type=Path, metavar="CONFIG", help="YAML file of cameras")
    parser.add_argument(
        "--check",
        action="store_true",
        help="read the file, try the key, open each camera once, say what it shows, and end",
    )
    add_model_options(parser)
    parser.add_argument(
        "--verbose", action="store_true", help="log more, such as each change of a camera"
    )
    parser.set_defaults(run=run)


def run(
    options: argparse.Namespace,
    make_detector: DetectorMaker | None = None,
    settings: "WatchSettings | None" = None,
) -> int:
    """Watch, or check.

    Args:
        options: Of the command line.
        make_detector: Another model than the options name.
        settings: Other waits than an operator's.
    """
    import cv2

    from detector.camera.service import ServiceClient
    from detector.watch.config import read_config
    from detector.watch.watching import Watching, WatchParts, WatchSettings

    cv2.setNumThreads(1)  # The cameras' threads fill the cores.
    config = read_config(options.config)
    _log_to_stderr(logging.INFO if options.verbose else logging.WARNING)
    with ExitStack() as stack:
        service = ServiceClient(config.service.url, config.service.key)
        stack.callback(service.close)
        detector = (make_detector or load_model)(options, config)
        stack.callback(detector.close)
        if options.check:
            return _check(options, config, detector, service)
        stop = threading.Event()
        _stop_on_signals(stop)  # Until here there is nothing to end in good order.
        parts = WatchParts(detector, service, settings=settings or WatchSettings())
        watching = stack.enter_context(Watching(config, parts))
        count = len(config.cameras)
        print(f"watching {count} {'camera' if count == 1 else 'cameras'}", file=sys.stderr)
        watching.wait(stop)
        print("stopping", file=sys.stderr)
    return 0


def load_model(options: argparse.Namespace, config: "WatchConfig") -> "Detector":
    """Load the model that the options name.

    Raises:
        StreetIssueError: It cannot be loaded.
    """
    from detector.models import RuntimeOptions, load_detector

    runtime = RuntimeOptions(workers=config.budget.parallel, precision=options.precision)
    return load_detector(load_chosen(options), options.runtime, runtime)


def _check(
    options: argparse.Namespace,
    config: "WatchConfig",
    detector: "Detector",
    service: "ServiceClient",
) -> int:
    """Say what each camera shows and whether the key is good; return the exit status."""
    from detector.errors import ServiceError
    from detector.watch.check import check_cameras
    from detector.watch.watching import make_pipeline, make_rules, open_live_stream

    make_rules(config, detector.manifest)
    status = 0
    try:
        service.check_access()
        print(f"service: {config.service.url} takes the key")
    except ServiceError as error:
        status = 1
        print(f"service: {error}")
    for one in check_cameras(config.cameras, make_pipeline(detector), open_live_stream):
        if one.image_wh is None:
            status = 1
            print(f"{one.camera}: {one.problem}")
            continue
        words = [f"{one.image_wh[0]}x{one.image_wh[1]}"]
        words += [
            f"{show_label(finding.label, options.lang)} {finding.score:.2f}"
            for finding in one.findings[:MOST_FINDINGS_SHOWN]
        ]
        if len(words) == 1:
            words.append("nothing found")
        if one.left_out:
            words.append(f"{one.left_out} more outside its zones, labels or sizes")
        if not one.watches_now:
            words.append("not within its hours now")
        print(f"{one.camera}: {', '.join(words)}")
    return status


def _log_to_stderr(level: int) -> None:
    logging.basicConfig(
        level=level, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr
    )


def _stop_on_signals(stop: threading.Event) -> None:
    """Let SIGTERM and Ctrl-C end in good order; one more, a moment later, ends at once."""
    first_at = float("inf")

    def end(_number: int, _frame: FrameType | None) -> None:
        nonlocal first_at
        # `timeout` and some service managers send it to the process and to its group: twice.
        if stop.is_set() and time.monotonic() - first_at > SECOND_SIGNAL_S:
            raise KeyboardInterrupt
        first_at = min(first_at, time.monotonic())
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
