import io
import json
import logging
from collections.abc import Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from api.http.request_log import request_id
from api.logs import start_logging
from api.store.database import Database


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    filters = logging.getLogger("uvicorn.error").filters[:]
    stream = io.StringIO()
    start_logging(stream)
    yield stream
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    logging.getLogger("uvicorn.error").filters[:] = filters
    logging.captureWarnings(capture=False)


def test_a_line_is_one_json_object_with_what_it_adds(stream: io.StringIO) -> None:
    token = request_id.set("r-1")
    logging.getLogger("api.x").warning("something_happened", extra={"code": "占道"})
    request_id.reset(token)
    (text,) = stream.getvalue().splitlines()
    line = json.loads(text)
    assert line.pop("at").endswith("+00:00")
    assert line == {
        "level": "WARNING",
        "logger": "api.x",
        "message": "something_happened",
        "code": "占道",
        "request_id": "r-1",
    }
    assert "占道" in text


def test_a_trace_stays_on_its_line(stream: io.StringIO) -> None:
    try:
        raise ValueError("two\nlines")
    except ValueError:
        logging.getLogger("api.x").exception("broken")
    (text,) = stream.getvalue().splitlines()
    assert "ValueError: two\nlines" in json.loads(text)["exc_info"]


def test_chatty_libraries_are_quiet(stream: io.StringIO) -> None:
    # Its lines hold whole addresses, with what a receiver put into the query.
    logging.getLogger("httpx").info("HTTP Request: POST https://a.example/?token=1")
    assert stream.getvalue() == ""


def test_the_server_does_not_log_an_error_again(stream: io.StringIO) -> None:
    logging.getLogger("uvicorn.error").error("Exception in ASGI application\n")
    assert stream.getvalue() == ""
    logging.getLogger("uvicorn.error").error("another")
    assert stream.getvalue() != ""


def test_what_people_wrote_is_not_in_an_errors_words(database: Database) -> None:
    # SQLAlchemy's words end up in traces, and those in the log.
    with pytest.raises(IntegrityError) as caught, database.write() as connection:
        for _ in range(2):
            connection.execute(
                text("INSERT INTO counters (name, value) VALUES (:name, :phone)"),
                {"name": "a", "phone": 13800138000},
            )
    assert "13800138000" not in str(caught.value)
