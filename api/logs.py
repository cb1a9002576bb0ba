"""Logs: one line of JSON each on standard error, without personal data."""

import logging
import sys
from typing import Any, Final, TextIO

from pythonjsonlogger.json import JsonFormatter

from api.http.request_log import request_id

_QUIET: Final = ("httpx", "httpcore", "alembic", "s3fs", "botocore", "fsspec", "aiobotocore")
"""Libraries whose lines hold whole addresses, or say what ours say already."""


class LineFormatter(JsonFormatter):
    """Time, level, logger, message, what the line adds, and the request it belongs to."""

    def __init__(self) -> None:
        """Name the fields."""
        super().__init__(
            "%(levelname)s %(name)s %(message)s",
            rename_fields={"levelname": "level", "name": "logger"},
            timestamp="at",
            json_ensure_ascii=False,
        )

    def add_fields(
        self,
        log_data: dict[str, Any],
        record: logging.LogRecord,
        message_dict: dict[str, Any],
    ) -> None:
        """Add the request's name."""
        super().add_fields(log_data, record, message_dict)
        log_data.pop("color_message", None)  # Uvicorn's, for terminals.
        name = request_id.get()
        if name is not None:
            log_data.setdefault("request_id", name)


class _OnceFilter(logging.Filter):
    """Drops the server's copy of an error that `http.unforeseen` has logged with its request."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not record.getMessage().startswith("Exception in ASGI application")


def start_logging(stream: TextIO | None = None, level: int = logging.INFO) -> None:
    """Send every logger's lines to one stream; for a process's main program only.

    Args:
        stream: None: standard error, so that standard output is for what a command answers.
        level: The lowest shown.
    """
    handler = logging.StreamHandler(sys.stderr if stream is None else stream)
    handler.setFormatter(LineFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("uvicorn.error").addFilter(_OnceFilter())
    logging.captureWarnings(capture=True)
