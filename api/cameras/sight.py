"""Until when it is known that what a camera saw went on. Pure."""

from datetime import datetime, time, timedelta, tzinfo

from api.cameras.camera import Camera, state_at, state_since
from api.cameras.dust import Span, join_spans


def known_until(camera: Camera, start: datetime, now: datetime, timezone: tzinfo) -> datetime:
    """Return until when an incident that is not over is known to have gone on.

    Whoever watches tells the end only when it sees that it is over: nothing is known after a
    camera was retired, fell silent or showed no picture to be believed, nor after its hours. One
    that was never heard of is believed: those who tell incidents need not tell how cameras are.

    Args:
        camera: What saw it.
        start: When it began.
        now: The present.
        timezone: Of the camera's hours.

    Returns:
        The present, or an earlier moment; not before the start.
    """
    ends = [now, camera.retired_at, _closing(camera, start, now, timezone)]
    if state_at(camera, now) not in (None, "live"):
        ends.append(state_since(camera, now))
    return max(start, min(one for one in ends if one is not None))


def _closing(camera: Camera, start: datetime, now: datetime, timezone: tzinfo) -> datetime | None:
    """Return when the hours end in which an incident began; None: they do not, or it was not."""
    first, last = (one.astimezone(timezone).date() for one in (start, now))
    spans = []
    for ahead in range(-1, (last - first).days + 2):
        day = first + timedelta(days=ahead)
        for begin, end in (map(time.fromisoformat, one) for one in camera.hours):
            until = day if begin < end else day + timedelta(days=1)
            spans.append(
                Span(datetime.combine(day, begin, timezone), datetime.combine(until, end, timezone))
            )
    return next((one.end for one in join_spans(spans) if one.start <= start < one.end), None)
