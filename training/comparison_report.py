"""Comparisons as folders to look at: a page, the differences as CSV and JSON lines, pictures."""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from datasets.errors import DatasetError
from detector.detections import Finding, ImageScore
from training.compare import show_difference
from training.drawing import DrawnBox, draw_boxes, write_jpeg
from training.page import format_figure, format_table, paragraph, write_page
from training.report import write_figures
from training.shadow import PhotoChange
from training.tables import format_clean

CSV_HEAD: Final = ("source", "change", "label", "score", "x1", "y1", "x2", "y2", "outcome_changes")
NOT_BLURRED: Final = "Nothing on this page is blurred: it is for those who may see the photos."


def write_comparison(folder: Path, comparison: Mapping[str, Any]) -> Path:
    """Write comparison.json and a page of two bundles on labelled photos; return the page."""
    write_figures(folder / "comparison.json", comparison)
    names = [f"{one['name']} {one['version']}" for one in comparison["models"]]
    parts = [
        paragraph(
            f"{comparison['pictures']} labelled photos. Differences are {names[1]} minus "
            f"{names[0]}, with 95 % intervals over the same photos drawn again."
        )
    ]
    for label, content in comparison["labels"].items():
        at = " and ".join(f"{one:.2f}" for one in content["thresholds"])
        parts.append(f"<h2>{label}, thresholds {at}</h2>")
        parts.append(
            format_table(
                ("set", "photos", "boxes", "AP", "recall", "precision"),
                [_row(name, part) for name, part in content["sets"].items()],
            )
        )
    parts.append("<h2>Clean photos</h2>")
    parts += [
        paragraph(f"{name}: {format_clean(clean)}")
        for name, clean in zip(names, comparison["clean"], strict=True)
    ]
    page = folder / "index.html"
    write_page(page, " against ".join(names), parts)
    return page


def _row(name: str, part: Mapping[str, Any]) -> Sequence[str]:
    figures = [show_difference(part[key]) for key in ("average_precision", "recall", "precision")]
    place = "all sets" if name == "all" else name
    return (place, str(part["pictures"]), str(part["boxes"]), *figures)


def write_shadow(
    folder: Path,
    changes: Sequence[PhotoChange],
    summary: Mapping[str, Any],
    titles: tuple[str, str],
    examples: int,
) -> Path:
    """Write what a shadow run found.

    Args:
        folder: Where to; made if it is not there.
        changes: Every photo.
        summary: What `summarise_changes` gave for them.
        titles: Name and version of the old and the new bundle.
        examples: Most photos to draw side by side.

    Returns:
        The page. Beside it lie changes.csv (a line a finding lost or gained) and changes.jsonl (a
        line a photo that changed or failed).
    """
    (folder / "pictures").mkdir(parents=True, exist_ok=True)
    told = [one for one in changes if one.lost or one.gained or one.failed]
    with (folder / "changes.jsonl").open("w", encoding="utf-8") as stream:
        for one in told:
            stream.write(json.dumps(one.to_json(), ensure_ascii=True) + "\n")
    # utf-8-sig, because Excel takes anything else for the local code page.
    with (folder / "changes.csv").open(
        "w", encoding="utf-8-sig", errors="backslashreplace", newline=""
    ) as stream:
        writer = csv.writer(stream)
        writer.writerow(CSV_HEAD)
        writer.writerows(row for one in told for row in _csv_rows(one))
    page = folder / "index.html"
    write_page(page, f"{titles[0]} -> {titles[1]}", _shadow_parts(folder, told, summary, examples))
    return page


def _csv_rows(change: PhotoChange) -> Iterator[Sequence[Any]]:
    for name, findings in (("lost", change.lost), ("gained", change.gained)):
        for one in findings:
            place = (one.label, one.score, *one.box_xyxy)
            yield (_plain(change.old.source), name, *place, change.changes_outcome)
    if change.failed:
        yield (_plain(change.old.source), "not scored", *[""] * 6, "")


def _plain(text: str) -> str:
    """Keep a spreadsheet from taking a file name for a formula."""
    return f"'{text}" if text[:1] in "=+-@\t\r" else text


def _shadow_parts(
    folder: Path, told: Sequence[PhotoChange], summary: Mapping[str, Any], examples: int
) -> Iterator[str]:
    yield paragraph(
        f"{summary['photos']} photos, {summary['failed']} not scored. "
        f"{summary['outcome_changes']} would go to the queue for other labels than before."
    )
    head = ("label", "photos before", "after", "findings before", "after", "lost", "gained")
    yield format_table(
        head, [(label, *map(str, one.values())) for label, one in summary["labels"].items()]
    )
    shown = sorted((one for one in told if not one.failed), key=_rank)[:examples]
    yield f"<h2>Before and after, {len(shown)} photos</h2>"
    yield '<div class="pairs">'
    for number, change in enumerate(shown):
        try:
            names = [
                _draw(folder, f"pictures/{number:03d}_{part}.jpg", score, changed)
                for part, score, changed in (
                    ("old", change.old, change.lost),
                    ("new", change.new, change.gained),
                )
            ]
        except DatasetError as error:
            yield paragraph(str(error))
            continue
        yield format_figure(names, f"{Path(change.old.source).name}: {_tell(change)}")
    yield "</div>"
    yield paragraph(f"Left before, right after. Orange: lost or gained. {NOT_BLURRED}", "note")


def _rank(change: PhotoChange) -> tuple[bool, float, str]:
    """Photos that change their outcome first, then by the surest finding lost or gained."""
    surest = max(one.score for one in (*change.lost, *change.gained))
    return not change.changes_outcome, -surest, change.old.source


def _draw(folder: Path, name: str, score: ImageScore, changed: Sequence[Finding]) -> str:
    boxes = [
        DrawnBox("missed" if one in changed else "said", one.box_xyxy, f"{one.score:.2f}")
        for one in score.findings
    ]
    write_jpeg(draw_boxes(Path(score.source), boxes), folder / name)
    return name


def _tell(change: PhotoChange) -> str:
    parts = []
    for word, findings in (("lost", change.lost), ("gained", change.gained)):
        parts += [f"{word} {one.label} {one.score:.2f}" for one in findings]
    return ", ".join(parts)
