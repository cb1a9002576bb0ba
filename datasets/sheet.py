"""Contact sheets: every picture with its boxes, so that people look before they train."""

import html
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from datasets.errors import DatasetError
from datasets.records import ImageRecord
from detector.arrays import Image
from detector.decode import decode_photo
from detector.errors import PhotoError
from detector.evidence.draw import COLOURS, OTHER_COLOUR
from detector.letterbox import apply_letterbox, fit_letterbox

CELL_WH: Final = (320, 260)
NAME_PX: Final = 20
"""Height of the line that holds the file's name."""
GROUND: Final = 40
WHITE: Final = (255, 255, 255)
FONT: Final = "sans"
LETTERS_PX: Final = 13
DASH_PX: Final = 7
GAP_PX: Final = 7


def draw_cell(record: ImageRecord) -> Image:
    """Draw one picture with its boxes and its name.

    Args:
        record: The photo.

    Returns:
        uint8, of `CELL_WH`; a photo that cannot be read is a cell that says why. Boxes of labels
        that are only also marked are dashed.
    """
    picture_wh = (CELL_WH[0], CELL_WH[1] - NAME_PX)
    cell: Image = np.full((CELL_WH[1], CELL_WH[0], 3), GROUND, np.uint8)
    note = record.path.name
    try:
        image = decode_photo(record.path.read_bytes(), sees_wh=picture_wh).image
    except (OSError, PhotoError) as error:
        note = f"! {note}: {error}"
    else:
        fit = fit_letterbox((image.shape[1], image.shape[0]), picture_wh)
        cell[: picture_wh[1]] = apply_letterbox(image, fit, GROUND)
        for box in record.boxes:
            edges = np.array(box.box_xyxy) * np.tile(fit.resized_wh, 2)
            edges += np.tile([fit.pad_left_px, fit.pad_top_px], 2)
            x1, y1, x2, y2 = np.clip(edges, 0, np.tile(picture_wh, 2) - 1).round().astype(int)
            colour = COLOURS.get(box.label, OTHER_COLOUR)
            if box.label in record.also_marked:
                _draw_dashed(cell, (x1, y1, x2, y2), colour)
            else:
                cv2.rectangle(cell, (x1, y1), (x2, y2), colour, 2)
            _write(cell, box.label, (x1 + 3, y1 + LETTERS_PX + 2), colour)
    _write(cell, note, (4, CELL_WH[1] - 6), WHITE)
    return cell


def _write(cell: Image, text: str, origin: tuple[int, int], colour: tuple[int, int, int]) -> None:
    # A dark copy a pixel aside keeps letters readable on any ground.
    for shift, ink in ((1, (0, 0, 0)), (0, colour)):
        place = (int(origin[0]) + shift, int(origin[1]) + shift)
        font = cv2.FontFace(FONT)
        cv2.putText(cell, text, place, ink, font, LETTERS_PX, 600, wrap=(0, 100_000))


def _draw_dashed(
    cell: Image, edges: tuple[int, int, int, int], colour: tuple[int, int, int]
) -> None:
    x1, y1, x2, y2 = map(int, edges)
    for x in range(x1, x2 + 1, DASH_PX + GAP_PX):
        for y in (y1, y2):
            cv2.line(cell, (x, y), (min(x + DASH_PX, x2), y), colour, 2)
    for y in range(y1, y2 + 1, DASH_PX + GAP_PX):
        for x in (x1, x2):
            cv2.line(cell, (x, y), (x, min(y + DASH_PX, y2)), colour, 2)


def write_sheets(out: Path, records: Sequence[ImageRecord], grid: tuple[int, int]) -> Path:
    """Write sheets as PNG and a page that shows them.

    Args:
        out: A new folder.
        records: Photos, in the order of the cells.
        grid: Columns and rows of a sheet.

    Returns:
        The page.

    Raises:
        DatasetError: The grid is not positive, or the folder cannot be written.
    """
    columns, rows = grid
    if min(grid) < 1:
        raise DatasetError("grid_invalid", "A sheet needs at least one column and one row.")
    parts = ['<!doctype html><html lang="en"><meta charset="utf-8"><title>Contact sheets</title>']
    try:
        out.mkdir(parents=True, exist_ok=True)
        for number, start in enumerate(range(0, len(records), columns * rows)):
            shown = records[start : start + columns * rows]
            name = f"sheet_{number:04d}.png"
            (out / name).write_bytes(_encode(_lay_out([draw_cell(one) for one in shown], grid)))
            names = ", ".join(html.escape(one.path.name) for one in shown)
            parts.append(f'<p><img src="{name}" alt="{names}" style="max-width:100%"></p>')
        page = out / "index.html"
        page.write_text("\n".join(parts) + "\n", encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise DatasetError("set_unwritable", f"{out}: {error.strerror}.") from error
    return page


def _lay_out(cells: Sequence[Image], grid: tuple[int, int]) -> Image:
    columns, rows = grid
    width, height = CELL_WH
    sheet: Image = np.full((rows * height, columns * width, 3), GROUND, np.uint8)
    for i, cell in enumerate(cells):
        y, x = i // columns * height, i % columns * width
        sheet[y : y + height, x : x + width] = cell
    return sheet


def _encode(sheet: Image) -> bytes:
    encoded, png = cv2.imencode(".png", sheet)
    if not encoded:
        raise DatasetError("set_unwritable", "A sheet could not be encoded.")
    return png.tobytes()
