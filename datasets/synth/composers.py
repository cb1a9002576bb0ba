"""The composers by name, and what they need."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from datasets.errors import DatasetError
from datasets.records import ImageRecord
from datasets.synth.dust import DustComposer
from datasets.synth.haze import SmokeComposer
from datasets.synth.lettering import SYSTEM_FONT_FOLDERS
from datasets.synth.objects import ObjectComposer
from datasets.synth.pasting import PasteComposer
from datasets.synth.plates import PlateComposer
from datasets.synth.poster import LegalSignComposer, PosterComposer
from datasets.synth.scene import Composer


@dataclass(frozen=True, slots=True)
class Resources:
    """What composers may draw from."""

    records: tuple[ImageRecord, ...]
    """Photos that are not held out: backgrounds, and objects to cut from."""
    sprites: Path | None = None
    """Folder of rendered objects."""
    fonts: tuple[Path, ...] = ()
    """Folders of fonts; none: the system's."""


def make_composer(name: str, resources: Resources) -> Composer:
    """Make a composer.

    Args:
        name: One of `COMPOSERS`.
        resources: What it may draw from.

    Raises:
        DatasetError: It needs something that is not given.
    """
    try:
        return COMPOSERS[name](resources)
    except ValueError as error:
        raise DatasetError("composer_unready", f"{name}: {error}") from error


def _objects(resources: Resources) -> Composer:
    if resources.sprites is None:
        raise DatasetError(
            "sprites_missing",
            "The composer objects needs rendered objects.",
            "Render them with street-issues-data render, and name their folder with --sprites.",
        )
    return ObjectComposer(resources.sprites)


def _fonts(resources: Resources) -> tuple[Path, ...]:
    return resources.fonts or SYSTEM_FONT_FOLDERS


COMPOSERS: Final[dict[str, Callable[[Resources], Composer]]] = {
    "posters": lambda resources: PosterComposer(_fonts(resources)),
    "legal-signs": lambda resources: LegalSignComposer(_fonts(resources)),
    "dust": lambda _: DustComposer(),
    "no-dust": lambda _: SmokeComposer(),
    "plates": lambda resources: PlateComposer(_fonts(resources)),
    "pasted": lambda resources: PasteComposer(resources.records),
    "objects": _objects,
}
