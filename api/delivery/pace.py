"""How hard one receiver is driven: gently after failures, one at a time while it is slow."""

from dataclasses import dataclass, replace
from typing import Final

from api.delivery.schedule import Answer

AT_ONCE: Final = 4
"""Requests that one healthy receiver gets at the same time, of each replica."""
SLOW_S: Final = 5.0
"""A receiver that takes longer gets one at a time, so that others keep their threads."""
MOST_PAUSE_S: Final = 60.0
"""Longest pause after failures in a row; what Retry-After asks for may be longer."""
MOST_ASKED_S: Final = 3600.0
"""Longest pause that Retry-After makes for all of a receiver's deliveries."""
REFUSALS_BORNE: Final = 10
"""So many refused events in a row are taken for faults of the events, not of the receiver."""
THROTTLED: Final = frozenset({429, 502, 503, 504})
"""Statuses by which a receiver, or what stands before it, says that it has too much to do."""


@dataclass(frozen=True, slots=True)
class Pace:
    """What this replica remembers of a receiver. Times are seconds of a clock that never jumps."""

    at_once: int = AT_ONCE
    failures: int = 0
    """In a row; the first that says that the receiver is down counts as many refusals."""
    until_s: float = 0.0
    """Nothing is sent before."""

    def free(self, now_s: float, in_flight: int) -> int:
        """Return how many more may be sent now."""
        return 0 if now_s < self.until_s else max(0, self.at_once - in_flight)


def adapt(pace: Pace, answer: Answer, now_s: float) -> Pace:
    """Return the pace after an answer.

    A receiver that refuses one event (400, 500) may take the next one: silence, and statuses that
    ask for less, slow all of its deliveries at once, refusals only when many follow each other.
    """
    if answer.error is None:
        return replace(pace, at_once=1 if answer.elapsed_s > SLOW_S else AT_ONCE, failures=0)
    down = answer.status is None or answer.status in THROTTLED
    failures = max(pace.failures + 1, REFUSALS_BORNE + 1) if down else pace.failures + 1
    if failures <= REFUSALS_BORNE:
        return replace(pace, failures=failures)
    pause_s = min(2.0 ** min(failures - REFUSALS_BORNE - 1, 10), MOST_PAUSE_S)
    asked_s = min(answer.retry_after_s or 0.0, MOST_ASKED_S)
    until_s = max(pace.until_s, now_s + max(pause_s, asked_s))
    return Pace(at_once=1, failures=failures, until_s=until_s)
