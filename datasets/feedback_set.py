"""Make a set of judged photos: what people confirmed, corrected, added and refuted."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from datasets.errors import DatasetError
from datasets.exports import PhotoFinder
from datasets.feedback import JudgedPhoto, read_feedback
from datasets.formats import coco
from datasets.formats.pictures import read_image_wh
from datasets.records import ImageRecord
from datasets.refuted import Refuted, write_refuted
from datasets.verdicts import drop_unknown_labels, merge_judgements
from detector.decode import hash_photo
from detector.labels import LABEL_NAMES

NAME_DIGITS: Final = 16
"""Photos are named by the first digits of their hash: no two alike, and the name tells nothing."""


@dataclass(frozen=True, slots=True)
class Remark:
    """Something to tell about the feedback."""

    message: str
    skipped: bool
    """Something is not in the set because of it."""


@dataclass(frozen=True, slots=True)
class FeedbackSet:
    """What feedback comes to."""

    photos: tuple[tuple[Path, ImageRecord], ...]
    """Where each photo lies, and its record in the new set; in order of the hash."""
    refuted: tuple[Refuted, ...]
    remarks: tuple[Remark, ...]


class _PhotosByHash:
    """Finds a photo first by its name, then by its hash, for which all of them are read once."""

    def __init__(self, folder: Path) -> None:
        self._finder = PhotoFinder([folder])
        self._by_hash: dict[str, Path] | None = None

    def find(self, line: JudgedPhoto) -> Path | str:
        """Return the file, or in words why there is none."""
        named = self._finder.find(line.file_name)
        if named is not None and _hash_file(named) == line.sha256:
            return named
        if self._by_hash is None:
            hashes = ((_hash_file(path), path) for path in self._finder.photos)
            self._by_hash = {sha256: path for sha256, path in hashes if sha256 is not None}
        found = self._by_hash.get(line.sha256)
        if found is not None:
            return found
        if named is None:
            return f"{line.where}: the photo {line.file_name} is missing."
        return f"{line.where}: {named} is another photo: its hash is not that of the line."


def _hash_file(path: Path) -> str | None:
    try:
        return hash_photo(path.read_bytes())
    except OSError:
        return None  # It will be told as missing, if a line asks for it.


def gather_feedback(
    source: Path, photos: Path, out: Path, known: frozenset[str] = frozenset(LABEL_NAMES)
) -> FeedbackSet:
    """Read feedback and find its photos; nothing is written.

    Args:
        source: A file, or a folder of .jsonl files.
        photos: Folder of the photos, at any depth.
        out: Folder that the set will be written to.
        known: Labels that are taken.

    Raises:
        DatasetError: No feedback can be read, or there is no folder of photos.
    """
    if not photos.is_dir():
        raise DatasetError("photos_missing", f"{photos} is no folder.")
    by_photo, remarks = _read_lines(source, known)
    finder = _PhotosByHash(photos)
    found: list[tuple[Path, ImageRecord]] = []
    refuted: list[Refuted] = []
    for sha256, lines in sorted(by_photo.items()):
        path = finder.find(lines[0])
        if isinstance(path, str):
            remarks.append(Remark(path, skipped=True))
            continue
        usable = _check_sizes(path, lines, remarks)
        if not usable:
            continue
        known_of_it = merge_judgements(usable)
        remarks += [Remark(f"{one}.", skipped=False) for one in known_of_it.conflicts]
        name = f"{sha256[:NAME_DIGITS]}{path.suffix.lower()}"
        groups = [line.group for line in usable if line.group is not None]
        record = ImageRecord(
            out / "images" / name,
            out.name,
            known_of_it.labelled,
            known_of_it.boxes,
            known_of_it.also_marked,
            groups[-1] if groups else None,
        )
        found.append((path, record))
        refuted += [replace(one, file_name=name) for one in known_of_it.refuted]
    return FeedbackSet(tuple(found), tuple(refuted), tuple(remarks))


def _read_lines(
    source: Path, known: frozenset[str]
) -> tuple[dict[str, list[JudgedPhoto]], list[Remark]]:
    by_photo: dict[str, list[JudgedPhoto]] = {}
    remarks: list[Remark] = []
    for line in read_feedback(source):
        if isinstance(line, DatasetError):
            remarks.append(Remark(line.message, skipped=True))
            continue
        kept, unknown = drop_unknown_labels(line, known)
        if unknown:
            message = f"{line.where}: unknown labels are left out: {', '.join(unknown)}."
            remarks.append(Remark(message, skipped=True))
        others = by_photo.setdefault(line.sha256, [])
        words = replace(kept, where="")
        twin = next((one for one in others if replace(one, where="") == words), None)
        if twin is not None:
            message = f"{line.where} says the same as {twin.where}; it counts once."
            remarks.append(Remark(message, skipped=False))
        else:
            others.append(kept)
    return by_photo, remarks


def _check_sizes(
    path: Path, lines: Sequence[JudgedPhoto], remarks: list[Remark]
) -> list[JudgedPhoto]:
    try:
        width, height = read_image_wh(path)
    except DatasetError as error:
        remarks.append(Remark(f"{lines[0].where}: {error.message}", skipped=True))
        return []
    usable = []
    for line in lines:
        if line.image_wh in (None, (width, height)):
            usable.append(line)
            continue
        message = f"{line.where}: {path.name} has {width}x{height} pixels, not {line.image_wh}."
        remarks.append(Remark(message, skipped=True))
    return usable


def write_feedback_set(out: Path, feedback: FeedbackSet) -> None:
    """Write images/, annotations.json and refuted.json.

    Raises:
        DatasetError: There is no photo to write, or the folder cannot be written.
    """
    if not feedback.photos:
        raise DatasetError("feedback_empty", "No photo of the feedback can be used.")
    content = coco.format_coco(
        [record for _, record in feedback.photos],
        [read_image_wh(path) for path, _ in feedback.photos],
    )
    try:
        (out / "images").mkdir(parents=True, exist_ok=True)
        for path, record in feedback.photos:
            shutil.copyfile(path, record.path)
        coco.write_annotations(out, content)
        write_refuted(out, feedback.refuted)
    except OSError as error:
        raise DatasetError("set_unwritable", f"{out}: {error.strerror}.") from error
