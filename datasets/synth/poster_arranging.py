"""How ads keep company: alone, in rows of copies, scattered, in heaps, on poles."""

from dataclasses import dataclass, replace

import numpy as np

from datasets.synth.poster_board import Board, Quad, bend_round
from datasets.synth.poster_canvas import Sheet
from datasets.synth.poster_furniture import draw_cabinet, put_pole
from datasets.synth.poster_kinds import (
    ADS,
    LABELS_ON_POLES,
    SHEETS,
    Kind,
    World,
    choose_kind,
    draw_sheet,
)
from datasets.synth.poster_placing import Spot, SurfaceMap, make_quad
from datasets.synth.poster_wear import CRUST, OLD, Wear, enough_left, wear_out

LABEL = "illegal_poster"

_WIDEST_AD, _WIDEST_OTHER = 0.45, 0.33  # shares of the picture's width
_WIDEST_CRUST_SHEET = 0.2  # so that the whole crust stays under half of the picture's width
_LEAST_LEFT = 0.3  # share of a sheet that tearing and scraping must leave
_DEAREST = 1.25  # cost of a place above which it is surely no wall
_DEAREST_PAINT = 0.8  # nobody writes across a window's edge or a kerb
_PAINT_LEFT = 0.02  # strokes fill little of their rectangle
_NEW = Wear(crease=0.5, fade=0.2, stain=0.2, tear=0.1, scrape=0.04, fold=0.1)


@dataclass(frozen=True, slots=True)
class Arranger:
    """Puts groups of things on a board."""

    board: Board
    surface: SurfaceMap
    world: World
    px_per_cm: float
    """Of things in the scene, as if seen from front."""
    rng: np.random.Generator

    def _size_px(self, kind: Kind) -> tuple[float, float]:
        width = self.rng.uniform(*kind.width_cm) * self.px_per_cm
        width = min(width, (_WIDEST_AD if kind in ADS else _WIDEST_OTHER) * self.board.width)
        tall = width * self.rng.uniform(*kind.tallness)
        shrink = min(1.0, 0.8 * self.board.height / tall)
        return width * shrink, tall * shrink

    def _draw(self, kind: Kind, size_px: tuple[float, float]) -> Sheet:
        return draw_sheet(kind, size_px, self.world, self.rng)

    def _worn(self, sheet: Sheet, kind: Kind) -> Sheet:
        if not kind.wears:
            return sheet
        worn = wear_out(sheet, OLD if self.rng.random() < 0.25 else _NEW, self.rng)
        least = _PAINT_LEFT if sheet.lift == 0 else _LEAST_LEFT
        return worn if enough_left(worn, least) else sheet

    def _roll(self) -> float:
        """Most sheets hang nearly level, a few far askew."""
        return float(self.rng.normal(0, 0.25 if self.rng.random() < 0.15 else 0.045))

    def _gain(self) -> float:
        return float(self.rng.uniform(0.82, 1.18))

    def _large_enough(self, size_px: tuple[float, float]) -> bool:
        return bool(min(size_px) >= self.board.least_side_px)

    def _paste(
        self, sheet: Sheet, quad: Quad, label: str | None, most_covered: float = 0.25
    ) -> bool:
        """Paste where the surface is not sky, leaf or road."""
        (x0, y0), (x1, y1) = quad.min(axis=0), quad.max(axis=0)
        dearest = _DEAREST if sheet.lift else _DEAREST_PAINT
        if self.surface.cost(x0, y0, x1, y1) > dearest:
            return False
        return self.board.paste(sheet, quad, label, most_covered, self._gain())

    def put_one(self, kinds: tuple[Kind, ...], label: str | None) -> int:
        """Put one thing where it suits; returns how many were put."""
        kind = choose_kind(kinds, self.rng)
        size = self._size_px(kind)
        if not self._large_enough(size):
            return 0
        spot = self.surface.find(*size, self.rng)
        sheet = self._worn(self._draw(kind, size), kind)
        quad = make_quad(spot, (0, 0), size, self._roll() * (1 if kind.wears else 0.4))
        most = 0.25 if label else 0.1
        return int(self._paste(sheet, quad, label, most))

    def put_copies(self, most: int) -> int:
        """Put the same ad several times, side by side or below each other."""
        kind = choose_kind(ADS, self.rng)
        size = self._size_px(kind)
        if not self._large_enough(size):
            return 0
        pitch = np.array(size) * self.rng.uniform(1.0, 1.35, 2)
        columns = int(self.rng.integers(1, max(2, min(6, int(self.board.width / pitch[0])) + 1)))
        rows = int(self.rng.integers(1, max(2, min(4, int(self.board.height / pitch[1])) + 1)))
        spot = self.surface.find(columns * pitch[0], rows * pitch[1], self.rng)
        sheet = self._draw(kind, size)
        put = 0
        for index in range(rows * columns):
            if put >= (most if sheet.lift else min(most, 3)) or self.rng.random() < 0.12:
                continue
            place = np.array(
                [index % columns - (columns - 1) / 2, index // columns - (rows - 1) / 2]
            )
            x, y = place * pitch + self.rng.normal(0, 0.04, 2) * size
            quad = make_quad(spot, (x, y), size, self._roll())
            put += self._paste(self._worn(sheet, kind), quad, LABEL)
        return put

    def put_scatter(
        self, count: int, spread: float, most_covered: float, spot: Spot | None = None
    ) -> int:
        """Put different ads round one spot.

        Args:
            count: How many are tried.
            spread: How far from the spot they lie, sheet sizes.
            most_covered: How much of another each may hide: little on a board, all in a heap.
            spot: Where; None to choose.

        Returns:
            How many were put.
        """
        first = choose_kind(ADS, self.rng)
        size = self._size_px(first)
        if not self._large_enough(size):
            return 0
        reach = (size[0] * (1 + spread), size[1] * (1 + spread))
        spot = spot or self.surface.find(*reach, self.rng)
        put = 0
        for _ in range(count):
            kind = first if self.rng.random() < 0.4 else choose_kind(ADS, self.rng)
            own = self._size_px(kind)
            if not self._large_enough(own):
                continue
            x, y = self.rng.uniform(-0.5, 0.5, 2) * spread * np.array(size)
            sheet = self._worn(self._draw(kind, own), kind)
            quad = make_quad(spot, (x, y), own, self._roll())
            put += self._paste(sheet, quad, LABEL, most_covered)
        return put

    def put_crust(self, layers: int) -> int:
        """Put torn remains over one another, past telling apart: one box round all.

        Returns:
            1, or 0 where nothing could be put.
        """
        kind = choose_kind(SHEETS, self.rng)
        size = self._size_px(kind)
        if not self._large_enough(size):
            return 0
        shrink = min(1.0, _WIDEST_CRUST_SHEET * self.board.width / size[0])
        size = (size[0] * shrink, size[1] * shrink)
        spread = self.rng.uniform(0.3, 0.9, 2) * np.array(size) * np.sqrt(layers / 3)
        spot = self.surface.find(size[0] + spread[0], size[1] + spread[1], self.rng)
        first = len(self.board.pasted) + 1
        for _ in range(layers):
            x, y = self.rng.uniform(-0.5, 0.5, 2) * spread
            sheet = wear_out(self._draw(kind, size), CRUST, self.rng)
            if enough_left(sheet, 0.15):
                self._paste(sheet, make_quad(spot, (x, y), size, self._roll()), LABEL, 1.0)
            kind = choose_kind(SHEETS, self.rng)
        last = len(self.board.pasted)
        self.board.join(first, last)
        return int(last >= first)

    def put_on_pole(self, count: int) -> int:
        """Stand a pole up and stick ads, and now and then a lawful label, round it."""
        rng = self.rng
        radius = float(rng.uniform(0.03, 0.12) * self.board.width)
        pole = put_pole(self.board, radius, rng)
        if pole is None:
            return 0
        put = 0
        for _ in range(count):
            label = None if rng.random() < 0.12 else LABEL
            kind = choose_kind(ADS if label else LABELS_ON_POLES, rng)
            width = radius * rng.uniform(0.6, 2.2)
            flat = (width, width * rng.uniform(*kind.tallness))
            if not self._large_enough(flat) or flat[1] > 0.6 * self.board.height:
                continue
            half_angle = min(1.35, flat[0] / (2 * radius))
            seen = 2 * radius * np.sin(half_angle)
            straight = replace(self._worn(self._draw(kind, flat), kind), see_through=0.1)
            sheet = bend_round(straight, half_angle, float(rng.uniform(-0.12, 0.12)))
            tall = flat[1] * sheet.alpha.shape[0] / straight.alpha.shape[0]
            y = float(rng.uniform(0.08, 0.9) * self.board.height)
            side = float(rng.uniform(-1, 1) * max(0.0, radius - seen / 2))
            spot = Spot(pole.x_px + pole.lean * y + side, y, pole.lean * -0.5, 0.0)
            quad = make_quad(spot, (0, 0), (seen, tall), -pole.lean)
            put += self.board.paste(sheet, quad, label, 0.2, self._gain()) and label is not None
        return put

    def put_cabinet(self) -> Spot | None:
        """Stand a junction box somewhere; returns where its middle is."""
        width = float(self.rng.uniform(0.2, 0.5) * self.board.width)
        tall = min(width * self.rng.uniform(0.9, 1.7), 0.9 * self.board.height)
        spot = self.surface.find(width, tall, self.rng)
        spot = Spot(spot.x_px, max(spot.y_px, 0.4 * self.board.height), 0.0, 0.0)
        sheet = draw_cabinet(round(width / 2), round(tall / 2), self.rng)
        quad = make_quad(spot, (0, 0), (width, tall), 0.0)
        return spot if self.board.paste(sheet, quad, None, 0.0, self._gain()) else None
