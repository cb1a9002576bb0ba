"""Bins on wheels: 120 and 240 litre carts, 660 and 1100 litre containers, rows of them."""

from __future__ import annotations

import math
from typing import Any

import labels
import materials as mat
import shapes
from kit import BLACK, Kit, Vessel, tub
from loose import Loose

BODY_COLOURS: tuple[mat.Colour, ...] = (
    (0.03, 0.16, 0.05), (0.05, 0.25, 0.09), (0.02, 0.09, 0.03), (0.02, 0.07, 0.28),
    (0.03, 0.13, 0.42), (0.09, 0.09, 0.1), (0.2, 0.2, 0.21), (0.42, 0.02, 0.02),
    (0.02, 0.02, 0.022), (0.62, 0.4, 0.02), (0.14, 0.06, 0.025), (0.5, 0.14, 0.02),
)  # fmt: skip
SORT_COLOURS: tuple[mat.Colour, ...] = (
    (0.02, 0.09, 0.36),
    (0.09, 0.09, 0.1),
    (0.03, 0.18, 0.06),
    (0.45, 0.02, 0.02),
)
"""In the order of labels.SORTS."""


def _lid(
    skin: Any, size: tuple[float, float, float], hinge: tuple[float, float], open_deg: float
) -> None:
    """A shallow hood (half width, half depth, rise) hinged at (y, z), `open_deg` above closed."""
    sx, sy, rise = size
    low = [(-sx, -2 * sy, -0.03), (sx, -2 * sy, -0.03), (sx, 0, -0.03), (-sx, 0, -0.03)]
    high = [(x * 0.9, y * 0.93 - 0.02, rise) for x, y, _ in low]
    hood = shapes.hexahedron(low, high, skin, bevel_m=0.015)
    shapes.place(hood, (0, hinge[0], hinge[1]), (-open_deg, 0, 0))


def _marks(kit: Kit, front: tuple[float, float, float], width: float, sort: int | None) -> None:
    """Label, number, reflective strip or sticker on the leaning front.

    Args:
        kit: The sprite's kit.
        front: y at the bottom, y at the top, height of the front.
        width: Usable width, m.
        sort: Index into labels.SORTS, or None for a bin that is not of a sorting set.
    """
    rng = kit.rng
    y0, y1, height = front
    lean = math.degrees(math.atan2(y0 - y1, height))

    def stick(image: Any, share: float, size: tuple[float, float], x: float = 0.0) -> None:
        y = y0 + (y1 - y0) * share - 0.012
        kit.decal(kit.picture(image), size, (x, y, height * share), (lean, rng.gauss(0, 0.7), 0))

    if sort is not None:
        side = min(0.34, width * 0.7)
        stick(
            labels.sort_label(rng, kit.font, labels.SORTS[sort]),
            rng.uniform(0.55, 0.68),
            (side * 0.9, side),
        )
    elif rng.random() < 0.6:
        stick(
            labels.plate(rng, kit.font),
            rng.uniform(0.4, 0.8),
            (width * rng.uniform(0.3, 0.6),) * 2
            if rng.random() < 0.2
            else (width * 0.5, width * 0.25),
        )
    if rng.random() < 0.25:
        band = labels.stripes(
            rng, rng.choice(([(200, 30, 30), (240, 240, 236)], [(240, 190, 20), (20, 20, 20)]))
        )
        stick(band, rng.uniform(0.2, 0.9), (width * 0.95, 0.06))


def cart(
    kit: Kit, colour: mat.Colour, lid: str, *, litres: int = 240, sort: int | None = None
) -> Vessel:
    """A two-wheeled bin; `lid` is closed, open, half or missing."""
    rng = kit.rng
    scale = {120: 0.86, 240: 1.0, 360: 1.12}[litres]
    body = kit.paint(
        colour,
        variation=rng.uniform(0.1, 0.4),
        roughness=0.45,
        bump=0,
        soot=rng.choice((0.1, 0.4, 0.8)),
    )
    dark = kit.plain(BLACK)
    rim = 0.98
    mouth = (0.28, 0.35)
    with kit.group((0, 0, 0), 0, scale):
        tub((0.22, 0.25), mouth, (0.07, rim), body, dark)
        frame = [((0.6, 0.03, 0.05), (0, s * 0.36, rim - 0.02)) for s in (-1, 1)]
        frame += [((0.03, 0.74, 0.05), (s * 0.29, 0, rim - 0.02)) for s in (-1, 1)]
        if rng.random() < 0.6:  # pressed ribs
            frame += [((0.03, 0.02, 0.5), (x, -0.315, 0.6)) for x in (-0.19, 0.19)]
        shapes.boxes(frame, body, bevel_m=0.008)
        shapes.tube((-0.25, 0.43, rim), (0.25, 0.43, rim), 0.018, body)
        for side in (-1, 1):
            shapes.box((0.03, 0.1, 0.04), (side * 0.2, 0.39, rim), body)
            shapes.tube((side * 0.23, 0.26, 0.1), (side * 0.29, 0.26, 0.1), 0.1, dark)
        skin = (
            body
            if sort is not None or rng.random() < 0.7
            else kit.paint(kit.vary(rng.choice(BODY_COLOURS)), roughness=0.45, bump=0)
        )
        if lid != "missing":
            angle = {"closed": 0.0, "half": rng.uniform(18, 50), "open": rng.uniform(95, 255)}[lid]
            if angle > 130:  # hangs down behind
                angle = 255
            _lid(skin, (0.3, 0.375, rng.uniform(0.05, 0.1)), (0.4, rim + 0.03), angle)
        _marks(kit, (-0.25, -0.35, rim), 0.42, sort)
    s = scale
    return Vessel((0, 0, rim * s), (0.25 * s, 0.32 * s), (0.29 * s, 0.38 * s))


def container(
    kit: Kit, colour: mat.Colour, lid: str, *, litres: int = 1100, sort: int | None = None
) -> Vessel:
    """A four-wheeled container of plastic or galvanised steel."""
    rng = kit.rng
    deep = 0.52 if litres == 1100 else 0.37
    half, rim, feet = 0.66, rng.uniform(1.08, 1.2), 0.2
    steel = rng.random() < 0.25
    soot = rng.choice((0.2, 0.5, 0.9))
    body = (
        kit.paint(
            kit.vary((0.36, 0.37, 0.38)),
            variation=0.3,
            roughness=0.45,
            metallic=0.6,
            bump=0,
            soot=soot,
        )
        if steel
        else kit.paint(colour, variation=0.3, roughness=0.5, bump=0, soot=soot)
    )
    dark = kit.plain(BLACK)
    tub((half * 0.84, deep * 0.8), (half, deep), (feet, rim), body, dark, fill=0.6)
    frame = [((half * 2.06, 0.05, 0.07), (0, s * deep, rim - 0.03)) for s in (-1, 1)]
    frame += [((0.05, deep * 2, 0.07), (s * half, 0, rim - 0.03)) for s in (-1, 1)]
    for x in rng.choice(((-0.4, 0.0, 0.4), (-0.52, 0.52), ())):
        frame.append(
            ((0.06, 0.05, (rim - feet) * 0.8), (x, -deep * 0.91, feet + (rim - feet) * 0.52))
        )
    shapes.boxes(frame, body, bevel_m=0.01)
    for sx in (-1, 1):
        shapes.tube(
            (sx * half, 0, rim - 0.08), (sx * (half + 0.09), 0, rim - 0.08), 0.025, kit.steel()
        )
        for sy in (-1, 1):
            x, y = sx * half * 0.72, sy * deep * 0.66
            shapes.tube((x - 0.025, y, 0.09), (x + 0.025, y, 0.09), 0.09, dark)
            shapes.box((0.08, 0.1, 0.09), (x, y, 0.18), kit.steel())
    skin = (
        body
        if rng.random() < 0.6
        else kit.paint(kit.vary(rng.choice(BODY_COLOURS)), roughness=0.5, bump=0)
    )
    if lid != "missing":
        angle = {"closed": 0.0, "half": rng.uniform(15, 45), "open": rng.uniform(80, 110)}[lid]
        if lid == "open" and rng.random() < 0.4:
            angle = 255
        _lid(skin, (half * 1.02, deep * 1.02, rng.uniform(0.06, 0.28)), (deep, rim + 0.035), angle)
    _marks(kit, (-deep * 0.76, -deep * 0.98, rim), 0.7, sort)
    return Vessel((0, 0, rim), (half * 0.92, deep * 0.88), (half, deep))


def _lid_state(kit: Kit, *, full: bool) -> str:
    """Closed in order (mostly), anything but closed when full (mostly)."""
    if full:
        return kit.rng.choices(("open", "half", "missing", "closed"), (40, 33, 20, 7))[0]
    return kit.rng.choices(("closed", "open", "missing"), (90, 6, 4))[0]


def one(kit: Kit, *, full: bool) -> str:
    """A single wheeled bin of any size, with rubbish where full; returns the kind."""
    rng = kit.rng
    loose = Loose(kit)
    sort = rng.randrange(4) if rng.random() < 0.35 else None
    colour = SORT_COLOURS[sort] if sort is not None else rng.choice(BODY_COLOURS)
    lid = _lid_state(kit, full=full)
    litres = rng.choice((120, 240, 240, 360, 660, 1100, 1100))
    build = cart if litres < 500 else container
    vessel = build(kit, kit.vary(colour), lid, litres=litres, sort=sort)
    if full:
        (x, y, z), reach = vessel.mouth, vessel.mouth_reach
        if lid != "closed":
            loose.stuff(vessel)
        else:  # what did not fit lies on the lid
            loose.heap((x, y, z + 0.08), (reach[0] * 0.6, reach[1] * 0.5), 0.1, rng.randrange(1, 5))
        if lid == "closed" or rng.random() < 0.75:
            loose.beside(vessel)
    return f"{'cart' if litres < 500 else 'container'}_{litres}"


def row(kit: Kit, *, full: bool) -> str:
    """Two to four bins side by side, often a sorting set."""
    rng = kit.rng
    loose = Loose(kit)
    count = rng.randrange(2, 5)
    sorting = rng.random() < 0.65
    same = rng.choice(BODY_COLOURS)
    big = count < 4 and rng.random() < 0.25
    pitch = 1.6 if big else rng.uniform(0.66, 0.8)
    stuffed = [full and rng.random() < 0.6 for _ in range(count)]
    if full and not any(stuffed):
        stuffed[rng.randrange(count)] = True
    order = rng.sample(range(4), 4)
    for i in range(count):
        sort = order[i] if sorting else None
        colour = (
            SORT_COLOURS[order[i]]
            if sorting
            else (same if rng.random() < 0.8 else rng.choice(BODY_COLOURS))
        )
        with kit.group(((i - (count - 1) / 2) * pitch, rng.gauss(0, 0.03), 0), rng.gauss(0, 4)):
            lid = _lid_state(kit, full=stuffed[i])
            build = container if big else cart
            vessel = build(kit, kit.vary(colour, 0.15), lid, litres=1100 if big else 240, sort=sort)
            if stuffed[i] and lid != "closed":
                loose.stuff(vessel)
            if stuffed[i] and rng.random() < 0.5:
                loose.beside(vessel)
    if full:
        wide = Vessel((0, 0, 1), (0.3, 0.3), (count * pitch / 2, 0.4))
        loose.beside(wide)
    return "row_big" if big else "row"
