"""What a bundle's manifest holds, and its strict reading."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal

from detector.errors import BundleError
from detector.labels import CONTEXT_LABELS, ISSUE_LABELS
from detector.models.fields import Fields

SCHEMA: Final = 1

OutputLayout = Literal["end_to_end", "raw"]
Precision = Literal["fp32", "bf16"]
PRECISIONS: Final[tuple[Precision, ...]] = ("fp32", "bf16")


@dataclass(frozen=True, slots=True)
class NetworkInput:
    """What the network wants to be fed."""

    sizes_wh: tuple[tuple[int, int], ...]
    """Widths and heights in pixels at which the network may run, the commonest first. A picture
    takes the one that shows it largest with the least grey border round it."""
    channel_order: Literal["rgb", "bgr"]
    divisor: float
    """Pixel values 0-255 are divided by this."""
    pad_value: int
    """Grey level of the letterbox border."""

    @property
    def largest_wh(self) -> tuple[int, int]:
        """The widest width and the highest height: no picture is seen larger."""
        widths, heights = zip(*self.sizes_wh, strict=True)
        return max(widths), max(heights)


@dataclass(frozen=True, slots=True)
class Suppression:
    """How repeated boxes are dropped; see `geometry.suppress`."""

    max_iou: float
    max_containment: float


@dataclass(frozen=True, slots=True)
class ContextRule:
    """A context label that speaks against a finding at the same place."""

    finding: str
    context: str
    min_iou: float
    """The boxes must overlap at least so much."""
    min_score_margin: float
    """The context's score must exceed the finding's by at least this."""


@dataclass(frozen=True, slots=True)
class SeverityLimits:
    """Shares of the picture's area from which a finding is medium and large."""

    medium_share: float
    large_share: float


@dataclass(frozen=True, slots=True)
class TileSettings:
    """A second look at a picture in parts, for pictures that hold more than the input shows."""

    zoom: float
    """The parts are seen this many times larger than in the look at the whole; only pictures
    that hold the pixels for it get the second look."""
    overlap: float
    """Least share of a tile that it shares with its neighbour."""


@dataclass(frozen=True, slots=True)
class ModelManifest:
    """Everything about a model that is not weights."""

    name: str
    version: str
    sha256: str
    """Of the network's file."""
    files: Mapping[str, str]
    """sha256 of each file of the bundle, by name."""
    classes: tuple[str, ...]
    """Label of each output class, in the network's order."""
    network: NetworkInput
    output_layout: OutputLayout
    precisions: tuple[Precision, ...]
    """Arithmetic in which the network was shown to give the reference's answers; the runtime
    chooses among these unless told otherwise."""
    floor_score: float
    """Boxes under this are never reported, whatever the caller asks for."""
    thresholds: Mapping[str, float]
    """Per issue label: a finding at or above is flagged."""
    suppression: Suppression
    judging: tuple[ContextRule, ...]
    severity: Mapping[str, SeverityLimits]
    tiles: TileSettings | None
    min_detector_version: str
    data: tuple[Mapping[str, Any], ...]
    """Data sets it was trained on: name, version, licence, pictures."""
    figures: Mapping[str, Any]
    """Measured figures by label."""
    evaluation: Mapping[str, Any]
    """On which photos the figures were measured, and false alarms of all labels together."""
    calibration: Mapping[str, Any]
    """How the thresholds were chosen, and on how many photos."""
    run: Mapping[str, Any]
    """The training run: id, config, versions of its data sets and packages."""

    @property
    def issue_labels(self) -> tuple[str, ...]:
        """The issues this model looks for."""
        return tuple(label for label in self.classes if label in ISSUE_LABELS)

    @property
    def context_labels(self) -> tuple[str, ...]:
        """The context this model sees."""
        return tuple(label for label in self.classes if label in CONTEXT_LABELS)


def parse_manifest(content: object, where: str) -> ModelManifest:
    """Turn a manifest's JSON into its type; strict: every key must be known.

    Args:
        content: What `json.loads` gave.
        where: The file's name, for messages.

    Raises:
        BundleError: A key is missing or unknown, or a value is out of range.
    """
    top = Fields(content, where)
    if top.integer("schema") != SCHEMA:
        raise BundleError("manifest_invalid", f"{where}: only manifest schema {SCHEMA} is known.")
    files = top.texts("files")
    if "model.onnx" not in files or any(Path(name).name != name for name in files):
        raise BundleError(
            "manifest_invalid", f"{where}: files must name model.onnx, and only plain names."
        )
    classes = top.names("classes", (*ISSUE_LABELS, *CONTEXT_LABELS))
    issues = tuple(label for label in classes if label in ISSUE_LABELS)
    severity = top.group("severity")
    manifest = ModelManifest(
        name=top.text("name"),
        version=top.text("version"),
        sha256=files["model.onnx"],
        files=MappingProxyType(files),
        classes=classes,
        network=_parse_network(top.group("input")),
        output_layout=top.choice("output_layout", ("end_to_end", "raw")),
        precisions=top.names("precisions", PRECISIONS),
        floor_score=top.share("floor_score"),
        thresholds=MappingProxyType(top.group("thresholds").shares_by_name(issues)),
        suppression=_parse_suppression(top.group("suppression")),
        judging=tuple(_parse_rule(rule, classes) for rule in top.groups("judging")),
        severity=MappingProxyType(
            {label: _parse_severity(severity.group(label)) for label in issues}
        ),
        tiles=_parse_tiles(top.group("tiles")) if top.has("tiles") else None,
        min_detector_version=top.version("min_detector_version"),
        data=top.objects("data"),
        figures=MappingProxyType(top.object("figures")),
        evaluation=_parse_record(top, "evaluation"),
        calibration=_parse_record(top, "calibration"),
        run=_parse_record(top, "run"),
    )
    severity.finish()
    top.finish()
    return manifest


def _parse_record(top: Fields, key: str) -> Mapping[str, Any]:
    """Read what is kept for people and may be left out."""
    return MappingProxyType(top.object(key) if top.has(key) else {})


def _parse_network(fields: Fields) -> NetworkInput:
    network = NetworkInput(
        sizes_wh=fields.sizes("sizes_wh", 32, 4096),
        channel_order=fields.choice("channel_order", ("rgb", "bgr")),
        divisor=fields.number("divisor", 1e-6, 1e6),
        pad_value=fields.integer("pad_value", 0, 255),
    )
    fields.finish()
    return network


def _parse_suppression(fields: Fields) -> Suppression:
    suppression = Suppression(fields.share("max_iou"), fields.share("max_containment"))
    fields.finish()
    return suppression


def _parse_rule(fields: Fields, classes: tuple[str, ...]) -> ContextRule:
    rule = ContextRule(
        fields.choice("finding", tuple(label for label in classes if label in ISSUE_LABELS)),
        fields.choice("context", tuple(label for label in classes if label in CONTEXT_LABELS)),
        fields.share("min_iou"),
        fields.number("min_score_margin", -1, 1),
    )
    fields.finish()
    return rule


def _parse_severity(fields: Fields) -> SeverityLimits:
    limits = SeverityLimits(fields.share("medium_share"), fields.share("large_share"))
    fields.finish()
    return limits


def _parse_tiles(fields: Fields) -> TileSettings:
    tiles = TileSettings(fields.number("zoom", 1.1, 16), fields.number("overlap", 0, 0.9))
    fields.finish()
    return tiles
