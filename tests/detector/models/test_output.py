from collections.abc import Callable

import numpy as np
import pytest

from detector.errors import InferenceError
from detector.letterbox import fit_letterbox
from detector.models.manifest import ModelManifest
from detector.models.output import check_output_shape, read_output

LETTERBOX = fit_letterbox((128, 64), (64, 64))  # half size, 16 px above and below


def test_end_to_end_rows_come_back_in_source_pixels(
    make_manifest: Callable[..., ModelManifest],
) -> None:
    rows = np.zeros((300, 6), np.float32)
    rows[0] = [10, 20, 30, 40, 0.9, 1]
    rows[1] = [0, 16, 64, 48, 0.04, 0]  # under the floor
    detections = read_output(rows, LETTERBOX, make_manifest())
    assert detections.boxes_xyxy.tolist() == [[20, 8, 60, 48]]
    assert detections.class_ids.tolist() == [1]
    assert detections.scores.tolist() == [pytest.approx(0.9)]


def test_raw_columns_give_the_same_as_end_to_end_rows(
    make_manifest: Callable[..., ModelManifest],
) -> None:
    raw = np.zeros((9, 50), np.float32)
    raw[:4, 7] = [20, 30, 20, 20]
    raw[4 + 1, 7], raw[4 + 3, 7] = 0.9, 0.3
    detections = read_output(raw, LETTERBOX, make_manifest(output_layout="raw"))
    assert detections.boxes_xyxy.tolist() == [[20, 8, 60, 48]]
    assert detections.class_ids.tolist() == [1]


def test_boxes_in_the_padding_are_clipped_or_dropped(
    make_manifest: Callable[..., ModelManifest],
) -> None:
    rows = np.array([[0, 0, 64, 10, 0.9, 0], [0, 0, 64, 20, 0.8, 1]], np.float32)
    detections = read_output(rows, LETTERBOX, make_manifest())
    assert detections.boxes_xyxy.tolist() == [[0, 0, 128, 8]]


def test_nested_boxes_of_a_label_are_dropped(make_manifest: Callable[..., ModelManifest]) -> None:
    rows = np.array([[0, 16, 60, 48, 0.9, 0], [10, 20, 20, 30, 0.8, 0]], np.float32)
    assert len(read_output(rows, LETTERBOX, make_manifest())) == 1


@pytest.mark.parametrize("row", [[0, 0, 9, 9, np.nan, 0], [0, 16, 9, 40, 0.9, 7]])
def test_nonsense_is_an_error_and_not_an_empty_answer(
    row: list[float], make_manifest: Callable[..., ModelManifest]
) -> None:
    with pytest.raises(InferenceError):
        read_output(np.array([row], np.float32), LETTERBOX, make_manifest())


def test_shapes_are_compared_with_the_promise(make_manifest: Callable[..., ModelManifest]) -> None:
    rows, raw = make_manifest(), make_manifest(output_layout="raw")
    assert check_output_shape((300, 6), rows) is None
    assert check_output_shape((9, 8400), raw) is None
    assert "9 rows" in str(check_output_shape((8, 8400), raw))
    assert "rows of 6" in str(check_output_shape((9, 8400), rows))
