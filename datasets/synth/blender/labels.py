"""Small drawings for stickers, signs, boards and cloth; letters and numbers are invented."""

from __future__ import annotations

import random

from PIL import Image, ImageDraw, ImageFont

Rgb = tuple[int, int, int]

SORTS: tuple[tuple[str, str, Rgb], ...] = (
    ("可回收物", "Recyclable", (20, 70, 160)),
    ("其他垃圾", "Residual", (70, 72, 76)),
    ("厨余垃圾", "Food waste", (30, 110, 50)),
    ("有害垃圾", "Harmful", (180, 30, 30)),
)
OTHER_WORDS = ("PAPEL", "BIO", "CITY", "Rest", "No. 27", "KEEP CLEAN", "环卫", "GLASS", "保护环境")
SIGNS = (
    "水果", "烤冷面", "煎饼果子", "糖葫芦", "早餐", "炸串", "奶茶", "手抓饼", "袜子 10元",
    "特价", "FRUIT", "HOT DOG", "TACOS", "ফল", "FRESH JUICE", "SALE", "烤红薯", "鲜花",
    "豆浆 油条", "臭豆腐",
)  # fmt: skip
PRICES = ("5元", "10元3斤", "3.5", "甜", "8元/斤", "$2", "特价", "2元", "120")


def _font(path: str, size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The font, or Pillow's own where the file is not there."""
    try:
        return ImageFont.truetype(path, size)
    except OSError:
        return ImageFont.load_default(size)


def _write(
    draw: ImageDraw.ImageDraw, text: str, box: tuple[int, int, int, int], font: str, ink: Rgb
) -> None:
    """Fit a line into a rectangle."""
    size = box[3] - box[1]
    face = _font(font, size)
    while size > 8 and draw.textlength(text, font=face) > box[2] - box[0]:
        size = int(size * 0.85)
        face = _font(font, size)
    draw.text(
        ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2), text, font=face, fill=ink, anchor="mm"
    )


def sort_label(rng: random.Random, font: str, sort: tuple[str, str, Rgb]) -> Image.Image:
    """A bin's sorting label: colour field, arrows, two languages."""
    ground, ink = (sort[2], (245, 245, 245)) if rng.random() < 0.6 else ((240, 240, 236), sort[2])
    image = Image.new("RGB", (160, 180), ground)
    draw = ImageDraw.Draw(image)
    for start in (0, 120, 240):
        draw.arc((45, 14, 115, 84), start + 10, start + 95, fill=ink, width=12)
    _write(draw, sort[0], (10, 94, 150, 134), font, ink)
    _write(draw, sort[1], (14, 142, 146, 166), font, ink)
    return image


def plate(rng: random.Random, font: str) -> Image.Image:
    """A number, a word or a badge."""
    ground = rng.choice(
        ((235, 235, 230), (240, 200, 40), (200, 30, 30), (30, 60, 140), (30, 110, 60))
    )
    ink = (20, 20, 20) if sum(ground) > 420 else (245, 245, 245)
    image = Image.new("RGB", (160, 80), ground)
    draw = ImageDraw.Draw(image)
    if rng.random() < 0.4:
        draw.rectangle((5, 5, 154, 74), outline=ink, width=4)
    word = rng.choice(OTHER_WORDS) if rng.random() < 0.6 else f"{rng.randrange(1000):03d}"
    _write(draw, word, (14, 16, 146, 64), font, ink)
    return image


def board(rng: random.Random, font: str) -> Image.Image:
    """A stall's sign: one or two lines on a strong colour."""
    ground = rng.choice(
        (
            (210, 30, 30),
            (240, 190, 30),
            (30, 120, 60),
            (245, 245, 240),
            (230, 90, 20),
            (30, 60, 150),
        )
    )
    ink: Rgb = (
        rng.choice(((20, 20, 20), (200, 20, 20)))
        if sum(ground) > 420
        else rng.choice(((250, 250, 245), (255, 225, 60)))
    )
    image = Image.new("RGB", (256, 96), ground)
    draw = ImageDraw.Draw(image)
    if rng.random() < 0.5:
        _write(draw, rng.choice(SIGNS), (10, 10, 246, 86), font, ink)
    else:
        _write(draw, rng.choice(SIGNS), (10, 6, 246, 56), font, ink)
        _write(draw, rng.choice(SIGNS) + " " + rng.choice(PRICES), (16, 62, 240, 90), font, ink)
    return image


def price(rng: random.Random, font: str) -> Image.Image:
    """A hand-lettered card."""
    image = Image.new(
        "RGB", (96, 64), rng.choice(((250, 226, 90), (245, 244, 236), (170, 120, 70)))
    )
    _write(ImageDraw.Draw(image), rng.choice(PRICES), (8, 12, 88, 52), font, (180, 20, 20))
    return image


def cloth(rng: random.Random) -> Image.Image:
    """Stripes, checks, dots or leopard-like blots."""
    tones = [tuple(rng.randrange(20, 245) for _ in range(3)) for _ in range(3)]
    image = Image.new("RGB", (128, 128), tones[0])
    draw = ImageDraw.Draw(image)
    style, step = rng.randrange(4), rng.choice((8, 16, 32))
    for i in range(0, 128, step * 2):
        if style in (0, 1):
            draw.rectangle((i, 0, i + step - 1, 127), fill=tones[1])
        if style == 1:
            for k in range(0, 128, step * 2):
                draw.rectangle((0, k, 127, k + step // 3), fill=tones[2])
    if style > 1:
        for _ in range(60):
            x, y, r = rng.randrange(128), rng.randrange(128), rng.randrange(2, 9)
            draw.ellipse((x - r, y - r, x + r, y + r), fill=tones[rng.randrange(1, 3)])
    return image


def stripes(rng: random.Random, colours: list[Rgb], *, across: bool = False) -> Image.Image:
    """The striped woven plastic of awnings and bags, or hazard stripes."""
    image = Image.new("RGB", (128, 128), colours[0])
    draw = ImageDraw.Draw(image)
    step = rng.choice((8, 12, 20))
    for n, i in enumerate(range(0, 128, step)):
        box = (0, i, 127, i + step) if across else (i, 0, i + step, 127)
        draw.rectangle(box, fill=colours[n % len(colours)])
    return image
