"""Findings on a copy of the picture."""

import itertools

import cv2
import numpy as np
import pytest

from detector.arrays import Image, frozen
from detector.detections import Finding
from detector.evidence.draw import draw_findings
from detector.labels import CONTEXT_LABELS, ISSUE_LABELS, Language

GREY = 100


def finding(
    box: tuple[float, float, float, float],
    label: str = "overflowing_bin",
    score: float = 0.83,
    *,
    flagged: bool = True,
) -> Finding:
    return Finding("0-1", label, score, box, flagged, "small")


def grey(width: int = 800, height: int = 600) -> Image:
    return frozen(np.full((height, width, 3), GREY, np.uint8))


def changed(image: Image, findings: list[Finding], language: Language = "zh") -> Image:
    """Where the drawing differs from the picture, as uint8 0 or 1."""
    drawn = draw_findings(image, findings, (1, 1), language)
    differs: Image = (drawn != image).any(axis=2).astype(np.uint8)
    return differs


def test_the_picture_itself_stays_as_it_is() -> None:
    image = grey()
    drawn = draw_findings(image, [finding((100, 100, 300, 300))], (1, 1), "zh")
    assert (image == GREY).all() and not np.shares_memory(drawn, image)
    assert np.array_equal(draw_findings(image, [], (1, 1), "zh"), image)


def test_a_box_of_the_full_size_photo_lies_right_on_a_smaller_picture() -> None:
    small = draw_findings(grey(), [finding((400, 600, 1200, 1500))], (4, 3), "en")
    same = draw_findings(grey(), [finding((100, 200, 300, 500))], (1, 1), "en")
    assert np.array_equal(small, same)
    ink = (same != GREY).any(axis=2)
    assert ink[350, 100] and ink[350, 300] and ink[500, 200] and not ink[350, 200]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("label", [*ISSUE_LABELS, *CONTEXT_LABELS])
def test_captions_are_written_not_question_marks(
    label: str, language: Language, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    real = cv2.putText

    def write(image: Image, text: str, *args: object, **kwargs: object) -> object:
        written.append(text)
        return real(image, text, *args, **kwargs)  # type: ignore[call-overload] # passed on

    one = [finding((100, 200, 300, 500), label)]
    monkeypatch.setattr(cv2, "putText", write)
    drawn = draw_findings(grey(), one, (1, 1), language)
    monkeypatch.setattr(
        cv2,
        "putText",
        lambda image, text, *args: real(
            image, "".join(c if c.isascii() else "?" for c in text), *args
        ),
    )
    marked = draw_findings(grey(), one, (1, 1), language)
    assert len(written) == 1 and "0.83" in written[0]
    assert written[0].isascii() == (language == "en")
    assert np.array_equal(drawn, marked) == (language == "en")


def test_under_the_threshold_the_box_is_broken_and_said_so() -> None:
    box = (100.0, 200.0, 500.0, 500.0)
    solid = changed(grey(), [finding(box)])
    broken = changed(grey(), [finding(box, flagged=False)])
    assert solid[480:500, 100].all()
    left = broken[240:480, 99:102].any(axis=1)
    assert 0.2 < left.mean() < 0.8
    assert broken[:200].sum() > solid[:200].sum()  # The caption is longer.


@pytest.mark.parametrize(
    "box", [(0, 0, 40, 30), (760, 0, 800, 30), (0, 570, 40, 600), (760, 570, 800, 600)]
)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_caption_in_a_corner_is_as_whole_as_in_the_middle(
    box: tuple[float, float, float, float], language: Language
) -> None:
    def ink(image: Image) -> int:
        return int((image.astype(int) > 250).all(axis=2).sum())

    middle = draw_findings(grey(), [finding((400, 300, 440, 330))], (1, 1), language)
    corner = draw_findings(grey(), [finding(box)], (1, 1), language)
    assert ink(middle) > 50 and ink(corner) == ink(middle)


def test_captions_keep_off_each_other() -> None:
    boxes = [(100.0, 200.0, 300.0, 400.0), (110.0, 205.0, 310.0, 405.0)]
    ink = [
        int((draw_findings(grey(), some, (1, 1), "en") == 255).all(axis=2).sum())
        for some in ([finding(boxes[0])], [finding(box) for box in boxes])
    ]
    # White letters stand on captions alone: twice the letters, none hidden.
    assert ink[1] == 2 * ink[0] > 0


def test_lines_and_letters_grow_with_the_picture() -> None:
    small, large = (
        changed(grey(width, width), [finding((width / 4, width / 4, width / 2, width / 2))])
        for width in (400, 1600)
    )
    middle = np.s_[3 * 1600 // 8, :], np.s_[3 * 400 // 8, :]
    assert large[middle[0]].sum() >= 3 * small[middle[1]].sum()


def test_every_label_has_a_colour_of_its_own() -> None:
    colours = {
        tuple(draw_findings(grey(), [finding((100, 200, 300, 500), label)], (1, 1), "en")[350, 100])
        for label in ISSUE_LABELS
    }
    assert len(colours) == len(ISSUE_LABELS)


@pytest.mark.parametrize("wh", list(itertools.product((16, 60, 3000), repeat=2)))
def test_any_size_of_picture_can_be_drawn(wh: tuple[int, int]) -> None:
    one = finding((0, 0, *wh), flagged=False)
    assert draw_findings(grey(*wh), [one], (1, 1), "zh").shape == (wh[1], wh[0], 3)
