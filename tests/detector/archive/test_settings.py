"""What a worker gets, and what of it changes results."""

import pickle
from dataclasses import replace
from datetime import UTC
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from detector.archive.settings import ScanOptions, ScanSetup, resolve_setup, to_multiple_s
from detector.camera.gate import GateSettings
from detector.camera.sampling import Sampling
from detector.camera.view import CameraView, Views
from detector.camera.zones import Zone
from detector.errors import BundleError, UsageError

VIEWS = Views(
    CameraView(labels=("site_dust",), min_box_share=MappingProxyType({"site_dust": 0.1})),
    MappingProxyType(
        {
            "gate-1": CameraView(
                "gate-1",
                (Zone(((0.0, 0.0), (1.0, 0.0), (1.0, 1.0)), "exclude"),),
                hours=(("06:00", "22:00"),),
            )
        }
    ),
)


def test_a_setup_can_be_pickled_with_all_that_it_holds(setup: ScanSetup) -> None:
    full = replace(setup, views=VIEWS, thresholds=MappingProxyType({"site_dust": 0.4}))
    again = pickle.loads(pickle.dumps(full))
    assert again == full
    assert again.views.of("gate-1").hours == (("06:00", "22:00"),)
    assert again.fingerprint() == full.fingerprint()


@pytest.mark.parametrize(
    ("changes", "keys"),
    [
        ({"views": VIEWS}, {"zones"}),
        ({"thresholds": {"site_dust": 0.9}}, {"thresholds"}),
        ({"sampling": Sampling(every_s=0.5)}, {"every_s"}),
        ({"sampling": Sampling(every_s=1.0, keyframes="never")}, {"keyframes"}),
        ({"gate": GateSettings(max_hold_s=30.0)}, {"gate"}),
        ({"keep_score": 0.01}, {"keep_score"}),
        ({"timezone": UTC}, {"timezone"}),
        ({"chunk_s": 8.0}, {"chunk_s"}),
        ({"threads": 7}, set()),
    ],
)
def test_the_fingerprint_names_what_changes_results(
    setup: ScanSetup, changes: dict[str, Any], keys: set[str]
) -> None:
    before, after = setup.fingerprint(), replace(setup, **changes).fingerprint()
    assert before.keys() == after.keys()
    assert {key for key in before if before[key] != after[key]} == keys


def test_the_fingerprint_holds_the_model_and_what_runs_it(setup: ScanSetup) -> None:
    marks = setup.fingerprint()
    assert marks["model_sha256"] == setup.model.sha256
    assert marks["runtime"] == setup.model.runs_on
    assert "fp32" in marks["runtime"]
    other = replace(setup.model, manifest_sha256="0" * 64)
    assert replace(setup, model=other).fingerprint() != marks


def test_the_number_of_workers_changes_no_result(setup: ScanSetup) -> None:
    split = setup.with_threads(3)
    assert (split.threads, split.sampling.threads) == (3, 3)
    assert split.fingerprint() == setup.fingerprint()


def test_what_is_left_open_is_settled(setup: ScanSetup) -> None:
    assert setup.runtime == "onnxruntime"
    assert setup.precision == "fp32"
    assert setup.bundle_folder is None
    assert "site_dust" in setup.thresholds


def test_a_worker_with_another_model_is_found_out(setup: ScanSetup, bundle_copy: Path) -> None:
    moved = replace(setup, bundle_folder=bundle_copy)
    moved.load().close()
    manifest = bundle_copy / "manifest.json"
    manifest.write_text(manifest.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    with pytest.raises(BundleError, match="set up with") as caught:
        moved.load()
    assert caught.value.code == "model_differs"


def test_own_thresholds_are_checked() -> None:
    for thresholds, words in (({"dog": 0.5}, "does not flag"), ({"site_dust": 2.0}, r"\[0, 1\]")):
        with pytest.raises(UsageError, match=words):
            resolve_setup(ScanOptions(runtime="onnxruntime", thresholds=thresholds))


def test_findings_over_their_threshold_are_never_thrown_away() -> None:
    with pytest.raises(UsageError, match="above the threshold of 'site_dust'"):
        resolve_setup(ScanOptions(runtime="onnxruntime", thresholds={"site_dust": 0.05}))


@pytest.mark.parametrize(
    ("chunk_s", "every_s", "expected"),
    [(300.0, 2.0, 300.0), (300.0, 7.0, 301.0), (300.0, 3600.0, 3600.0), (300.0, 0.04, 300.0)],
)
def test_chunks_are_cut_on_the_grid(chunk_s: float, every_s: float, expected: float) -> None:
    assert to_multiple_s(chunk_s, every_s) == pytest.approx(expected)
