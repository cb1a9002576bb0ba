"""Which subjects there are, how often each is drawn, and what label it carries."""

from __future__ import annotations

import functools
import random
from collections.abc import Callable
from dataclasses import dataclass

import bins_large
import bins_street
import bins_wheeled
import carts
import plain_things
import stalls
from kit import Kit


@dataclass(frozen=True)
class Subject:
    """A label and what builds it at the origin, front towards -y; the builder names the kind."""

    label: str | None
    build: Callable[[Kit], str]


BINS: tuple[tuple[Callable[..., str], float], ...] = (
    (bins_wheeled.one, 4),
    (bins_wheeled.row, 3),
    (bins_street.one, 6),
    (bins_large.one, 3),
)
SHARES: tuple[tuple[str | None, float], ...] = (
    ("overflowing_bin", 28),
    ("bin", 28),  # as many as overflowing ones, so that the rubbish is what tells them apart
    ("garbage", 6),
    ("street_vending", 28),
    (None, 10),
)


def draw(rng: random.Random) -> Subject:
    """Choose a subject."""
    labels, shares = zip(*SHARES, strict=True)
    label = rng.choices(labels, shares)[0]
    if label == "garbage":
        return Subject(label, bins_large.rubbish_heap)
    if label in ("overflowing_bin", "bin"):
        builders, weights = zip(*BINS, strict=True)
        make = rng.choices(builders, weights)[0]
        return Subject(label, functools.partial(make, full=label == "overflowing_bin"))
    kinds = (*stalls.KINDS, *carts.KINDS) if label else plain_things.KINDS
    makers, weights = zip(*kinds, strict=True)
    return Subject(label, rng.choices(makers, weights)[0])
