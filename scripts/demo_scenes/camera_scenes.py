"""What one fixed camera sees: a footway in order, and the same with one issue each."""

from __future__ import annotations

import lettering
import materials as mat
import rubbish
import shapes
import site_works
import street
import vehicles
from scenes import Stage, paste_ads
from street import Front


def tidy_corner(stage: Stage) -> None:
    """A closed container on a footway before a wall."""
    _corner(stage)
    rubbish.container((-3.3, -1.15, 0.15), -3, lid_open=False)
    _look(stage)


def bin_corner(stage: Stage) -> None:
    """The container crammed full, bags round it."""
    _corner(stage)
    rubbish.container((-3.3, -1.15, 0.15), -3, lid_open=True)
    loose = rubbish.Rubbish(stage.rng)
    loose.heap((-3.3, -1.35, 1.27), (0.8, 0.32), 0.45, 22)
    loose.heap((-1.85, -1.2, 0.15), (0.5, 0.5), 0.4, 11)
    loose.heap((-3.6, -2.1, 0.15), (0.8, 0.25), 0.25, 9)
    loose.carton((-2.2, -2.0, 0.15), (0.5, 0.4, 0.4), 25)
    loose.litter((-3.0, -1.9, 0.15), (1.2, 0.1), 10)
    _look(stage)


def ads_corner(stage: Stage) -> None:
    """A small ad on the wall."""
    _corner(stage)
    rubbish.container((-3.3, -1.15, 0.15), -3, lid_open=False)
    paste_ads(stage, [(0.2, 1.45, 0.95)], 0.0, [0])
    _look(stage)


def stall_corner(stage: Stage) -> None:
    """A fruit cart under an umbrella, crates over the footway."""
    _corner(stage)
    rubbish.container((-3.3, -1.15, 0.15), -3, lid_open=False)
    vehicles.cart((3.5, -1.9, 0.15), 3)
    vehicles.umbrella((3.2, -1.5, 0.15), [(0.55, 0.04, 0.03), (0.75, 0.72, 0.65)], 1.5)
    fruit = vehicles.Fruit(stage.rng)
    kinds = ["apple", "orange", "pear", "mango", "plum"]
    for i in range(4):
        for row in range(2):
            at = (2.72 + i * 0.52, -2.16 + row * 0.42, 0.8 + row * 0.12)
            fruit.crate(kinds[(i + row * 2) % 5], at, 3, 17)
    for i, x in enumerate((2.0, 2.6, 3.25, 3.9, 4.5)):
        fruit.crate("melon" if i == 0 else kinds[i], (x, -2.75, 0.15), stage.rng.gauss(0, 6))
    site_works.person((4.0, -0.85, 0.15), 195, seated=False)
    for k, (x, text) in enumerate(((2.75, "5元/斤"), (3.8, "3元/斤"))):
        skin = stage.picture(lettering.draw_card(text, stage.font), f"card{k}")
        shapes.place(shapes.sheet((0.26, 0.17), skin), (x, -2.35, 1.27), (-12, 0, 3))
    _look(stage)


def _corner(stage: Stage) -> None:
    street.ground(kerb_y=-3.0)
    plaster = mat.weathered((0.5, 0.48, 0.43), variation=0.3, scale=1.6, bump=0.3, soot=0.5)
    tiles = mat.masonry(
        ((0.42, 0.4, 0.38), (0.38, 0.36, 0.34), (0.25, 0.24, 0.23)),
        (0.2, 0.2),
        upright=True,
        soot=0.4,
    )
    street.wall((-14, 9), 3.0, plaster)
    street.building(Front((9, 26), storeys=4), tiles, stage.rng)
    street.building(Front((-30, 8), y=7, storeys=5, shops=False), tiles, stage.rng)
    street.tree((-6.6, -1.6, 0.15), stage.rng)


def _look(stage: Stage) -> None:
    """Light and camera: on a lamp post across the road, as a bureau's are."""
    del stage
    street.sky(elevation_deg=40, turn_deg=200, sun=0.35, clouds=0.7)
    street.camera((0.4, -10.5, 3.6), (0.35, -0.6, 0.95), 29)
