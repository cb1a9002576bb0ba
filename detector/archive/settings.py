"""What a scan looks with: everything a worker needs, and what of it changes the results."""

import hashlib
import io
import json
import pickle
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import tzinfo
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Self, cast

from detector.camera.gate import GateSettings
from detector.camera.sampling import Sampling
from detector.camera.times import CHINA_STANDARD_TIME
from detector.camera.view import Views
from detector.errors import BundleError, UsageError
from detector.models.base import Detector, RuntimeOptions
from detector.models.bundle import DEFAULT_BUNDLE, MANIFEST_NAME, Bundle, load_bundle
from detector.models.manifest import Precision
from detector.version import __version__

CHUNK_S: Final = 300.0
"""Stretch of a video that is looked through at a time: some seconds of work, so that little is
done again after a crash and a long recording keeps all workers busy to its end."""
KEEP_SCORE: Final = 0.1
"""Findings under this are not even noted: far under every threshold, they tell nothing."""


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """Which bundle it is, and what runs it."""

    name: str
    version: str
    sha256: str
    """Of the network's file."""
    manifest_sha256: str
    """Of the manifest: judging rules, tiles and limits change results too."""
    runs_on: str
    """As `Detector.runtime` says, e.g. `openvino cpu fp32`: other arithmetic, other scores."""


@dataclass(frozen=True, slots=True)
class ScanOptions:
    """What a caller may choose; see `resolve`."""

    bundle_folder: Path = DEFAULT_BUNDLE
    runtime: str = "auto"
    precision: Precision | None = None
    thresholds: Mapping[str, float] = field(default_factory=dict)
    """Labels whose threshold differs from the bundle's."""
    sampling: Sampling = field(default_factory=Sampling)
    gate: GateSettings = field(default_factory=GateSettings)
    views: Views = field(default_factory=Views)
    timezone: tzinfo = CHINA_STANDARD_TIME
    """Of photos whose own time names none."""
    keep_score: float = KEEP_SCORE
    chunk_s: float = CHUNK_S

    def __reduce__(self) -> tuple[object, tuple[type, bytes]]:
        """Pickle with read-only mappings, which pickle itself refuses."""
        return _unpack, (type(self), _pack(self))


@dataclass(frozen=True, slots=True)
class ScanSetup:
    """Everything a worker needs. Can be pickled; made by `resolve_setup`."""

    bundle_folder: Path | None
    """None: the shipped bundle, wherever the package lies on the machine that works."""
    model: ModelIdentity
    """What a worker must find there."""
    runtime: str
    """As for `load_detector`, but never `auto`: all workers, on all machines, run the same."""
    precision: Precision
    thresholds: Mapping[str, float]
    """Of every label."""
    sampling: Sampling
    """The decoder's threads are no part of the results."""
    gate: GateSettings
    views: Views
    timezone: tzinfo = CHINA_STANDARD_TIME
    keep_score: float = KEEP_SCORE
    chunk_s: float = CHUNK_S
    """A multiple of the sampling's step."""
    threads: int = 1
    """For inference and for decoding, of each worker; no part of the results."""

    def fingerprint(self) -> Mapping[str, str]:
        """Return what changes results, as texts to keep and to compare.

        A key's text changes exactly if the setting does, so two that differ can be named.
        """
        parts: dict[str, object] = {
            "version": __version__,
            "model": f"{self.model.name} {self.model.version}",
            "model_sha256": self.model.sha256,
            "manifest_sha256": self.model.manifest_sha256,
            "runtime": self.model.runs_on,
            "thresholds": self.thresholds,
            "every_s": self.sampling.every_s,
            "keyframes": self.sampling.keyframes,
            "gate": self.gate,
            "zones": self.views,
            "timezone": self.timezone,
            "keep_score": self.keep_score,
            "chunk_s": self.chunk_s,
        }
        return MappingProxyType({key: _as_text(value) for key, value in parts.items()})

    def with_threads(self, threads: int) -> Self:
        """Return the same for workers of so many threads."""
        return replace(self, threads=threads, sampling=replace(self.sampling, threads=threads))

    def load(self) -> Detector:
        """Load the model; it must be the one that the scan was set up with.

        Raises:
            StreetIssueError: It is missing, another one, or runs otherwise here.
        """
        bundle = load_bundle(self.bundle_folder or DEFAULT_BUNDLE)
        options = RuntimeOptions(self.threads, 1, self.precision)
        detector, found = _identify(bundle, self.runtime, options)
        if found != self.model:
            detector.close()
            raise BundleError(
                "model_differs",
                f"This is {found.name} {found.version} on {found.runs_on}; the scan was set up "
                f"with {self.model.name} {self.model.version} on {self.model.runs_on}.",
                "Give all machines the same model, packages and kind of processor, and leave the "
                "model as it is while a scan runs.",
            )
        return detector

    def __reduce__(self) -> tuple[object, tuple[type, bytes]]:
        """Pickle with read-only mappings, which pickle itself refuses."""
        return _unpack, (type(self), _pack(self))


class _Pickler(pickle.Pickler):
    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, MappingProxyType):
            return _read_only, (dict(value),)
        return NotImplemented


def _read_only(values: dict[Any, Any]) -> Mapping[Any, Any]:
    return MappingProxyType(values)  # Pickle finds a function by its name, and not this type.


def _pack(value: "ScanOptions | ScanSetup") -> bytes:
    stream = io.BytesIO()
    pickler = _Pickler(stream, pickle.HIGHEST_PROTOCOL)
    pickler.dump(tuple(getattr(value, one.name) for one in fields(value)))
    return stream.getvalue()


def _unpack(kind: type, data: bytes) -> Any:
    return kind(*pickle.loads(data))


def resolve_setup(options: ScanOptions) -> ScanSetup:
    """Settle what is left open, such as the runtime, by loading the model once.

    Raises:
        StreetIssueError: The model cannot be loaded or run here.
        UsageError: A threshold is set for a label that the model does not flag, or is no score;
            or `keep_score` lies above one.
    """
    bundle = load_bundle(options.bundle_folder)
    detector, model = _identify(bundle, options.runtime, RuntimeOptions(1, 1, options.precision))
    detector.close()
    is_shipped = bundle.folder == DEFAULT_BUNDLE.resolve()
    words = model.runs_on.split()
    return ScanSetup(
        bundle_folder=None if is_shipped else bundle.folder,
        model=model,
        runtime=words[0],
        precision=cast("Precision", words[-1]),
        thresholds=MappingProxyType(_merge_thresholds(bundle, options)),
        sampling=replace(options.sampling, threads=1),
        gate=options.gate,
        views=options.views,
        timezone=options.timezone,
        keep_score=options.keep_score,
        chunk_s=to_multiple_s(options.chunk_s, options.sampling.every_s),
    )


def to_multiple_s(chunk_s: float, every_s: float) -> float:
    """Return the nearest multiple of the sampling's step, and at least one step."""
    return max(1, round(chunk_s / every_s)) * every_s


def _identify(
    bundle: Bundle, runtime: str, options: RuntimeOptions
) -> tuple[Detector, ModelIdentity]:
    from detector.models import load_detector

    try:
        manifest_sha256 = hashlib.sha256((bundle.folder / MANIFEST_NAME).read_bytes()).hexdigest()
    except OSError as error:  # It was there a moment ago.
        raise BundleError(
            "manifest_missing", f"{bundle.folder / MANIFEST_NAME} cannot be read: {error.strerror}."
        ) from error
    detector = load_detector(bundle, runtime, options)
    manifest = bundle.manifest
    return detector, ModelIdentity(
        manifest.name, manifest.version, manifest.sha256, manifest_sha256, detector.runtime
    )


def _merge_thresholds(bundle: Bundle, options: ScanOptions) -> dict[str, float]:
    own = bundle.manifest.thresholds
    for label, threshold in options.thresholds.items():
        if label not in own:
            raise UsageError(
                f"A threshold is set for {label!r}, which the model does not flag.",
                f"It flags {', '.join(own)}.",
            )
        if not 0 <= threshold <= 1:
            raise UsageError(f"The threshold of {label!r} is {threshold}, not in [0, 1].")
    merged = {**own, **options.thresholds}
    lowest = min(merged, key=lambda label: merged[label])
    if options.keep_score > merged[lowest]:
        raise UsageError(
            f"Findings are kept from {options.keep_score} on, which is above the threshold of "
            f"{lowest!r}, {merged[lowest]}.",
            "Lower the one or raise the other.",
        )
    return merged


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(_plain(value), sort_keys=True)


def _plain(value: object) -> object:
    """Return a setting as JSON has it; equal settings give equal values, whoever made them."""
    plain: object = value
    if is_dataclass(value) and not isinstance(value, type):
        plain = {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    elif isinstance(value, Mapping):
        plain = {str(key): _plain(each) for key, each in value.items()}
    elif isinstance(value, (tuple, list)):
        plain = [_plain(each) for each in value]
    elif isinstance(value, tzinfo):
        plain = value.tzname(None) or str(value)
    elif value is not None and not isinstance(value, (bool, int, float, str)):
        raise TypeError(f"A setting of type {type(value).__name__} has no text.")
    return plain
