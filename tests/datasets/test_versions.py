"""The version of a set changes with what it teaches, and with nothing else."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from datasets.errors import DatasetError
from datasets.formats import FORMATS, read_sets
from datasets.records import ImageRecord, LabelledBox
from datasets.versions import hash_records, hash_set

BOX = LabelledBox("bin", (0.123457, 0.2, 1 / 3, 0.9))


@pytest.fixture
def records(tmp_path: Path, write_jpeg: Callable[..., Path]) -> list[ImageRecord]:
    paths = [write_jpeg(tmp_path / "in" / f"{i}.jpg", 321, 123, seed=i) for i in range(3)]
    other = LabelledBox("garbage", (-0.0, 0.0, 0.7, 1.0))
    boxes = ((BOX, other), (), (BOX,))
    labelled, also = frozenset({"bin"}), frozenset({"garbage"})
    return [ImageRecord(p, "in", labelled, b, also) for p, b in zip(paths, boxes, strict=True)]


@pytest.mark.parametrize("name", FORMATS)
def test_format_folder_and_order_do_not_matter(
    name: str, records: list[ImageRecord], tmp_path: Path
) -> None:
    version = hash_records(records)
    assert len(version) == 64 and hash_records(records[::-1]) == version
    FORMATS[name].write_set(tmp_path / "elsewhere", records)
    assert hash_set(tmp_path / "elsewhere") == version
    swapped = [replace(one, boxes=one.boxes[::-1]) for one in read_sets(tmp_path / "elsewhere")]
    assert hash_records(swapped) == version


def test_what_is_taught_matters(
    records: list[ImageRecord], tmp_path: Path, write_jpeg: Callable[..., Path]
) -> None:
    first, *rest = records
    moved = replace(BOX, box_xyxy=(0.123458, *BOX.box_xyxy[1:]))
    renamed = first.path.rename(tmp_path / "in" / "renamed.jpg")
    renamed.with_name("0.jpg").write_bytes(renamed.read_bytes())
    others = [
        replace(first, labelled=frozenset()),
        replace(first, also_marked=frozenset()),
        replace(first, boxes=first.boxes[:1]),
        replace(first, boxes=(moved, first.boxes[1])),
        replace(first, boxes=(replace(BOX, label="garbage"), first.boxes[1])),
        replace(first, path=renamed),
        replace(first, path=write_jpeg(tmp_path / "other" / "0.jpg", 321, 123, seed=9)),
    ]
    versions = {hash_records([one, *rest]) for one in (first, *others)}
    assert len(versions) == len(others) + 1
    assert hash_records(rest) not in versions


def test_a_missing_picture_has_no_version(records: list[ImageRecord], tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="missing"):
        hash_records([replace(records[0], path=tmp_path / "missing.jpg")])
