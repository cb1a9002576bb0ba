"""Citizens who upload while the server is killed or goes away, and what they were answered."""

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx2

LAT, LNG = 31.2304, 121.4737
UPLOADERS = 3


@dataclass(slots=True)
class Sent:
    """A photo that somebody wants to hand in, and what was answered."""

    key: str
    photo: bytes
    lat: float
    answer: dict[str, Any] | None = None


@dataclass(slots=True)
class Crowd:
    """Citizens who upload, and try again with the same key when the server goes away."""

    photos: Iterator[bytes]
    sent: list[Sent] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def upload_for(self, urls: tuple[str, ...], headers: dict[str, str], stop: Any) -> None:
        """Upload until told to stop or the server is gone."""
        threads = [
            threading.Thread(target=self._upload, args=(urls[k % len(urls)], headers, stop))
            for k in range(UPLOADERS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _upload(self, url: str, headers: dict[str, str], stop: Any) -> None:
        with httpx2.Client(base_url=url, headers=headers, timeout=30) as client:
            while not stop():
                one = self._next()
                # What fails is handed in again later, as the phone's page does.
                with contextlib.suppress(httpx2.TransportError):
                    self.hand_in(client, one)
                time.sleep(0.02)

    def _next(self) -> Sent:
        with self._lock:
            number = len(self.sent)
            one = Sent(f"key-{number}", next(self.photos), LAT + (number % 7) * 0.01)
            self.sent.append(one)
            return one

    def hand_in(self, client: httpx2.Client, one: Sent) -> None:
        answer = client.post(
            "/v1/reports",
            files={"photo": ("a.jpg", one.photo, "image/jpeg")},
            data={"lat": one.lat, "lng": LNG, "label": "overflowing_bin"},
            headers={"Idempotency-Key": one.key},
        )
        if answer.status_code == 202:
            one.answer = answer.json()
        else:
            self.refused.append(f"{answer.status_code} {answer.text}")
