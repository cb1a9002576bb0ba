"""How a camera is: frozen, black, blurred, turned away, or well.

A fold over its looks in time order. Each sign must last before it counts, and must be gone for a
while before the camera is well again: a lorry before the lens or one bad frame is no state.
"""

import base64
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Final, Literal, Self

from detector.camera.health_memory import OTHER_VIEW, SAME_VIEW, Reference, Views
from detector.camera.looks import Look
from detector.camera.times import CLOCK_SET_BACK_S

CameraState = Literal["live", "frozen", "black", "blurred", "moved"]

SIGNS: Final[tuple[CameraState, ...]] = ("black", "frozen", "moved", "blurred")
"""The first that holds is the camera's state."""
LASTS_S: Final = {"black": 30.0, "frozen": 120.0, "moved": 180.0, "blurred": 180.0}
"""How long a sign must show. A lorry that stops before the lens looks like another view or like
blur, for a minute or two; a camera that was turned, or lost its focus, stays so."""
FEWEST_LOOKS: Final = 3
"""That a sign must show in, however far apart they are."""
GONE_S: Final = 10.0
"""A sign's absence must last so long, too."""
GAP_S: Final = 600.0
"""What lies before a gap of footage says nothing about what comes after it."""
STILL: Final = 0.01
"""Levels between samples. Measured through x264 at CRF 23 and 36: a frozen picture leaves up to
0.004, across key frames too once they have settled; a static scene with noise leaves as little
within a group of pictures, but over 0.35 wherever a key frame lies between. So a scene counts as
frozen only after more seconds than cameras let pass from key frame to key frame."""

REASONS: Final[dict[str, str]] = {
    "live": "The picture is as it should be again.",
    "black": "The picture shows nothing: black, covered, or one even colour.",
    "frozen": "The picture does not change at all, not even by the sensor's noise.",
    "moved": "The camera shows another view than before.",
    "blurred": "The picture has far less detail than this camera's used to have.",
}


@dataclass(frozen=True, slots=True)
class StateChange:
    """A camera's state from now on."""

    camera: str
    state: CameraState
    at_s: float
    """On the camera's timeline: when the sign was first seen."""
    captured_at: datetime | None
    """UTC; None where unknown."""
    reason: str
    """In words, for people."""
    new_view: bool = False
    """It was turned and stayed so: what it shows now is its view, and places of before are none."""


@dataclass(slots=True)
class _Sign:
    """How long one sign shows, or is gone."""

    holds: bool = False
    """It lasted long enough, and is not gone for long enough yet."""
    since_s: float | None = None
    """First look of the run that speaks against `holds`."""
    since_at: datetime | None = None
    looks: int = 0
    """Of that run."""

    def see(self, shows: bool | None, look: Look, lasts_s: float) -> bool:
        """Take a look's word; None: it cannot tell. Return whether `holds` changed."""
        if shows is None:
            return False
        if shows == self.holds:
            self.forget()
            return False
        if self.since_s is None:
            self.since_s, self.since_at, self.looks = look.at_s, look.captured_at, 0
        self.looks += 1
        needed_s, fewest = (GONE_S, 2) if self.holds else (lasts_s, FEWEST_LOOKS)
        if look.at_s - self.since_s < needed_s or self.looks < fewest:
            return False
        self.holds = shows
        return True

    def forget(self) -> None:
        self.since_s = self.since_at = None
        self.looks = 0


class HealthFold:
    """Folds a camera's looks, in time order, to its states. Begins as live."""

    def __init__(self, camera: str) -> None:
        """Begin with a camera of which nothing is known."""
        self._camera = camera
        self._signs = {name: _Sign() for name in SIGNS}
        self._reference = Reference()
        self._views = Views()
        self._state: CameraState = "live"
        self._last_s: float | None = None
        self._has_new_view = False

    @property
    def camera_state(self) -> CameraState:
        """The state now."""
        return self._state

    def see(self, look: Look) -> tuple[Look, StateChange | None]:
        """Take the next look.

        Args:
            look: Later than all before it; one that is not is given back, and changes nothing,
                unless the clock must have been set right (`CLOCK_SET_BACK_S`).

        Returns:
            The look, where it was clear and this holds: `blurred`: it has too little detail,
            `turned`: it shows another view for long, `frozen`: the picture stands still for long;
            and the change of state that it brought about, if any.
        """
        if self._last_s is not None:
            if self._last_s - CLOCK_SET_BACK_S < look.at_s <= self._last_s:
                return look, None
            if not 0 < look.at_s - self._last_s <= GAP_S:
                for sign in self._signs.values():
                    sign.forget()
            if look.at_s < self._last_s:
                self._views.new = None
        self._last_s = look.at_s
        still = look.measures.stillness
        blurred = self._reference.shows_blur(look)
        shows = {
            "black": look.condition == "blank",
            "frozen": None if still is None else still < STILL,
            "moved": self._shows_other_view(look, blurred),
            "blurred": blurred,
        }
        changed = None
        for name, sign in self._signs.items():
            if sign.see(shows[name], look, LASTS_S[name]):
                changed = sign
        # Of a lens out of focus, what another light hides must not become what is usual.
        if look.condition == "clear" and not (
            blurred or self._signs["blurred"].holds or self._signs["moved"].holds
        ):
            self._reference.learn(look)
        change = self._change(look, changed)
        for sign in self._signs.values():
            if sign is changed:
                sign.forget()
        return self._mark(look, blurred=bool(blurred), frozen=bool(shows["frozen"])), change

    def _mark(self, look: Look, *, blurred: bool, frozen: bool) -> Look:
        """Return a look with what it lacks, if it is none to judge the scene by."""
        if look.condition != "clear":
            return look
        if blurred:
            return replace(look, condition="blurred")
        if self._signs["moved"].holds:
            return replace(look, condition="turned")
        # What moves again counts at once.
        return replace(look, condition="frozen") if frozen and self._signs["frozen"].holds else look

    def _shows_other_view(self, look: Look, blurred: bool | None) -> bool | None:
        if look.measures.signature is None or look.condition != "clear":
            return None
        same = OTHER_VIEW if blurred else SAME_VIEW
        other = self._views.shows_other(look.measures.signature, look.at_s, same)
        if other and self._views.settle(look.at_s):
            # The new view is the camera's own now: what is clear there must be learned anew.
            self._reference = Reference()
            self._signs["blurred"] = _Sign()
            self._has_new_view = True
            return False
        return other

    def _change(self, look: Look, sign: _Sign | None) -> StateChange | None:
        now: CameraState = next((name for name in SIGNS if self._signs[name].holds), "live")
        if now == self._state:
            return None
        self._state = now
        at_s, at = look.at_s, look.captured_at
        if sign is not None and sign.since_s is not None:
            at_s, at = sign.since_s, sign.since_at
        new_view = self._has_new_view and not self._signs["moved"].holds
        if new_view:
            self._has_new_view = False
        return StateChange(self._camera, now, at_s, at, REASONS[now], new_view)

    def state(self) -> dict[str, Any]:
        """Return all that is known, ready for JSON."""
        signs = {}
        for name, sign in self._signs.items():
            at = sign.since_at
            signs[name] = {**asdict(sign), "since_at": None if at is None else at.isoformat()}
        new = self._views.new
        return {
            "state": self._state,
            "last_s": self._last_s,
            "has_new_view": self._has_new_view,
            "signs": signs,
            "reference": asdict(self._reference),
            "known": [base64.b64encode(one).decode("ascii") for one in self._views.known],
            "new": None if new is None else base64.b64encode(new).decode("ascii"),
            "new_since_s": self._views.new_since_s,
        }

    @classmethod
    def restore(cls, camera: str, state: dict[str, Any]) -> Self:
        """Return the fold whose `state` this is.

        Raises:
            KeyError, TypeError, ValueError: It is not of this form.
        """
        fold = cls(camera)
        fold._state, fold._last_s = state["state"], state["last_s"]
        fold._has_new_view = state["has_new_view"]
        for name in SIGNS:
            noted = dict(state["signs"][name])
            at = noted.pop("since_at")
            since_at = None if at is None else datetime.fromisoformat(at)
            fold._signs[name] = _Sign(**noted, since_at=since_at)
        fold._reference = Reference(**state["reference"])
        new = state["new"]
        fold._views = Views(
            [base64.b64decode(one) for one in state["known"]],
            None if new is None else base64.b64decode(new),
            state["new_since_s"],
        )
        return fold
