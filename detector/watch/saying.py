"""Words for the log, but not the same again at once: it must not fill up in a bad night."""

import logging
import time
from collections.abc import Callable
from typing import Final

SAY_AGAIN_S: Final = 600.0
"""The same words are logged again after so long."""


class Sayer:
    """Logs what goes on being wrong now and then; use it in one thread."""

    def __init__(self, logger: logging.Logger, clock: Callable[[], float] = time.monotonic) -> None:
        """Take where to log, and a clock that only grows."""
        self._logger = logger
        self._clock = clock
        self._quiet_until: dict[str, float] = {}

    def say(self, about: str, level: int, words: str, *values: object) -> None:
        """Log, unless the same subject was logged a short while ago.

        Args:
            about: The subject.
            level: As `logging` has it.
            words: With places for the values.
            values: To fill in.
        """
        now = self._clock()
        if now < self._quiet_until.get(about, now):
            return
        self._quiet_until = {one: at for one, at in self._quiet_until.items() if at > now}
        self._quiet_until[about] = now + SAY_AGAIN_S
        self._logger.log(level, words, *values)

    def forget(self, about: str) -> None:
        """It is well again: the next time is news."""
        self._quiet_until.pop(about, None)
