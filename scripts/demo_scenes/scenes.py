"""The seven demo scenes. Each function builds one into an empty Blender file."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import lettering
import materials as mat
import rubbish
import shapes
import site_works
import street
import vehicles
from finish import Plume, Shot
from PIL import Image
from street import Front


@dataclass(frozen=True)
class Stage:
    """What a scene needs from outside."""

    rng: random.Random
    font: Path
    pictures: Path
    """Folder for picture textures of this run."""

    def picture(self, image: Image.Image, name: str, *, emission: float = 0.0) -> object:
        """Save a drawing and make a material of it."""
        path = self.pictures / f"{name}.png"
        image.save(path)
        return mat.picture(path, emission=emission)


@dataclass(frozen=True)
class Scene:
    """One demo picture."""

    build: Callable[[Stage], None]
    seed: int
    size_px: tuple[int, int] = (1280, 960)
    exposure: float = 0.0
    haze_m: float = 0.0
    """Range of the haze; 0 for clear air."""
    plume: Plume | None = None
    shot: Shot | None = None
    grain: float = 0.013


GREY_PLASTER = (0.46, 0.44, 0.4)


def paste_ads(
    stage: Stage, spots: list[tuple[float, float, float]], y: float, order: list[int]
) -> None:
    """Paste ads at (x, z, width in metres) on a wall at y, each a little askew."""
    for k, (x, z, width) in enumerate(spots):
        ad = lettering.ADS[order[k % len(order)]]
        image = lettering.draw_ad(ad, stage.font, stage.rng)
        skin = stage.picture(image, f"ad{k}-{stage.rng.randrange(10**6)}")
        height = width * ad.size_px[1] / ad.size_px[0]
        sheet = shapes.sheet((width, height), skin, curl=0.025, phase=stage.rng.uniform(0, 9))
        shapes.place(sheet, (x, y - 0.008, z), (0, stage.rng.gauss(0, 3.5), 0))


def _stencil(stage: Stage, text: str, at: shapes.Point, width: float) -> None:
    """Spray an ad straight on the wall."""
    image = lettering.draw_stencil(text, stage.font, stage.rng)
    skin = stage.picture(image, f"stencil{stage.rng.randrange(10**6)}")
    shapes.place(
        shapes.sheet((width, width * 260 / 640), skin),
        (at[0], at[1] - 0.004, at[2]),
        (0, stage.rng.gauss(0, 3), 0),
    )


def posters(stage: Stage) -> None:
    """A house entrance whose wall, meter box and steel door are covered with small ads."""
    street.ground()
    plaster = mat.weathered((0.5, 0.47, 0.4), variation=0.3, scale=2, bump=0.35, soot=0.7)
    dado = mat.weathered((0.14, 0.22, 0.19), variation=0.35, scale=2, bump=0.3, soot=0.7)
    door = mat.weathered((0.15, 0.055, 0.035), variation=0.3, roughness=0.45, soot=0.4)
    steel = mat.weathered((0.3, 0.31, 0.31), variation=0.3, roughness=0.45, soot=0.5)
    dark = mat.weathered((0.02, 0.02, 0.02), bump=0)
    shapes.box((12, 0.3, 5), (0, 0.15, 2.5), plaster)
    shapes.box((12, 0.02, 1.05), (0, -0.005, 0.67), dado)
    shapes.box((1.16, 0.06, 2.3), (0.95, -0.02, 1.3), steel, bevel_m=0.01)
    shapes.box((1.0, 0.06, 2.16), (0.95, -0.035, 1.26), door, bevel_m=0.01)
    panels = [
        ((0.8, 0.03, h), (0.95, -0.065, z)) for h, z in ((0.55, 0.6), (0.5, 1.25), (0.55, 1.9))
    ]
    shapes.boxes(panels, door, bevel_m=0.012)
    shapes.box((0.04, 0.08, 0.2), (0.55, -0.09, 1.25), steel, bevel_m=0.01)
    shapes.box((1.5, 0.5, 0.1), (0.95, -0.2, 2.75), steel)
    shapes.box((1.5, 0.5, 0.15), (0.95, -0.25, 0.16), steel, bevel_m=0.02)
    shapes.box((0.42, 0.16, 0.55), (-0.95, -0.08, 2.2), steel, bevel_m=0.012)
    shapes.box((0.16, 0.02, 0.12), (-0.95, -0.165, 2.32), dark)
    shapes.tube((-1.45, -0.07, 0.15), (-1.45, -0.07, 5), 0.055, steel)
    shapes.tube((-0.95, -0.03, 2.5), (-0.95, -0.03, 5), 0.02, dark)
    street.cables((-3, -0.05, 2.72), (3, -0.05, 2.85), 2, stage.rng)
    spots = [
        (-0.95, 1.52, 0.34),
        (-0.5, 1.62, 0.4),
        (-0.02, 1.68, 0.32),
        (-0.88, 1.02, 0.36),
        (-0.35, 1.12, 0.42),
        (0.12, 1.18, 0.28),
        (-0.42, 2.1, 0.38),
        (-1.1, 0.62, 0.28),
    ]
    paste_ads(stage, spots, -0.02, [0, 1, 3, 5, 2, 4, 7, 6])
    paste_ads(stage, [(0.82, 1.95, 0.3), (1.12, 1.6, 0.3), (0.95, 1.18, 0.3)], -0.085, [1, 0, 2])
    _stencil(stage, "开锁", (-0.3, -0.016, 0.66), 0.62)
    _stencil(stage, "办证", (0.0, 0.0, 2.45), 0.6)
    rubbish.Rubbish(stage.rng).litter((-0.3, -0.4, 0.15), (0.9, 0.2), 9)
    street.sky(elevation_deg=48, turn_deg=150, sun=0.25, clouds=0.8)
    street.camera((-0.75, -3.3, 1.5), (-0.05, 0, 1.5), 30, roll_deg=1.0)


def _bin_corner(loose: rubbish.Rubbish, x: float) -> None:
    """An open container crammed full, bags and cartons against it and litter on the road."""
    rubbish.container((x, -4.15, 0), 4, lid_open=True)
    loose.heap((x, -4.35, 1.12), (0.8, 0.32), 0.45, 22)
    loose.heap((x - 1.65, -4.2, 0), (0.65, 0.6), 0.55, 22)
    loose.heap((x - 0.2, -5.15, 0), (0.9, 0.28), 0.28, 15)
    loose.heap((x + 1.55, -4.4, 0), (0.4, 0.5), 0.3, 11)
    loose.carton((x + 0.95, -5.2, 0), (0.5, 0.4, 0.38), 24)
    loose.carton((x - 2.35, -4.9, 0), (0.6, 0.45, 0.4), -18)
    loose.carton((x + 1.6, -4.5, 0.35), (0.45, 0.4, 0.35), 50, tilt_deg=25)
    loose.carton((x + 0.45, -4.5, 1.3), (0.5, 0.4, 0.35), 15, tilt_deg=-28)
    loose.litter((x, -5.5, 0), (1.7, 0.35), 45)
    loose.litter((x, -3.0, 0.15), (2.2, 0.4), 25)


def overflowing_bin(stage: Stage) -> None:
    """A street container with its lid up and rubbish all round it."""
    street.ground()
    brick = mat.masonry(
        ((0.3, 0.13, 0.09), (0.24, 0.1, 0.07), (0.3, 0.28, 0.25)),
        (0.24, 0.075),
        upright=True,
        soot=0.5,
    )
    plaster = mat.weathered(GREY_PLASTER, variation=0.3, scale=1.5, soot=0.8)
    street.wall((-16, 2.6), 2.7, plaster)
    street.building(Front((2.6, 24), storeys=4), brick, stage.rng)
    street.building(Front((-30, -3), y=9, storeys=5, shops=False), plaster, stage.rng)
    for x in (-4.6, 3.4, 10):
        street.tree((x, -2.5, 0.15), stage.rng)
    street.lamp_post((6.5, -2.9, 0.15))
    plate = stage.picture(lettering.draw_plate("沪C·00000", stage.font, green=False), "plate")
    vehicles.car((3.6, -4.15, 0), -92, (0.3, 0.03, 0.03), plate)
    _bin_corner(rubbish.Rubbish(stage.rng), 0.3)
    street.sky(elevation_deg=42, turn_deg=205, sun=0.35, clouds=0.7)
    street.camera((-2.2, -9.6, 1.6), (0.25, -4.0, 1.0), 31, roll_deg=-0.8)


def street_vending(stage: Stage) -> None:
    """A fruit cart under an umbrella with crates over the whole footway."""
    street.ground()
    tiles = mat.masonry(
        ((0.5, 0.47, 0.42), (0.46, 0.43, 0.38), (0.3, 0.28, 0.26)),
        (0.24, 0.06),
        upright=True,
        soot=0.45,
    )
    street.building(Front((-20, 20), storeys=4), tiles, stage.rng)
    for k, (x, text, sub) in enumerate(
        (
            (-4.3, "老街面馆", "面食 小炒"),
            (1.6, "便民超市", "烟酒 百货"),
            (7.8, "五金日杂", "水暖 电料"),
        )
    ):
        board = (lettering.BLUE, lettering.RED, (30, 96, 60))[k]
        sign = lettering.draw_sign(text, sub, stage.font, board, lettering.WHITE)
        skin = stage.picture(sign, f"sign{k}")
        shapes.place(shapes.sheet((5.2, 0.95), skin), (x, -0.16, 3.35))
    for x in (-5.5, 6.5):
        street.tree((x, -2.6, 0.15), stage.rng)
    vehicles.cart((0, -2.3, 0.15), 3)
    vehicles.umbrella((-0.3, -1.9, 0.15), [(0.55, 0.04, 0.03), (0.75, 0.72, 0.65)], 1.6)
    vehicles.umbrella((2.2, -1.7, 0.1), [(0.04, 0.12, 0.45), (0.05, 0.3, 0.12)], 1.35)
    fruit = vehicles.Fruit(stage.rng)
    kinds = ["apple", "orange", "pear", "mango", "plum"]
    for i in range(4):
        for row in range(2):
            kind = kinds[(i + row * 2) % 5]
            fruit.crate(kind, (-0.78 + i * 0.52, -2.56 + row * 0.42, 0.8 + row * 0.12), 3, 17)
    for i, x in enumerate((-1.9, -1.3, -0.65, 0.0, 0.6, 1.35, 1.95, 2.5)):
        y = -3.05 + 0.06 * stage.rng.random()
        if i % 3 == 1:
            fruit.crate(kinds[(i + 2) % 5], (x, y, 0.15), stage.rng.gauss(0, 5))
            fruit.crate(kinds[i % 5], (x, y, 0.35), stage.rng.gauss(0, 6))
        else:
            fruit.crate(
                "melon" if i in (0, 6) else kinds[i % 5], (x, y, 0.15), stage.rng.gauss(0, 6)
            )
    for i, x in enumerate((1.5, 2.1, 2.7)):
        fruit.crate(kinds[(i + 1) % 5], (x, -2.0, 0.53), 0, 14)
    shapes.box((1.9, 0.7, 0.04), (2.1, -1.95, 0.5), fruit.wood)
    site_works.person((0.5, -1.25, 0.15), 195, seated=False)
    for k, (x, text) in enumerate(
        ((-0.75, "5元/斤"), (0.3, "3元/斤"), (1.4, "10元3斤"), (2.4, "甜"))
    ):
        skin = stage.picture(lettering.draw_card(text, stage.font), f"card{k}")
        z, y = (1.27, -2.75) if k < 2 else (0.55, -3.22)
        shapes.place(shapes.sheet((0.26, 0.17), skin), (x, y, z), (-12, 0, 3))
    loose = rubbish.Rubbish(stage.rng)
    loose.carton((-2.5, -2.6, 0.15), (0.5, 0.4, 0.35), 20)
    loose.litter((0, -4.0, 0), (2, 0.4), 6)
    street.sky(elevation_deg=52, turn_deg=160, sun=0.35, clouds=0.6)
    street.camera((-2.0, -8.2, 1.6), (0.35, -2.4, 1.15), 30, roll_deg=0.6)


def site_dust(stage: Stage) -> None:
    """Earthworks in front of a concrete frame; the cloud is added afterwards."""
    site_works.site(stage.rng)
    street.sky(elevation_deg=38, turn_deg=140, sun=0.4, haze=5, clouds=0.8)
    street.camera((0, -26, 2.2), (0.5, 0, 5.6), 27)


def bin_and_posters(stage: Stage) -> None:
    """A full container in front of a wall with ads beside it."""
    street.ground(kerb_y=-2.2)
    plaster = mat.weathered((0.5, 0.48, 0.43), variation=0.3, scale=1.6, bump=0.3, soot=0.7)
    tiles = mat.masonry(
        ((0.42, 0.4, 0.38), (0.38, 0.36, 0.34), (0.25, 0.24, 0.23)),
        (0.2, 0.2),
        upright=True,
        soot=0.4,
    )
    street.wall((-14, 9), 3.0, plaster)
    street.building(Front((9, 26), storeys=4), tiles, stage.rng)
    street.building(Front((-30, 8), y=7, storeys=5, shops=False), tiles, stage.rng)
    spots = [
        (1.75, 1.75, 0.62),
        (2.5, 1.85, 0.75),
        (3.2, 1.75, 0.55),
        (2.1, 1.0, 0.6),
        (2.9, 1.05, 0.72),
        (3.75, 1.2, 0.55),
    ]
    paste_ads(stage, spots, 0.0, [3, 1, 0, 5, 2, 4])
    _stencil(stage, "疏通", (4.7, 0.0, 1.5), 1.1)
    loose = rubbish.Rubbish(stage.rng)
    rubbish.container((-0.9, -1.15, 0.15), -3, lid_open=True)
    loose.heap((-0.9, -1.35, 1.27), (0.8, 0.32), 0.45, 22)
    loose.heap((0.55, -1.2, 0.15), (0.5, 0.5), 0.4, 11)
    loose.heap((-1.2, -2.1, 0.15), (0.8, 0.25), 0.25, 9)
    loose.heap((-2.4, -1.2, 0.15), (0.4, 0.5), 0.4, 8)
    loose.carton((0.2, -2.0, 0.15), (0.5, 0.4, 0.4), 25)
    loose.carton((-2.3, -2.0, 0.15), (0.55, 0.4, 0.35), -20)
    loose.litter((-0.6, -1.9, 0.15), (1.6, 0.1), 14)
    loose.litter((-0.6, -2.9, 0), (1.6, 0.25), 22)
    street.tree((-5.5, -1.5, 0.15), stage.rng)
    street.sky(elevation_deg=40, turn_deg=200, sun=0.35, clouds=0.7)
    street.camera((0.2, -7.0, 1.6), (0.75, 0, 1.15), 29, roll_deg=0.8)
