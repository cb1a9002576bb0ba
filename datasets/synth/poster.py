"""Street scenes with illegal small ads, and street scenes with what only looks like them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from datasets.synth.lettering import SYSTEM_FONT_FOLDERS, Lettering
from datasets.synth.photo_effects import (
    add_noise,
    blur,
    blur_by_motion,
    expose,
    jpeg_round_trip,
    lift_local_contrast,
    light_at_night,
)
from datasets.synth.poster_arranging import LABEL, Arranger
from datasets.synth.poster_board import Board
from datasets.synth.poster_furniture import put_occluder
from datasets.synth.poster_kinds import ADS, NEGATIVES, World, choose_script
from datasets.synth.poster_placing import SurfaceMap
from datasets.synth.scene import Background, Scene
from detector.arrays import Image

_LEAST_BACKGROUND_PX = 160  # shorter sides leave no room for a sheet of legible size
_SHEET_SHARE = (0.035, 0.34)  # width of an A4 sheet against the picture's, log-uniform
_A4_WIDTH_CM = 21.0
_MOST_ADS = 12
_DAYLIGHT = 100  # mean grey level of a background that may be darkened to a night scene
_ROUNDS = 6  # groups that are tried before a background is given up


def develop(image: Image, rng: np.random.Generator) -> Image:
    """Take the photo: light of the hour, shake, grain and compression over everything alike."""
    if rng.random() < 0.12 and float(image.mean()) > _DAYLIGHT:
        image = light_at_night(image, rng)
    if rng.random() < 0.5:
        tint = 1 + rng.normal(0, 0.035, 3)
        gain, gamma = float(rng.uniform(0.75, 1.2)), float(rng.uniform(0.8, 1.3))
        image = expose(image, gain, gamma, (tint[0], tint[1], tint[2]))
    if rng.random() < 0.15:
        image = lift_local_contrast(image, float(rng.uniform(0.2, 0.9)))
    shorter = min(image.shape[:2])
    if rng.random() < 0.1:
        length = float(rng.uniform(0.005, 0.018) * shorter)
        image = blur_by_motion(image, length, float(rng.uniform(0, 180)))
    elif rng.random() < 0.25:
        image = blur(image, float(rng.uniform(0.4, 1.3)))
    if rng.random() < 0.4:
        image = add_noise(image, float(rng.uniform(1, 7)), rng)
    return jpeg_round_trip(image, int(rng.integers(45, 96)))


def _begin(background: Background, lettering: Lettering, rng: np.random.Generator) -> Arranger:
    image = background.image
    board = Board(image, rng)
    share = float(np.exp(rng.uniform(*np.log(_SHEET_SHARE))))
    return Arranger(
        board=board,
        surface=SurfaceMap(image),
        world=World(lettering, choose_script(rng), image),
        px_per_cm=share * image.shape[1] / _A4_WIDTH_CM,
        rng=rng,
    )


def _put_group(arranger: Arranger, room: int) -> int:
    """Put one group of at most about `room` ads; returns how many were put."""
    rng = arranger.rng
    choice = rng.random()
    if choice < 0.3 or room == 1:
        return arranger.put_one(ADS, LABEL)
    if choice < 0.5:
        return arranger.put_copies(room)
    count = int(rng.integers(2, room + 1))
    if choice < 0.72:
        return arranger.put_scatter(count, float(rng.uniform(1.5, 4)), 0.1)
    if choice < 0.82:
        return arranger.put_scatter(count, float(rng.uniform(0.6, 1.6)), 1.0)
    if choice < 0.9:
        return arranger.put_crust(int(rng.integers(3, 9)))
    return arranger.put_on_pole(count)


class PosterComposer:
    """Pastes illegal posters, stickers, notes and painted numbers, with lawful signs beside them.

    The fonts of the machine are part of the picture: another machine draws other letters.
    """

    name = "posters"
    version = 1
    draws = frozenset((LABEL,))

    def __init__(self, font_folders: Sequence[Path] = SYSTEM_FONT_FOLDERS) -> None:
        """Look for fonts.

        Args:
            font_folders: Searched with everything below; empty for OpenCV's built-in font alone.
        """
        self._lettering = Lettering(font_folders)

    def compose(self, background: Background, rng: np.random.Generator) -> Scene | None:
        """Compose a scene of 1 to 12 ads and up to 3 lawful things.

        Returns:
            The scene, or None where the background is too small or nothing could be seen on it.
        """
        if min(background.image.shape[:2]) < _LEAST_BACKGROUND_PX:
            return None
        arranger = _begin(background, self._lettering, rng)
        board = arranger.board
        put = 0
        spot = arranger.put_cabinet() if rng.random() < 0.12 else None
        if spot:
            put = arranger.put_scatter(int(rng.integers(1, 7)), 1.5, 0.3, spot)
        for _ in range(int(rng.integers(0, 3))):
            arranger.put_one(NEGATIVES, None)
        wanted = int(np.clip(np.round(np.exp(rng.uniform(0, np.log(_MOST_ADS)))), 1, _MOST_ADS))
        for _ in range(_ROUNDS):
            if put >= wanted:
                break
            put += _put_group(arranger, wanted - put)
        if rng.random() < 0.6:
            arranger.put_one(NEGATIVES, None)
        if rng.random() < 0.25:
            put_occluder(board, background.image, rng)
        drawn = board.boxes()
        if not drawn:
            return None
        kept = board.still_seen(background.record.boxes)
        return Scene(develop(board.image, rng), kept + drawn)


class LegalSignComposer:
    """Pastes what a detector mistakes for ads: signs, plates, labels, tags, windows. No boxes."""

    name = "legal-signs"
    version = 1
    draws: frozenset[str] = frozenset()

    def __init__(self, font_folders: Sequence[Path] = SYSTEM_FONT_FOLDERS) -> None:
        """Look for fonts.

        Args:
            font_folders: Searched with everything below; empty for OpenCV's built-in font alone.
        """
        self._lettering = Lettering(font_folders)

    def compose(self, background: Background, rng: np.random.Generator) -> Scene | None:
        """Compose a scene of 2 to 7 lawful things.

        Returns:
            The scene, or None where the background is too small or nothing could be seen on it.
        """
        if min(background.image.shape[:2]) < _LEAST_BACKGROUND_PX:
            return None
        arranger = _begin(background, self._lettering, rng)
        board = arranger.board
        if rng.random() < 0.2:
            arranger.put_cabinet()
        if rng.random() < 0.15:
            arranger.put_on_pole(0)
        put = 0
        for _ in range(int(rng.integers(3, 9))):
            put += arranger.put_one(NEGATIVES, None)
        if not put:
            return None
        if rng.random() < 0.2:
            put_occluder(board, background.image, rng)
        kept = board.still_seen(background.record.boxes)
        return Scene(develop(board.image, rng), kept)
