"""A worker process: `python -m api.scoring.worker`, its tasks on a socket that it inherits.

It decides nothing: the server's process tells it what to do, kills it when a task takes too long,
and takes it along when it ends, however it ends.
"""

import contextlib
import ctypes
import importlib
import logging
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any, Final

from api.logs import start_logging
from api.scoring.tasks import Failed, Taken, WorkPlan
from api.scoring.wire import ClosedError, receive_message, send_message
from detector.errors import PhotoError, StreetIssueError

logger = logging.getLogger(__name__)

PR_SET_PDEATHSIG: Final = 1
"""From Linux's <sys/prctl.h>."""
OOM_SCORE: Final = 800
"""Added to this process's share of the memory, of 1000 (proc(5), oom_score_adj)."""


def run_worker(connection: socket.socket) -> None:
    """Set up as the first message says, then do tasks until the other end closes.

    Args:
        connection: A stream socket without a timeout.
    """
    try:
        (plan, open_work), _ = receive_message(connection)
        try:
            work = _open(plan, open_work)
            answer: object = work.ready
        except Exception as error:  # The other end must hear why, whatever it is.
            send_message(connection, _describe(error))
            return
        send_message(connection, answer)
        while True:
            task, photos = receive_message(connection)
            send_message(connection, Taken())
            try:
                for done in work.do(task, photos):
                    send_message(connection, done)
            except ClosedError:
                raise
            except Exception as error:  # One bad task must not cost the worker.
                send_message(connection, _describe(error))
    except ClosedError:
        return


def _open(plan: WorkPlan, open_work: str) -> Any:
    module, _, name = open_work.partition(":")
    return getattr(importlib.import_module(module), name)(plan)


def _describe(error: Exception) -> Failed:
    if isinstance(error, StreetIssueError):
        is_photo_fault = isinstance(error, PhotoError)
        return Failed(error.code, error.message, error.hint, is_photo_fault)
    logger.error("Unforeseen error in a worker", exc_info=error)
    kind = "Memory ran out" if isinstance(error, MemoryError) else type(error).__name__
    return Failed(
        "internal",
        f"The task failed: {kind}.",
        "This is a fault of the software or the machine, not of the photo; see the log.",
    )


def _end_with_parent(parent_id: int) -> None:
    """Ask Linux to kill this process when its parent ends: a hung decoder reads no socket."""
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_id:  # It ended before we asked.
        os._exit(0)


def _offer_itself_to_the_oom_killer() -> None:
    """When memory runs out a worker shall go, which is replaced, and not the server."""
    with contextlib.suppress(OSError):  # Another system, or one that does not allow it.
        Path("/proc/self/oom_score_adj").write_text(str(OOM_SCORE), "ascii")


def main() -> None:
    """Run with the arguments that `start_worker` gives: the socket's number, the parent's id."""
    descriptor, parent_id = (int(text) for text in sys.argv[1:3])
    # A terminal's Ctrl-C and a service manager's stop go to the whole group; the parent decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _end_with_parent(parent_id)
    _offer_itself_to_the_oom_killer()
    start_logging()
    with socket.socket(fileno=descriptor) as connection:
        connection.settimeout(None)
        run_worker(connection)
    # Runtimes stop threads of theirs at exit, and some hang in it; there is nothing to save.
    logging.shutdown()
    os._exit(0)


if __name__ == "__main__":
    main()
