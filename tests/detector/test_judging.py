from collections.abc import Callable

import numpy as np
import pytest

from detector.detections import Detections
from detector.judging import Judgement, judge
from detector.models.manifest import ModelManifest

MakeManifest = Callable[..., ModelManifest]
RULE = {"finding": "overflowing_bin", "context": "bin", "min_iou": 0.5, "min_score_margin": 0.1}


def run(
    manifest: ModelManifest,
    *rows: tuple[str, float, tuple[float, float, float, float]],
    min_score: float | None = None,
) -> Judgement:
    ordered = sorted(rows, key=lambda row: -row[1])
    detections = Detections(
        np.array([box for *_, box in ordered], np.float32).reshape(-1, 4),
        np.array([score for _, score, _ in ordered], np.float32),
        np.array([manifest.classes.index(label) for label, *_ in ordered], np.int64),
        manifest.classes,
    )
    return judge(
        detections,
        manifest,
        scale_xy=(4.0, 2.0),
        full_wh=(400, 200),
        min_score=min_score,
        id_prefix="abc",
    )


def test_a_finding_is_flagged_at_its_threshold_and_not_under(make_manifest: MakeManifest) -> None:
    manifest = make_manifest()
    box = (0.0, 0.0, 50.0, 50.0)
    assert run(manifest, ("site_dust", 0.5, box)).findings[0].flagged
    assert run(manifest, ("site_dust", 0.49, box)).findings == ()


def test_min_score_lists_what_lies_under_the_threshold(make_manifest: MakeManifest) -> None:
    box = (0.0, 0.0, 50.0, 50.0)
    rows = [("site_dust", score, box) for score in (0.6, 0.4, 0.2)]
    found = run(make_manifest(), *rows, min_score=0.3).findings
    assert [(one.score, one.flagged) for one in found] == [(0.6, True), (0.4, False)]
    # A high bound hides nothing that is flagged.
    assert len(run(make_manifest(), *rows, min_score=0.9).findings) == 1


def test_ids_do_not_depend_on_what_is_listed(make_manifest: MakeManifest) -> None:
    rows = [("site_dust", score, (0.0, 0.0, 50.0, 50.0)) for score in (0.6, 0.4, 0.55)]
    strict = {one.id: one.score for one in run(make_manifest(), *rows).findings}
    lax = {one.id: one.score for one in run(make_manifest(), *rows, min_score=0.0).findings}
    assert strict.items() <= lax.items() and len(lax) == 3


def test_boxes_come_in_full_size_pixels(make_manifest: MakeManifest) -> None:
    found = run(make_manifest(), ("site_dust", 0.9, (1.0, 2.0, 50.0, 50.0)))
    assert found.findings[0].box_xyxy == (4.0, 4.0, 200.0, 100.0)


@pytest.mark.parametrize(
    ("box", "severity"),
    [
        ((0.0, 0.0, 9.0, 100.0), "small"),
        ((0.0, 0.0, 10.0, 100.0), "medium"),
        ((0.0, 0.0, 50.0, 100.0), "large"),
    ],
)
def test_severity_is_by_the_share_of_the_picture(
    make_manifest: MakeManifest, box: tuple[float, float, float, float], severity: str
) -> None:
    assert run(make_manifest(), ("site_dust", 0.9, box)).findings[0].severity == severity


def test_context_is_never_a_finding(make_manifest: MakeManifest) -> None:
    judged = run(make_manifest(), ("bin", 0.99, (0.0, 0.0, 50.0, 50.0)))
    assert judged.findings == () and judged.context[0].label == "bin"
    assert not judged.context[0].flagged


@pytest.mark.parametrize(
    ("bin_score", "bin_box", "kept"),
    [
        (0.9, (0.0, 0.0, 50.0, 50.0), False),  # same place, surer
        (0.65, (0.0, 0.0, 50.0, 50.0), True),  # not surer by the margin
        (0.9, (40.0, 40.0, 90.0, 90.0), True),  # another place
    ],
)
def test_a_bin_in_order_speaks_against_an_overflowing_one(
    make_manifest: MakeManifest,
    bin_score: float,
    bin_box: tuple[float, float, float, float],
    kept: bool,
) -> None:
    manifest = make_manifest(judging=[RULE])
    finding = ("overflowing_bin", 0.6, (0.0, 0.0, 50.0, 50.0))
    other = ("site_dust", 0.6, (0.0, 0.0, 50.0, 50.0))
    labels = [
        one.label for one in run(manifest, finding, other, ("bin", bin_score, bin_box)).findings
    ]
    assert ("overflowing_bin" in labels) is kept
    assert "site_dust" in labels


def test_nothing_seen_nothing_found(make_manifest: MakeManifest) -> None:
    judged = run(make_manifest(judging=[RULE]))
    assert judged.findings == () and judged.context == ()
