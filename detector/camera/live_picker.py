"""Which packets of a live stream are decoded, and which frames are taken."""

from collections import deque
from typing import Literal

from detector.camera.sampling import TOLERANCE_S, Sampling

Plan = Literal["pass", "alone", "follow"]
"""pass: not decoded; alone: a key frame that is decoded by itself; follow: decoded in its turn."""

EARLY_SHARE = 0.95
"""Key frames up to so much early are taken: arrival shakes them, and to wait for the next one would
halve the samples of a camera whose key frames are just as far apart as the samples."""

KEYS_REMEMBERED = 3
"""The longest of so many gaps between key frames decides."""

BARREN_KEYS = 3
"""After so many key frames that gave no picture by themselves, all frames are decoded."""

BEHIND_S = 2.0
"""A reader that has not waited for a packet for so long is too slow for its stream."""

OVERLOAD_S = 60.0
"""A reader that was too slow decodes key frames alone for so long."""

WAITED_S = 0.01
"""A packet that was waited for at least so long was not in a buffer: the reader is up to date.
Python's threads take turns of 5 ms, which is no waiting for a packet."""


class Picker:
    """Samples one camera's stream, over all its connections."""

    def __init__(self, sampling: Sampling) -> None:
        """Begin with decoding all frames, until the gaps between key frames are known."""
        self._sampling = sampling
        self._gaps_s: deque[float] = deque(maxlen=KEYS_REMEMBERED)
        self._key_s: float | None = None
        self._keys_alone = sampling.keyframes == "only"
        self._synced = False
        self._taken_s: float | None = None
        self._barren = 0
        self._overloaded_until_s = float("-inf")
        self._up_to_date_s: float | None = None

    def reconnect(self, now_s: float) -> None:
        """Expect a stream that begins anywhere; what was learned of the camera is kept."""
        self._key_s = None
        self._synced = False
        self._up_to_date_s = now_s

    def note_wait(self, waited_s: float, now_s: float) -> None:
        """Take note of how long a packet was waited for."""
        if waited_s >= WAITED_S:
            self._up_to_date_s = now_s

    def plan(self, is_key: bool, at_s: float, now_s: float) -> Plan:
        """Decide about a packet.

        Args:
            is_key: Whether it can be decoded by itself.
            at_s: Its place on the timeline.
            now_s: The monotonic clock.

        Returns:
            What to do with it. Once a packet was passed, the decoder starts at the next key.
        """
        if self._is_behind(now_s):
            # Passing packets is so fast that the newest is soon reached.
            self._overloaded_until_s = now_s + OVERLOAD_S
            self._synced = False
            return "pass"
        if is_key:
            if self._key_s is not None:
                self._gaps_s.append(at_s - self._key_s)
            self._key_s = at_s
            self._keys_alone = self._decide_keys_alone(now_s)
            self._synced = not self._keys_alone
            if self._keys_alone:
                return "alone" if self._is_due(at_s, EARLY_SHARE) else "pass"
        elif self._keys_alone:
            self._mind_overdue(at_s)
        return "follow" if self._synced else "pass"

    def note_alone(self, gave_frame: bool) -> None:
        """Take note of whether a key frame gave a picture by itself."""
        self._barren = 0 if gave_frame else self._barren + 1

    def note_broken(self) -> None:
        """Start the decoder at the next key: this packet could not be decoded."""
        self._synced = False

    def takes(self, timestamp_s: float) -> bool:
        """Return whether a decoded frame is wanted; it counts as taken then."""
        if not self._is_due(timestamp_s, EARLY_SHARE if self._keys_alone else 1.0):
            return False
        self._taken_s = timestamp_s
        return True

    def _is_due(self, at_s: float, share: float) -> bool:
        if self._taken_s is None:
            return True
        return at_s - self._taken_s >= self._sampling.every_s * share - TOLERANCE_S

    def _decide_keys_alone(self, now_s: float) -> bool:
        wanted = self._sampling.keyframes
        if wanted != "auto":
            return wanted == "only"
        if self._barren >= BARREN_KEYS:
            return False
        dense = bool(self._gaps_s) and max(self._gaps_s) <= self._sampling.dense_s
        return dense or now_s < self._overloaded_until_s

    def _mind_overdue(self, at_s: float) -> None:
        """Learn that the camera's key frames have become rare, before the next one comes."""
        if self._key_s is not None and at_s - self._key_s > self._sampling.dense_s:
            self._gaps_s.append(at_s - self._key_s)

    def _is_behind(self, now_s: float) -> bool:
        return self._up_to_date_s is not None and now_s - self._up_to_date_s > BEHIND_S
