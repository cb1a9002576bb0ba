"""The text of a poster: what it advertises and whom to call.

Reading needs the extra 'ocr'; parsing what was read needs nothing.
"""

import threading
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Protocol

import cv2
import numpy as np

from detector.arrays import Image
from detector.errors import EvidenceError, ExtraMissingError
from detector.evidence.phone_numbers import find_phones

KEYWORD_CATEGORIES: Final[Mapping[str, str]] = MappingProxyType(
    {
        keyword: category
        for category, keywords in {
            "documents": "办证 刻章 毕业证 学历 文凭 驾驶证 资质代办",
            "invoices": "代开发票 开发票 发票",
            "locks": "开锁 换锁 修锁 配钥匙",
            "drains": "疏通 下水道 管道 马桶 化粪池",
            "loans": "贷款 借款 借贷 无抵押 信用卡 套现",
            "jobs": "招聘 招工 急招 兼职 日结",
            "housing": "租房 出租 合租 转租 旺铺转让 售房",
            "recycling": "回收 收购 高价收",
            "moving": "搬家 搬运 拉货",
            "tutoring": "家教 辅导 培训",
            "medical": "补牙 镶牙 拔牙 祛斑 性病 专治 祖传",
            "repairs": "维修 防水 补漏 打孔 空调 家电 保洁",
        }.items()
        for keyword in keywords.split()
    }
)
"""Words of small ads, each with its trade. Add what your streets show."""

MARGIN: Final = 0.06
"""Added round a box, as a share of it: letters at the edge are lost to a tight crop."""
READS_LONG_SIDE_PX: Final = (640, 960)
"""Crops are enlarged to the first and shrunk to the second: larger ones take longer and were read
no better on rendered posters."""
MOST_ENLARGED: Final = 4.0
"""More makes no letters out of pixels."""
LEAST_SCORE: Final = 0.5
"""RapidOCR's own default."""

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class TextLine:
    """One line as it was read."""

    text: str
    score: float
    """In [0, 1]."""


@dataclass(frozen=True, slots=True)
class PosterText:
    """What a poster says."""

    lines: tuple[TextLine, ...]
    """From top to bottom."""
    phones: tuple[str, ...]
    """Each once, in order, e.g. "13800001234", "010-12345678", "400-123-4567"."""
    keywords: tuple[str, ...]
    """Keys of `KEYWORD_CATEGORIES`, in its order."""

    def to_evidence(self) -> dict[str, Any]:
        """Return what goes into a finding's evidence; ready for JSON."""
        return {
            "text": [line.text for line in self.lines],
            "phones": list(self.phones),
            "keywords": list(self.keywords),
        }


class TextEngine(Protocol):
    """Reads the text in a picture."""

    def read_lines(self, image: Image) -> tuple[TextLine, ...]:
        """Return lines from top to bottom; none where there is no text.

        Safe to call from several threads; leaves `image` as it is.

        Raises:
            EvidenceError: The picture could not be read.
        """
        ...


@dataclass(frozen=True, slots=True)
class FixedText:
    """An engine that always reads the same: for tests."""

    lines: tuple[TextLine, ...] = ()

    def read_lines(self, image: Image) -> tuple[TextLine, ...]:
        """Return the lines it was made with."""
        del image
        return self.lines


class RapidOcrEngine:
    """PP-OCRv4 by RapidOCR. Safe to call from several threads; they take turns."""

    def __init__(self, *, least_score: float = LEAST_SCORE) -> None:
        """Load the networks.

        Raises:
            ExtraMissingError: The extra 'ocr' is not installed.
            EvidenceError: The networks cannot be loaded.
        """
        try:
            from rapidocr_onnxruntime import RapidOCR
        except ImportError as error:
            raise ExtraMissingError(
                "ocr", "Reading posters", "It exists for Python up to 3.12."
            ) from error
        try:
            self._engine: Any = RapidOCR(text_score=least_score)
        except Exception as error:  # ONNX Runtime's errors, a damaged wheel.
            raise EvidenceError("ocr_unavailable", "The text reader cannot be loaded.") from error
        self._turn = threading.Lock()  # Its detector keeps settings between two steps.

    def read_lines(self, image: Image) -> tuple[TextLine, ...]:
        """Return lines from top to bottom.

        Raises:
            EvidenceError: The networks failed.
        """
        try:
            with self._turn:
                found, _ = self._engine(image.copy())  # It takes no read-only arrays for granted.
        except MemoryError:
            raise
        except Exception as error:  # cv2.error, ONNX Runtime's and RapidOCR's own share no base.
            raise EvidenceError("ocr_failed", "The poster could not be read.") from error
        return tuple(TextLine(str(text), float(score)) for _, text, score in found or ())


class PosterReader:
    """Reads the posters that a model found. Safe to call from several threads."""

    label: Final = "illegal_poster"
    """The label whose findings it reads."""

    def __init__(self, engine: TextEngine | None = None) -> None:
        """Take an engine, or open RapidOCR.

        Raises:
            ExtraMissingError: The extra 'ocr' is not installed.
            EvidenceError: The engine cannot be opened.
        """
        self._engine: TextEngine = RapidOcrEngine() if engine is None else engine

    def read(self, image: Image, box_xyxy: Box) -> Mapping[str, Any]:
        """Read one place of a picture; return the JSON-ready evidence.

        Raises:
            EvidenceError: The place lies outside the picture, or could not be read.
        """
        return self.read_poster(crop_for_reading(image, box_xyxy)).to_evidence()

    def read_poster(self, image: Image) -> PosterText:
        """Read a picture that a poster fills.

        Raises:
            EvidenceError: It could not be read.
        """
        return parse_poster_text(self._engine.read_lines(image))


def parse_poster_text(lines: Sequence[TextLine]) -> PosterText:
    """Find phone numbers and keywords in what was read. Pure."""
    texts = [line.text for line in lines]
    return PosterText(tuple(lines), find_phones(texts), find_keywords(texts))


def find_keywords(lines: Sequence[str]) -> tuple[str, ...]:
    """Find the keywords of small ads; spaces between characters do not hide one.

    Returns:
        Keys of `KEYWORD_CATEGORIES`, in its order; of "代开发票" and "发票" the longer alone.
    """
    plain = ["".join(unicodedata.normalize("NFKC", line).split()) for line in lines]
    seen = [word for word in KEYWORD_CATEGORIES if any(word in line for line in plain)]
    return tuple(
        word for word in seen if not any(word != other and word in other for other in seen)
    )


def crop_for_reading(image: Image, box_xyxy: Box, *, margin: float = MARGIN) -> Image:
    """Cut a poster out, at a size at which text is read best.

    Args:
        image: uint8 (H, W, 3), BGR; left as it is.
        box_xyxy: Pixels of `image`; may reach over its edges.
        margin: Added on every side, as a share of the box.

    Returns:
        uint8 (h, w, 3); a new array.

    Raises:
        EvidenceError: The box lies outside the picture or is no box.
    """
    height, width = image.shape[:2]
    x1, y1, x2, y2 = box_xyxy
    if not np.isfinite(box_xyxy).all() or x1 >= x2 or y1 >= y2:
        raise EvidenceError("outside_picture", "The place to be read is not a box.")
    grow_x, grow_y = margin * (x2 - x1), margin * (y2 - y1)
    left, top = max(0, int(x1 - grow_x)), max(0, int(y1 - grow_y))
    right, bottom = min(width, round(x2 + grow_x)), min(height, round(y2 + grow_y))
    if left >= right or top >= bottom:
        raise EvidenceError("outside_picture", "The place to be read lies outside the picture.")
    crop = image[top:bottom, left:right]
    long_side = max(crop.shape[:2])
    least, most = READS_LONG_SIDE_PX
    scale = min(min(max(long_side, least), most) / long_side, MOST_ENLARGED)
    if scale == 1:
        return crop.copy()
    wh = (max(1, round(crop.shape[1] * scale)), max(1, round(crop.shape[0] * scale)))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return cv2.resize(crop, wh, interpolation=way).astype(np.uint8, copy=False)
