"""An evaluation as a folder to look at: figures.json, index.html and pictures."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from training.drawing import COLOURS, Kind, draw_boxes, write_jpeg
from training.evaluate import Evaluation
from training.page import format_figure, format_table, paragraph, write_page
from training.tables import format_clean, show
from training.worst import WorstCase, find_false_alarms, find_misses

HEAD = ("", "photos", "boxes", "AP", "interval", "IoU", "AP30", "AP50", "AP50-95")
HEAD_AT = ("recall", "interval", "precision", "interval", "false alarms / clean", "per 100")
SLICE_HEAD = ("", "photos", "boxes", "AP", "recall", "precision", "hits", "false alarms")
ADVICE = (
    "Nothing on this page is blurred: it is for those who may see the photos. Green thin: marked; "
    "green thick: found."
)


def write_report(
    folder: Path, evaluation: Evaluation, figures: Mapping[str, Any], worst: int
) -> Path:
    """Write figures, page and pictures.

    Args:
        folder: Where to; made if it is not there.
        evaluation: What was scored.
        figures: What `count_figures` gave for it.
        worst: Most pictures a label of misses, and as many of false alarms.

    Returns:
        The page.
    """
    (folder / "pictures").mkdir(parents=True, exist_ok=True)
    write_figures(folder / "figures.json", figures)
    model = figures["model"]
    parts = [
        paragraph(
            f"{figures['pictures']} photos, {figures['runtime']}; photos and marks "
            f"{figures['records_sha256'][:12]}, network {model['sha256'][:12]}."
        ),
        paragraph(format_clean(figures["clean"])),
    ]
    for label, content in figures["labels"].items():
        parts.append(f"<h2>{label}, threshold {content['threshold']:.2f}</h2>")
        parts.append(format_table((*HEAD, *HEAD_AT), _rows(content)))
        parts.append(format_table(SLICE_HEAD, _slice_rows(content)))
        misses = find_misses(evaluation, label, worst)
        parts += _show_cases(folder, f"Largest misses of {label}", misses, "missed")
        alarms = find_false_alarms(evaluation, label, worst)
        parts += _show_cases(folder, f"Surest false alarms of {label}", alarms, "false alarm")
    page = folder / "index.html"
    write_page(page, f"{model['name']} {model['version']}", [*parts, paragraph(ADVICE, "note")])
    return page


def write_figures(path: Path, figures: Mapping[str, Any]) -> None:
    """Write figures as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(figures, indent=1, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def _rows(content: Mapping[str, Any]) -> Iterator[Sequence[str]]:
    for name, one in {"all sets": content["all"], **content["sets"]}.items():
        yield (
            name,
            str(one["pictures"]),
            str(one["boxes"]),
            show(one["average_precision"]),
            _between(one["average_precision_interval"]),
            f"{one['min_iou']:.1f}" if "min_iou" in one else "own",
            show(one["average_precision_30"]),
            show(one["average_precision_50"]),
            show(one["average_precision_50_95"]),
            show(one["recall"]),
            _between(one["recall_interval"]),
            show(one["precision"]),
            _between(one["precision_interval"]),
            f"{one['false_alarms_on_clean']} / {one['clean_pictures']}",
            show(one["false_alarms_per_100_clean"]),
        )


def _slice_rows(content: Mapping[str, Any]) -> Iterator[Sequence[str]]:
    sizes = {f"{name} boxes": one for name, one in content["sizes"].items()}
    for name, one in {**sizes, **content["lights"]}.items():
        yield (
            name,
            str(one["pictures"]),
            str(one["boxes"]),
            show(one["average_precision"]),
            show(one["recall"]),
            show(one["precision"]),
            str(one["hits"]),
            str(one["false_alarms"]),
        )


def _between(interval: Sequence[float] | None) -> str:
    return "–" if interval is None else f"{interval[0]:.2f}–{interval[1]:.2f}"


def _show_cases(folder: Path, title: str, cases: Sequence[WorstCase], kind: Kind) -> Iterator[str]:
    if not cases:
        return
    blue, green, red = COLOURS[kind]
    yield f'<h3>{title} <small style="color:rgb({red},{green},{blue})">■ {kind}</small></h3>'
    yield '<div class="cards">'
    for number, case in enumerate(cases):
        record, label = case.looked.record, title.rsplit(" ", 1)[-1]
        name = f"pictures/{label}_{kind.replace(' ', '_')}_{number:02d}.jpg"
        write_jpeg(draw_boxes(record.path, case.boxes), folder / name)
        told = f"{case.badness:.0%} of the photo" if kind == "missed" else f"{case.badness:.2f}"
        yield format_figure([name], f"{record.set_name}/{record.path.name}: {told}")
    yield "</div>"
