"""What a `street-issues scan` command line asks for, checked before any work starts."""

import argparse
from dataclasses import dataclass
from typing import TYPE_CHECKING

from detector.commands.choices import load_chosen
from detector.commands.scan_filing import open_service

if TYPE_CHECKING:
    from detector.archive.finish import FinishSettings, RunFacts
    from detector.archive.names import NameRules
    from detector.archive.scan import Archive
    from detector.archive.settings import ScanSetup
    from detector.camera.service import Service


@dataclass(frozen=True, slots=True)
class ScanPlan:
    """A scan, settled."""

    archive: "Archive"
    setup: "ScanSetup"
    facts: "RunFacts"
    finish: "FinishSettings"
    service: "Service | None"


def make_plan(options: argparse.Namespace) -> ScanPlan:
    """Check everything before any work starts.

    Raises:
        StreetIssueError: Something does not fit.
    """
    from detector.archive.finish import FinishSettings, RunFacts
    from detector.archive.identify import resolve_setup_apart
    from detector.archive.roots import name_roots
    from detector.archive.scan import Archive
    from detector.archive.settings import KEEP_SCORE, ScanOptions
    from detector.camera.rules import default_rules, parse_rules
    from detector.camera.sampling import Sampling
    from detector.camera.times import parse_timezone
    from detector.camera.view import Views, read_views
    from detector.reading import read_yaml_or_json

    zone = parse_timezone(options.timezone)
    service = open_service(options)
    bundle = load_chosen(options)
    rules = default_rules(bundle.manifest)
    if options.rules is not None:
        rules = parse_rules(read_yaml_or_json(options.rules), str(options.rules), rules)
    setup = resolve_setup_apart(
        ScanOptions(
            bundle_folder=bundle.folder,
            runtime=options.runtime,
            precision=options.precision,
            thresholds=dict(bundle.manifest.thresholds),
            sampling=Sampling(every_s=options.every),
            views=Views() if options.zones is None else read_views(options.zones, zone),
            timezone=zone,
            keep_score=min(KEEP_SCORE, *(one.keep_score for one in rules.values())),
        )
    )
    # Files are called by the ends of their roots' paths: others would name them anew.
    roots = ", ".join(root.label for root in name_roots(options.archives))
    privacy = None
    if not options.no_privacy:
        from detector.evidence.privacy import open_privacy

        privacy = open_privacy(spare_memory=True)
    return ScanPlan(
        Archive(tuple(options.archives), _read_names(options)),
        setup,
        RunFacts(
            tuple(map(str, options.archives)), {**setup.fingerprint(), "archives": roots}, rules
        ),
        FinishSettings(options.lang, zone, privacy, options.report),
        service,
    )


def _read_names(options: argparse.Namespace) -> "NameRules":
    from detector.archive.camera_table import CameraTable, read_camera_table
    from detector.archive.name_pattern import NamePattern
    from detector.archive.names import NameRules
    from detector.camera.times import parse_timezone

    return NameRules(
        None if options.name_pattern is None else NamePattern.parse(options.name_pattern),
        CameraTable() if options.cameras is None else read_camera_table(options.cameras),
        parse_timezone(options.timezone),
    )
