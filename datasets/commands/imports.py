"""street-issues-data import | import-feedback: what others labelled becomes a set."""

import argparse
import re
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from datasets.commands import EXIT_DONE, EXIT_PROBLEMS
from datasets.commands.files import check_new, read_map
from datasets.errors import DatasetError
from datasets.exports import read_export
from datasets.feedback_set import gather_feedback, write_feedback_set
from datasets.importing import ImportSettings, import_export, write_imported

if TYPE_CHECKING:
    from datasets.commands import Subparsers


def add_parsers(commands: "Subparsers") -> None:
    """Add `import` and `import-feedback`."""
    tool = commands.add_parser("import", help="make a set of an annotation tool's export")
    tool.add_argument("export", type=Path, metavar="DIR", help="the unpacked export")
    tool.add_argument(
        "--name", required=True, help="name of the set: its folder in the one of --out"
    )
    tool.add_argument(
        "--labelled", required=True, metavar="LABEL,…", help="what the annotators looked for"
    )
    tool.add_argument("--also-marked", default="", metavar="LABEL,…", help="boxed now and then")
    tool.add_argument("--licence", required=True, help="of the pictures")
    tool.add_argument("--source", required=True, help="where the pictures come from")
    tool.add_argument("--notes", default="", help="what else one should know")
    tool.add_argument("--map", type=Path, metavar="FILE", help="JSON {export's label: new or null}")
    tool.add_argument("--photos", type=Path, metavar="DIR", help="if the export has no pictures")
    tool.add_argument(
        "--empty-looked-at",
        action="store_true",
        help="every picture was looked at: one without boxes holds none of --labelled",
    )
    tool.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of sets")
    tool.set_defaults(run=run_import)
    feedback = commands.add_parser("import-feedback", help="make a set of operators' verdicts")
    feedback.add_argument("feedback", type=Path, metavar="FILE|DIR", help="JSON Lines")
    feedback.add_argument("--photos", type=Path, required=True, metavar="DIR")
    feedback.add_argument("--out", type=Path, required=True, metavar="DIR", help="a new folder")
    feedback.set_defaults(run=run_import_feedback)


def run_import(options: argparse.Namespace) -> int:
    """Import an export and say what was left out, and why."""
    if not re.fullmatch(r"[\w.-]*\w", options.name):
        raise DatasetError("name_invalid", f"{options.name!r}: letters, digits, '_', '-' and '.'.")
    if not _labels(options.labelled):
        raise DatasetError("labelled_empty", "--labelled names no label.")
    settings = ImportSettings(
        name=options.name,
        labelled=_labels(options.labelled),
        licence=options.licence,
        source=options.source,
        imported_on=date.today().isoformat(),
        also_marked=_labels(options.also_marked),
        mapping={} if options.map is None else read_map(options.map),
        empty_were_looked_at=options.empty_looked_at,
        notes=options.notes,
    )
    folder = options.out / options.name
    check_new(folder)
    export = read_export(options.export, options.photos)
    result = import_export(export, settings)
    for one in result.skipped:
        print(f"skipped: {one.name}: {one.reason.rstrip('.')}.")
    if result.without_boxes:
        print(
            f"left out: {result.without_boxes} pictures without boxes: nothing says that anybody "
            "looked at them (--empty-looked-at says so)."
        )
    for label, count in result.dropped_boxes.items():
        print(f"left out: {count} boxes of {label}: neither in --labelled nor in --also-marked.")
    version = write_imported(folder, result, settings)
    n_boxes = sum(len(record.boxes) for record in result.records)
    print(f"{folder}: {len(result.records)} pictures, {n_boxes} boxes from {export.layout}")
    print(f"version {version}")
    return EXIT_PROBLEMS if result.skipped else EXIT_DONE


def _labels(text: str) -> frozenset[str]:
    return frozenset(part.strip() for part in text.split(",") if part.strip())


def run_import_feedback(options: argparse.Namespace) -> int:
    """Import feedback; what is skipped is told, and the rest goes on."""
    check_new(options.out)
    feedback = gather_feedback(options.feedback, options.photos, options.out)
    for remark in feedback.remarks:
        print(f"{'skipped' if remark.skipped else 'note'}: {remark.message}")
    n_skipped = sum(remark.skipped for remark in feedback.remarks)
    if not feedback.photos:
        print("No photo of the feedback can be used; nothing is written.", file=sys.stderr)
        return EXIT_PROBLEMS
    write_feedback_set(options.out, feedback)
    n_boxes = sum(len(record.boxes) for _, record in feedback.photos)
    print(
        f"{options.out}: {len(feedback.photos)} photos, {n_boxes} boxes, "
        f"{len(feedback.refuted)} refuted findings; {n_skipped} skipped"
    )
    return EXIT_PROBLEMS if n_skipped else EXIT_DONE
