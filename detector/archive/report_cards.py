"""A card an incident or photo, and the filters over them."""

import base64
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from detector.archive.evidence import picture_path, thumbnail_path
from detector.archive.markup import escape, name_class, sort_labels
from detector.archive.report_words import Speech, show_clock
from detector.camera.incident import Incident

if TYPE_CHECKING:
    from detector.archive.report import PhotoFindings

SCORE_STEPS: Final = (0, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
ORDERS: Final = ("score", "new", "old", "long", "camera")


class Cards:
    """Writes cards; the first so many get their preview into the page."""

    def __init__(self, folder: Path, say: Speech, most_thumbnails: int) -> None:
        """Take where the pictures are, the language, and how many previews there may be."""
        self._folder = folder
        self._say = say
        self._left = most_thumbnails
        self.without_thumbnail = 0
        """Cards with a picture whose preview did not fit."""

    def filters(self, incidents: Sequence[Incident]) -> Iterator[str]:
        """Return the controls. They need JavaScript, which unhides them."""
        say = self._say
        labels = Counter(one.label for one in incidents)
        cameras = Counter(one.camera for one in incidents)
        days = Counter(day for one in incidents if (day := self._day(one)))
        yield '<form id="filters" class="filters" hidden>'
        yield f'<fieldset class="chips"><legend>{say("label")}</legend>'
        for label in sort_labels(labels):
            yield (
                f'<label class="chip {name_class(label)}"><input type="checkbox" name="label" '
                f'value="{escape(label)}" checked><i></i>{escape(say.label(label))} '
                f"<b>{labels[label]}</b></label>"
            )
        yield "</fieldset>"
        yield _select("camera", say("camera"), say("all"), cameras)
        if len(days) > 1:
            yield _select("day", say("day"), say("all"), days)
        steps = "".join(
            f'<option value="{one}">{one:.1f}</option>' if one else f"<option>{say('all')}</option>"
            for one in SCORE_STEPS
        )
        steps = steps.replace("<option>", '<option value="0">')
        yield f'<label>{say("min_score")}<select name="score">{steps}</select></label>'
        orders = "".join(f'<option value="{one}">{say("order_" + one)}</option>' for one in ORDERS)
        yield f'<label>{say("order")}<select name="order">{orders}</select></label>'
        yield (
            f'<label class="tick"><input type="checkbox" name="open">{say("only_open")}</label>'
            f'<button type="reset">{say("reset")}</button>'
        )
        counted = escape(say("shown", shown="{shown}", all=len(incidents)))
        yield f'<output data-words="{counted}" aria-live="polite"></output></form>'

    def of_incidents(self, incidents: Sequence[Incident]) -> Iterator[str]:
        """Return the cards in the order given; numbers are those that the timeline leads to."""
        yield '<ul class="cards" id="cards">'
        for number, one in enumerate(incidents):
            yield self._incident(number, one)
        yield "</ul>"

    def of_photos(self, photos: "PhotoFindings") -> Iterator[str]:
        """Return a card a photo."""
        say = self._say
        yield '<ul class="cards">'
        for one in photos.subjects:
            findings = "".join(
                f'<li class="{name_class(item.label)}"><i></i>{escape(say.label(item.label))}'
                f'<span class="score">{item.score:.2f}</span></li>'
                for item in one.findings
            )
            label = say.label(one.findings[0].label)
            taken = escape(photos.captured.get(one.id, ""))
            yield (
                f'<li class="card {name_class(one.findings[0].label)}">'
                f"{self._picture(one.id, label, one.source)}"
                f'<div><ul class="findings">{findings}</ul><p class="where">{escape(one.source)}'
                f"</p><p>{taken}</p></div></li>"
            )
        yield "</ul>"

    def _incident(self, number: int, one: Incident) -> str:
        say = self._say
        duration_s = one.last_seen_s - one.started_s
        state = one.end_reason if one.end_reason == "view_changed" else one.state
        label = say.label(one.label)
        return (
            f'<li class="card {name_class(one.label)}" id="i{number}" tabindex="-1" '
            f'data-label="{escape(one.label)}" data-camera="{escape(one.camera)}" '
            f'data-day="{self._day(one)}" data-score="{one.peak.score:.4f}" '
            f'data-start="{one.started_s:.3f}" data-long="{duration_s:.3f}" '
            f'data-state="{one.state}">{self._picture(one.id, label, one.camera)}'
            f'<div><h3><i></i>{escape(label)}<span class="score" title="{say("score")}">'
            f'{one.peak.score:.2f}</span></h3><p class="where">{escape(one.camera)}</p>'
            f'<p>{self._when(one)}</p><p class="rest"><span class="badge {one.state}">'
            f"{say(state)}</span> {say.duration(duration_s)} · "
            f"{say('seen', count=one.frames)}</p></div></li>"
        )

    def _when(self, one: Incident) -> str:
        if one.started_at is None or one.last_seen_at is None:
            clock = f"{show_clock(one.started_s)}–{show_clock(one.last_seen_s)}"
            return f"{clock} {self._say('into_file', source=escape(one.peak.source))}"
        return self._say.span(one.started_at, one.last_seen_at)

    def _day(self, one: Incident) -> str:
        if one.started_at is None:
            return ""
        return self._say.local(one.started_at).date().isoformat()

    def _picture(self, subject_id: str, label: str, where: str) -> str:
        say = self._say
        picture = picture_path(self._folder, subject_id)
        if not picture.is_file():
            return f'<div class="picture empty">{say("no_picture")}</div>'
        href = picture.relative_to(self._folder).as_posix()
        words = escape(say("picture_of", label=label, camera=where))
        inner = f"<span>{say('no_thumbnail')}</span>"
        if self._left > 0:
            self._left -= 1
            content = base64.b64encode(thumbnail_path(self._folder, subject_id).read_bytes())
            inner = (
                f'<img src="data:image/jpeg;base64,{content.decode()}" width="400" height="250" '
                f'decoding="async" alt="{words}">'
            )
        else:
            self.without_thumbnail += 1
        return (
            f'<a class="picture" href="{href}" title="{words}">{inner}'
            f'<span class="open">{say("picture")}</span></a>'
        )


def _select(name: str, title: str, everything: str, values: Counter[str]) -> str:
    options = "".join(
        f'<option value="{escape(one)}">{escape(one)} ({values[one]})</option>'
        for one in sorted(values)
    )
    return (
        f'<label>{title}<select name="{name}"><option value="">{everything}</option>'
        f"{options}</select></label>"
    )
