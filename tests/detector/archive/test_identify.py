"""A setup that is settled in a process of its own is the same, and so are its errors."""

from pathlib import Path

import pytest

from detector.archive.identify import resolve_setup_apart
from detector.archive.settings import ScanOptions, resolve_setup
from detector.errors import StreetIssueError


def test_it_is_the_setup_that_this_process_would_have_made() -> None:
    options = ScanOptions(runtime="onnxruntime", thresholds={"site_dust": 0.4})
    assert resolve_setup_apart(options) == resolve_setup(options)


def test_what_does_not_fit_is_told_in_the_same_words() -> None:
    options = ScanOptions(runtime="onnxruntime", thresholds={"smoke": 0.4})
    with pytest.raises(StreetIssueError, match="'smoke', which the model does not flag"):
        resolve_setup_apart(options)


def test_a_model_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(StreetIssueError) as caught:
        resolve_setup_apart(ScanOptions(bundle_folder=tmp_path))
    assert caught.value.code == "manifest_missing"
