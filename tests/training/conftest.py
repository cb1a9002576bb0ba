"""Made-up photos, scores and bundles for the tests of training."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from datasets.records import ImageRecord, LabelledBox
from detector.detections import Finding, ImageScore, ModelReference
from detector.models.bundle import Bundle
from detector.models.manifest import ModelManifest
from detector.photo_facts import PhotoFacts
from training.evaluate import Evaluation
from training.rules import MATCH_RULES

SIDE = 1000
Box = tuple[float, float, float, float]


@pytest.fixture
def record_photo() -> Callable[..., ImageRecord]:
    """A record of a photo of 1000 px; boxes in pixels by label."""

    def make(
        name: str,
        labelled: Sequence[str],
        boxes: Sequence[tuple[str, Box]] = (),
        set_name: str = "made_up",
    ) -> ImageRecord:
        marked = tuple(
            LabelledBox(label, (x1 / SIDE, y1 / SIDE, x2 / SIDE, y2 / SIDE))
            for label, (x1, y1, x2, y2) in boxes
        )
        return ImageRecord(Path(name), set_name, frozenset(labelled), marked)

    return make


@pytest.fixture
def score_photo() -> Callable[..., ImageScore]:
    """An answer for a photo of 1000 px; findings as label, score, box in pixels."""

    def make(name: str, found: Sequence[tuple[str, float, Box]] = ()) -> ImageScore:
        findings = tuple(
            Finding(f"{name}-{i}", label, score, box, flagged=True, severity="small")
            for i, (label, score, box) in enumerate(found)
        )
        return ImageScore(
            source=name,
            sha256="0" * 64,
            image_wh=(SIDE, SIDE),
            findings=findings,
            context=(),
            facts=PhotoFacts(),
            warnings=(),
            model=ModelReference("made-up", "1", "0" * 64),
            elapsed_ms=1.0,
            error=None,
        )

    return make


@pytest.fixture
def made_up_bundle(make_manifest: Callable[..., ModelManifest]) -> Callable[..., Bundle]:
    """A bundle that is only a manifest; thresholds as given."""

    def make(**thresholds: float) -> Bundle:
        manifest = make_manifest()
        chosen = MappingProxyType({**manifest.thresholds, **thresholds})
        return Bundle(Path("made-up"), replace(manifest, thresholds=chosen))

    return make


@pytest.fixture
def evaluation_of(made_up_bundle: Callable[..., Bundle]) -> Callable[..., Evaluation]:
    """An evaluation of records and scores that were made up."""

    def make(
        records: Sequence[ImageRecord], scores: Sequence[ImageScore], **more: Any
    ) -> Evaluation:
        return Evaluation(
            bundle=more.pop("bundle", made_up_bundle()),
            records=records,
            scores=scores,
            lights=more.pop("lights", ["day"] * len(records)),
            rules=more.pop("rules", MATCH_RULES),
            runtime="fake",
        )

    return make


@pytest.fixture
def write_set(tmp_path: Path, write_jpeg: Callable[..., Path]) -> Callable[..., Path]:
    """Write a set of some photos, of which the first holds a poster."""

    def write(name: str = "made_up", n_photos: int = 3, first_seed: int = 0) -> Path:
        folder = tmp_path / "sets" / name
        (folder / "labels").mkdir(parents=True)
        labels = ["illegal_poster", "overflowing_bin", "street_vending", "site_dust"]
        for i in range(n_photos):
            write_jpeg(folder / "images" / f"{i}.jpg", seed=first_seed + i)
            text = "0 0.5 0.5 0.2 0.2\n" if i == 0 else ""
            (folder / "labels" / f"{i}.txt").write_text(text, encoding="utf-8")
        listed = ", ".join(labels)
        (folder / "source.yaml").write_text(
            f"labelled: [{listed}]\nnames: [{listed}]\n", encoding="utf-8"
        )
        return tmp_path / "sets"

    return write
