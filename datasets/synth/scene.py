"""What a composer takes and gives: a background photo in, a scene with exact boxes out."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from datasets.records import ImageRecord, LabelledBox
from detector.arrays import Image


@dataclass(frozen=True, slots=True)
class Background:
    """A decoded background and what is known of it."""

    image: Image
    """uint8 (H, W, 3), BGR, upright."""
    record: ImageRecord
    """Its boxes stay true in the scene; `labelled` says what is surely not elsewhere in it."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A composed picture."""

    image: Image
    """uint8 (H, W, 3), BGR; its size may differ from the background's."""
    boxes: tuple[LabelledBox, ...]
    """Everything boxed: the background's that can still be seen, and what was drawn."""


class Composer(Protocol):
    """Draws one kind of thing onto backgrounds.

    A composer is stateless after construction: the same background and the same random state give
    the same scene in any process.
    """

    name: str
    """Part of the output set's name: letters, digits, '-'."""
    version: int
    """Raised when the drawing changes, so that scenes made earlier are not mixed with new ones."""
    draws: frozenset[str]
    """Labels of which `compose` may draw objects. Empty for a composer of negatives."""

    def compose(self, background: Background, rng: np.random.Generator) -> Scene | None:
        """Compose a scene; the background is not changed.

        Returns:
            The scene, or None where this background does not suit (too small, no ground).
        """
        ...
