"""Photos of a case as the page shows them: values for templates and for the box editor."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from api.cases.closing import Outcome
from api.store.photos import Box

Trouble = Literal["unreadable", "deleted"]
ScoreState = Literal["scored", "waiting", "unscored"]


@dataclass(frozen=True, slots=True)
class ShownFinding:
    """What the model found, and what was said of it."""

    id: str
    label: str
    score: float
    severity: str | None
    flagged: bool
    """Over its label's threshold."""
    box_xyxy: Box
    """Pixels of the full-size upright photo."""
    speaks: bool
    """It is one of those for which the case was opened or joined."""
    said_right: int
    """Citizens who said so."""
    said_wrong: int


@dataclass(frozen=True, slots=True)
class PhotoReport:
    """A report that came with the photo."""

    id: str
    received_at: datetime
    source: str
    label: str | None
    note: str | None


@dataclass(frozen=True, slots=True)
class JudgedBox:
    """What an operator said of one finding."""

    finding_id: str
    verdict: str
    right_label: str | None
    right_box_xyxy: Box | None


@dataclass(frozen=True, slots=True)
class ShownVerdict:
    """The newest verdict on a photo."""

    at: datetime
    by: str
    """Name of the key."""
    findings: tuple[JudgedBox, ...]
    """Of findings that the photo still has."""
    added: tuple[tuple[str, Box], ...]
    """Label and box of each."""
    reviewed: tuple[str, ...]

    def count(self, verdict: str) -> int:
        """Return how many findings it says this of."""
        return sum(one.verdict == verdict for one in self.findings)


@dataclass(frozen=True, slots=True)
class CasePhoto:
    """A photo that came with one or more reports of the case."""

    sha256: str
    image_wh: tuple[int, int] | None
    """Of the upright photo; None: it was never decoded."""
    captured_at: datetime | None
    trouble: Trouble | None
    """Why there is no picture."""
    is_copy: bool
    """The original was deleted; a smaller blurred copy is shown."""
    score_state: ScoreState
    model: str | None
    reports: tuple[PhotoReport, ...]
    findings: tuple[ShownFinding, ...]
    verdict: ShownVerdict | None
    labels: tuple[str, ...]
    """What the model looks for."""
    may_judge: bool
    may_original: bool

    def for_script(self) -> dict[str, Any]:
        """Return what the box editor needs to know, ready for JSON."""
        verdict = self.verdict
        return {
            "sha256": self.sha256,
            "wh": self.image_wh,
            "labels": self.labels,
            "findings": [asdict(one) for one in self.findings],
            "verdict": None
            if verdict is None
            else {
                "findings": [asdict(one) for one in verdict.findings],
                "added": [{"label": label, "box_xyxy": box} for label, box in verdict.added],
                "reviewed": verdict.reviewed,
            },
            "mayJudge": self.may_judge,
        }


@dataclass(frozen=True, slots=True)
class ShownCheck:
    """An after-photo and what the closing check made of it."""

    id: str
    at: datetime
    by: str
    outcome: Outcome
    reasons: Sequence[Mapping[str, str]]
    """Each with code, message and message_zh."""
    photo_sha256: str
    has_picture: bool
    distance_m: float | None
    """From the case; None: one of the two has no position."""
    may_original: bool


@dataclass(frozen=True, slots=True)
class Closing:
    """After-photos of a case, newest first, and whether one may be handed in now."""

    before_sha256: str | None
    """None: there is no picture to compare with."""
    checks: tuple[ShownCheck, ...]
    may_upload: bool
    most_mib: int
    """Largest upload."""
    case_has_place: bool
