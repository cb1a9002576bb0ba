"""Frames of an archive read again: for evidence, for comparing a place, for the service."""

from collections.abc import Callable
from typing import Final

import cv2

from detector.archive.journal_rows import ListedFile
from detector.arrays import Image
from detector.camera.frame_photo import frame_from_photo
from detector.camera.frames import Frame, LumaArray
from detector.camera.incident import Incident
from detector.camera.video import read_frame_at
from detector.decode import DecodeLimits
from detector.errors import EvidenceError
from detector.sources import PathSource

FILED_JPEG_QUALITY: Final = 92
"""The service scores the picture again: less would cost detail that the model sees."""

FindFile = Callable[[str], ListedFile | None]
"""Returns the file that outputs call so; None: there is none."""


class FramesAgain:
    """Reads frames of listed files by the name and time that a look told."""

    def __init__(self, find_file: FindFile) -> None:
        """Keep the way to the files."""
        self._find_file = find_file

    def read(self, source: str, timestamp_s: float) -> Frame:
        """Read one frame again.

        Raises:
            StreamError: The video has no such frame any more.
            PhotoError: The photo cannot be read any more.
            EvidenceError: No such file is listed.
        """
        file = self._find_file(source)
        if file is None:
            raise EvidenceError("file_unknown", f"{source} is not in the archive any more.")
        item = file.item
        if item.kind == "video":
            return read_frame_at(
                item.path,
                timestamp_s,
                start_at=item.start_at,
                rebase=file.rebase,
                source=source,
            )
        data = PathSource(item.path).read(DecodeLimits().max_file_bytes)
        return frame_from_photo(data, source, item.start_at)

    def read_luma(self, source: str, timestamp_s: float) -> LumaArray:
        """Return uint8 (H, W), upright; errors as of `read`."""
        return self.read(source, timestamp_s).luma

    def read_image(self, source: str, timestamp_s: float) -> Image:
        """Return uint8 (H, W, 3), BGR, upright; errors as of `read`."""
        return self.read(source, timestamp_s).image()

    def read_peak_jpeg(self, incident: Incident) -> bytes:
        """Return the frame of an incident's peak as a JPEG file; errors as of `read`."""
        image = self.read_image(incident.peak.source, incident.peak.timestamp_s)
        encoded, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, FILED_JPEG_QUALITY])
        if not encoded:
            raise EvidenceError("picture_unwritable", f"A frame of {incident.id} has no JPEG.")
        return jpeg.tobytes()
