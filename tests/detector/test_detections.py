import numpy as np
import pytest

from detector.detections import Detections
from detector.errors import GeometryError

LABELS = ("bin", "garbage")
BOX = [1.0, 2.0, 3.0, 4.0]


def make(boxes: object = (BOX,), scores: object = (0.5,), class_ids: object = (0,)) -> Detections:
    return Detections(
        np.array(boxes, np.float32).reshape(-1, 4),
        np.array(scores, np.float32),
        np.array(class_ids, np.int64),
        LABELS,
    )


def test_arrays_are_read_only_and_the_callers_stays_writable() -> None:
    scores = np.array([0.5], np.float32)
    detections = Detections(np.array([BOX], np.float32), scores, np.array([0]), LABELS)
    with pytest.raises(ValueError, match="read-only"):
        detections.scores[0] = 1
    scores[0] = 0.4
    assert len(detections) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"boxes": [[3, 2, 3, 4]]},
        {"boxes": [[-1, 2, 3, 4]]},
        {"boxes": [[1, 2, np.inf, 4]]},
        {"scores": [1.5]},
        {"scores": [np.nan]},
        {"class_ids": [2]},
        {"class_ids": [0, 1]},
        {"boxes": [BOX, BOX], "scores": [0.4, 0.5], "class_ids": [0, 0]},
    ],
)
def test_what_is_no_detection_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(GeometryError):
        make(**wrong)


def test_dtypes_are_checked() -> None:
    with pytest.raises(GeometryError, match="float32"):
        Detections(np.array([BOX]), np.array([0.5]), np.array([0]), LABELS)


def test_take_keeps_order_and_labels() -> None:
    two = make([BOX, BOX], [0.9, 0.1], [1, 0])
    taken = two.take(np.array([1]))
    assert taken.scores.tolist() == [pytest.approx(0.1)] and taken.labels == LABELS


def test_empty_is_an_answer() -> None:
    assert len(Detections.empty(LABELS)) == 0
