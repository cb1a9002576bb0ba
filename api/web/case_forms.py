"""What the forms of the case page send."""

from typing import Annotated, Any, Literal

from pydantic import Field

from api.cases.states import MoveName
from api.casework.moving import MoveOrder
from api.casework.review import DismissalName, word_dismissal
from api.errors import InvalidError
from api.schemas.types import Datum, Id, Label, Latitude, Longitude, LongText, ShortText
from api.web.case_actions import ActionName
from api.web.forms import OrNone
from api.web.queue_walk import WalkForm
from detector.labels import Language

Version = Annotated[int, Field(ge=1, lt=2**31)]


class DecisionForm(WalkForm):
    """A decision on a case as it was seen."""

    version: OrNone[Version] = None
    reason: OrNone[LongText] = None


class MoveForm(DecisionForm):
    """A move of the life cycle, or several in one press."""

    move: ActionName
    why: OrNone[DismissalName] = None
    """One of the usual reasons."""
    known_unit: OrNone[ShortText] = None
    """One that was used before."""
    unit: OrNone[ShortText] = None
    """Typed; it stands before a chosen one."""
    rating: OrNone[Annotated[int, Field(ge=1, le=5)]] = None

    def order(self, move: MoveName, language: Language) -> MoveOrder:
        """Return the order of a single move.

        Raises:
            InvalidError: Nobody was named to handle the case.
        """
        reason, details = self.reason, dict[str, Any]()
        if move == "dismiss":
            reason = word_dismissal(self.why, self.reason, language)
            details = {} if self.why is None else {"dismissal": self.why}
        elif move == "dispatch":
            unit = (self.unit or self.known_unit or "").strip()
            if not unit:
                raise InvalidError("unit_missing", "Nobody was named to handle it.")
            details = {"unit": unit}
        elif move == "evaluate" and self.rating is not None:
            details = {"rating": self.rating}
        return MoveOrder(move, reason, self.version, details)


class MergeForm(DecisionForm):
    """Two cases that are one."""

    other: OrNone[Id] = None
    number: OrNone[ShortText] = None
    """Of the other, where it is none of those shown."""
    direction: Literal["into_other", "into_this"] = "into_other"


class SplitForm(DecisionForm):
    """Reports that are a problem of their own."""

    reports: Annotated[tuple[Id, ...], Field(max_length=1000)] = ()


class CorrectionForm(DecisionForm):
    """What a person knows better."""

    label: OrNone[Label] = None
    address: OrNone[ShortText] = None
    lat: OrNone[Latitude] = None
    lng: OrNone[Longitude] = None
    datum: Datum = "wgs84"
