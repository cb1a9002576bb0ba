"""Which open case a report joins, if any: the same problem is not filed twice."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from api.cases.rules import Rules

HASH_HEX_DIGITS: Final = 64
"""256 bits (datasets.dedupe.HASH_SIDE squared)."""
BANDS: Final = 16
BAND_BITS: Final = 16

Why = Literal["same_photo", "similar_photo", "near"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A case that has not ended and that a look-up found for a report."""

    case_id: str
    label: str | None
    distance_m: float | None
    """From the report; None: one of the two has no position."""
    same_photo: bool
    """The very same file."""
    photo_bits: int | None
    """Bits in which the closest of its photos' hashes differs; None: not compared."""
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class Match:
    """The case to join, and why."""

    case_id: str
    why: Why
    distance_m: float | None
    photo_bits: int | None


def choose_case(
    candidates: Sequence[Candidate], *, label: str | None, rules: Rules
) -> Match | None:
    """Choose the case that a report joins.

    The same file speaks louder than a near-copy, and that louder than nearness: a position may be
    30 m off, a file is what it is. Among equals the closest, then the oldest case is chosen.

    Args:
        candidates: What the look-ups found, in any order; one case may stand there several times.
        label: Of the report's finding; None: it has none.
        rules: Distances and bits.

    Returns:
        The case to join, or None: the report opens one of its own.
    """
    matches = [
        (rank, candidate.opened_at, candidate.case_id, Match(candidate.case_id, why, *measures))
        for candidate in candidates
        for why, rank, measures in _judge(candidate, label, rules)
    ]
    return min(matches, key=lambda match: match[:3])[3] if matches else None


def _judge(
    candidate: Candidate, label: str | None, rules: Rules
) -> Iterator[tuple[Why, tuple[int, float], tuple[float | None, int | None]]]:
    """Yield why the report would join, how that ranks (the lower first), metres and bits."""
    away_m, bits = candidate.distance_m, candidate.photo_bits
    same_label = candidate.label == label
    # What nobody has named may be the same problem as what somebody has.
    if same_label or candidate.label is None or label is None:
        if candidate.same_photo:
            yield "same_photo", (0, 0.0), (away_m, bits)
        elif bits is not None and bits <= rules.similar_bits and not _is_far(candidate, rules):
            yield "similar_photo", (1, float(bits)), (away_m, bits)
    near_m = rules.near_m.get(label) if label is not None and same_label else None
    if near_m is not None and away_m is not None and away_m <= near_m:
        yield "near", (2, away_m), (away_m, bits)


def _is_far(candidate: Candidate, rules: Rules) -> bool:
    return candidate.distance_m is not None and candidate.distance_m > rules.similar_within_m


def hash_bands(perceptual_hash: str) -> tuple[int, ...]:
    """Cut a hash into 16 bands of 16 bits, by which near-copies are looked up.

    Hashes that differ in up to 15 bits share a band for certain. For 22 bits spread at random all
    16 bands differ in about 3 of 1000 pairs, which the look-up then misses.

    Raises:
        ValueError: It is not 64 hex digits.
    """
    value = _parse_hash(perceptual_hash)
    top = (BANDS - 1) * BAND_BITS
    return tuple(value >> (top - BAND_BITS * i) & (1 << BAND_BITS) - 1 for i in range(BANDS))


def differing_bits(first: str, second: str) -> int:
    """Return in how many of 256 bits two hashes differ.

    Raises:
        ValueError: One is not 64 hex digits.
    """
    return (_parse_hash(first) ^ _parse_hash(second)).bit_count()


def _parse_hash(text: str) -> int:
    data = bytes.fromhex(text) if len(text) == HASH_HEX_DIGITS else b""
    if len(data) * 2 != HASH_HEX_DIGITS:
        raise ValueError(f"{text!r} is not {HASH_HEX_DIGITS} hex digits")
    return int.from_bytes(data)
