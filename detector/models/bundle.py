"""A model bundle: a folder with manifest.json, the network, its card, all checked at load."""

import hashlib
import json
import os
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final

from detector.errors import BundleError
from detector.models.fields import Fields, parse_version
from detector.models.manifest import ModelManifest, parse_manifest
from detector.version import __version__

MODEL_VARIABLE: Final = "STREET_ISSUES_MODEL"
DEFAULT_BUNDLE: Final = Path(__file__).parent / "default"
MANIFEST_NAME: Final = "manifest.json"
CARD_NAME: Final = "MODEL_CARD.md"


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle whose files are there and have the right checksums."""

    folder: Path
    manifest: ModelManifest

    @property
    def network_path(self) -> Path:
        """The network's file."""
        return self.folder / "model.onnx"

    @property
    def card_path(self) -> Path:
        """The model card."""
        return self.folder / CARD_NAME


def find_bundle(name: str | None) -> Path:
    """Return the folder of a model: a path, else `STREET_ISSUES_MODEL`, else the shipped one."""
    chosen = name or os.environ.get(MODEL_VARIABLE) or "default"
    return DEFAULT_BUNDLE if chosen == "default" else Path(chosen)


def load_bundle(folder: Path) -> Bundle:
    """Read a bundle and check every file it names.

    A folder that is a link is followed once, here: what it names may be switched to another bundle
    while this one is read or in use.

    Raises:
        BundleError: A file is missing or changed, or the manifest does not fit this version.
    """
    folder = folder.resolve()
    path = folder / MANIFEST_NAME
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BundleError(
            "manifest_missing",
            f"There is no readable {MANIFEST_NAME} in the model folder {folder}.",
            f"Name a folder that holds a bundle, with --model or {MODEL_VARIABLE}; "
            "`default` is the shipped one.",
        ) from error
    except ValueError as error:
        raise BundleError("manifest_invalid", f"{path} is not JSON: {error}.") from error
    manifest = parse_manifest(content, str(path))
    if parse_version(manifest.min_detector_version) > parse_version(__version__):
        raise BundleError(
            "detector_too_old",
            f"The model {manifest.name} {manifest.version} needs street-issue-detector "
            f"{manifest.min_detector_version} or later; this is {__version__}.",
            "Upgrade the package, or use an earlier model.",
        )
    for name, expected in manifest.files.items():
        _check_file(folder / name, expected)
    return Bundle(folder, manifest)


def _check_file(path: Path, expected_sha256: str) -> None:
    try:
        with path.open("rb") as stream:
            actual = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise BundleError(
            "file_missing",
            f"The model file {path} is missing or cannot be read.",
            "Copy the whole bundle again.",
        ) from error
    if actual != expected_sha256:
        raise BundleError(
            "checksum_mismatch",
            f"{path} is not the file that the manifest names (sha256 {actual[:12]}…, "
            f"expected {expected_sha256[:12]}…).",
            "Copy the bundle again; after a wanted change, write a new manifest.",
        )


def overlay_thresholds(manifest: ModelManifest, path: Path) -> ModelManifest:
    """Return the manifest with a bureau's own thresholds on top.

    Args:
        manifest: The model's.
        path: A JSON file {label: score}; labels it does not name keep the model's.

    Raises:
        BundleError: The file cannot be read, or names a label that the model does not have.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BundleError(
            "thresholds_invalid", f"The thresholds file {path} cannot be read: {error}."
        ) from error
    fields = Fields(content, str(path))
    wanted = {label: fields.share(label) for label in manifest.thresholds if fields.has(label)}
    fields.finish()
    return replace(manifest, thresholds=MappingProxyType({**manifest.thresholds, **wanted}))
