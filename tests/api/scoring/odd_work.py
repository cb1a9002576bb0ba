"""Work that hangs, dies or fails when the photo's bytes say so. Worker processes import it."""

import os
import signal
import time
from collections.abc import Iterator

from api.scoring.base import Scored
from api.scoring.fake import LABELS, MODEL, fake_score
from api.scoring.tasks import Done, PictureTask, Ready, Task, WorkPlan
from detector.errors import BundleError, EvidenceError, PhotoError

FLAG = "STREET_ISSUES_TEST_REFUSES"
"""Variable that names a file: while it is there, no worker starts."""


class OddWork:
    ready = Ready(MODEL, LABELS)

    def do(self, task: Task, photos: tuple[bytes, ...]) -> Iterator[Done]:
        word, _, rest = photos[0].partition(b" ")
        if isinstance(task, PictureTask):
            raise EvidenceError("privacy_failed", "A finder failed.", "No picture then.")
        if word == b"first":  # An answer leaves, then this goes on with the rest.
            yield Done(Scored(fake_score(photos[0]), "first"), is_last=False)
            word, _, rest = rest.partition(b" ")
        match word:
            case b"hang":
                while True:
                    time.sleep(60)
            case b"die":
                os.kill(os.getpid(), signal.SIGKILL)
            case b"sleep":
                time.sleep(float(rest))
            case b"photo":
                raise PhotoError("truncated", "It ends too early.", "Send it again.")
            case b"error":
                raise ZeroDivisionError
            case b"print":
                print("this must not reach the server's standard output")
            case b"pid":
                yield Done(str(os.getpid()).encode())
                return
        yield Done(Scored(fake_score(photos[0]), str(len(photos[0]))))


def open_work(plan: WorkPlan) -> OddWork:
    flag = os.environ.get(FLAG)
    if flag and os.path.exists(flag):
        raise BundleError("manifest_missing", f"There is no {plan.model}.", "Copy it.")
    return OddWork()
