"""News of cameras go to the service over HTTP: incidents, and how the cameras are.

The wire is that of `docs/cameras.md`. Sending the same news again is harmless there, so whoever
sends may try again whenever it is not sure.
"""

import json
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, get_args
from urllib.parse import quote

from detector.camera.incident import Incident
from detector.camera.service_wire import (
    check_key,
    check_service_url,
    describe_incident,
    format_time,
    make_refusal,
    not_the_service,
    parse_object,
)
from detector.errors import ExtraMissingError, ServiceError
from detector.version import __version__

if TYPE_CHECKING:
    import httpx2

ServiceCameraState = Literal["live", "frozen", "black", "blurred", "moved", "offline"]
SERVICE_CAMERA_STATES: Final[tuple[str, ...]] = get_args(ServiceCameraState)

TIMEOUT_S: Final = 30.0
"""The service may wait for room for an upload; it answers within 30 s or says 503."""
CONNECT_TIMEOUT_S: Final = 5.0
MOST_ANSWER_BYTES: Final = 256 * 1024
"""An answer has about a kilobyte; a page of a proxy in the way may have any length."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the service said to an incident."""

    applied: bool
    """False: it knew these news, or newer ones, already."""
    report_id: str | None
    case_ids: tuple[str, ...]
    """Cases that the incident speaks for; empty while its picture waits to be scored."""


class Service(Protocol):
    """Takes news of cameras. A test may put a `FakeService` in its place."""

    def send_incident(self, news: Incident, photo: bytes | None = None) -> Answer:
        """Tell of an incident; the same news may be sent any number of times.

        Args:
            news: One revision of it.
            photo: The frame of the peak, as a JPEG file.

        Raises:
            ServiceError: It was not taken; `again` says whether to try later.
        """
        ...

    def send_heartbeat(
        self,
        camera: str,
        state: ServiceCameraState,
        at: datetime | None = None,
        frame: bytes | None = None,
    ) -> None:
        """Say how a camera is.

        Args:
            camera: Its code.
            state: How it is.
            at: When it was so, UTC; None: now, by the service's clock.
            frame: What it shows, as a JPEG file.

        Raises:
            ServiceError: It was not taken; `again` says whether to try later.
        """
        ...

    def close(self) -> None:
        """End the connections."""
        ...


class ServiceClient:
    """Sends for real. Safe to use from several threads; kept connections are used again."""

    def __init__(
        self,
        url: str,
        key: str,
        timeout_s: float = TIMEOUT_S,
        *,
        transport: "httpx2.BaseTransport | None" = None,
    ) -> None:
        """Take where the service is, and a key with the role `camera`.

        Args:
            url: Its root, such as `https://issues.example.gov.cn`; a path before `/v1` is kept.
            key: Goes into the header `Authorization` and nowhere else.
            timeout_s: How long each part of an exchange, and the answer as a whole, may take.
            transport: In the place of the network, for tests.

        Raises:
            UsageError: The address or the key cannot be one.
            ExtraMissingError: The extra `camera` is not installed.
        """
        self._url = check_service_url(url)
        self._timeout_s = timeout_s
        try:
            import httpx2
        except ImportError as error:
            raise ExtraMissingError("camera", "Sending news to the service") from error
        trust = httpx2.create_ssl_context()
        trust.load_default_certs(ssl.Purpose.SERVER_AUTH)  # The system's: a bureau's own CA
        # No redirects: they would carry the key to an address that nobody wrote into a file. No
        # proxies from the environment: the service is the bureau's own.
        self._client = httpx2.Client(
            headers={
                "Authorization": f"Bearer {check_key(key)}",
                "User-Agent": f"street-issue-detector/{__version__}",
                "Accept": "application/json",
                "Accept-Encoding": "identity",
            },
            verify=trust,
            trust_env=False,
            follow_redirects=False,
            timeout=httpx2.Timeout(timeout_s, connect=min(CONNECT_TIMEOUT_S, timeout_s)),
            transport=transport,
        )

    def send_incident(self, news: Incident, photo: bytes | None = None) -> Answer:
        """Tell of an incident; as the protocol."""
        said = self._post("/v1/incidents", describe_incident(news), photo)
        if said.get("id") != news.id:
            raise not_the_service(self._url)
        return Answer(
            applied=bool(said.get("applied")),
            report_id=said.get("report_id"),
            case_ids=tuple(said.get("case_ids") or ()),
        )

    def send_heartbeat(
        self,
        camera: str,
        state: ServiceCameraState,
        at: datetime | None = None,
        frame: bytes | None = None,
    ) -> None:
        """Say how a camera is; as the protocol."""
        body: dict[str, Any] = {"state": state}
        if at is not None:
            body["at"] = format_time(at)
        said = self._post(f"/v1/cameras/{quote(camera, safe='')}/heartbeat", body, frame)
        if "heartbeat_at" not in said:
            raise not_the_service(self._url)

    def check_access(self) -> None:
        """Find out whether the service is there and lets this key tell of incidents.

        Raises:
            ServiceError: It is not, or does not.
        """
        try:
            # News without a word change nothing. A service that takes the key says so with 422.
            self._post("/v1/incidents", {}, None)
        except ServiceError as error:
            if error.status != 422:
                raise
        else:
            raise not_the_service(self._url)

    def close(self) -> None:
        """End the connections."""
        self._client.close()

    def _post(self, path: str, body: Mapping[str, Any], photo: bytes | None) -> dict[str, Any]:
        """Try once; return the object that a 2xx answer holds."""
        import httpx2

        try:
            status, headers, data = self._exchange(self._url + path, body, photo)
        except (httpx2.HTTPError, httpx2.StreamError, httpx2.InvalidURL) as error:
            raise ServiceError(
                "unreachable",
                f"The service at {self._url} cannot be reached: {_explain(error)}",
                "Check that it runs and that its address is right.",
                again=True,
            ) from error
        except (OSError, UnicodeError) as error:
            raise ServiceError(
                "unreachable",
                f"The connection to {self._url} failed: {type(error).__name__}.",
                again=True,
            ) from error
        said = parse_object(data)
        if not 200 <= status < 300:
            raise make_refusal(status, headers, said)
        if said is None:
            raise not_the_service(self._url)
        return said

    def _exchange(
        self, url: str, body: Mapping[str, Any], photo: bytes | None
    ) -> tuple[int, Mapping[str, str], bytes]:
        import httpx2

        until = time.monotonic() + self._timeout_s
        if photo is None:
            request = self._client.build_request("POST", url, json=dict(body))
        else:
            fields = {
                name: json.dumps(value) if isinstance(value, dict) else str(value)
                for name, value in body.items()
            }
            files = {"photo": ("frame.jpg", photo, "image/jpeg")}
            request = self._client.build_request("POST", url, data=fields, files=files)
        response = self._client.send(request, stream=True)
        try:
            data = bytearray()
            for chunk in response.iter_bytes():
                data += chunk
                if len(data) > MOST_ANSWER_BYTES:
                    break
                if time.monotonic() > until:
                    raise httpx2.ReadTimeout("no whole answer", request=request)
        finally:
            response.close()
        return response.status_code, response.headers, bytes(data)


def _explain(error: Exception) -> str:
    """Say what went wrong in words of ours: those of libraries may quote what was received."""
    import httpx2

    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate was not accepted ({cause.verify_message})."
        cause = cause.__cause__ or cause.__context__
    match error:
        case httpx2.TimeoutException():
            return "it did not answer in time."
        case httpx2.ConnectError():
            return "the connection was refused, or the host is unknown."
        case httpx2.RemoteProtocolError():
            return "what it answered is not HTTP, or broke off."
        case _:
            return f"{type(error).__name__}."
