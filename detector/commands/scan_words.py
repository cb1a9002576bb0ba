"""What `street-issues scan` says at its end."""

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import tzinfo
from typing import TYPE_CHECKING, Final

from rich.cells import set_cell_size

from detector.camera.times import parse_timezone
from detector.commands.report import printable
from detector.labels import Language, show_label

if TYPE_CHECKING:
    from detector.archive.finish import Finished
    from detector.archive.journal import Counts
    from detector.camera.incident import Incident

MOST_LISTED: Final = 20
"""Incidents on the screen; the files have all."""
COLUMNS: Final = (26, 18, 21, 10, 7)
"""Cells of camera, label, start, length, score."""
HEADINGS: Final = {
    "en": ("camera", "incident", "first seen", "for", "score"),
    "zh": ("摄像机", "问题", "首次出现", "时长", "分数"),
}
WORDS: Final = {
    "en": {
        "none": "no incident found",
        "more": "… and {more} more",
        "still": "(still there)",
        "summary": "{files} files, {looks:,} frames looked at, {scored:,} scored, "
        "{seconds:.0f} s: {incidents}; {failed} files failed",
        "results": "results: {out}",
        "report": "report: {report}",
        "stop": "street-issues: {done} of {files} files were looked through. "
        "Run the same command again to go on.",
    },
    "zh": {
        "none": "未发现事件",
        "more": "…… 另有 {more} 件",
        "still": "（仍在）",
        "summary": "{files} 个文件，查看 {looks:,} 帧，评分 {scored:,} 帧，"
        "用时 {seconds:.0f} 秒：{incidents}；{failed} 个文件失败",
        "results": "结果：{out}",
        "report": "报告：{report}",
        "stop": "street-issues：{files} 个文件中已查看 {done} 个。再次运行同一命令即可继续。",
    },
}


def tell_results(
    finished: "Finished", counts: "Counts", options: argparse.Namespace, seconds: float
) -> None:
    """List incidents on standard output, and sum up on standard error."""
    language: Language = options.lang
    words = WORDS[language]
    zone = parse_timezone(options.timezone)
    best = sorted(finished.incidents, key=lambda one: (-one.peak.score, one.camera, one.started_s))
    if best:
        print(_row(HEADINGS[language]))
    for incident in best[:MOST_LISTED]:
        print(_describe(incident, zone, language))
    if len(best) > MOST_LISTED:
        print(words["more"].format(more=len(best) - MOST_LISTED))
    print(
        words["summary"].format(
            files=counts.files,
            looks=counts.looks,
            scored=counts.scored,
            seconds=seconds,
            incidents=_sum_up(finished.incidents, language),
            failed=finished.failed,
        ),
        file=sys.stderr,
    )
    print(words["results"].format(out=options.out), file=sys.stderr)
    if finished.report is not None:
        print(words["report"].format(report=finished.report), file=sys.stderr)


def tell_stop(counts: "Counts", language: Language) -> None:
    """Say on standard error how far a scan came that was stopped."""
    text = WORDS[language]["stop"].format(done=counts.files_done, files=counts.files)
    print(text, file=sys.stderr)


def _sum_up(incidents: "Sequence[Incident]", language: Language) -> str:
    by_label = Counter(one.label for one in incidents)
    parts = [f"{show_label(label, language)} {number}" for label, number in by_label.most_common()]
    return ", ".join(parts) or WORDS[language]["none"]


def _describe(incident: "Incident", zone: tzinfo, language: Language) -> str:
    at = incident.started_at
    start = (
        _length(incident.started_s) if at is None else f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}"
    )
    note = WORDS[language]["still"] if incident.state == "open" else ""
    return _row(
        (
            printable(incident.camera),
            show_label(incident.label, language),
            start,
            _length(incident.last_seen_s - incident.started_s),
            f"{incident.peak.score:.2f}",
            note,
        )
    )


def _length(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"


def _row(cells: Sequence[str]) -> str:
    sized = [set_cell_size(cell, width) for cell, width in zip(cells, COLUMNS, strict=False)]
    return "  ".join([*sized, *cells[len(COLUMNS) :]]).rstrip()
