"""What `street-issues score` writes: a table for people, or JSON lines for programs."""

import time
from typing import Protocol, TextIO

from rich.cells import cell_len, set_cell_size

from detector.detections import Finding, ImageScore
from detector.errors import OutputError
from detector.labels import Language, show_label
from detector.score_json import format_json_line

SOURCE_CELLS = 44
LABEL_CELLS = 18
HEADINGS = {
    "en": ("photo", "finding", "score", "size", "place (x1 y1 x2 y2)"),
    "zh": ("照片", "发现", "分数", "大小", "位置 (x1 y1 x2 y2)"),
}
SEVERITIES = {
    "en": {"small": "small", "medium": "medium", "large": "large"},
    "zh": {"small": "小", "medium": "中", "large": "大"},
}
WORDS = {
    "en": {
        "none": "nothing flagged",
        "under": "under threshold",
        "context": "context",
        "summary": "{count} photos: {flagged} flagged, {clear} with nothing flagged, "
        "{failed} failed; {rate:.1f} photos/s",
    },
    "zh": {
        "none": "未发现达到阈值的问题",
        "under": "低于阈值",
        "context": "背景",
        "summary": "共 {count} 张：{flagged} 张有问题，{clear} 张未发现，{failed} 张失败；"
        "每秒 {rate:.1f} 张",
    },
}


def printable(text: str) -> str:
    """Replace control characters: a file's name must not steer the terminal or forge a row."""
    return "".join(one if one.isprintable() else "�" for one in text)


class Layout(Protocol):
    """Turns one answer into text."""

    def heading(self) -> str:
        """Return what stands on top; empty for nothing."""
        ...

    def lines(self, score: ImageScore) -> list[str]:
        """Return the answer's lines, without their ends."""
        ...


class JsonLines:
    """One object a line."""

    def __init__(self, *, context: bool) -> None:
        """Choose whether context labels are written."""
        self._context = context

    def heading(self) -> str:
        """Nothing stands on top of JSON lines."""
        return ""

    def lines(self, score: ImageScore) -> list[str]:
        """Return one line."""
        return [format_json_line(score, context=self._context)]


class Table:
    """Aligned columns; written line by line, so that any number of photos fits."""

    def __init__(self, language: Language, *, context: bool) -> None:
        """Choose the language, and whether context labels are listed."""
        self._language = language
        self._context = context

    def heading(self) -> str:
        """Return the column heads."""
        photo, finding, score, size, place = HEADINGS[self._language]
        return self._row(photo, finding, score, size, place)

    def lines(self, score: ImageScore) -> list[str]:
        """Return a line a finding, the source on the first."""
        words = WORDS[self._language]
        if score.error is not None:
            failure = printable(f"! {score.error.code}: {score.error.message}")
            return [self._row(score.source, failure)]
        rows = [self._finding(one, "" if one.flagged else words["under"]) for one in score.findings]
        if not any(one.flagged for one in score.findings):
            rows.insert(0, (words["none"],))
        if self._context:
            rows += [self._finding(one, words["context"]) for one in score.context]
        notes = [f"  ~ {warning.message}" for warning in score.warnings]
        sources = [score.source] + [""] * (len(rows) - 1)
        return [self._row(source, *row) for source, row in zip(sources, rows, strict=True)] + notes

    def _finding(self, finding: Finding, note: str) -> tuple[str, ...]:
        place = " ".join(f"{edge:.0f}" for edge in finding.box_xyxy)
        phones = " ".join(finding.evidence.get("phones", ()))
        return (
            show_label(finding.label, self._language),
            f"{finding.score:.2f}",
            SEVERITIES[self._language][finding.severity],
            "  ".join(part for part in (place, phones, note) if part),
        )

    def _row(self, source: str, *cells: str) -> str:
        source = printable(source)
        # A long path loses its start: its end tells the photo.
        while cell_len(source) > SOURCE_CELLS:
            source = "…" + source[2:]
        columns = [set_cell_size(source, SOURCE_CELLS)]
        if len(cells) == 1:
            return f"{columns[0]}  {cells[0]}"
        columns.append(set_cell_size(cells[0], LABEL_CELLS))
        columns.append(set_cell_size(cells[1], 6))
        columns.append(set_cell_size(cells[2], 7))
        return "  ".join([*columns, cells[3]]).rstrip()


class Report:
    """Writes answers as they come and counts them."""

    def __init__(self, layout: Layout, stream: TextIO, language: Language) -> None:
        """Start the clock and write the heading."""
        self._layout = layout
        self._stream = stream
        self._language = language
        self._started = time.perf_counter()
        self.count = self._flagged = self._failed = 0
        self._has_heading = False

    def write(self, score: ImageScore) -> None:
        """Write one answer at once: a reader may be waiting for it."""
        heading = self._layout.heading()
        if heading and not self._has_heading:
            self._write(heading + "\n")
            self._has_heading = True
        self._write("".join(f"{line}\n" for line in self._layout.lines(score)))
        self.count += 1
        self._failed += score.error is not None
        self._flagged += any(one.flagged for one in score.findings)

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputError(getattr(self._stream, "name", "the report"), error) from error

    def summary(self) -> str:
        """Return one line of counts."""
        seconds = time.perf_counter() - self._started
        return WORDS[self._language]["summary"].format(
            count=self.count,
            flagged=self._flagged,
            clear=self.count - self._flagged - self._failed,
            failed=self._failed,
            rate=self.count / max(seconds, 1e-9),
        )


def open_report(format_name: str, stream: TextIO, language: Language, *, context: bool) -> Report:
    """Return a report of one format: table or jsonl."""
    layout: Layout = (
        JsonLines(context=context) if format_name == "jsonl" else Table(language, context=context)
    )
    return Report(layout, stream, language)
