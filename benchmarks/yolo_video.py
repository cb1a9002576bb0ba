"""Runs inside the other environment: `yolo predict` on a video, without its start-up.

python yolo_video.py NETWORK VIDEO STRIDE SECONDS
"""

import os
import sys
import tempfile
import time
from pathlib import Path

WARM_UP_S = 2
"""Of the video: loading the network and its first pictures are left out."""


def main() -> None:
    network, video = sys.argv[1:3]
    stride, seconds = int(sys.argv[3]), int(sys.argv[4])
    with tempfile.TemporaryDirectory() as folder:
        # Nothing is looked up, fetched or installed; settings are written where they are removed.
        os.environ.update(YOLO_OFFLINE="true", YOLO_AUTOINSTALL="false", YOLO_CONFIG_DIR=folder)
        import cv2
        from ultralytics import YOLO

        rate = round(cv2.VideoCapture(video).get(cv2.CAP_PROP_FPS))
        results = YOLO(network, task="detect").predict(
            video,
            stream=True,
            vid_stride=stride,
            imgsz=640,
            device="cpu",
            save=False,
            verbose=False,
            project=str(Path(folder) / "runs"),
        )
        for _ in range(WARM_UP_S * rate // stride):
            next(results)
        wall_s, cpu_s = time.perf_counter(), time.process_time()
        for _ in range(seconds * rate // stride):
            next(results)
        wall_s, cpu_s = time.perf_counter() - wall_s, time.process_time() - cpu_s
    print(f"figures={wall_s / seconds} {cpu_s / seconds}")


main()
