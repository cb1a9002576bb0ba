"""A labelled photo. "No objects" is not "not annotated": `labelled` says what was looked for.

Between the two stands `also_marked`: labels of which some objects are boxed, while others may stand
in the photo unboxed. A composed scene on a background that nobody looked at for bins, or a photo of
which an operator confirmed one finding, teaches what such an object looks like and not where none
is.
"""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class LabelledBox:
    """One object in a photo."""

    label: str
    box_xyxy: tuple[float, float, float, float]
    """Shares of width and height, in [0, 1], origin top left of the upright photo."""


@dataclass(frozen=True, slots=True)
class ImageRecord:
    """A photo and what people marked in it."""

    path: Path
    set_name: str
    labelled: frozenset[str]
    """Labels that were looked for; any other may stand in the photo unmarked."""
    boxes: tuple[LabelledBox, ...]
    """All objects of `labelled` and some of `also_marked`."""
    also_marked: frozenset[str] = frozenset()
    """Labels with boxes that hold, whose absence elsewhere says nothing; none of `labelled`."""
    group: str | None = None
    """Capture group: photos shot together share it; None: nobody said."""

    def boxes_of(self, label: str) -> tuple[LabelledBox, ...]:
        """Return the boxes of one label.

        Raises:
            KeyError: The label was not looked for, so the answer is not known.
        """
        if label not in self.labelled:
            raise KeyError(f"{label} was not looked for in {self.path}")
        return tuple(box for box in self.boxes if box.label == label)
