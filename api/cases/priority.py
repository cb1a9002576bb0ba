"""Which case goes first."""

import math
from typing import Final

from api.cases.rules import Rules
from detector.detections import Severity

MOST: Final = 1000


def reckon_priority(
    severity: Severity | None,
    reporters_count: int,
    rules: Rules,
    *,
    label: str | None = None,
) -> int:
    """Return a case's points in [0, 1000]; the higher goes first, then the older.

    Points of the severity, of the people who reported it and of the label are added. People count
    by doublings: the second makes it twice as sure that it bothers the street, the twentieth adds
    little, and a crowd cannot push a trifle before everything else.

    Args:
        severity: The gravest among the findings; None: not known.
        reporters_count: People; under 1 counts as 1.
        rules: The points.
        label: Of the case.
    """
    points = rules.priority
    total = float(points.unknown_severity if severity is None else points.severity.get(severity, 0))
    total += points.per_doubling * math.log2(max(reporters_count, 1))
    total += points.labels.get(label, 0) if label is not None else 0
    return max(0, min(MOST, math.floor(total)))
