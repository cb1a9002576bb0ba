"""How long the courier waits after a failure, and whose failure it was."""

import random
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["incident", "heartbeat"]
"""What is sent. One kind may pass while the other does not, so each has a rest of its own."""

MOST_SUSPECTS: Final = 1000
FREE_BLAMES: Final = 2
"""So many bad things in a row cost the others no rest. More, and it is no chance: a service without
room for photos, say."""


@dataclass(frozen=True, slots=True)
class CourierSettings:
    """How long it waits."""

    first_wait_s: float = 1.0
    """After a first failure; doubled with each further one."""
    most_wait_s: float = 60.0
    """One try a minute harms no service, and an hour's news go out a minute after it is back."""
    mend_wait_s: float = 300.0
    """Where a person has to mend something: a key, a camera that is not registered."""
    jitter: float = 0.25
    """Waits are longer by up to this share, so that many watchers do not come at once."""
    idle_s: float = 0.5
    """Between looks into an empty spool."""


@dataclass(slots=True)
class _Rest:
    until: float = -float("inf")
    failures: int = 0
    blames: int = 0


class Patience:
    """Remembers failures; sends nothing."""

    def __init__(
        self, settings: CourierSettings, clock: Callable[[], float], rng: random.Random
    ) -> None:
        """Begin without any.

        Args:
            settings: How long to wait.
            clock: Seconds that only grow.
            rng: For the jitter.
        """
        self._settings = settings
        self._clock = clock
        self._rng = rng
        self._rests: dict[Kind, _Rest] = {"incident": _Rest(), "heartbeat": _Rest()}
        self._arrivals = 0
        self._suspects: dict[Hashable, int] = {}

    def left_s(self, kind: Kind) -> float:
        """Return for how long a kind still rests; 0: it may go."""
        return max(0.0, self._rests[kind].until - self._clock())

    def arrived(self, kind: Kind, thing: Hashable) -> bool:
        """Note that something was taken; tell whether its kind failed before."""
        self._arrivals += 1
        self._suspects.pop(thing, None)
        rest = self._rests[kind]
        had_failed = rest.failures > 0
        rest.failures = rest.blames = 0
        return had_failed

    def is_to_blame(self, thing: Hashable) -> bool:
        """Tell whether a failure that looks like the service's comes of what was sent.

        So it does where something else arrived since the same thing failed the last time: a photo
        that kills the process that reads it looks from here like a service that is away.
        """
        failed_at = self._suspects.pop(thing, self._arrivals)
        if len(self._suspects) >= MOST_SUSPECTS:
            self._suspects.clear()
        self._suspects[thing] = self._arrivals
        return failed_at < self._arrivals

    def rest(self, kind: Kind, asked_s: float = 0.0) -> float:
        """Let a kind rest after a failure; at least for as long as the service asks for.

        Returns:
            For how many seconds.
        """
        rest = self._rests[kind]
        wait_s = max(self.wait_s(rest.failures), asked_s)
        rest.failures += 1
        rest.until = self._clock() + wait_s
        return wait_s

    def blame(self, kind: Kind) -> float:
        """Note a failure that came of what was sent, and not of the service.

        Returns:
            For how many seconds that thing should wait; others of its kind go on.
        """
        rest = self._rests[kind]
        rest.blames += 1
        if rest.blames > FREE_BLAMES:
            rest.until = self._clock() + self.wait_s(rest.blames - FREE_BLAMES - 1)
        return self.jittered(self._settings.most_wait_s)

    def rest_all(self, wait_s: float) -> None:
        """Let everything rest."""
        for rest in self._rests.values():
            rest.until = self._clock() + wait_s
            rest.failures += 1

    def wait_s(self, failures: int) -> float:
        """Return how long to wait after so many failures before this one."""
        settings = self._settings
        growing = settings.first_wait_s * 2.0 ** min(failures, 30)
        return self.jittered(min(growing, settings.most_wait_s))

    def mend_s(self) -> float:
        """Return how long to wait for a person to mend something."""
        return self.jittered(self._settings.mend_wait_s)

    def jittered(self, wait_s: float) -> float:
        """Return a wait that is longer by chance."""
        return wait_s * (1 + self._settings.jitter * self._rng.random())
