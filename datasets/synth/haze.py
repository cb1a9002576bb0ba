"""Composes what is taken for dust and is none: pictures to learn silence from."""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from datasets.synth import haze_air, haze_lens
from datasets.synth.dust import SMALLEST_SIDE_PX
from datasets.synth.pasting_boxes import FloatMap, keep_visible
from datasets.synth.scene import Background, Scene
from detector.arrays import Image

Effect = Callable[[np.random.Generator, Image], tuple[Image, FloatMap]]

EFFECTS: Final[dict[str, tuple[Effect, float]]] = {
    "smoke": (haze_air.add_smoke, 0.2),
    "steam": (haze_air.add_steam, 0.1),
    "cannon": (haze_air.add_cannon_mist, 0.1),
    "cloud": (haze_air.add_cloud, 0.08),
    "fog": (haze_air.add_fog, 0.14),
    "flare": (haze_lens.add_flare, 0.09),
    "wet_lens": (haze_lens.wet_lens, 0.06),
    "headlights": (haze_lens.light_headlights, 0.07),
    "asphalt": (haze_lens.brown_asphalt, 0.1),
    "stains": (haze_lens.stain_ground, 0.06),
}
"""What is drawn and how often, relative: smoke and fog are asked about most."""


class SmokeComposer:
    """Draws one or two things that are not dust, and no box for them."""

    def __init__(self, effects: Sequence[str] = tuple(EFFECTS)) -> None:
        """Make a composer.

        Args:
            effects: Names in `EFFECTS` to choose from.
        """
        self.name = "no-dust"
        self.version = 1
        self.draws: frozenset[str] = frozenset()
        self._effects = tuple(effects)

    def compose(self, background: Background, rng: np.random.Generator) -> Scene | None:
        """Compose a negative; the background's boxes stay where they can still be seen.

        Returns:
            The scene, or None where the background is too small.
        """
        image = background.image
        if min(image.shape[:2]) < SMALLEST_SIDE_PX:
            return None
        shares = np.asarray([EFFECTS[name][1] for name in self._effects])
        shares /= shares.sum()
        cover = np.zeros(image.shape[:2], np.float32)
        for _ in range(1 + int(rng.random() < 0.2)):
            name = self._effects[int(rng.choice(len(self._effects), p=shares))]
            image, hidden = EFFECTS[name][0](rng, image)
            cover = np.maximum(cover, hidden)
        return Scene(image, keep_visible(background.record.boxes, cover))
