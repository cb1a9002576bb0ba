"""What there is to draw: how large it is in life and how often it is met."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from datasets.synth import poster_clutter as clutter
from datasets.synth import poster_legal as legal
from datasets.synth import poster_paint as paint
from datasets.synth import poster_prints as prints
from datasets.synth import poster_stickers as stickers
from datasets.synth.lettering import Lettering
from datasets.synth.poster_canvas import Brief, Sheet
from detector.arrays import Image

_LARGEST_DRAWN_PX = 260  # larger sheets are drawn at this size and scaled: letters stay readable
_LEAST_DRAWN_PX = 28


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of thing."""

    draw: Callable[[Brief, np.random.Generator], Sheet]
    width_cm: tuple[float, float]
    tallness: tuple[float, float]
    """Height by width, least and most."""
    often: float
    """Against the other kinds."""
    wears: bool = True
    """Whether rain and scrapers change it."""


ADS: tuple[Kind, ...] = (
    Kind(prints.draw_notice, (14, 30), (1.2, 1.5), 5),
    Kind(prints.draw_notice, (20, 30), (0.65, 0.8), 1.5),
    Kind(prints.draw_shout, (14, 30), (1.2, 1.5), 2),
    Kind(prints.draw_shout, (15, 40), (0.4, 0.75), 2.5),
    Kind(prints.draw_strip, (4, 9), (3.5, 7), 1.2),
    Kind(prints.draw_strip, (25, 60), (0.12, 0.22), 1),
    Kind(prints.draw_tear_off, (18, 24), (1.2, 1.5), 1.5),
    Kind(prints.draw_missing, (18, 30), (1.2, 1.5), 2),
    Kind(prints.draw_campaign, (25, 60), (1.2, 1.6), 2),
    Kind(prints.draw_event, (20, 50), (1.2, 1.6), 2),
    Kind(stickers.draw_ad_sticker, (6, 15), (0.4, 0.75), 4),
    Kind(stickers.draw_ad_sticker, (6, 12), (1.0, 1.5), 1),
    Kind(stickers.draw_round_sticker, (6, 14), (0.95, 1.05), 2),
    Kind(stickers.draw_graphic_sticker, (6, 16), (0.6, 1.6), 5),
    Kind(stickers.draw_card, (8, 11), (0.55, 0.65), 2),
    Kind(stickers.draw_note, (8, 24), (0.7, 1.5), 2),
    Kind(paint.draw_stencil, (20, 60), (0.16, 0.5), 3),
    Kind(paint.draw_spray, (30, 90), (0.16, 0.5), 2.5),
    Kind(paint.draw_marker, (15, 50), (0.16, 0.5), 1),
)

NEGATIVES: tuple[Kind, ...] = (
    Kind(legal.draw_shop_sign, (80, 250), (0.15, 0.4), 2.5, wears=False),
    Kind(legal.draw_door_plate, (9, 25), (0.5, 0.8), 2, wears=False),
    Kind(legal.draw_official_notice, (35, 90), (0.7, 1.5), 2.5, wears=False),
    Kind(legal.draw_traffic_sign, (35, 70), (0.95, 1.05), 3, wears=False),
    Kind(legal.draw_pictogram, (10, 30), (1.0, 1.4), 4, wears=False),
    Kind(legal.draw_pictogram, (12, 40), (0.35, 0.6), 2, wears=False),
    Kind(legal.draw_price_card, (15, 40), (0.6, 1.5), 1.5, wears=False),
    Kind(legal.draw_plaque, (10, 40), (0.5, 1.2), 2.5, wears=False),
    Kind(clutter.draw_window, (50, 110), (0.8, 1.6), 1.2, wears=False),
    Kind(clutter.draw_specks, (10, 60), (0.2, 0.8), 2),
    Kind(clutter.draw_tag, (40, 160), (0.3, 0.8), 2.5),
    Kind(clutter.draw_mural, (80, 250), (0.5, 1.3), 1.0),
    Kind(clutter.draw_patch, (20, 90), (0.5, 1.5), 1.5),
    Kind(clutter.draw_fixture, (15, 50), (0.7, 1.5), 2, wears=False),
)

SHEETS: tuple[Kind, ...] = tuple(kind for kind in ADS if kind.draw.__module__ == prints.__name__)
"""Those of paper."""

LABELS_ON_POLES: tuple[Kind, ...] = tuple(
    kind
    for kind in NEGATIVES
    if kind.draw
    in (legal.draw_pictogram, legal.draw_plaque, legal.draw_door_plate, clutter.draw_specks)
)

_SCRIPTS = ("han", "latin", "bengali", "cyrillic")
_SCRIPT_SHARES = (0.62, 0.2, 0.12, 0.06)  # Chinese streets are where the detector works


@dataclass(frozen=True, slots=True)
class World:
    """What the drawers of all things in a scene share."""

    lettering: Lettering
    script: str
    """Read in the neighbourhood: `han`, `latin`, `cyrillic` or `bengali`."""
    photo: Image
    """uint8 (H, W, 3), BGR: where printed photos are cut from."""


def choose_kind(kinds: tuple[Kind, ...], rng: np.random.Generator) -> Kind:
    """Choose by how often each is met."""
    often = np.array([kind.often for kind in kinds])
    return kinds[int(rng.choice(len(kinds), p=often / often.sum()))]


def choose_script(rng: np.random.Generator) -> str:
    """Choose what is read in a scene's neighbourhood."""
    return _SCRIPTS[int(rng.choice(len(_SCRIPTS), p=_SCRIPT_SHARES))]


def draw_sheet(
    kind: Kind,
    size_px: tuple[float, float],
    world: World,
    rng: np.random.Generator,
) -> Sheet:
    """Draw a new thing of a kind, about as large as it will be seen."""
    lettering, script = world.lettering, world.script
    scale = min(1.25, _LARGEST_DRAWN_PX / max(size_px))
    scale = max(scale, _LEAST_DRAWN_PX / min(size_px))
    width, height = (max(8, round(side * scale)) for side in size_px)
    script = script if lettering.covers(script) else "latin"
    return kind.draw(Brief(width, height, lettering, script, world.photo), rng)
