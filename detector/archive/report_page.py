"""The report as HTML: what was scanned, what needs attention, and where the rest stands."""

import base64
import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from detector.archive.markup import escape, name_class, sort_labels
from detector.archive.report import ReportContent, ReportSettings
from detector.archive.report_cards import Cards
from detector.archive.report_lists import list_problems, list_states
from detector.archive.report_timeline import Timeline
from detector.archive.report_words import Speech
from detector.archive.timeline_facts import Seen, find_states, merge_spans
from detector.camera.incident import Incident
from detector.labels import ISSUE_LABELS
from detector.version import __version__

NAMED: Final = 8
"""So many names in a sentence; the others are counted."""
OPEN_CAMERAS: Final = 8
"""Up to so many cameras their table is unfolded."""

HATCH: Final = (
    '<svg width="0" height="0" aria-hidden="true" class="defs"><defs><pattern id="hatch" width="6" '
    'height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect class="footage" width="6" height="6"/><rect class="stroke" width="2" height="6"/>'
    "</pattern></defs></svg>"
)
"""Told from plain footage without colours."""


class ReportPage:
    """Writes the page part by part."""

    def __init__(self, folder: Path, content: ReportContent, settings: ReportSettings) -> None:
        """Put everything into its order.

        Args:
            folder: Where the pictures are.
            content: What was found.
            settings: How to show it.
        """
        self._content = content
        self._settings = settings
        self._say = Speech(settings.language, settings.timezone)
        by_score = sorted(
            content.incidents, key=lambda one: (-one.peak.score, one.camera, one.started_s, one.id)
        )
        self._shown: Sequence[Incident] = by_score[: settings.most_incidents]
        self._footage = merge_spans(content.spans)
        self._states = find_states(content.states, self._footage)
        self._cards = Cards(folder, self._say, settings.most_thumbnails)

    def parts(self) -> Iterator[str]:
        """Return the page's text, in order."""
        yield self._head()
        yield from self._header()
        yield from self._attention()
        yield from self._by_camera()
        yield from self._timeline()
        yield from self._incidents()
        yield from self._photos()
        yield from list_states(self._states, self._say)
        yield from list_problems(self._content.problems, self._say)
        yield self._footer()

    def _head(self) -> str:
        style, script = _read("report.css"), _read("report.js")
        # Nothing is fetched, and nothing runs that was not written here.
        policy = (
            f"default-src 'none'; img-src data:; style-src '{_digest(style)}'; "
            f"script-src '{_digest(script)}'; base-uri 'none'; form-action 'none'"
        )
        language = {"zh": "zh-CN", "en": "en"}[self._settings.language]
        return (
            f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            '<meta name="color-scheme" content="light dark">\n'
            '<meta name="referrer" content="no-referrer">\n'
            f"<title>{self._say('title')} · {self._period()}</title>\n"
            f"<style>{style}</style>\n<script>{script}</script>\n</head>\n<body>"
        )

    def _period(self) -> str:
        times = [
            stretch
            for (_, source), stretches in self._footage.items()
            for stretch in stretches
            if source is None
        ]
        if not times:
            return self._say("no_time") if self._footage else self._say("no_footage")
        days = [
            self._say.from_seconds(at).date()
            for at in (min(start for start, _ in times), max(end for _, end in times) - 1e-3)
        ]
        first, last = map(self._say.day, days)
        return first if first == last else f"{first} – {last}"

    def _header(self) -> Iterator[str]:
        say, content = self._say, self._content
        archives = say("joiner").join(map(escape, content.archives))
        offset = say.offset(content.spans)
        yield (
            f"<header><h1>{say('title')}</h1><p class=period>{self._period()}</p>"
            f"<p class=note>{say('scanned')}: <b>{archives}</b> · {say('timezone', offset=offset)}"
            "</p></header>\n<main>"
        )
        yield '<section class="figures">'
        yield self._main_figure()
        yield '<ul class="labels">'
        counts = Counter(one.label for one in content.incidents)
        for label in sort_labels({*ISSUE_LABELS, *counts}):
            count = counts[label]
            yield (
                f'<li class="{name_class(label)}{"" if count else " zero"}"><i></i>'
                f"<span>{escape(say.label(label))}</span><b>{count}</b></li>"
            )
        yield "</ul><dl>"
        looks, scored = f"{content.counts.looks:,}", f"{content.counts.scored:,}"
        yield _figure(
            say.duration(self._footage_s()),
            say("footage"),
            say("frames", looks=looks, scored=scored),
        )
        failed = content.counts.failed
        yield _figure(
            f"{content.counts.videos + content.counts.photos:,}",
            say("files"),
            say("failed", count=failed) if failed else say("all_read"),
            "bad" if failed else "",
        )
        yield "</dl></section>"

    def _main_figure(self) -> str:
        say, incidents = self._say, self._content.incidents
        still_open = sum(one.state == "open" for one in incidents)
        seen_by = len({one.camera for one in incidents})
        cameras = len({camera for camera, _ in self._footage})
        noun = say("incident" if len(incidents) == 1 else "incidents")
        note = say("of_cameras", count=seen_by, all=cameras)
        rest = f"<p>{say('still_open', count=still_open)}</p>" if still_open else ""
        return f'<div class="main"><p><b>{len(incidents):,}</b> {noun}</p><p>{note}</p>{rest}</div>'

    def _footage_s(self) -> float:
        return sum(end - start for one in self._footage.values() for start, end in one)

    def _attention(self) -> Iterator[str]:
        say = self._say
        lines = []
        cameras = sorted({one.camera for one in self._states})
        if cameras:
            names = say.names(cameras, NAMED)
            lines.append(("states", say("trouble_cameras", count=len(cameras), names=names)))
        # Not counted from the problems: a caller may leave some of very many out.
        failed = self._content.counts.failed
        if failed:
            lines.append(("problems", say("trouble_files", count=failed)))
        if lines:
            items = "".join(f'<li><a href="#{name}">{text}</a></li>' for name, text in lines)
            yield f'<section class="attention"><h2>{say("attention")}</h2>'
            yield f"<ul>{items}</ul></section>"

    def _by_camera(self) -> Iterator[str]:
        say = self._say
        counts: dict[str, dict[str, int]] = {camera: {} for camera, _ in self._footage}
        for one in self._content.incidents:
            of_camera = counts.setdefault(one.camera, {})
            of_camera[one.label] = of_camera.get(one.label, 0) + 1
        if not counts:
            return
        labels = sort_labels({*ISSUE_LABELS, *(one.label for one in self._content.incidents)})
        lengths: dict[str, float] = {}
        for (camera, _), stretches in self._footage.items():
            lengths[camera] = lengths.get(camera, 0) + sum(end - start for start, end in stretches)
        opened = " open" if len(counts) <= OPEN_CAMERAS else ""
        heads = "".join(
            f'<th scope="col" class="{name_class(one)}"><i></i>{escape(say.label(one))}</th>'
            for one in labels
        )
        yield (
            f'<details class="part"{opened}><summary><h2>{say("by_camera")}</h2></summary>'
            f'<div class="scroll"><table class="counts"><thead><tr><th scope="col">{say("camera")}'
            f'</th>{heads}<th scope="col">{say("total")}</th><th scope="col">'
            f"{say('footage_head')}</th></tr></thead><tbody>"
        )
        for camera in sorted(counts, key=lambda one: (-sum(counts[one].values()), one)):
            cells = "".join(_count_cell(counts[camera].get(label, 0)) for label in labels)
            yield (
                f'<tr><th scope="row">{escape(camera)}</th>{cells}'
                f"{_count_cell(sum(counts[camera].values()))}"
                f"<td>{say.duration(lengths.get(camera, 0))}</td></tr>"
            )
        yield "</tbody></table></div></details>"

    def _timeline(self) -> Iterator[str]:
        say = self._say
        seen = Seen(self._footage, self._states, tuple(enumerate(self._shown)))
        timeline = Timeline(say)
        days, files = list(timeline.days(seen)), list(timeline.files(seen))
        if days or files:
            yield HATCH
        if days:
            yield f'<section class="timeline"><h2>{say("timeline")}</h2>'
            yield f'<p class="note">{say("timeline_help")}</p>'
            yield from days
            yield "</section>"
        if files:
            yield f'<section class="timeline"><h2>{say("no_time")}</h2>'
            yield f'<p class="note">{say("no_time_help")} {say("timeline_help")}</p>'
            yield from files
            yield "</section>"
        if timeline.left_out:
            yield f'<p class="note">{say("rows_left_out", count=timeline.left_out)}</p>'

    def _incidents(self) -> Iterator[str]:
        say, total = self._say, len(self._content.incidents)
        if not self._footage and not total:
            return
        yield f'<section id="incidents"><h2>{say("incidents_head")}</h2>'
        if len(self._shown) < total:
            limit = say("incidents_limit", most=len(self._shown), all=total)
            yield f'<p class="note">{limit}</p>'
        if not total:
            yield f"<p>{say('none')}</p></section>"
            return
        yield from self._cards.filters(self._shown)
        yield from self._cards.of_incidents(self._shown)
        yield f'<p class="none" id="nothing" hidden>{say("none_fit")}</p></section>'

    def _photos(self) -> Iterator[str]:
        say, counts, photos = self._say, self._content.counts, self._content.photos
        if not counts.citizen_photos:
            return
        yield f'<section id="photos"><h2>{say("photos")}</h2>'
        yield f"<p>{say('photos_help', found=photos.found, all=counts.citizen_photos)}</p>"
        if len(photos.subjects) < photos.found:
            yield f'<p class="note">{say("photos_limit", most=len(photos.subjects))}</p>'
        yield from self._cards.of_photos(photos)
        yield "</section>"

    def _footer(self) -> str:
        say = self._say
        notice = say("blurred" if self._settings.private else "bare")
        limit = ""
        if self._cards.without_thumbnail:
            limit = f"<p>{say('thumbnails_limit', most=self._settings.most_thumbnails)}</p>"
        return (
            f"</main><footer><p>{say('advice')} {notice}</p>{limit}"
            f"<p>{say('model')}: {escape(self._content.model)} · "
            f"{say('version', version=__version__)}</p></footer>\n</body>\n</html>"
        )


def _read(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _figure(value: str, name: str, note: str, kind: str = "") -> str:
    return f'<div class="{kind}"><dt><b>{value}</b> {name}</dt><dd>{note}</dd></div>'


def _count_cell(count: int) -> str:
    return f"<td>{count}</td>" if count else '<td class="zero">0</td>'
