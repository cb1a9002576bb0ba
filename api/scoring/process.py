"""A worker process as the server sees it: started, asked, killed."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from api.errors import ScoringError, SettingsError
from api.scoring.tasks import Done, Failed, Ready, Taken, Task, WorkPlan
from api.scoring.wire import ClosedError, receive_message, send_message

START_TIMEOUT_S: Final = 120.0
"""Loading takes a second or two; a cold disk or a busy machine takes longer."""
STEP_S: Final = 0.2
"""How often the wait for a start looks whether it is still wanted."""
END_TIMEOUT_S: Final = 5.0
"""A worker that is told to end has nothing to do for it."""


class WorkerGoneError(Exception):
    """The process ended, or talks nonsense: a new one is needed."""


class WorkerProcess:
    """One worker process. Used from one thread, the one that made it.

    Linux ends the process with the thread that started it; so that thread must live as long.
    """

    def __init__(self, plan: WorkPlan, open_work: str) -> None:
        """Start the process; `wait_until_ready` waits for it.

        Args:
            plan: How it sets itself up.
            open_work: `module:function` that takes the plan and returns the work.

        Raises:
            WorkerGoneError: The system starts no process, or it ended at once.
        """
        self._connection, theirs = socket.socketpair()
        command = [sys.executable, "-P", "-m", "api.scoring.worker"]
        try:
            # Its standard output is closed: the server's may be a pipe that somebody parses.
            self._process = subprocess.Popen(
                [*command, str(theirs.fileno()), str(os.getpid())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": _import_path()},
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        except OSError as error:
            self._connection.close()
            raise WorkerGoneError(f"no process can be started: {error.strerror}") from error
        finally:
            theirs.close()
        try:
            send_message(self._connection, (plan, open_work))
        except ClosedError as error:
            self.kill()
            raise WorkerGoneError("it ended at once") from error

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    def is_alive(self) -> bool:
        """Tell whether the process runs."""
        return self._process.poll() is None

    def wait_until_ready(self, is_wanted: Callable[[], bool]) -> Ready:
        """Wait until it is set up; a failure kills it.

        Args:
            is_wanted: Asked now and then; the wait ends when it says no.

        Raises:
            SettingsError: The model cannot be loaded, in the bundle's own words.
            WorkerGoneError: It ended, takes too long, or is no longer wanted.
        """
        deadline = time.monotonic() + START_TIMEOUT_S
        try:
            while True:
                self._connection.settimeout(STEP_S)
                try:
                    answer = receive_message(self._connection)[0]
                    break
                except TimeoutError:
                    if time.monotonic() > deadline or not is_wanted():
                        raise WorkerGoneError("it did not get ready in time") from None
        except ClosedError as error:
            self.kill()
            raise WorkerGoneError(f"it ended ({self._ending()})") from error
        except WorkerGoneError:
            self.kill()
            raise
        if isinstance(answer, Ready):
            return answer
        self.kill()
        if isinstance(answer, Failed):
            raise SettingsError(answer.code, answer.message, answer.hint)
        raise WorkerGoneError("it talks nonsense")

    def ask(
        self, task: Task, photos: tuple[bytes, ...], timeout_s: float, extra_timeout_s: float
    ) -> Done | Failed:
        """Have a task done. When this raises, the process is gone.

        Args:
            task: What to do.
            photos: With these.
            timeout_s: Until there is a result.
            extra_timeout_s: After a first result, until a better one.

        Returns:
            The last result, or why there is none. After a first result nothing that goes wrong
            counts: then it is the answer.

        Raises:
            ScoringError: scoring_timeout or worker_died.
            WorkerGoneError: It was gone before it took the task, which is not to blame.
        """
        deadline = time.monotonic() + timeout_s
        is_taken = False
        first: Done | None = None
        while True:
            try:
                self._connection.settimeout(max(0.001, deadline - time.monotonic()))
                if not is_taken:
                    send_message(self._connection, task, photos)
                answer = receive_message(self._connection)[0]
            except TimeoutError:
                self.kill()
                if first is not None:
                    return first
                raise ScoringError(
                    "scoring_timeout",
                    f"The photo was given up after {timeout_s:g} s.",
                    "Try once more; if it happens again, send another photo.",
                ) from None
            except ClosedError as error:
                self.kill()
                if first is not None:
                    return first
                if not is_taken:
                    raise WorkerGoneError(f"it ended ({self._ending()})") from error
                raise ScoringError(
                    "worker_died",
                    f"The process that worked on the photo ended ({self._ending()}).",
                    "Try once more; if it happens again, send another photo.",
                ) from error
            if isinstance(answer, Taken):
                is_taken = True
                continue
            if isinstance(answer, Done) and answer.is_last:
                return answer
            if isinstance(answer, Failed):
                return first or answer
            first = answer
            deadline = time.monotonic() + extra_timeout_s

    def end(self) -> None:
        """Tell it to end, and wait until it has."""
        self._connection.close()
        try:
            self._process.wait(END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it now, whatever it does."""
        self._connection.close()
        self._process.kill()
        self._process.wait()

    def _ending(self) -> str:
        code = self._process.returncode
        return f"signal {-code}" if code is not None and code < 0 else f"exit status {code}"


def _import_path() -> str:
    """Return this process's import path: the worker imports what it would."""
    return os.pathsep.join(str(Path(entry or ".").resolve()) for entry in sys.path)
