"""Figures as tables: Markdown for cards, lines for the terminal."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def format_summary(figures: Mapping[str, Any]) -> str:
    """Return the figures by label and set as a Markdown table."""
    lines = [
        "| label | set | pictures | boxes | AP (IoU), 95 % interval | AP50-95 | threshold "
        "| recall, 95 % interval | precision | false alarms on clean pictures |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for label, content in figures["labels"].items():
        for name, one in content["sets"].items():
            lines.append(
                f"| {label} | {name} | {one['pictures']} | {one['boxes']} "
                f"| {show(one['average_precision'])} ({one.get('min_iou', content['min_iou'])})"
                f"{_after_comma(one['average_precision_interval'])} "
                f"| {show(one['average_precision_50_95'])} | {content['threshold']:.2f} "
                f"| {show(one['recall'])}{_after_comma(one['recall_interval'])} "
                f"| {show(one['precision'])} "
                f"| {one['false_alarms_on_clean']} on {one['clean_pictures']} |"
            )
    return "\n".join(lines)


def format_clean(clean: Mapping[str, Any]) -> str:
    """Return in a sentence or two what all labels together raised on clean photos."""
    total, joint = clean["sum_of_labels"], clean["looked_for_all"]
    counted = "; ".join(
        f"{label} {one['false_alarms']} on {one['pictures']}"
        for label, one in clean["by_label"].items()
    )
    return (
        f"False alarms per 100 clean photos, all labels together: {show(total['per_100'])}"
        f"{_after_comma(total['interval'])} ({counted}). On the {joint['pictures']} photos looked "
        f"through for every label: {joint['false_alarms']}, in {joint['pictures_with_alarm']} of "
        "them."
    )


def format_compact(figures: Mapping[str, Any]) -> str:
    """Return a table for the terminal: a line a label and set, then sizes and light."""
    model = figures["model"]
    head = f"{'label':16} {'where':20} {'photos':>6} {'boxes':>5} {'AP':>5} {'IoU':>4} {'AP50':>5}"
    head += f" {'50-95':>5} {'thr':>5} {'recall':>6} {'prec.':>5} {'alarms/clean':>12}"
    lines = [f"{model['name']} {model['version']}, {figures['pictures']} photos", head]
    for label, content in figures["labels"].items():
        lines += _label_lines(label, content)
    return "\n".join([*lines, format_clean(figures["clean"])])


def _label_lines(label: str, content: Mapping[str, Any]) -> Iterator[str]:
    parts = {"all sets": content["all"], **content["sets"]}
    for name, one in parts.items():
        alarms = f"{one['false_alarms_on_clean']}/{one['clean_pictures']}"
        yield (
            f"{label:16} {name:20} {one['pictures']:6} {one['boxes']:5} "
            f"{show(one['average_precision']):>5} {one.get('min_iou', content['min_iou']):4.1f} "
            f"{show(one['average_precision_50']):>5} {show(one['average_precision_50_95']):>5} "
            f"{content['threshold']:5.2f} {show(one['recall']):>6} {show(one['precision']):>5} "
            f"{alarms:>12}"
        )
    slices = {**content["sizes"], **content["lights"]}
    told = [
        f"{name} {show(one['recall'])} of {one['boxes']}"
        for name, one in slices.items()
        if one["boxes"]
    ]
    if told:
        yield f"{'':16} recall: {', '.join(told)}"


def show(value: float | None) -> str:
    """Return a figure with two digits, or a dash where it is not known."""
    return "–" if value is None else f"{value:.2f}"


def _after_comma(interval: Sequence[float] | None) -> str:
    return "" if interval is None else f", {interval[0]:.2f} to {interval[1]:.2f}"
