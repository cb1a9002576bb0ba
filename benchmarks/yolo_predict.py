"""Runs inside the other environment: `yolo predict` without its start-up, on the same photos.

python yolo_predict.py NETWORK FOLDER SAVE
"""

import sys
import tempfile
import time

from ultralytics import YOLO


def main() -> None:
    network, folder, save = sys.argv[1], sys.argv[2], sys.argv[3] == "save"
    model = YOLO(network, task="detect")
    with tempfile.TemporaryDirectory() as out:
        settings = {"imgsz": 640, "device": "cpu", "save": save, "verbose": False, "project": out}
        list(model.predict(folder, stream=True, **settings))  # warm-up
        started = time.perf_counter()
        count = sum(1 for _ in model.predict(folder, stream=True, **settings))
        print(f"photos_per_s={count / (time.perf_counter() - started)}")


main()
