"""Which rows a key may see: those in its grid cells."""

from sqlalchemy import Column, ColumnElement, or_, true


def visible(column: Column[str | None], grids: tuple[str, ...]) -> ColumnElement[bool]:
    """Return the condition that a grid code begins with one of the prefixes.

    Args:
        column: Grid codes; those that are NULL are seen only without prefixes.
        grids: Prefixes; empty: everything is seen.
    """
    if not grids:
        return true()
    return or_(*(column.startswith(prefix, autoescape=True) for prefix in grids))
