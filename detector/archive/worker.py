"""A worker process: `python -m detector.archive.worker`, its jobs on a socket that it inherits.

It decides nothing: the owner tells it what to do, kills it when it shows no sign of life, and takes
it along when it ends, however it ends.
"""

import contextlib
import ctypes
import importlib
import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

from detector.archive.messages import Done, Lost, Orders, Progress, Ready, Refused
from detector.errors import StreetIssueError

logger = logging.getLogger(__name__)

PR_SET_PDEATHSIG: Final = 1
"""From Linux's <sys/prctl.h>."""
OOM_SCORE: Final = 800
"""Added to this process's share of the memory, of 1000 (proc(5), oom_score_adj)."""
SIGN_EVERY_S: Final = 0.5
"""Often enough for a progress bar; a message a frame would wake the owner for nothing."""


class SignOfLife:
    """Tells the owner, now and then, how many frames were looked at."""

    def __init__(self, send: Callable[[Progress], None]) -> None:
        """Start with a sign at once."""
        self._send = send
        self._frames = 0
        self._next_at = 0.0
        self.give(0)

    def give(self, frames: int) -> None:
        """Count frames; send the count when it is time."""
        self._frames += frames
        now = time.monotonic()
        if now >= self._next_at:
            self._send(Progress(self._frames))
            self._frames = 0
            self._next_at = now + SIGN_EVERY_S

    def finish(self) -> None:
        """Send what was not sent yet."""
        if self._frames:
            self._send(Progress(self._frames))


def run_worker(connection: Connection) -> None:
    """Set up as the first message says, then do jobs until the other end closes."""
    try:
        orders: Orders = connection.recv()
        try:
            work = open_work(orders)
        except Exception as error:  # The owner must hear why, whatever it is.
            connection.send(refuse(error))
            return
        connection.send(Ready())
        while True:
            job = connection.recv()
            if not _do(work, job, connection):
                return
    except (EOFError, OSError):
        return  # The owner is gone.


def open_work(orders: Orders) -> Any:
    """Import and call what the orders name."""
    module, _, name = orders.open_work.partition(":")
    return getattr(importlib.import_module(module), name)(orders.plan)


def _do(work: Any, job: Any, connection: Connection) -> bool:
    """Do one job and send its end; False: this process is not fit for another."""
    sign = SignOfLife(connection.send)
    try:
        result = work(job, sign.give)
        sign.finish()
        connection.send(Done(result))
    except MemoryError:
        # What held the memory may hold it still, and the heap is in pieces.
        connection.send(Lost("out_of_memory", "The memory did not suffice."))
        return False
    except Exception as error:  # One bad job must not cost the worker. That the owner is gone,
        # which comes here too, shows when it is told so.
        logger.error("Unforeseen error in a worker", exc_info=error)
        connection.send(Lost("internal", f"The work failed: {type(error).__name__}."))
        return True
    return True


def refuse(error: Exception) -> Refused:
    """Put what kept a worker from being set up into a message."""
    if isinstance(error, StreetIssueError):
        return Refused(error.code, error.message, error.hint)
    logger.error("A worker cannot be set up", exc_info=error)
    return Refused("worker_failed", f"A worker cannot be set up: {type(error).__name__}.", "")


def end_with_owner(owner_id: int) -> None:
    """Ask Linux to kill this process when its owner ends: a hung decoder reads no socket."""
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != owner_id:  # It ended before we asked.
        os._exit(0)


def offer_itself_to_the_oom_killer() -> None:
    """When memory runs out a worker shall go, which is replaced, and not the scan."""
    with contextlib.suppress(OSError):  # Another system, or one that does not allow it.
        Path("/proc/self/oom_score_adj").write_text(str(OOM_SCORE), "ascii")


def main() -> None:
    """Run with the arguments that the owner gives: the socket's number, the owner's id."""
    descriptor, owner_id = (int(text) for text in sys.argv[1:3])
    # A terminal's Ctrl-C and a service manager's stop go to the whole group; the owner decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    end_with_owner(owner_id)
    offer_itself_to_the_oom_killer()
    logging.basicConfig(format="%(levelname)s worker: %(message)s", level=logging.WARNING)
    with Connection(descriptor) as connection:
        run_worker(connection)
    # Runtimes stop threads of theirs at exit, and some hang in it; there is nothing to save.
    logging.shutdown()
    os._exit(0)


if __name__ == "__main__":
    main()
