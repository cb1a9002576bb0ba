import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from detector.errors import BundleError, RuntimeUnavailableError
from detector.labels import ISSUE_LABELS
from detector.models import load_detector
from detector.models.bundle import (
    DEFAULT_BUNDLE,
    Bundle,
    find_bundle,
    load_bundle,
    overlay_thresholds,
)

EditManifest = Callable[[Callable[[dict[str, Any]], object]], Path]


def test_the_shipped_bundle_looks_for_the_four_issues(default_bundle: Bundle) -> None:
    manifest = default_bundle.manifest
    assert manifest.issue_labels == ISSUE_LABELS
    assert set(manifest.thresholds) == set(ISSUE_LABELS)
    assert {"model.onnx", "MODEL_CARD.md"} <= set(manifest.files)


def test_a_bundle_is_found_by_path_then_variable_then_shipped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STREET_ISSUES_MODEL", "/of/the/bureau")
    assert find_bundle("/mine") == Path("/mine")
    assert find_bundle(None) == Path("/of/the/bureau")
    assert find_bundle("default") == DEFAULT_BUNDLE
    monkeypatch.delenv("STREET_ISSUES_MODEL")
    assert find_bundle(None) == DEFAULT_BUNDLE


def test_a_changed_file_is_refused_by_name(bundle_copy: Path) -> None:
    with (bundle_copy / "model.onnx").open("ab") as stream:
        stream.write(b"x")
    with pytest.raises(BundleError, match=r"model\.onnx is not the file") as caught:
        load_bundle(bundle_copy)
    assert caught.value.code == "checksum_mismatch"


@pytest.mark.parametrize(
    ("name", "code"), [("model.onnx", "file_missing"), ("manifest.json", "manifest_missing")]
)
def test_a_missing_file_is_named(bundle_copy: Path, name: str, code: str) -> None:
    (bundle_copy / name).unlink()
    with pytest.raises(BundleError) as caught:
        load_bundle(bundle_copy)
    assert caught.value.code == code and name in caught.value.message


def test_a_manifest_that_is_not_json_is_refused(bundle_copy: Path) -> None:
    (bundle_copy / "manifest.json").write_text("{", encoding="utf-8")
    with pytest.raises(BundleError, match="is not JSON"):
        load_bundle(bundle_copy)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda m: m.pop("thresholds"), "thresholds is missing"),
        (lambda m: m.update(treshold=1), "treshold is unknown"),
        (lambda m: m["input"].update(wdith=1), "input: wdith is unknown"),
        (lambda m: m["input"].update(sizes_wh=[]), "list of different"),
        (lambda m: m["input"].update(sizes_wh=[[640, 640], [640, 640]]), "list of different"),
        (lambda m: m["input"].update(sizes_wh=[[640]]), r"must hold \[width, height\]"),
        (lambda m: m["input"].update(sizes_wh=[[640, 640.5]]), r"must hold \[width, height\]"),
        (lambda m: m["thresholds"].update(bin=0.5), "thresholds: bin is unknown"),
        (lambda m: m["thresholds"].update(site_dust=1.5), "must lie in"),
        (lambda m: m["thresholds"].update(site_dust=True), "must be a number"),
        (lambda m: m.update(classes=["illegal_poster", "dog"]), "holds 'dog'"),
        (lambda m: m.update(classes=["site_dust", "site_dust"]), "different names"),
        (lambda m: m.update(output_layout="yolo"), "must be one of end_to_end, raw"),
        (lambda m: m["files"].update({"../x": "0"}), "plain names"),
        (lambda m: m.update(schema=2), "only manifest schema 1"),
        (lambda m: m["input"].update(pad_value=1.5), "whole number"),
        (
            lambda m: m.update(
                judging=[
                    {
                        "finding": "overflowing_bin",
                        "context": "site_dust",
                        "min_iou": 0.5,
                        "min_score_margin": 0,
                    }
                ]
            ),
            r"judging\[0\]: context is 'site_dust'; it must be one of bin, garbage",
        ),
    ],
)
def test_a_wrong_manifest_is_refused_with_the_path_of_the_key(
    edit_manifest: EditManifest, change: Callable[[dict[str, Any]], object], words: str
) -> None:
    with pytest.raises(BundleError, match=words):
        load_bundle(edit_manifest(change))


def test_a_bundle_for_a_later_version_is_refused(edit_manifest: EditManifest) -> None:
    folder = edit_manifest(lambda m: m.update(min_detector_version="99.0.0"))
    with pytest.raises(BundleError, match=r"needs street-issue-detector 99\.0\.0"):
        load_bundle(folder)


@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
@pytest.mark.parametrize(
    "classes",
    [
        ["overflowing_bin", "illegal_poster", "street_vending", "site_dust"],
        ["illegal_poster", "overflowing_bin", "street_vending", "site_dust", "bin"],
    ],
)
def test_labels_that_do_not_match_the_network_are_refused(
    edit_manifest: EditManifest, runtime: str, classes: list[str]
) -> None:
    bundle = load_bundle(edit_manifest(lambda m: m.update(classes=classes)))
    with pytest.raises(BundleError) as caught:
        load_detector(bundle, runtime)
    assert caught.value.code == "labels_mismatch"


@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
def test_a_layout_that_does_not_match_the_network_is_refused(
    edit_manifest: EditManifest, runtime: str
) -> None:
    bundle = load_bundle(edit_manifest(lambda m: m.update(output_layout="raw")))
    with pytest.raises(BundleError, match="10 rows"):
        load_detector(bundle, runtime)


@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
def test_a_file_that_is_no_network_is_refused(bundle_copy: Path, runtime: str) -> None:
    import hashlib

    (bundle_copy / "model.onnx").write_bytes(b"not a network")
    path = bundle_copy / "manifest.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["files"]["model.onnx"] = hashlib.sha256(b"not a network").hexdigest()
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(BundleError, match="not a readable network"):
        load_detector(load_bundle(bundle_copy), runtime)


def test_an_unknown_runtime_is_refused_with_the_known_ones(default_bundle: Bundle) -> None:
    with pytest.raises(RuntimeUnavailableError, match="auto, onnxruntime, openvino"):
        load_detector(default_bundle, "tensorrt")


def test_a_bureaus_thresholds_lie_over_the_models(tmp_path: Path, default_bundle: Bundle) -> None:
    path = tmp_path / "thresholds.json"
    path.write_text('{"site_dust": 0.77}', encoding="utf-8")
    manifest = overlay_thresholds(default_bundle.manifest, path)
    assert manifest.thresholds["site_dust"] == 0.77
    before = default_bundle.manifest.thresholds
    assert {k: v for k, v in manifest.thresholds.items() if k != "site_dust"} == {
        k: v for k, v in before.items() if k != "site_dust"
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [('{"site_dst": 0.5}', "site_dst is unknown"), ("[]", "object"), ("{", "cannot be read")],
)
def test_wrong_thresholds_are_refused(
    tmp_path: Path, default_bundle: Bundle, text: str, words: str
) -> None:
    path = tmp_path / "thresholds.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BundleError, match=words):
        overlay_thresholds(default_bundle.manifest, path)
