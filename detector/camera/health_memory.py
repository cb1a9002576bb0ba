"""What a camera's pictures are usually like: their detail in their light, and its views."""

from dataclasses import dataclass, field
from typing import Final

from detector.camera.looks import Look
from detector.camera.measures import compare_signatures

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


@dataclass(slots=True)
class Reference:
    """What the camera's pictures are like when they are clear."""

    sharpness: float = 0.0
    brightness: float = 0.0
    contrast: float = 0.0
    looks: int = 0

    def shows_blur(self, look: Look) -> bool | None:
        """Tell whether a look has too little detail; None: it cannot be told."""
        now = look.measures
        if self.looks < LEARN_LOOKS or self.sharpness < SHARP_ENOUGH or look.condition != "clear":
            return None
        for value, usual in ((now.brightness, self.brightness), (now.contrast, self.contrast)):
            if not LIKE_LIGHT * usual <= value <= usual / LIKE_LIGHT:
                return None
        return now.sharpness < BLURRED_SHARE * self.sharpness

    def learn(self, look: Look) -> None:
        """Take a clear look as what is usual."""
        self.looks += 1
        # The mean of the first looks, then slowly after.
        weight = max(SLOW, 1 / self.looks)
        for name in ("sharpness", "brightness", "contrast"):
            usual = getattr(self, name)
            setattr(self, name, usual + weight * (getattr(look.measures, name) - usual))


@dataclass(slots=True)
class Views:
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
