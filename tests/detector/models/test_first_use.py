"""A fresh process in which many threads use a detector at once must not lock up."""

import subprocess
import sys

import pytest

RUNS = {"quick": 2, "drill": 60}
CODE = """
import sys, threading
import numpy as np
from detector.models import RuntimeOptions, load_detector
from detector.models.bundle import DEFAULT_BUNDLE, load_bundle

detector = load_detector(load_bundle(DEFAULT_BUNDLE), sys.argv[1], RuntimeOptions(2, 8))
image = np.zeros((64, 64, 3), np.uint8)
together = threading.Barrier(8)

def look():
    together.wait()
    detector.detect([image])

threads = [threading.Thread(target=look, daemon=True) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join(30)
    assert not thread.is_alive(), "a thread is stuck"
"""


@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
@pytest.mark.parametrize("length", ["quick", pytest.param("drill", marks=pytest.mark.faults)])
def test_threads_that_come_first_together_do_not_wait_for_ever(runtime: str, length: str) -> None:
    for _ in range(RUNS[length]):
        done = subprocess.run(
            [sys.executable, "-c", CODE, runtime],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
