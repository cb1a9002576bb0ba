"""Pictures with Chinese lettering: small ads, stencils, shop signs, number plates, price cards.

Every telephone number is 138 0000 00xx and every plate number 00000: invented placeholders.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

Rgb = tuple[int, int, int]

RED, BLACK, BLUE, WHITE = (196, 22, 28), (24, 24, 26), (18, 60, 150), (246, 244, 238)
PAPERS: tuple[Rgb, ...] = (WHITE, (250, 226, 90), (244, 240, 228), (246, 178, 190), (182, 220, 240))


@dataclass(frozen=True)
class Ad:
    """One small ad."""

    title: str
    lines: tuple[str, ...]
    paper: Rgb
    ink: Rgb
    size_px: tuple[int, int] = (420, 594)


ADS: tuple[Ad, ...] = (
    Ad("办证", ("刻章 发票 文凭", "快速 保密 当天取"), WHITE, RED),
    Ad("开锁", ("换锁芯 汽车锁", "24小时上门服务"), PAPERS[1], RED, (560, 400)),
    Ad("疏通下水道", ("马桶 地漏 管道", "化粪池清理"), WHITE, BLUE, (594, 420)),
    Ad("高价回收", ("旧手机 冰箱 空调", "家具 烟酒 礼品"), PAPERS[3], BLACK),
    Ad("租房", ("一室一厅 拎包入住", "押一付一 无中介"), PAPERS[2], BLACK),
    Ad("低息贷款", ("无抵押 当天放款", "凭身份证即可"), PAPERS[1], RED),
    Ad("招聘", ("日结 男女不限", "月薪8000起 包吃住"), PAPERS[4], BLACK),
    Ad("防水补漏", ("屋顶 卫生间 外墙", "免费上门检测"), WHITE, RED, (594, 420)),
)


def _fit(
    draw: ImageDraw.ImageDraw, text: str, font: Path, *, width: int, limit: int
) -> ImageFont.FreeTypeFont:
    """The largest font not above `limit` in which the text is at most `width` wide."""
    size = limit
    while size > 12:
        face = ImageFont.truetype(str(font), size)
        if draw.textlength(text, font=face) <= width:
            return face
        size -= 2
    return ImageFont.truetype(str(font), size)


def _centred(
    draw: ImageDraw.ImageDraw, text: str, font: Path, *, y: int, ink: Rgb, limit: int
) -> int:
    """Write a line across the middle of the sheet and return the next line's y."""
    width = int(draw.im.size[0])
    face = _fit(draw, text, font, width=int(width * 0.9), limit=limit)
    left, top, right, bottom = draw.textbbox((0, 0), text, font=face)
    draw.text(((width - right + left) / 2 - left, y - top), text, font=face, fill=(*ink, 255))
    return y + int(bottom - top)


def phone(rng: random.Random) -> str:
    """An invented mobile number."""
    return f"138 0000 00{rng.randrange(100):02d}"


def draw_ad(ad: Ad, font: Path, rng: random.Random) -> Image.Image:
    """A printed sheet with folds, stains and torn edges."""
    width, height = ad.size_px
    image = Image.new("RGBA", ad.size_px, (*ad.paper, 255))
    draw = ImageDraw.Draw(image)
    top = int(height * 0.06)
    if rng.random() < 0.5:
        band = int(height * 0.36)
        draw.rectangle((0, 0, width, band), fill=(*ad.ink, 255))
        y = _centred(draw, ad.title, font, y=top, ink=ad.paper, limit=int(height * 0.26))
        y = max(y, band)
    else:
        draw.rectangle((8, 8, width - 9, height - 9), outline=(*ad.ink, 255), width=6)
        y = _centred(draw, ad.title, font, y=top, ink=ad.ink, limit=int(height * 0.28))
    y += int(height * 0.05)
    for line in ad.lines:
        y = _centred(draw, line, font, y=y, ink=BLACK, limit=int(height * 0.1)) + int(height * 0.04)
    number = phone(rng)
    y = _centred(draw, number, font, y=y + int(height * 0.02), ink=RED, limit=int(height * 0.17))
    _centred(
        draw, "电话 微信同号", font, y=y + int(height * 0.04), ink=BLACK, limit=int(height * 0.08)
    )
    return _age(image, rng)


def _age(image: Image.Image, rng: random.Random) -> Image.Image:
    """Folds, yellowing and a torn outline."""
    pixels = np.asarray(image).astype(np.float32)
    height, width = pixels.shape[:2]
    numbers = np.random.default_rng(rng.randrange(1 << 30))
    stain = _cloud(numbers, (height, width), 5)
    pixels[..., :3] *= 1 - 0.22 * stain[..., None] * np.array([0.5, 0.75, 1.0])
    for _ in range(rng.randrange(1, 4)):
        row = rng.randrange(height // 5, height * 4 // 5)
        pixels[row - 2 : row, :, :3] *= 0.82
        pixels[row : row + 2, :, :3] = np.minimum(255, pixels[row : row + 2, :, :3] * 1.08)
    ragged = _cloud(numbers, (height, width), 26)
    ys, xs = np.mgrid[0:height, 0:width]
    edge = np.minimum.reduce([xs, ys, width - 1 - xs, height - 1 - ys]).astype(np.float32)
    pixels[..., 3] = np.where(edge < 9 * ragged - 3, 0, 255)
    if rng.random() < 0.45:  # a torn-off corner
        reach = rng.uniform(0.1, 0.28) * width
        flip_x, flip_y = rng.random() < 0.5, rng.random() < 0.5
        distance = (width - xs if flip_x else xs) + (height - ys if flip_y else ys)
        pixels[..., 3] = np.where(distance < reach * (0.7 + 0.6 * ragged), 0, pixels[..., 3])
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8), "RGBA")


def _cloud(numbers: np.random.Generator, shape: tuple[int, int], cells: int) -> np.ndarray:
    """Smooth noise in 0..1."""
    small = (numbers.random((cells, cells)) * 255).astype(np.uint8)
    large = Image.fromarray(small).resize((shape[1], shape[0]), Image.Resampling.BICUBIC)
    return np.asarray(large).astype(np.float32) / 255


def draw_stencil(text: str, font: Path, rng: random.Random, ink: Rgb = BLACK) -> Image.Image:
    """Sprayed letters and number with soft, patchy edges on nothing."""
    image = Image.new("RGBA", (640, 260), (*ink, 0))
    draw = ImageDraw.Draw(image)
    y = _centred(draw, text, font, y=14, ink=ink, limit=120)
    _centred(draw, phone(rng).replace(" ", ""), font, y=y + 16, ink=ink, limit=92)
    alpha = np.asarray(image.getchannel("A").filter(ImageFilter.GaussianBlur(1.6)))
    patchy = _cloud(np.random.default_rng(rng.randrange(1 << 30)), alpha.shape, 30)
    image.putalpha(Image.fromarray((alpha * (0.55 + 0.4 * patchy)).clip(0, 255).astype(np.uint8)))
    return image


def draw_sign(text: str, sub: str, font: Path, ground: Rgb, ink: Rgb) -> Image.Image:
    """A legal shop sign."""
    image = Image.new("RGBA", (1400, 260), (*ground, 255))
    draw = ImageDraw.Draw(image)
    y = _centred(draw, text, font, y=26, ink=ink, limit=150)
    _centred(draw, sub, font, y=y + 18, ink=ink, limit=40)
    return image


def draw_plate(text: str, font: Path, *, green: bool) -> Image.Image:
    """A number plate: white on blue, or black on a green ramp for a new-energy car."""
    size = (960, 280) if green else (880, 280)
    image = Image.new("RGBA", size, (10, 62, 160, 255))
    ink = WHITE
    if green:
        ramp = np.linspace(0, 1, size[1])[:, None, None]
        colour = (1 - ramp) * np.array([226, 240, 226]) + ramp * np.array([72, 190, 110])
        full = np.broadcast_to(colour, (size[1], size[0], 3)).astype(np.uint8)
        image = Image.fromarray(full).convert("RGBA")
        ink = BLACK
    draw = ImageDraw.Draw(image)
    frame = (12, 12, size[0] - 13, size[1] - 13)
    draw.rounded_rectangle(frame, 22, outline=(*ink, 255), width=7)
    _centred(draw, text, font, y=52, ink=ink, limit=210)
    return image


def draw_card(text: str, font: Path) -> Image.Image:
    """A hand-lettered price card."""
    image = Image.new("RGBA", (360, 240), (*PAPERS[1], 255))
    _centred(ImageDraw.Draw(image), text, font, y=70, ink=RED, limit=110)
    return image
