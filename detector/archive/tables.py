"""Columns of the Parquet tables. pyarrow is imported where it is used."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from detector.archive.lines import encode_text
from detector.archive.rows import FindingRow
from detector.camera.incident import Incident

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Column(Generic[Row]):
    """One column: its type, what it means, and where its value comes from."""

    name: str
    kind: str
    """A key of `_arrow_types`."""
    about: str
    read: Callable[[Row], Any]
    unit: str = ""
    """Empty: it has none."""
    nullable: bool = False


EPOCH_UNIT: Final = "s, since 1970 UTC where the time is known, else into the file"

FINDING_COLUMNS: Final[tuple[Column[FindingRow], ...]] = (
    Column("camera", "text", "null: a photo of no fixed camera", lambda r: r.camera, nullable=True),
    Column("source", "text", "file, relative to the archive", lambda r: r.source),
    Column("timestamp_s", "f64", "into the file; 0 for a photo", lambda r: r.timestamp_s, "s"),
    Column("captured_at", "time", "null: unknown", lambda r: r.captured_at, "UTC", nullable=True),
    Column("label", "text", "what was found", lambda r: r.sighting.label),
    Column("score", "f64", "in [0, 1]", lambda r: r.sighting.score),
    Column("flagged", "bool", "the score reaches its threshold", lambda r: r.sighting.flagged),
    Column("severity", "text", "small, medium or large", lambda r: r.sighting.severity),
    Column("x1", "f32", "left edge, full-size frame", lambda r: r.sighting.box_xyxy[0], "px"),
    Column("y1", "f32", "top edge", lambda r: r.sighting.box_xyxy[1], "px"),
    Column("x2", "f32", "right edge", lambda r: r.sighting.box_xyxy[2], "px"),
    Column("y2", "f32", "bottom edge", lambda r: r.sighting.box_xyxy[3], "px"),
    Column("image_width", "i32", "of the frame, upright", lambda r: r.image_wh[0], "px"),
    Column("image_height", "i32", "of the frame, upright", lambda r: r.image_wh[1], "px"),
    Column(
        "motion",
        "f32",
        "share of the box that changed since the sample before; null: there was none",
        lambda r: r.sighting.motion,
        nullable=True,
    ),
)

INCIDENT_COLUMNS: Final[tuple[Column[Incident], ...]] = (
    Column("id", "text", "the same for the same footage and settings", lambda i: i.id),
    Column("camera", "text", "where it was seen", lambda i: i.camera),
    Column("label", "text", "what was seen", lambda i: i.label),
    Column("state", "text", "open or cleared", lambda i: i.state),
    Column("end_reason", "text", "null while open", lambda i: i.end_reason, nullable=True),
    Column("revision", "i32", "grows with each change", lambda i: i.revision),
    Column("started_at", "time", "first sighting", lambda i: i.started_at, "UTC", nullable=True),
    Column(
        "last_seen_at", "time", "latest sighting", lambda i: i.last_seen_at, "UTC", nullable=True
    ),
    Column("started_s", "f64", "first sighting", lambda i: i.started_s, EPOCH_UNIT),
    Column("last_seen_s", "f64", "latest sighting", lambda i: i.last_seen_s, EPOCH_UNIT),
    Column(
        "duration_s",
        "f64",
        "from first to latest sighting",
        lambda i: i.last_seen_s - i.started_s,
        "s",
    ),
    Column("frames", "i32", "scored looks that saw it", lambda i: i.frames),
    Column("median_score", "f64", "of the latest sightings", lambda i: i.median_score),
    Column("peak_score", "f64", "the highest", lambda i: i.peak.score),
    Column("peak_severity", "text", "small, medium or large", lambda i: i.peak.severity),
    Column("peak_source", "text", "file of the peak", lambda i: i.peak.source),
    Column("peak_timestamp_s", "f64", "into that file", lambda i: i.peak.timestamp_s, "s"),
    Column("peak_captured_at", "time", "", lambda i: i.peak.captured_at, "UTC", nullable=True),
    Column("peak_x1", "f32", "left edge, full-size frame", lambda i: i.peak.box_xyxy[0], "px"),
    Column("peak_y1", "f32", "top edge", lambda i: i.peak.box_xyxy[1], "px"),
    Column("peak_x2", "f32", "right edge", lambda i: i.peak.box_xyxy[2], "px"),
    Column("peak_y2", "f32", "bottom edge", lambda i: i.peak.box_xyxy[3], "px"),
    Column("peak_image_width", "i32", "of the frame", lambda i: i.peak.image_wh[0], "px"),
    Column("peak_image_height", "i32", "of the frame", lambda i: i.peak.image_wh[1], "px"),
)


def make_schema(columns: tuple[Column[Row], ...], title: str) -> Any:
    """Return the pyarrow schema: units and meanings stand in the fields' metadata."""
    import pyarrow as pa

    types = _arrow_types()
    fields = []
    for column in columns:
        words: Mapping[str, str] = {"description": column.about, "unit": column.unit}
        metadata = {name: text for name, text in words.items() if text}
        fields.append(pa.field(column.name, types[column.kind], column.nullable, metadata))
    return pa.schema(fields, metadata={"title": title, "schema": "1"})


def make_batch(columns: tuple[Column[Row], ...], rows: list[Row], schema: Any) -> Any:
    """Return rows as a pyarrow record batch."""
    import pyarrow as pa

    arrays = []
    for column, field in zip(columns, schema, strict=True):
        values = [column.read(row) for row in rows]
        if column.kind == "text":
            values = [None if one is None else encode_text(one).decode() for one in values]
        arrays.append(pa.array(values, field.type))
    return pa.record_batch(arrays, schema=schema)


def _arrow_types() -> Mapping[str, Any]:
    import pyarrow as pa

    return {
        "text": pa.string(),
        "f32": pa.float32(),
        "f64": pa.float64(),
        "i32": pa.int32(),
        "bool": pa.bool_(),
        "time": pa.timestamp("us", "UTC"),
    }
