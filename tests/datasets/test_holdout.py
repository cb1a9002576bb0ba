"""What is kept out of training."""

from dataclasses import replace
from pathlib import Path

import pytest

from datasets.errors import DatasetError
from datasets.holdout import capture_group, is_held_out, part_of
from datasets.pictures import load_picture
from datasets.records import ImageRecord


def record_of(name: str, set_name: str = "set") -> ImageRecord:
    return ImageRecord(Path(f"{name}.jpg"), set_name, frozenset(), ())


RECORDS = tuple(record_of(f"photo_{i}") for i in range(2000))


def test_the_share_is_met() -> None:
    assert len(part_of(RECORDS, 0.15, held_out=True)) == pytest.approx(300, abs=60)


def test_the_parts_make_the_whole() -> None:
    kept_out = part_of(RECORDS, 0.15, held_out=True)
    trained = part_of(RECORDS, 0.15, held_out=False)
    assert {*kept_out, *trained} == set(RECORDS)
    assert not set(kept_out) & set(trained)


def test_a_larger_share_keeps_what_a_smaller_one_had() -> None:
    assert set(part_of(RECORDS, 0.1, held_out=True)) <= set(part_of(RECORDS, 0.2, held_out=True))


@pytest.mark.parametrize(("share", "expected"), [(0.0, False), (1.0, True)])
def test_the_ends(share: float, expected: bool) -> None:
    assert all(is_held_out(one, share) is expected for one in RECORDS)


def test_photos_of_one_day_stay_together() -> None:
    first, second = record_of("clean_2020-05-07_at_1"), record_of("dirty_2020-05-07_at_9")
    assert capture_group(first) == capture_group(second)


def test_what_the_set_says_goes_before_the_name() -> None:
    first = replace(record_of("clean_2020-05-07_at_1"), group="walk 1")
    second = replace(record_of("clean_2020-06-01_at_1"), group="walk 1")
    assert capture_group(first) == capture_group(second)


def test_moving_a_folder_changes_nothing() -> None:
    moved = replace(RECORDS[0], path=Path("/elsewhere") / RECORDS[0].path)
    assert capture_group(moved) == capture_group(RECORDS[0])


def test_sets_do_not_share_groups() -> None:
    assert capture_group(record_of("a", "one")) != capture_group(record_of("a", "two"))


def test_a_missing_picture_is_said(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="No such file"):
        load_picture(tmp_path / "none.jpg")


def test_a_damaged_picture_is_said(tmp_path: Path) -> None:
    (tmp_path / "x.jpg").write_bytes(b"\xff\xd8\xff and no more")
    with pytest.raises(DatasetError, match=r"x\.jpg"):
        load_picture(tmp_path / "x.jpg")
