"""How a camera is: frozen, black, blurred, turned away, or well.

A fold over its looks in time order. Each sign must last before it counts, and must be gone for a
while before the camera is well again: a lorry before the lens or one bad frame is no state.
"""

import base64
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Literal, Self

from detector.camera.looks import Look
from detector.camera.measures import compare_signatures

CameraState = Literal["live", "frozen", "black", "blurred", "moved"]

SIGNS: Final[tuple[CameraState, ...]] = ("black", "frozen", "moved", "blurred")
"""The first that holds is the camera's state."""
LASTS_S: Final = {"black": 30.0, "frozen": 120.0, "moved": 60.0, "blurred": 60.0}
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
BLURRED_SHARE: Final = 0.35
"""Of the camera's own sharpness: a lens out of focus by 6 pixels of 1920 leaves less, haze more."""
SHARP_ENOUGH: Final = 0.5
"""Of a camera whose sharpness is less, such as one before a wall, blur cannot be told."""
LIKE_LIGHT: Final = 0.6
"""Sharpness is compared in like light alone: brightness and contrast within this share of the
reference, because darkness takes away detail, too."""
LEARN_LOOKS: Final = 15
"""Clear looks, half a minute of them, before the reference is relied on."""
SLOW: Final = 0.01
"""Weight of a new look in the reference: a few minutes of looks; it follows the day's light."""
SAME_VIEW: Final = 0.5
"""Signatures that agree less are of another view; see `compare_signatures`."""
OTHER_VIEW: Final = 0.3
"""Of a frame with too little detail: blur by 12 pixels of 320 leaves 0.36 to 0.77 of the same view
in ../shared/video, a turn by a fifth of the frame -0.1 to 0.39."""
RELEARN_S: Final = 600.0
"""A new view that stayed so long is the camera's view."""
MOST_VIEWS: Final = 4
"""Views remembered, the latest used first: a scene by day and by a lamp's light differ as well."""

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


@dataclass(slots=True)
class _Reference:
    """What the camera's pictures are like when they are clear."""

    sharpness: float = 0.0
    brightness: float = 0.0
    contrast: float = 0.0
    looks: int = 0

    def shows_blur(self, look: Look) -> bool | None:
        now = look.measures
        if self.looks < LEARN_LOOKS or self.sharpness < SHARP_ENOUGH or look.condition != "clear":
            return None
        for value, usual in ((now.brightness, self.brightness), (now.contrast, self.contrast)):
            if not LIKE_LIGHT * usual <= value <= usual / LIKE_LIGHT:
                return None
        return now.sharpness < BLURRED_SHARE * self.sharpness

    def learn(self, look: Look) -> None:
        self.looks += 1
        # The mean of the first looks, then slowly after.
        weight = max(SLOW, 1 / self.looks)
        for name in ("sharpness", "brightness", "contrast"):
            usual = getattr(self, name)
            setattr(self, name, usual + weight * (getattr(look.measures, name) - usual))


@dataclass(slots=True)
class _Views:
    """The views that are known, and a new one that may become one of them."""

    known: list[bytes] = field(default_factory=list)
    """Signatures, the latest used first."""
    new: bytes | None = None
    new_since_s: float = 0.0

    def shows_other(self, signature: bytes, at_s: float, same: float) -> bool | None:
        """Tell whether a signature is of a new view that stays; None: it does not stay."""
        for at, one in enumerate(self.known):
            if compare_signatures(one, signature) >= same:
                # The latest stands for its view: so it follows the seasons and the sun. Of a
                # blurred frame it would not.
                latest = signature if same == SAME_VIEW else one
                self.known = [latest, *self.known[:at], *self.known[at + 1 :]]
                self.new = None
                return False
        if not self.known:
            self.known = [signature]
            return False
        if self.new is None or compare_signatures(self.new, signature) < SAME_VIEW:
            self.new, self.new_since_s = signature, at_s
            return None
        return True

    def settle(self, at_s: float) -> bool:
        """Make a view that stayed long enough a known one; tell whether it was."""
        if self.new is None or at_s - self.new_since_s < RELEARN_S:
            return False
        self.known = [self.new, *self.known][:MOST_VIEWS]
        self.new = None
        return True


class HealthFold:
    """Folds a camera's looks, in time order, to its states. Begins as live."""

    def __init__(self, camera: str) -> None:
        """Begin with a camera of which nothing is known."""
        self._camera = camera
        self._signs = {name: _Sign() for name in SIGNS}
        self._reference = _Reference()
        self._views = _Views()
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
            look: Later than all before it; one that is not is given back, and changes nothing.

        Returns:
            The look, `blurred` where it was clear and has too little detail, `turned` where it
            was clear and shows another view for long; and the change of state that it brought
            about, if any.
        """
        if self._last_s is not None:
            if look.at_s <= self._last_s:
                return look, None
            if look.at_s - self._last_s > GAP_S:
                for sign in self._signs.values():
                    sign.forget()
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
        if look.condition == "clear" and not blurred and not self._signs["moved"].holds:
            self._reference.learn(look)
        change = self._change(look, changed)
        for sign in self._signs.values():
            if sign is changed:
                sign.forget()
        if blurred:
            look = replace(look, condition="blurred")
        elif look.condition == "clear" and self._signs["moved"].holds:
            look = replace(look, condition="turned")
        return look, change

    def _shows_other_view(self, look: Look, blurred: bool | None) -> bool | None:
        if look.measures.signature is None or look.condition != "clear":
            return None
        same = OTHER_VIEW if blurred else SAME_VIEW
        other = self._views.shows_other(look.measures.signature, look.at_s, same)
        if other and self._views.settle(look.at_s):
            # The new view is the camera's own now: what is clear there must be learned anew.
            self._reference = _Reference()
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
        fold._reference = _Reference(**state["reference"])
        new = state["new"]
        fold._views = _Views(
            [base64.b64decode(one) for one in state["known"]],
            None if new is None else base64.b64decode(new),
            state["new_since_s"],
        )
        return fold
