"""Simple people with clothes: standing, sitting on a stool, bending over goods."""

from __future__ import annotations

import math

import shapes
from kit import Kit, lathe
from shapes import Point

SKINS = (
    (0.5, 0.32, 0.22),
    (0.42, 0.26, 0.17),
    (0.3, 0.17, 0.1),
    (0.14, 0.075, 0.045),
    (0.58, 0.4, 0.3),
)
HAIR = ((0.012, 0.011, 0.01), (0.03, 0.02, 0.015), (0.3, 0.3, 0.3), (0.1, 0.06, 0.03))


def person(kit: Kit, at: Point, yaw_deg: float, pose: str = "standing") -> None:
    """Someone who faces -y before turning; pose is standing, seated or bending."""
    rng = kit.rng
    shirt = kit.paint(kit.colour(), variation=0.3, scale=8, bump=0)
    trousers = kit.paint(kit.colour(0.01, 0.2), variation=0.3, bump=0)
    skin = kit.plain(rng.choice(SKINS), 0.6)
    scale = rng.uniform(0.9, 1.04)
    hip = 0.46 if pose == "seated" else 0.88
    lean = {
        "standing": rng.uniform(-3, 8),
        "seated": rng.uniform(0, 15),
        "bending": rng.uniform(35, 60),
    }[pose]
    with kit.group(at, yaw_deg, scale):
        _legs(kit, hip, trousers, seated=pose == "seated")
        with kit.group((0, 0, hip)):
            _torso(kit, shirt, skin)
            _head(kit, skin)
        kit.last_group().rotation_euler[0] = math.radians(lean)
        if pose == "standing" and rng.random() < 0.3:
            shapes.box(
                (0.1, 0.26, 0.3), (0.34, 0, 0.62), kit.plain(kit.colour(), 0.7), bevel_m=0.03
            )


def _legs(kit: Kit, hip: float, trousers: object, *, seated: bool) -> None:
    """Two legs and shoes, on a stool when seated; now and then a skirt or apron."""
    rng = kit.rng
    shoe = kit.plain(
        rng.choice(
            ((0.012, 0.012, 0.012), (0.06, 0.05, 0.04), (0.6, 0.6, 0.58), kit.colour(0.01, 0.3))
        ),
        0.6,
    )
    for side in (-1, 1):
        x = side * 0.1
        knee = (x * 1.4, -0.36, hip) if seated else (x * 1.1, -0.02, 0.47)
        foot = (
            (x * 1.4, -0.34 + rng.uniform(-0.1, 0.1), 0.07)
            if seated
            else (x * 1.2, rng.uniform(-0.08, 0.08), 0.06)
        )
        shapes.tube((x, 0, hip), knee, 0.095, trousers, 0.075)
        shapes.tube(knee, foot, 0.072, trousers, 0.06)
        shapes.box((0.1, 0.25, 0.08), (foot[0], foot[1] - 0.05, 0.04), shoe, bevel_m=0.02)
    if seated:
        shapes.box((0.32, 0.28, 0.03), (0, 0.0, hip - 0.1), kit.plain(kit.colour(0.1, 0.5)))
        for sx in (-1, 1):
            shapes.tube((sx * 0.13, 0, hip - 0.1), (sx * 0.15, 0, 0), 0.02, kit.steel())
    elif rng.random() < 0.25:
        lathe(((0.17, hip + 0.1), (0.27, 0.4)), kit.paint(kit.colour(), bump=0), around=14)


def _torso(kit: Kit, shirt: object, skin: object) -> None:
    """Chest, arms and hands; origin at the hip."""
    rng = kit.rng
    low = [(-0.17, -0.11, -0.06), (0.17, -0.11, -0.06), (0.17, 0.11, -0.06), (-0.17, 0.11, -0.06)]
    high = [(-0.2, -0.1, 0.52), (0.2, -0.1, 0.52), (0.2, 0.1, 0.52), (-0.2, 0.1, 0.52)]
    shapes.hexahedron(low, high, shirt, bevel_m=0.07)
    bare = rng.random() < 0.4
    for side in (-1, 1):
        reach = rng.choice((0.0, 0.2, 0.34))
        shoulder = (side * 0.22, 0, 0.47)
        elbow = (side * rng.uniform(0.26, 0.33), -0.05, 0.2)
        hand = (side * rng.uniform(0.15, 0.3), -0.06 - reach, 0.0 + reach * 0.6)
        shapes.tube(shoulder, elbow, 0.062, shirt, 0.05)
        shapes.tube(elbow, hand, 0.046, skin if bare else shirt, 0.035)
        shapes.sphere(0.045, hand, skin)
    if rng.random() < 0.3:  # an apron
        shapes.box(
            (0.3, 0.02, 0.62),
            (0, -0.125, 0.12),
            kit.paint(kit.colour(0.2, 0.7), bump=0),
            bevel_m=0.005,
        )


def _head(kit: Kit, skin: object) -> None:
    """Neck, head, hair or hat; origin at the hip."""
    rng = kit.rng
    shapes.tube((0, 0, 0.48), (0, -0.01, 0.66), 0.055, skin)
    shapes.sphere(0.1, (0, -0.02, 0.72), skin, 1.22)
    shapes.sphere(0.108, (0, 0.012, 0.745), kit.plain(rng.choice(HAIR), 0.6), 1.12)
    hat = rng.random()
    if hat < 0.18:
        straw = kit.paint((0.6, 0.47, 0.24), variation=0.3, scale=20, bump=0)
        lathe(((0.25, 0.77), (0.12, 0.8), (0.09, 0.9), (0.001, 0.91)), straw)
    elif hat < 0.38:
        cap = kit.plain(kit.colour(), 0.7)
        shapes.sphere(0.113, (0, 0.0, 0.77), cap, 0.9)
        shapes.box((0.15, 0.12, 0.012), (0, -0.14, 0.78), cap, bevel_m=0.005)


def crowd(
    kit: Kit,
    spots: list[tuple[Point, float]],
    poses: tuple[str, ...] = ("standing", "seated", "bending"),
) -> None:
    """One person a spot (place and yaw), each in some pose."""
    for at, yaw in spots:
        person(kit, at, yaw + kit.rng.gauss(0, 20), kit.rng.choice(poses))
