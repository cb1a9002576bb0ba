"""Street vending from tables, cloths, crates and rails, with the people at it."""

from __future__ import annotations

from collections.abc import Callable

import goods
import labels
import shapes
from covers import awning, canvas, cover, umbrella
from kit import Kit, quad
from people import crowd
from shapes import Point
from wares import folded, rack, shoes, trinkets


def _cards(kit: Kit, span: float, y: float, z: float) -> None:
    """Price cards among the goods."""
    for _ in range(kit.rng.randrange(0, 4)):
        kit.decal(
            kit.picture(labels.price(kit.rng, kit.font)),
            (0.2, 0.13),
            (kit.rng.uniform(-span, span), y, z),
            (-15, 0, kit.rng.gauss(0, 8)),
        )


def sign_at(kit: Kit, at: Point, width: float) -> None:
    """The stall's board."""
    image = labels.board(kit.rng, kit.font)
    glow = 1.2 if kit.night and kit.rng.random() < 0.7 else 0.0
    kit.decal(kit.picture(image, emission=glow), (width, width * 0.375), at, (0, 0, 0))


def bulbs_at(kit: Kit, span: float, z: float) -> None:
    """Bare bulbs over the goods at night."""
    import bpy

    if not kit.night or kit.rng.random() < 0.2:
        return
    import materials as mat

    glow = mat.glowing((1.0, 0.85, 0.6), 12.0)
    for x in (-span / 2, span / 2):
        shapes.sphere(0.05, (x, -0.1, z), glow)
        data = bpy.data.lights.new("bulb", "POINT")
        data.energy, data.color, data.shadow_soft_size = 45, (1.0, 0.8, 0.55), 0.06
        lamp = bpy.data.objects.new("bulb", data)
        bpy.context.scene.collection.objects.link(lamp)
        lamp.location = (x, -0.25, z - 0.05)


def people_at(kit: Kit, half: tuple[float, float]) -> None:
    """The vendor behind or beside, and up to three customers in front."""
    rng = kit.rng
    spots: list[tuple[Point, float]] = []
    if rng.random() < 0.88:
        behind = rng.random() < 0.75
        spots.append(
            ((rng.uniform(-0.6, 0.6) * half[0], half[1] + 0.35, 0), 0.0)
            if behind
            else ((half[0] + 0.35, 0, 0), -40.0)
        )
    for _ in range(rng.choice((0, 0, 1, 1, 2, 3))):
        spots.append(((rng.uniform(-1, 1) * half[0], -half[1] - 0.5, 0), 180.0))
    crowd(kit, spots)


def table(kit: Kit) -> str:
    """One or two folding tables, or a board on crates, with goods on and under."""
    rng = kit.rng
    half = (rng.uniform(0.5, 1.4), rng.uniform(0.3, 0.5))
    z = rng.uniform(0.45, 0.8)
    top = kit.paint(
        kit.colour(0.2, 0.65) if rng.random() < 0.6 else (0.4, 0.27, 0.15), variation=0.2, bump=0
    )
    shapes.box((half[0] * 2, half[1] * 2, 0.03), (0, 0, z), top)
    for x in (-0.92, 0.92):
        for y in (-0.8, 0.8):
            shapes.tube(
                (x * half[0], y * half[1], 0), (x * half[0], y * half[1], z), 0.015, kit.steel()
            )
    if rng.random() < 0.5:  # a cloth hangs down
        cloth = canvas(kit)
        drop = rng.uniform(0.1, z * 0.6)
        quad(
            [
                (-half[0], -half[1] - 0.01, drop),
                (half[0], -half[1] - 0.01, drop),
                (half[0], -half[1] - 0.01, z + 0.02),
                (-half[0], -half[1] - 0.01, z + 0.02),
            ],
            cloth,
        )
    rng.choice(goods.KINDS)(kit, (0, 0, z + 0.015), half)
    if rng.random() < 0.5:
        for _ in range(rng.randrange(1, 5)):
            goods.crate(kit, (rng.uniform(-1, 1) * half[0], -half[1] - rng.uniform(0.1, 0.4), 0), 0)
    if rng.random() < 0.35:
        sign_at(kit, (0, -half[1] - 0.02, z * 0.5), min(1.2, half[0] * 1.6))
    _cards(kit, half[0] * 0.8, -half[1] * 0.9, z + 0.16)
    cover(kit, half)
    bulbs_at(kit, half[0], 1.9)
    people_at(kit, half)
    return "table"


def ground_cloth(kit: Kit) -> str:
    """Goods spread on a cloth on the ground."""
    rng = kit.rng
    half = (rng.uniform(0.6, 1.6), rng.uniform(0.4, 0.8))
    skew = rng.uniform(-0.1, 0.1)
    cloth = (
        kit.picture(labels.cloth(rng))
        if rng.random() < 0.3
        else (canvas(kit) if rng.random() < 0.4 else kit.paint(kit.colour(0.05, 0.7), bump=0))
    )
    quad(
        [
            (-half[0], -half[1], 0.01),
            (half[0], -half[1] + skew, 0.012),
            (half[0], half[1], 0.01),
            (-half[0], half[1] - skew, 0.012),
        ],
        cloth,
    )
    style = rng.choice((goods.greens, folded, shoes, trinkets, goods.produce, trinkets))
    style(kit, (0, 0, 0.014), (half[0] * 0.9, half[1] * 0.88))
    if rng.random() < 0.25:
        rack(kit, (rng.uniform(-0.4, 0.4), half[1] + 0.4, 0), rng.gauss(0, 10))
    _cards(kit, half[0] * 0.8, -half[1] * 0.8, 0.1)
    if rng.random() < 0.2:
        umbrella(kit, (half[0] * 0.5, half[1] + 0.2, 0))
    people_at(kit, half)
    return "ground_cloth"


def crates(kit: Kit) -> str:
    """Crates and pyramids of fruit on the pavement, on stepped boards."""
    rng = kit.rng
    columns, rows = rng.randrange(3, 7), rng.randrange(1, 4)
    half = (columns * 0.27, rows * 0.21)
    for r in range(rows):
        z = 0.18 * r * rng.uniform(0.9, 1.2)
        for c in range(columns):
            at = ((c - (columns - 1) / 2) * 0.54, r * 0.4 - half[1], z)
            if z > 0.1:
                shapes.box(
                    (0.52, 0.36, z), (at[0], at[1], z / 2), kit.plain((0.35, 0.24, 0.13), 0.8)
                )
            goods.crate(kit, at, rng.choice((0.0, 12.0)))
    _cards(kit, half[0] * 0.9, -half[1] - 0.2, 0.3)
    cover(kit, (half[0], half[1] + 0.1))
    bulbs_at(kit, half[0], 1.8)
    people_at(kit, (half[0], half[1] + 0.15))
    return "crates"


def clothes(kit: Kit) -> str:
    """One to three clothes rails."""
    rng = kit.rng
    for i in range(rng.randrange(1, 4)):
        rack(kit, (i * 1.2 - 0.9, i * rng.uniform(0.1, 0.5), 0), rng.gauss(0, 25))
    if rng.random() < 0.5:
        folded(kit, (0, -0.5, 0.02), (0.8, 0.3))
    if rng.random() < 0.5:
        awning(kit, (1.5, 0.9))
    people_at(kit, (1.1, 0.6))
    return "clothes"


def with_goods(kit: Kit, at: Point, half: tuple[float, float]) -> None:
    """Something sold, for other builders to put on their boards."""
    kit.rng.choice(
        (goods.produce, goods.produce, goods.hot_food, goods.greens, goods.drinks, trinkets)
    )(kit, at, half)


KINDS: tuple[tuple[Callable[[Kit], str], float], ...] = (
    (table, 5),
    (ground_cloth, 3),
    (crates, 3),
    (clothes, 1.5),
)
