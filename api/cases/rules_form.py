"""The form of a rules file, and what is wrong with one in words that name the key's path."""

from collections.abc import Mapping
from datetime import date, time
from itertools import pairwise
from types import MappingProxyType
from typing import Annotated, Any, Final, TypeVar, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError, to_json

from api.cases.rules import (
    ClosingRules,
    EventType,
    HandlingLimit,
    LimitKind,
    PriorityRules,
    Rules,
    TimeLimit,
)
from api.cases.rules_yaml import read_yaml
from api.errors import SettingsError
from datasets.dedupe import MOST_BITS
from detector.detections import Severity

MOST_HOURS: Final = 24 * 366 * 2
"""Two years: a longer limit is a slip of the keyboard."""
MOST_NEAR_M: Final = 2000
"""Beyond it "near" names a district, and the look-up would read thousands of squares."""
MOST_FAULTS: Final = 100
"""Told of one file: more of them is another file."""

V = TypeVar("V")


def _wrong(message: str) -> PydanticCustomError:
    # As a template with one field: a brace in what a bureau wrote is no placeholder.
    return PydanticCustomError("rules", "{message}", {"message": message})


def _check_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise _wrong("must be a time zone such as Asia/Shanghai") from error
    return name


def _parse_span(text: str) -> tuple[time, time]:
    try:
        first, last = (time.fromisoformat(part) for part in text.split("-"))
    except ValueError:
        first = last = time(0)
    # A span names times of the local clock: an offset of its own makes no sense.
    if first >= last or len(text) != len("09:00-12:00"):
        raise _wrong('must be a span such as "09:00-12:00"')
    return first, last


def _check_span(text: str) -> str:
    _parse_span(text)
    return text


def _check_spans(spans: tuple[str, ...]) -> tuple[str, ...]:
    for (_, end), (start, _) in pairwise(map(_parse_span, spans)):
        if start <= end:
            raise _wrong("must be spans in order that do not touch")
    return spans


Positive = Annotated[float, Field(gt=0, le=MOST_HOURS)]
Metres = Annotated[float, Field(gt=0, le=MOST_NEAR_M)]
Share = Annotated[float, Field(ge=0, le=1)]
Points = Annotated[int, Field(ge=0, le=1000)]
Text = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
Code = Annotated[str, Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z._-]{0,31}$")]
Label = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Span = Annotated[str, AfterValidator(_check_span)]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class _Limit(_Form):
    hours: Positive | None = None
    working_hours: Positive | None = None
    working_days: Positive | None = None

    @model_validator(mode="after")
    def _one(self) -> "_Limit":
        kinds = get_args(LimitKind)
        if sum(getattr(self, kind) is not None for kind in kinds) != 1:
            raise _wrong(f"must hold exactly one of {', '.join(kinds)}")
        return self

    def to_limit(self) -> TimeLimit:
        kind: LimitKind
        for kind in get_args(LimitKind):
            amount = getattr(self, kind)
            if amount is not None:
                return TimeLimit(kind, amount)
        raise AssertionError("validated: one of them is there")


class _Handling(_Limit):
    by_severity: dict[Severity, _Limit] = {}

    def to_handling(self) -> HandlingLimit:
        special = {severity: limit.to_limit() for severity, limit in self.by_severity.items()}
        return HandlingLimit(self.to_limit(), MappingProxyType(special))


class _Event(_Form):
    code: Code | None
    name_zh: Text
    name_en: Text
    description_zh: Text
    description_en: Text
    group: Text
    keywords: tuple[Text, ...] = ()

    def to_event(self, label: str | None) -> EventType:
        code = None if self.code == "0" else self.code  # Some platforms write "none" so.
        return EventType(label=label, **{**self.model_dump(), "code": code})


class _Closing(_Form):
    distance_m: Annotated[float, Field(gt=0, le=100_000)]
    least_inliers: Annotated[int, Field(ge=0, le=10_000)]
    least_features: Annotated[int, Field(ge=0, le=10_000)]
    same_picture_bits: Annotated[int, Field(ge=0, le=255)]


class _Priority(_Form):
    severity: dict[Severity, Points]
    unknown_severity: Points
    per_doubling: Annotated[float, Field(ge=0, le=1000)]
    labels: dict[Label, Points] = {}

    @model_validator(mode="after")
    def _grow(self) -> "_Priority":
        if set(self.severity) != set(get_args(Severity)):
            raise _wrong("must say the points of small, medium and large severity")
        if not self.severity["small"] <= self.severity["medium"] <= self.severity["large"]:
            raise _wrong("must not give a graver severity fewer points")
        return self


class _Rules(_Form):
    timezone: Annotated[str, AfterValidator(_check_zone)]
    working_hours: Annotated[
        tuple[Span, ...], Field(min_length=1, max_length=8), AfterValidator(_check_spans)
    ]
    extra_holidays: frozenset[date] = frozenset()
    extra_working_days: frozenset[date] = frozenset()
    complete_years: frozenset[Annotated[int, Field(ge=1970, le=2200)]] = frozenset()
    events: dict[Label, _Event]
    unlabelled: _Event
    near_m: dict[Label, Metres]
    similar_bits: Annotated[int, Field(ge=0, le=64)] = MOST_BITS
    similar_within_m: Annotated[float, Field(gt=0, le=100_000)]
    review: _Limit
    handling: dict[Label, _Handling]
    handling_otherwise: _Handling
    thresholds: dict[Label, Share] = {}
    camera_files_at_once: bool = False
    queue_tries: Annotated[int, Field(ge=1, le=100)]
    reopen_days: Annotated[int, Field(ge=0, le=3650)]
    closing: _Closing
    priority: _Priority

    @model_validator(mode="after")
    def _agree(self) -> "_Rules":
        both = sorted(self.extra_holidays & self.extra_working_days)
        if both:
            raise _wrong(f"lists {both[0]} both in extra_holidays and in extra_working_days")
        return self

    def to_rules(self) -> Rules:
        return Rules(
            events=_freeze({label: form.to_event(label) for label, form in self.events.items()}),
            unlabelled=self.unlabelled.to_event(None),
            near_m=_freeze(self.near_m),
            similar_bits=self.similar_bits,
            similar_within_m=self.similar_within_m,
            review=self.review.to_limit(),
            handling=_freeze({label: form.to_handling() for label, form in self.handling.items()}),
            handling_otherwise=self.handling_otherwise.to_handling(),
            thresholds=_freeze(self.thresholds),
            timezone=ZoneInfo(self.timezone),
            working_hours=tuple(map(_parse_span, self.working_hours)),
            extra_holidays=self.extra_holidays,
            extra_working_days=self.extra_working_days,
            complete_years=self.complete_years,
            camera_files_at_once=self.camera_files_at_once,
            queue_tries=self.queue_tries,
            reopen_days=self.reopen_days,
            closing=ClosingRules(**self.closing.model_dump()),
            priority=PriorityRules(
                severity=_freeze(self.priority.severity),
                unknown_severity=self.priority.unknown_severity,
                per_doubling=self.priority.per_doubling,
                labels=_freeze(self.priority.labels),
            ),
        )


def _freeze(table: dict[Any, V]) -> Mapping[Any, V]:
    return MappingProxyType(dict(table))


def parse_rules(text: str, name: str) -> Rules:
    """Parse a bureau's rules.

    Args:
        text: YAML.
        name: Of the file, for messages.

    Raises:
        SettingsError: Something in it is unknown, missing or makes no sense.
    """
    try:
        content = read_yaml(text)
        # As JSON, strict means what an editor expects: lists and dates are taken, "5" is no number.
        form = _Rules.model_validate_json(to_json(content, inf_nan_mode="constants"))
    except ValidationError as error:
        first = error.errors()[0]
        raise SettingsError("rules_invalid", f"{name}: {_explain(first)}.", "Edit it.") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        words = " ".join(str(error).split())
        raise SettingsError("rules_invalid", f"{name} is not YAML: {words}.", "Edit it.") from error
    return form.to_rules()


def list_faults(error: SettingsError) -> tuple[str, ...]:
    """Return everything that `parse_rules` found wrong, each with the path of its key."""
    cause = error.__cause__
    if isinstance(cause, ValidationError):
        return tuple(_explain(one) for one in cause.errors()[:MOST_FAULTS])
    return (error.message,)


def _explain(error: ErrorDetails) -> str:
    kind, context = error["type"], error.get("ctx", {})
    path = ""
    for part in error["loc"]:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else str(part)
    words = {
        "missing": "is missing",
        "string_type": "must be a text, in quotes if it looks like a number",
        "string_pattern_mismatch": f"is {error['input']!r}, which is no name or code",
        "float_type": "must be a number",
        "int_type": "must be a whole number",
        "greater_than": f"must be a number over {context.get('gt')}",
    }.get(kind, error["msg"].replace("Input should be", "must be", 1))
    if kind == "extra_forbidden":
        words = f"is unknown; known are {', '.join(_known_keys(error['loc'][:-1]))}"
    # pydantic marks what is wrong with a dict's key, not its value, so.
    return f"{path.removesuffix('.[key]') or 'the file'} {words}"


def _known_keys(loc: tuple[int | str, ...]) -> tuple[str, ...]:
    """Return the keys that the form knows at a place."""
    form: Any = _Rules
    for part in loc:
        if isinstance(form, type) and issubclass(form, BaseModel):
            form = form.model_fields[str(part)].annotation
        else:
            form = get_args(form)[-1]  # The values of a dict
    return tuple(form.model_fields)
