"""Street things without a label: cycles, terraces, planters, posts, cabinets, passers-by."""

from __future__ import annotations

from collections.abc import Callable

import labels
import shapes
from carts import tricycle_body
from covers import umbrella, wheel
from goods import flowers, leafy_mesh
from kit import BLACK, Kit, lathe, quad
from people import person


def parked_tricycle(kit: Kit) -> str:
    """An empty cargo tricycle, now and then with a tarpaulin flat over the bed."""
    z, half = tricycle_body(kit, motor=kit.rng.random() < 0.6)
    if kit.rng.random() < 0.3:
        shapes.box(
            (half[0] * 2, half[1] * 2, 0.3),
            (0, 0, z + 0.15),
            kit.paint(kit.colour(0.05, 0.4), variation=0.4),
            bevel_m=0.08,
        )
    return "parked_tricycle"


def _cycle(kit: Kit, *, scooter: bool) -> None:
    """A bicycle or a scooter along y."""
    rng = kit.rng
    paint, dark = kit.plain(kit.colour(0.03, 0.6), 0.3), kit.plain(BLACK, 0.6)
    radius, base = (0.22, 1.2) if scooter else (0.33, 1.05)
    for y in (0, base):
        wheel(kit, (0, y, radius), radius, thick=0.05 if scooter else 0.02, spokes=not scooter)
    saddle, head = (0, base * 0.72, 0.85), (0, base * 0.16, 0.95)
    if scooter:
        shapes.hexahedron(
            [(-0.14, 0.45, 0.28), (0.14, 0.45, 0.28), (0.14, 1.35, 0.4), (-0.14, 1.35, 0.4)],
            [(-0.13, 0.6, 0.68), (0.13, 0.6, 0.68), (0.11, 1.4, 0.72), (-0.11, 1.4, 0.72)],
            paint,
            bevel_m=0.06,
        )
        shapes.box((0.26, 0.6, 0.09), (0, 0.95, 0.76), dark, bevel_m=0.03)
        shapes.box((0.3, 0.08, 0.6), (0, 0.22, 0.62), paint, bevel_m=0.04)
        shapes.box((0.28, 0.4, 0.06), (0, 0.4, 0.3), dark)
        if rng.random() < 0.5:
            shapes.box(
                (0.36, 0.34, 0.32), (0, 1.4, 0.95), kit.plain(kit.colour(0.05, 0.6)), bevel_m=0.03
            )
    else:
        crank = (0, base * 0.58, 0.3)
        for a, b in (
            (head, crank),
            (crank, saddle),
            (head, (0, base * 0.68, 0.72)),
            (crank, (0, base, radius)),
            ((0, base * 0.7, 0.75), (0, base, radius)),
        ):
            shapes.tube(a, b, 0.018, paint)
        shapes.box((0.14, 0.26, 0.06), saddle, dark, bevel_m=0.02)
        if rng.random() < 0.5:
            shapes.box((0.32, 0.26, 0.22), (0, -0.08, 0.9), kit.plain((0.1, 0.1, 0.1)))
    shapes.tube((0, 0, radius), (0, base * 0.19, 1.05), 0.02, paint)
    shapes.tube((-0.28, base * 0.2, 1.06), (0.28, base * 0.2, 1.06), 0.014, dark)


def cycles(kit: Kit) -> str:
    """One to five parked bicycles or scooters."""
    scooter = kit.rng.random() < 0.5
    for i in range(kit.rng.randrange(1, 6)):
        with kit.group((i * 0.6, kit.rng.gauss(0, 0.08), 0), kit.rng.gauss(10, 5)):
            _cycle(kit, scooter=scooter)
    return "cycles"


def terrace(kit: Kit) -> str:
    """Café tables, chairs and parasols."""
    rng = kit.rng
    wood, seat = (
        kit.plain(rng.choice(((0.35, 0.2, 0.1), (0.6, 0.6, 0.58), (0.03, 0.03, 0.03)))),
        kit.plain(kit.colour(0.05, 0.5)),
    )
    for i in range(rng.randrange(1, 4)):
        with kit.group((i * 1.9, rng.gauss(0, 0.1), 0), rng.uniform(-20, 20)):
            if rng.random() < 0.5:
                shapes.tube((0, 0, 0.72), (0, 0, 0.745), 0.38, wood)
            else:
                shapes.box((0.75, 0.75, 0.03), (0, 0, 0.73), wood)
            shapes.tube((0, 0, 0), (0, 0, 0.72), 0.035, kit.steel())
            lathe(((0.001, 0.03), (0.25, 0.0)), kit.steel())
            for yaw in (0, 180) if rng.random() < 0.6 else (0, 90, 180, 270):
                with kit.group((0, 0, 0), yaw + rng.gauss(0, 8)):
                    shapes.box((0.42, 0.42, 0.04), (0, -0.65, 0.45), seat, bevel_m=0.01)
                    shapes.box((0.42, 0.03, 0.4), (0, -0.86, 0.7), seat, bevel_m=0.01)
                    shapes.boxes(
                        [
                            ((0.03, 0.03, 0.45), (x, y, 0.22))
                            for x in (-0.19, 0.19)
                            for y in (-0.46, -0.84)
                        ],
                        kit.steel(),
                    )
            if rng.random() < 0.65:
                umbrella(kit, (0, 0, 0), reach=rng.uniform(1.0, 1.5), folded=rng.random() < 0.3)
            if rng.random() < 0.25:
                person(kit, (0, 0.65, 0), 0, "seated")
    return "terrace"


def planter(kit: Kit) -> str:
    """Troughs or pots with shrubs or flowers."""
    rng = kit.rng
    skin = kit.paint(
        kit.vary(
            rng.choice(
                (
                    (0.4, 0.38, 0.35),
                    (0.35, 0.14, 0.08),
                    (0.1, 0.1, 0.1),
                    (0.3, 0.2, 0.1),
                    (0.6, 0.6, 0.57),
                )
            )
        ),
        variation=0.3,
        soot=0.4,
    )
    for i in range(rng.randrange(1, 4)):
        x = i * rng.uniform(0.8, 1.3)
        if rng.random() < 0.5:
            pot = lathe(
                ((0.001, 0), (0.2, 0), (0.3, 0.5), (0.32, 0.5), (0.27, 0.46), (0.001, 0.44)), skin
            )
            shapes.place(pot, (x, 0, 0))
        else:
            shapes.box((0.8, 0.4, 0.45), (x, 0, 0.225), skin, bevel_m=0.02)
        if rng.random() < 0.4:
            flowers(kit, (x, 0, 0.22), (0.25, 0.17))
        else:
            leaf = kit.stock("leafy", leafy_mesh)
            green = kit.paint(kit.vary((0.05, 0.16, 0.03)), variation=0.6, scale=14, bump=0)
            for _ in range(7):
                spot = (x + rng.gauss(0, 0.12), rng.gauss(0, 0.1), 0.5 + rng.uniform(0.05, 0.5))
                kit.put(
                    leaf,
                    green,
                    spot,
                    (rng.uniform(0, 90), 0, rng.uniform(0, 360)),
                    rng.uniform(0.15, 0.3),
                )
    return "planter"


def cabinet(kit: Kit) -> str:
    """An electrical box, a post box or a parcel locker."""
    rng = kit.rng
    kind = rng.random()
    if kind < 0.5:
        skin = kit.paint(
            kit.vary(rng.choice(((0.4, 0.41, 0.4), (0.1, 0.2, 0.12), (0.5, 0.48, 0.4)))),
            variation=0.2,
            bump=0,
            soot=0.6,
        )
        w, d, h = rng.uniform(0.5, 1.6), rng.uniform(0.3, 0.5), rng.uniform(0.9, 1.6)
        shapes.box((w, d, h), (0, 0, h / 2 + 0.08), skin, bevel_m=0.01)
        shapes.box((w * 1.04, d * 1.1, 0.05), (0, 0, h + 0.1), skin)
        shapes.box((w, d, 0.1), (0, 0, 0.05), kit.plain((0.3, 0.3, 0.3)))
        shapes.boxes(
            [((0.008, 0.01, h * 0.9), (x * w, -d / 2, h / 2 + 0.08)) for x in (-0.17, 0.17)],
            kit.plain(BLACK),
        )
        if rng.random() < 0.6:
            kit.decal(
                kit.picture(labels.plate(rng, kit.font)),
                (0.24, 0.12),
                (0, -d / 2 - 0.01, h * 0.75),
                (0, 0, 0),
            )
    else:
        skin = kit.paint(
            kit.vary(
                rng.choice(
                    ((0.02, 0.18, 0.06), (0.5, 0.02, 0.02), (0.6, 0.4, 0.02), (0.02, 0.07, 0.3))
                )
            ),
            variation=0.1,
            bump=0,
        )
        h = rng.uniform(1.0, 1.4)
        if rng.random() < 0.5:
            lathe(
                ((0.27, 0), (0.27, h * 0.9), (0.3, h * 0.92), (0.22, h), (0.001, h + 0.06)),
                skin,
                around=24,
            )
        else:
            shapes.box((0.5, 0.42, h), (0, 0, h / 2), skin, bevel_m=0.05)
        shapes.box((0.28, 0.05, 0.04), (0, -0.25, h * 0.8), kit.plain(BLACK))
        kit.decal(
            kit.picture(labels.plate(rng, kit.font)), (0.24, 0.12), (0, -0.285, h * 0.55), (0, 0, 0)
        )
    return "cabinet"


def posts(kit: Kit) -> str:
    """Bollards or traffic cones."""
    rng = kit.rng
    cone = rng.random() < 0.4
    skin = kit.paint(
        (0.75, 0.13, 0.02)
        if cone
        else kit.vary(rng.choice(((0.02, 0.02, 0.02), (0.4, 0.4, 0.4), (0.6, 0.4, 0.02)))),
        bump=0,
    )
    white = kit.plain((0.7, 0.7, 0.68))
    tall = rng.uniform(0.5, 1.0)
    for i in range(rng.randrange(1, 5)):
        if cone:
            body = lathe(
                ((0.22, 0.0), (0.2, 0.04), (0.15, 0.04), (0.03, tall), (0.001, tall)), skin
            )
            band = lathe(((0.118, tall * 0.35), (0.08, tall * 0.6)), white)
        else:
            body = lathe(((0.08, 0), (0.08, tall * 0.9), (0.05, tall), (0.001, tall + 0.02)), skin)
            band = lathe(((0.082, tall * 0.7), (0.082, tall * 0.8)), white)
        for part in (body, band):
            shapes.place(part, (i * 1.1, rng.gauss(0, 0.05), 0))
    return "posts"


def passers_by(kit: Kit) -> str:
    """One to three people, with a suitcase, a bag or a pushchair-like trolley."""
    rng = kit.rng
    for i in range(rng.randrange(1, 4)):
        x = i * rng.uniform(0.6, 1.0)
        person(kit, (x, rng.gauss(0, 0.3), 0), rng.uniform(0, 360))
        if rng.random() < 0.4:
            shapes.box(
                (0.4, 0.25, 0.58),
                (x + 0.4, 0.1, 0.33),
                kit.plain(kit.colour(0.02, 0.5), 0.4),
                bevel_m=0.04,
            )
            shapes.tube((x + 0.4, 0.2, 0.6), (x + 0.4, 0.2, 0.95), 0.012, kit.steel())
    return "passers_by"


def suitcases(kit: Kit) -> str:
    """Luggage or stacked sealed parcels with nobody at it."""
    rng = kit.rng
    for i in range(rng.randrange(1, 4)):
        size = (rng.uniform(0.35, 0.5), rng.uniform(0.2, 0.3), rng.uniform(0.5, 0.75))
        with kit.group((i * 0.6, rng.gauss(0, 0.1), 0), rng.gauss(0, 15)):
            shapes.box(
                size,
                (0, 0, size[2] / 2 + 0.04),
                kit.plain(kit.colour(0.02, 0.5), 0.4),
                bevel_m=0.04,
            )
            shapes.box((0.2, 0.02, 0.3), (0, 0.08, size[2] + 0.15), kit.plain(BLACK))
    return "suitcases"


def closed_stall(kit: Kit) -> str:
    """A cart or table under a tied tarpaulin."""
    rng = kit.rng
    half, tall = (rng.uniform(0.6, 1.1), rng.uniform(0.35, 0.55)), rng.uniform(0.8, 1.3)
    cloth = kit.paint(kit.colour(0.05, 0.45), variation=0.5, scale=3, bump=0.6)
    low = [
        (-half[0], -half[1], 0.12),
        (half[0], -half[1], 0.12),
        (half[0], half[1], 0.12),
        (-half[0], half[1], 0.12),
    ]
    high = [(x * 0.9, y * 0.85, tall) for x, y, _ in low]
    shapes.hexahedron(low, high, cloth, bevel_m=0.07)
    quad(
        [
            (-half[0], -half[1] - 0.02, 0.4),
            (half[0], -half[1] - 0.02, 0.4),
            (half[0], -half[1] - 0.02, 0.43),
            (-half[0], -half[1] - 0.02, 0.43),
        ],
        kit.plain(BLACK),
    )
    for s in (-1, 1):
        with kit.group((s * half[0] * 0.6, -half[1] + 0.05, 0.14), 90):
            wheel(kit, (0, 0, 0), 0.14, spokes=False)
    return "closed_stall"


KINDS: tuple[tuple[Callable[[Kit], str], float], ...] = (
    (parked_tricycle, 2), (cycles, 3), (terrace, 3), (planter, 2), (cabinet, 2.5), (posts, 1),
    (passers_by, 3), (suitcases, 1), (closed_stall, 0.7),
)  # fmt: skip
