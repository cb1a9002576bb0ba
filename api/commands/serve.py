"""street-issues-api serve: the service itself."""

import argparse
import contextlib
import errno
import logging
import signal
import socket
import sys
from types import FrameType
from typing import TYPE_CHECKING, Final, NoReturn

from api.commands import EXIT_DONE, add_settings_options, read_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastapi import FastAPI
    from uvicorn import Server

    from api.background import Loop
    from api.commands import Subparsers
    from api.services import Services

logger = logging.getLogger(__name__)

SHUTDOWN_S: Final = 15
"""Requests that run at SIGTERM may take so long. `api.app.STOP_S` comes on top, and Kubernetes
kills after 30 s."""
KEEP_ALIVE_S: Final = 75
"""Longer than the 60 s of nginx and of cloud load balancers, so that they, not we, close first."""
WAITING_CONNECTIONS: Final = 2048
MOST_CONNECTIONS: Final = 800
"""More are answered 503. systemd and most shells let a process open 1024 files: the rest is for the
ledger, photos, workers and webhooks. A consumer's long poll takes one, a bureau has dozens."""


def add_parser(commands: "Subparsers") -> None:
    """Add `serve`."""
    parser = commands.add_parser(
        "serve",
        help="run the service",
        description="Run the service. Without settings it keeps everything in one folder. The "
        "first start prints an admin key once; STREET_ISSUES_ADMIN_KEY presets it.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address (default: %(default)s)")
    parser.add_argument(
        "--port", type=_port, default=8000, help="0 takes any that is free (default: %(default)s)"
    )
    add_settings_options(parser)
    parser.set_defaults(run=run_serve)


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return port


def run_serve(options: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT; running requests end first."""
    from api.logs import start_logging

    settings = read_settings(options)
    # Before anything heavy: a port in use is told at once.
    with contextlib.closing(_listen(options.host, options.port)) as listener:
        signal.signal(signal.SIGTERM, _interrupt)
        start_logging()
        from api.app import create_app
        from api.opening import close_services, open_services

        services = open_services(settings)
        try:
            app = create_app(services, loops=build_loops(services))
            server = _build_server(app, services, listener)
        except BaseException:
            close_services(services)
            raise
        # The server takes over both signals and, when it has ended, sends them once more: by then
        # they have done what they should.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        server.run(sockets=[listener])
    return EXIT_DONE


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _listen(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(WAITING_CONNECTIONS)
    except OSError as error:
        listener.close()
        words = error.strerror or "cannot listen"
        if error.errno == errno.EADDRINUSE:
            words += "; --port (make serve PORT=...) takes another"
        raise OSError(error.errno, words, f"{host}:{port}") from error
    return listener


def make_first_key(services: "Services") -> str | None:
    """Make an admin key if there is no key at all yet.

    Returns:
        The key, to be shown once; None if there are keys, or an operator has preset it.

    Raises:
        InvalidError: The preset key has characters that a header cannot carry.
    """
    from api.errors import ConflictError
    from api.security.keys import WantedKey, create_key
    from api.store.keys import count_keys

    with services.database.read() as connection:
        if count_keys(connection) > 0:
            return None
    preset = services.settings.admin_key
    secret = None if preset is None else preset.get_secret_value()
    try:
        _, made = create_key(
            services,
            WantedKey("first administrator", "admin", originals=True),
            actor="system:serve",
            secret=secret,
        )
    except ConflictError:  # Another replica that starts with the same preset key was quicker.
        return None
    return made if preset is None else None


def build_loops(services: "Services") -> "Sequence[Loop]":
    """Return what runs beside the requests."""
    from functools import partial

    from api.background import Loop
    from api.cameras.watching import notice_silent_cameras
    from api.delivery.step import DeliveryLoop, open_deliverer
    from api.grid_cells import watch_grid
    from api.intake.scoring import score_step
    from api.keeping.retention import housekeeping_step
    from api.photos.ahead import picture_step

    return (
        Loop("scoring", partial(score_step, services)),
        DeliveryLoop(open_deliverer(services)),
        Loop("housekeeping", partial(housekeeping_step, services)),
        Loop("pictures", partial(picture_step, services)),
        Loop("grid", watch_grid(services)),
        Loop("cameras", partial(notice_silent_cameras, services)),
    )


def _build_server(app: "FastAPI", services: "Services", listener: socket.socket) -> "Server":
    import uvicorn

    from api.security.forwarded import ForwardedHeaders
    from api.security.head_limit import GuardedProtocol

    class TellingServer(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            # Only now: a start that fails must not make a key that nobody has seen.
            try:
                first_key = make_first_key(services)
            except BaseException:
                await self.shutdown(sockets)
                raise
            _tell(listener, first_key, citizens=services.settings.citizen_page)

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            services.stopping.set()
            await super().shutdown(sockets)

    config = uvicorn.Config(
        ForwardedHeaders(app, services.settings.trusted_proxies),
        http=GuardedProtocol,
        loop="uvloop",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,  # `api.http.request_log` writes one without query strings.
        server_header=False,
        proxy_headers=False,  # `ForwardedHeaders` does it, and says when it does not.
        limit_concurrency=MOST_CONNECTIONS,
        backlog=WAITING_CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=SHUTDOWN_S,
    )
    return TellingServer(config)


def _tell(listener: socket.socket, first_key: str | None, *, citizens: bool) -> None:
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    address = f"http://{shown}:{port}"
    print(f"street-issues-api serves on {address}")
    if citizens:
        print(f"Citizens report at {address}/")
    print(f"The console is at {address}/console")
    if first_key is not None:
        print(f"First admin key, shown only now: {first_key}")
        print("Sign in with it, or send it as `Authorization: Bearer KEY`.")
        print("More keys: the console's administration, or street-issues-api keys create")
    sys.stdout.flush()
