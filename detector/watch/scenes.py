"""How places looked, kept over a restart: small pictures that the tracker may ask for again."""

import sqlite3
from collections.abc import Mapping

import cv2
import numpy as np

from detector.arrays import frozen
from detector.camera.frames import LumaArray
from detector.camera.scenery import LookKey


def write_scenes(db: sqlite3.Connection, camera: str, kept: Mapping[LookKey, LumaArray]) -> None:
    """Make a camera's pictures on disk the ones that are kept now.

    Only what is new is encoded and written: a look that is asked for never changes.
    """
    rows = db.execute("SELECT source, timestamp_s FROM scenes WHERE camera = ?", (camera,))
    known: set[LookKey] = {(source, timestamp_s) for source, timestamp_s in rows}
    db.executemany(
        "DELETE FROM scenes WHERE camera = ? AND source = ? AND timestamp_s = ?",
        [(camera, *key) for key in known - kept.keys()],
    )
    for key in kept.keys() - known:
        done, data = cv2.imencode(".png", kept[key], [cv2.IMWRITE_PNG_COMPRESSION, 1])
        if done:
            db.execute("INSERT INTO scenes VALUES (?, ?, ?, ?)", (camera, *key, data.tobytes()))


def read_scenes(db: sqlite3.Connection, camera: str) -> dict[LookKey, LumaArray]:
    """Return a camera's pictures; one that is damaged is left out, as if it was forgotten."""
    scenes: dict[LookKey, LumaArray] = {}
    rows = db.execute("SELECT source, timestamp_s, picture FROM scenes WHERE camera = ?", (camera,))
    for source, timestamp_s, picture in rows.fetchall():
        try:
            luma = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_GRAYSCALE)
        except cv2.error:  # An empty picture.
            continue
        if luma is not None:
            scenes[source, timestamp_s] = frozen(luma.astype(np.uint8, copy=False))
    return scenes
