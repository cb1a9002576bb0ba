"""False findings kept beside a set, in refuted.json.

That a finding was false does not say that its label is nowhere else in the photo, so it cannot be a
part of `labelled`. It does say that this place is easily mistaken: a trainer may weigh it as a hard
negative. Readers of sets do not look at this file.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from datasets.errors import DatasetError

FILE_NAME: Final = "refuted.json"
SCHEMA: Final = 1


@dataclass(frozen=True, slots=True)
class Refuted:
    """A place where a model saw what is not there."""

    file_name: str
    """Of the picture in the set's images/."""
    label: str
    """What the model saw."""
    box_xyxy: tuple[float, float, float, float]
    """Shares of width and height."""
    score: float
    model: str
    """Name and version; empty if not known."""


def write_refuted(folder: Path, refuted: Iterable[Refuted]) -> None:
    """Write refuted.json into a set's folder."""
    content = {"schema": SCHEMA, "refuted": [asdict(one) for one in refuted]}
    text = json.dumps(content, ensure_ascii=False, indent=1) + "\n"
    (folder / FILE_NAME).write_text(text, encoding="utf-8")


def read_refuted(folder: Path) -> tuple[Refuted, ...]:
    """Read the false findings of a set; a set without the file has none.

    Raises:
        DatasetError: The file is damaged.
    """
    path = folder / FILE_NAME
    if not path.exists():
        return ()
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["schema"] != SCHEMA:
            raise ValueError(f"schema {content['schema']} is not {SCHEMA}")
        return tuple(_parse(one) for one in content["refuted"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DatasetError("refuted_invalid", f"{path} cannot be read: {error!r}.") from error


def _parse(one: dict[str, object]) -> Refuted:
    box = one["box_xyxy"]
    if not isinstance(box, list) or len(box) != 4:
        raise ValueError(f"{box!r} is no box")
    x1, y1, x2, y2 = map(float, box)
    file_name, label, model = (str(one[key]) for key in ("file_name", "label", "model"))
    return Refuted(file_name, label, (x1, y1, x2, y2), float(str(one["score"])), model)
