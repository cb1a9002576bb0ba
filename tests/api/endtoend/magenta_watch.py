"""`street-issues watch` with a detector that takes magenta for overflowing bins; run as a program.

python magenta_watch.py CONFIG.yaml
"""

import argparse
import sys
from pathlib import Path

from detector.commands import watch
from detector.models.base import Detector
from detector.models.bundle import DEFAULT_BUNDLE, load_bundle
from detector.watch.camera_loop import LoopSettings
from detector.watch.config import WatchConfig
from detector.watch.courier import CourierSettings
from detector.watch.watching import WatchSettings

sys.path.insert(0, str(Path(__file__).parents[3]))

from tests.detector.watch.scripted_scene import make_magenta_detector

QUICK = WatchSettings(
    loop=LoopSettings(save_every_s=0.5, tick_s=0.1),
    courier=CourierSettings(first_wait_s=0.02, most_wait_s=0.2, idle_s=0.02),
)


def make_detector(_options: argparse.Namespace, _config: WatchConfig) -> Detector:
    return make_magenta_detector(load_bundle(DEFAULT_BUNDLE).manifest)


def main() -> int:
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(required=True)
    watch.add_parser(commands)
    options = parser.parse_args(["watch", *sys.argv[1:]])
    return watch.run(options, make_detector, QUICK)


if __name__ == "__main__":
    sys.exit(main())
