"""One try: one POST to a judged address, over within 20 seconds whatever the receiver does."""

import asyncio
import ssl
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Final, Protocol

import httpx2

from api.delivery.addresses import AddressGuard, Target
from api.delivery.schedule import Answer, parse_retry_after
from api.errors import InvalidError
from detector.version import __version__

TIMEOUT_S: Final = 20.0  # Standard Webhooks: 15 to 30 s
CONNECT_TIMEOUT_S: Final = 5.0
MOST_ADDRESSES: Final = 3
"""Of a host with many, so many are tried until one takes the connection."""
MOST_READ: Final = 4096
"""Bytes of an answer's body that are read, and thrown away: it may hold anything."""


class Sender(Protocol):
    """Sends one request. A test may put a fake in its place."""

    def send(self, url: str, body: bytes, headers: Mapping[str, str], now: datetime) -> Answer:
        """Try once; never raises for what a receiver does.

        Args:
            url: Where to.
            body: What.
            headers: With the signature.
            now: The time, for a Retry-After that names one.
        """
        ...


class HttpSender:
    """Sends for real. Safe to use from several threads."""

    def __init__(self, guard: AddressGuard, timeout_s: float = TIMEOUT_S) -> None:
        """Take who judges addresses; read the certificates that are trusted."""
        self._guard = guard
        self._timeout_s = timeout_s
        self._trust = httpx2.create_ssl_context()
        self._trust.load_default_certs(ssl.Purpose.SERVER_AUTH)  # The system's: a bureau's own CA

    def send(self, url: str, body: bytes, headers: Mapping[str, str], now: datetime) -> Answer:
        """Judge the address again, then try once."""
        started = time.monotonic()
        try:
            target = self._guard.check(url)
        except InvalidError as error:
            return Answer(None, error.message, elapsed_s=time.monotonic() - started)
        try:
            answer = asyncio.run(self._post(target, body, headers, now))
        except TimeoutError:
            answer = Answer(None, f"No whole answer came within {self._timeout_s:g} s.")
        except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError) as error:
            answer = Answer(None, _explain(error))
        except (OSError, UnicodeError) as error:
            answer = Answer(None, f"The connection failed: {type(error).__name__}.")
        return Answer(answer.status, answer.error, answer.retry_after_s, time.monotonic() - started)

    async def _post(
        self, target: Target, body: bytes, headers: Mapping[str, str], now: datetime
    ) -> Answer:
        """Try the addresses in turn until one takes the connection; one clock for all."""
        # No proxies from the environment: they would resolve the name once more. No kept
        # connections: one to a shared address could carry what is meant for another name.
        async with asyncio.timeout(self._timeout_s):
            for index, address in enumerate(target.addresses[:MOST_ADDRESSES], start=1):
                try:
                    return await self._post_to(target, address, body, headers, now)
                except (httpx2.ConnectError, httpx2.ConnectTimeout):
                    if index == min(len(target.addresses), MOST_ADDRESSES):
                        raise
        raise AssertionError("a target has an address")

    async def _post_to(
        self,
        target: Target,
        address: str,
        body: bytes,
        headers: Mapping[str, str],
        now: datetime,
    ) -> Answer:
        timeout = httpx2.Timeout(self._timeout_s, connect=min(CONNECT_TIMEOUT_S, self._timeout_s))
        async with (
            httpx2.AsyncClient(verify=self._trust, trust_env=False, timeout=timeout) as client,
            client.stream(
                "POST",
                target.url.copy_with(host=address),
                content=body,
                headers={
                    **headers,
                    "Host": target.url.netloc.decode("ascii"),
                    "User-Agent": f"street-issue-detector/{__version__}",
                    "Accept-Encoding": "identity",
                    "Connection": "close",
                },
                follow_redirects=False,
                extensions={"sni_hostname": target.host},
            ) as response,
        ):
            read = 0
            async for chunk in response.aiter_raw():
                read += len(chunk)
                if read >= MOST_READ:
                    break
            retry_after_s = parse_retry_after(response.headers.get("retry-after"), now)
            return Answer(
                response.status_code, _judge(response.status_code), retry_after_s=retry_after_s
            )


def _judge(status: int) -> str | None:
    if 200 <= status < 300:
        return None
    if 300 <= status < 400:
        return f"It answered {status}, a redirect: those are not followed. Set the final URL."
    return f"It answered {status}."


def _explain(error: Exception) -> str:
    """Say what went wrong in words of ours: those of libraries may quote what was received."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"Its certificate was not accepted: {cause.verify_message}."
        cause = cause.__cause__ or cause.__context__
    match error:
        case httpx2.ConnectTimeout():
            return f"It did not take the connection within {CONNECT_TIMEOUT_S:g} s."
        case httpx2.TimeoutException():
            return "It did not answer in time."
        case httpx2.ConnectError():
            return "The connection was refused, or the host cannot be reached."
        case httpx2.RemoteProtocolError() | httpx2.DecodingError():
            return "What it answered is not HTTP, or broke off."
        case _:
            return f"The connection failed: {type(error).__name__}."
