"""A small van or truck that sells fruit from its open back."""

from __future__ import annotations

import goods
import labels
import shapes
import stalls
from covers import wheel
from kit import BLACK, Kit


def van(kit: Kit) -> str:
    """A small van or three-box truck seen from behind, open and full of fruit."""
    rng = kit.rng
    paint = kit.plain(
        kit.vary(
            rng.choice(
                (
                    (0.7, 0.7, 0.68),
                    (0.45, 0.46, 0.48),
                    (0.05, 0.12, 0.4),
                    (0.03, 0.03, 0.035),
                    (0.5, 0.05, 0.04),
                )
            )
        ),
        0.25,
    )
    dark, glass = kit.plain(BLACK, 0.6), kit.plain((0.015, 0.017, 0.02), 0.06)
    wide, long, bed = 0.8, rng.uniform(3.2, 4.2), 0.62
    truck = rng.random() < 0.4
    top = 0.95 if truck else rng.uniform(1.7, 1.95)
    for s in (-1, 1):
        shapes.box(
            (0.06, long * 0.6, top - bed),
            (s * wide, long * 0.3, (top + bed) / 2),
            paint,
            bevel_m=0.015,
        )
        for y in (0.6, long - 0.7):
            wheel(kit, (s * (wide - 0.1), y, 0.3), 0.3, thick=0.1, spokes=False)
        shapes.box(
            (0.1, 0.04, 0.22),
            (s * (wide - 0.02), -0.01, bed + 0.15),
            kit.plain((0.4, 0.01, 0.01), 0.2),
        )
    shapes.box((wide * 2, long * 0.62, 0.25), (0, long * 0.31, bed - 0.13), paint, bevel_m=0.02)
    cab = [
        (long * 0.6, 0.45),
        (long * 0.6, 1.85),
        (long * 0.82, 1.85),
        (long * 0.95, 1.1),
        (long, 1.0),
        (long, 0.45),
    ]
    shapes.prism(cab, wide * 2.02, paint, bevel_m=0.04)
    shapes.box((wide * 1.5, 0.02, 0.5), (0, long * 0.6 - 0.01, 1.45), glass)
    for s in (-1, 1):
        shapes.box((0.02, long * 0.17, 0.42), (s * wide * 1.015, long * 0.72, 1.45), glass)
    if not truck:
        shapes.box((wide * 2.05, long * 0.62, 0.06), (0, long * 0.31, top), paint, bevel_m=0.02)
        gate = shapes.box((wide * 2, 0.9, 0.05), (0, -0.45, 0), paint, bevel_m=0.02)
        shapes.place(gate, (0, 0, top), (-rng.uniform(0, 25), 0, 0))
        for s in (-1, 1):
            shapes.box((0.02, long * 0.3, 0.4), (s * wide * 1.03, long * 0.3, top - 0.4), glass)
    shapes.box((wide * 2, 0.1, 0.16), (0, -0.05, 0.42), dark, bevel_m=0.02)
    goods.produce(kit, (0, 0.35, bed), (wide * 0.9, 0.45))
    if rng.random() < 0.6:
        for i in range(3):
            goods.crate(kit, ((i - 1) * 0.56, -0.4, 0), 0)
    image = labels.price(rng, kit.font)
    kit.decal(kit.picture(image), (0.5, 0.33), (0.3, -0.12, bed + 0.05), (0, 0, 0))
    stalls.people_at(kit, (wide, 0.5))
    return "van"
