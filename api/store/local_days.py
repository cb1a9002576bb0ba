"""Seconds and local days in SQL, alike on SQLite and PostgreSQL."""

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    String,
    case,
    cast,
    extract,
    func,
    type_coerce,
)

from api.cases.spans import DaySpan

DAY_S: Final = 86_400
FIRST_DAY: Final = 719_163
"""1970-01-01 as `date.toordinal` counts."""


def whole_seconds(connection: Connection, moment: ColumnElement[Any]) -> ColumnElement[int]:
    """Return an instant's seconds since 1970, UTC, rounded down."""
    if connection.dialect.name == "sqlite":
        # Cut first: strftime rounds to milliseconds, and 23:59:59.9996 is not tomorrow.
        text = func.substr(type_coerce(moment, String), 1, 19)
        return cast(func.strftime("%s", text), BigInteger)
    return cast(func.floor(extract("epoch", moment)), BigInteger)


def minutes_between(
    connection: Connection, start: ColumnElement[Any], end: ColumnElement[Any]
) -> ColumnElement[int]:
    """Return the whole minutes from one instant to a later one."""
    return (whole_seconds(connection, end) - whole_seconds(connection, start)) // 60


def local_day(
    connection: Connection, moment: ColumnElement[Any], span: DaySpan
) -> ColumnElement[int]:
    """Return the day by the bureau's clock, as `date.fromordinal` takes it with FIRST_DAY added.

    Args:
        connection: Its dialect counts.
        moment: An instant within the span.
        span: Its clock.
    """
    (_, first_s), *later = span.offsets()
    offset: Any = first_s
    if later:
        offset = case(*((moment >= at, seconds) for at, seconds in reversed(later)), else_=first_s)
    local_s: ColumnElement[int] = whole_seconds(connection, moment) + offset
    return local_s // DAY_S


def whole_number(connection: Connection, value: ColumnElement[Any]) -> ColumnElement[int]:
    """Return a number of zero or more rounded down: a bare CAST rounds on PostgreSQL."""
    return cast(value if connection.dialect.name == "sqlite" else func.floor(value), BigInteger)
