"""Annotated pictures and a page that shows them, written to a folder."""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import cv2
import numpy as np

from detector.arrays import BoxArray, Image
from detector.decode import DecodeLimits, decode_photo, hash_photo
from detector.detections import Finding, ImageScore
from detector.errors import EvidenceError, OutputError, PhotoError
from detector.evidence.draw import draw_findings
from detector.geometry import scale_boxes
from detector.labels import Language, show_label
from detector.sources import PathSource

PICTURE_WH: Final = (1600, 1600)
"""Large enough to judge by eye, small enough for a page of many."""
JPEG_QUALITY: Final = 88
NAME_LENGTH: Final = 100
"""File systems allow 255 bytes; the number and ending need some."""

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "title": "Street issues",
        "flagged": "flagged",
        "under": "under threshold",
        "none": "nothing flagged",
        "blurred": "Faces and number plates that were found are blurred.",
        "bare": "Faces and number plates are NOT blurred (--no-privacy).",
        "advice": "A model's findings are for a person to check; a photo without a finding may "
        "still show a problem.",
        "failed": "not scored",
    },
    "zh": {
        "title": "街面问题",
        "flagged": "达到阈值",
        "under": "低于阈值",
        "none": "未发现达到阈值的问题",
        "blurred": "检出的人脸和车牌已模糊处理。",
        "bare": "人脸和车牌未作模糊处理（--no-privacy）。",
        "advice": "模型结果须由人工核实；未检出不代表没有问题。",
        "failed": "未能评分",
    },
}

STYLE: Final = """
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif;
max-width:76rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.6rem;margin:0}
main{display:grid;grid-template-columns:repeat(auto-fill,minmax(22rem,1fr));gap:1.25rem}
article{border:1px solid #8886;border-radius:.5rem;overflow:hidden}
article img{display:block;width:100%;height:18rem;object-fit:contain;background:#0002}
article div{padding:.6rem .9rem .9rem}
h2{font-size:1rem;margin:0 0 .3rem;overflow-wrap:anywhere}
ul{margin:0;padding-left:1.1rem}
.under,.none{opacity:.7}
.failed{color:#c0392b}
"""


class PrivacyFilter(Protocol):
    """Blurs what identifies a person."""

    def apply(self, image: Image, also_xyxy: BoxArray) -> Image:
        """Return a new picture in which faces, plates and the boxes given are blurred.

        Raises:
            EvidenceError: It could not be done; the picture must not be written.
        """
        ...


@dataclass(frozen=True, slots=True)
class _Card:
    picture: str | None
    score: ImageScore
    failure: str | None


class Gallery:
    """Writes a picture a photo as scores come, and index.html at the end."""

    def __init__(self, folder: Path, language: Language, privacy: PrivacyFilter | None) -> None:
        """Make the folder.

        Args:
            folder: Where pictures and page go.
            language: Of captions and page.
            privacy: None leaves faces and plates as they are, and the page says so.

        Raises:
            OutputError: The folder cannot be made.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(str(folder), error) from error
        self._folder = folder
        self._language = language
        self._privacy = privacy
        self._cards: list[_Card] = []

    def add(self, score: ImageScore) -> None:
        """Draw one photo; a photo that fails is named on the page, the others go on."""
        if score.error is not None:
            self._cards.append(_Card(None, score, score.error.message))
            return
        try:
            name = self._write_picture(score)
        except (EvidenceError, PhotoError) as error:
            self._cards.append(_Card(None, score, str(error)))
        else:
            self._cards.append(_Card(name, score, None))

    def failures(self) -> list[tuple[str, str]]:
        """Return the photos that were scored and could not be drawn, each with the reason."""
        return [
            (card.score.source, card.failure)
            for card in self._cards
            if card.failure is not None and card.score.error is None
        ]

    def _write_picture(self, score: ImageScore) -> str:
        # Read again: keeping every decoded picture until its turn would fill the memory.
        data = PathSource(Path(score.source)).read(DecodeLimits().max_file_bytes)
        if hash_photo(data) != score.sha256:
            raise EvidenceError("photo_changed", f"{score.source} changed after it was scored.")
        photo = decode_photo(data, sees_wh=PICTURE_WH)
        image = photo.image
        if self._privacy is not None:
            scale_x, scale_y = photo.scale_xy
            plates = [one.box_xyxy for one in score.context if one.label == "licence_plate"]
            boxes = np.array(plates, np.float32).reshape(-1, 4)
            image = self._privacy.apply(image, scale_boxes(boxes, (1 / scale_x, 1 / scale_y)))
        drawn = draw_findings(image, score.findings, photo.scale_xy, self._language)
        # Two folders may hold files of one name, and a file's name may be anything at all.
        stem = re.sub(r"[^\w.-]", "_", Path(score.source).stem, flags=re.ASCII)[:NAME_LENGTH]
        name = f"{stem}-{str(score.sha256)[:8]}.jpg"
        encoded, jpeg = cv2.imencode(".jpg", drawn, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        if not encoded:
            raise EvidenceError("picture_unwritable", f"{score.source} could not be encoded.")
        try:
            (self._folder / name).write_bytes(jpeg.tobytes())
        except OSError as error:
            raise EvidenceError(
                "picture_unwritable", f"{self._folder / name} cannot be written: {error.strerror}."
            ) from error
        return name

    def finish(self) -> Path:
        """Write the page and return where it is.

        Raises:
            OutputError: It cannot be written.
        """
        path = self._folder / "index.html"
        try:
            path.write_text(self._page(), encoding="utf-8", errors="backslashreplace")
        except OSError as error:
            raise OutputError(str(path), error) from error
        return path

    def _page(self) -> str:
        words = WORDS[self._language]
        notice = words["bare"] if self._privacy is None else words["blurred"]
        cards = "\n".join(self._card(card) for card in self._cards)
        return (
            f'<!doctype html>\n<html lang="{self._language}">\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width">\n'
            f"<title>{words['title']}</title>\n<style>{STYLE}</style>\n"
            f"<h1>{words['title']}</h1>\n<p>{words['advice']} {notice}</p>\n"
            f"<main>\n{cards}\n</main>\n</html>\n"
        )

    def _card(self, card: _Card) -> str:
        words = WORDS[self._language]
        name = html.escape(Path(card.score.source).name)
        picture = ""
        if card.picture is not None:
            picture = (
                f'<a href="{card.picture}">'
                f'<img loading="lazy" src="{card.picture}" alt="{name}"></a>'
            )
        if card.failure is not None:
            body = f'<p class="failed">{words["failed"]}: {html.escape(card.failure)}</p>'
        elif card.score.findings:
            body = "<ul>" + "".join(map(self._item, card.score.findings)) + "</ul>"
        else:
            body = f'<p class="none">{words["none"]}</p>'
        return f"<article>{picture}<div><h2>{name}</h2>{body}</div></article>"

    def _item(self, finding: Finding) -> str:
        state = "flagged" if finding.flagged else "under"
        text = f"{show_label(finding.label, self._language)} {finding.score:.2f}"
        phones = " ".join(map(str, finding.evidence.get("phones", ())))
        note = "" if finding.flagged else f" ({WORDS[self._language]['under']})"
        return f'<li class="{state}">{html.escape(f"{text}{note} {phones}".strip())}</li>'
