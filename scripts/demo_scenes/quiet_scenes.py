"""The two scenes without an issue: a tidy street by day and one at dusk."""

from __future__ import annotations

import lettering
import materials as mat
import rubbish
import shapes
import street
import vehicles
from scenes import Stage
from street import Front


def tidy_street(stage: Stage) -> None:
    """Closed sorting bins, a legal shop sign and a parked car with a blue plate."""
    street.ground(kerb_y=-3.0)
    tiles = mat.masonry(
        ((0.5, 0.44, 0.36), (0.46, 0.4, 0.33), (0.3, 0.28, 0.26)),
        (0.24, 0.06),
        upright=True,
        soot=0.3,
    )
    stone = mat.weathered((0.4, 0.39, 0.37), variation=0.25, soot=0.4)
    street.building(Front((-14, 11), storeys=4), tiles, stage.rng)
    street.building(Front((11.4, 40), storeys=6), stone, stage.rng)
    street.building(Front((-20, 45), y=-19, storeys=3, facing=1), stone, stage.rng)
    street.distant_blocks(stage.rng, x=85)
    sign = lettering.draw_sign(
        "便民超市", "日用百货 粮油 鲜奶", stage.font, lettering.RED, lettering.WHITE
    )
    shapes.place(shapes.sheet((5.4, 1.0), stage.picture(sign, "sign")), (1.6, -0.18, 3.35))
    for k, colour in enumerate(((0.02, 0.1, 0.4), (0.12, 0.13, 0.13))):
        rubbish.wheelie_bin((1.3 + k * 0.75, -0.6, 0.15), 0, colour)
    for x in (6.5, 12, 18, 25, 32):
        street.tree((x, -2.4, 0.15), stage.rng)
    for x in (3.6, 20):
        street.lamp_post((x, -2.7, 0.15))
    plate = stage.picture(lettering.draw_plate("京A·00000", stage.font, green=False), "plate")
    vehicles.car((-1.6, -4.15, 0), -90, (0.55, 0.56, 0.58), plate)
    other = stage.picture(lettering.draw_plate("京B·00000", stage.font, green=False), "plate2")
    vehicles.car((5.2, -4.2, 0), -91, (0.35, 0.03, 0.03), other)
    street.sky(elevation_deg=45, turn_deg=235, sun=0.4, clouds=0.6)
    street.camera((-5.9, -5.6, 1.5), (1.0, -2.6, 1.35), 29, roll_deg=0.5)


def dusk_street(stage: Stage) -> None:
    """Lit windows and lamps, a swept footway and a parked car with a green plate."""
    street.ground(kerb_y=-3.0)
    tiles = mat.masonry(
        ((0.4, 0.37, 0.33), (0.37, 0.34, 0.3), (0.25, 0.23, 0.22)),
        (0.24, 0.06),
        upright=True,
        soot=0.3,
    )
    stone = mat.weathered((0.38, 0.37, 0.36), variation=0.25, soot=0.4)
    street.building(Front((-14, 14), storeys=5, lit=0.45), tiles, stage.rng)
    street.building(Front((14.4, 45), storeys=7, lit=0.4), stone, stage.rng)
    street.building(Front((-20, 45), y=-17, storeys=6, facing=1, lit=0.4), stone, stage.rng)
    street.distant_blocks(stage.rng, x=85)
    sign = lettering.draw_sign(
        "老街面馆", "面食 小炒 早点", stage.font, (20, 70, 40), lettering.WHITE
    )
    skin = stage.picture(sign, "sign", emission=0.5)
    shapes.place(shapes.sheet((5.4, 1.0), skin), (2.0, -0.18, 3.35))
    for x in (6, 12.5, 19, 26):
        street.tree((x, -2.4, 0.15), stage.rng)
    for x in (0.8, 13, 25):
        street.lamp_post((x, -2.7, 0.15), lit=True)
    plate = stage.picture(
        lettering.draw_plate("沪AD00000", stage.font, green=True), "plate", emission=0.12
    )
    vehicles.car((-1.5, -4.15, 0), -90, (0.6, 0.6, 0.6), plate, wide_plate=True, lights_on=True)
    ahead = lettering.draw_plate("沪B·00000", stage.font, green=False)
    skin = stage.picture(ahead, "plate2", emission=0.12)
    vehicles.car((3.4, -7.3, 0), -90, (0.05, 0.06, 0.09), skin, lights_on=True)
    iron = mat.weathered((0.05, 0.048, 0.045), variation=0.5, scale=20, roughness=0.5, bump=0.6)
    shapes.tube((-2.3, -6.0, -0.02), (-2.3, -6.0, 0.004), 0.36, iron)
    street.sky(elevation_deg=0.3, turn_deg=100, strength=0.9, sun=0.0, haze=1, clouds=0.15)
    street.camera((-5.8, -5.3, 1.5), (1.0, -3.0, 1.45), 29, roll_deg=-0.5)
