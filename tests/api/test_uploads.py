"""Multipart bodies: what is taken, and what is refused with which words."""

import asyncio
from typing import Any

import pytest
from fastapi.exceptions import RequestValidationError
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from api.errors import ApiError, InvalidError, TooLargeError, UnsupportedError
from api.http.forms import PlaceForm
from api.http.uploads import NoFields, Upload, read_upload, upload_body
from detector.errors import PhotoError

BOUNDARY = b"----boundary7f3a"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(50)
JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256))


def part(name: str, value: bytes, file_name: str | None = None) -> bytes:
    said = f'form-data; name="{name}"'
    if file_name is not None:
        said += f'; filename="{file_name}"'
    head = f"Content-Disposition: {said}\r\nContent-Type: image/gif\r\n\r\n"
    return b"--" + BOUNDARY + b"\r\n" + head.encode() + value + b"\r\n"


def whole(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--" + BOUNDARY + b"--\r\n"


def read(
    body: bytes,
    form: Any = PlaceForm,
    *,
    content_type: bytes = b"multipart/form-data; boundary=" + BOUNDARY,
    piece: int = 65536,
    leaves: bool = False,
) -> Upload[Any]:
    pieces = [body[i : i + piece] for i in range(0, len(body), piece)] or [b""]

    async def receive() -> Message:
        if not pieces:
            return {"type": "http.disconnect"}
        chunk = pieces.pop(0)
        return {"type": "http.request", "body": chunk, "more_body": bool(pieces) or leaves}

    scope = {"type": "http", "headers": [(b"content-type", content_type)]}
    return asyncio.run(read_upload(Request(scope, receive), form))


def test_photo_and_fields_are_read() -> None:
    body = whole(part("lat", b"31.5"), part("photo", JPEG, "a.gif"), part("lng", b"121"))
    upload = read(body)
    assert upload.photo.data == JPEG
    assert (upload.photo.file_name, upload.photo.media_type) == ("a.gif", "image/jpeg")
    assert upload.form == PlaceForm(lat=31.5, lng=121.0)


@given(data=st.binary(max_size=300), piece=st.integers(1, 80))
def test_every_byte_arrives_however_the_body_is_cut(data: bytes, piece: int) -> None:
    photo = JPEG[:4] + data + b"\r\n--" + BOUNDARY[:-1] + b"\r" + data
    upload = read(whole(part("photo", photo, "x.jpg"), part("datum", b"gcj02")), piece=piece)
    assert upload.photo.data == photo
    assert upload.form.datum == "gcj02"


def test_an_empty_field_counts_as_not_sent() -> None:
    upload = read(whole(part("photo", PNG, "x"), part("lat", b""), part("lng", b"")))
    assert upload.form.lat is None and upload.photo.media_type == "image/png"


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\somebody\\照片 1.jpg", "照片 1.jpg"),
        ("a\x00b\x1b[31mc\u202e.jpg", "ab[31mc.jpg"),
        ("x" * 300 + ".jpg", "x" * 196 + ".jpg"),
        ("..", ".."),
        ("", ""),
    ],
)
def test_file_names_are_kept_without_what_plays_tricks(sent: str, kept: str) -> None:
    assert read(whole(part("photo", JPEG, sent))).photo.file_name == kept


@pytest.mark.parametrize(
    ("body", "path", "message"),
    [
        (whole(part("lat", b"1"), part("lng", b"1")), "photo", "Field required"),
        (whole(), "photo", "Field required"),
        (whole(part("photo", JPEG), part("photo", JPEG)), "photo", "Field sent more than once"),
        (whole(part("lat", b"1"), part("lat", b"1")), "lat", "Field sent more than once"),
        (whole(part("photo", JPEG), part("nonsense", b"")), "nonsense", "Unknown field"),
        (whole(part("photo", JPEG), part("datum", b"\xff")), "datum", "Text must be UTF-8"),
    ],
)
def test_fields_that_do_not_fit_are_named(body: bytes, path: str, message: str) -> None:
    with pytest.raises(RequestValidationError) as caught:
        read(body)
    assert [(one["loc"], one["msg"]) for one in caught.value.errors()] == [
        (("body", path), message)
    ]


def test_a_value_that_does_not_fit_is_named() -> None:
    with pytest.raises(RequestValidationError) as caught:
        read(whole(part("photo", JPEG), part("lat", b"91"), part("lng", b"0")))
    assert caught.value.errors()[0]["loc"] == ("body", "lat")


@pytest.mark.parametrize(
    ("data", "error", "code"),
    [
        (b"", PhotoError, "empty"),
        (b"GIF89a" + bytes(20), UnsupportedError, "unsupported_type"),
        (b"%PDF-1.7", UnsupportedError, "unsupported_type"),
        (b"<html>", UnsupportedError, "not_a_picture"),
    ],
)
def test_what_is_no_photo_is_refused(
    data: bytes, error: type[ApiError | PhotoError], code: str
) -> None:
    with pytest.raises(error) as caught:
        read(whole(part("photo", data, "photo.jpg")))
    assert caught.value.code == code


@pytest.mark.parametrize(
    "content_type",
    [b"", b"application/json", b"image/jpeg", b"multipart/mixed; boundary=x", b"\xff;=;"],
)
def test_other_bodies_are_refused(content_type: bytes) -> None:
    with pytest.raises(UnsupportedError) as caught:
        read(whole(part("photo", JPEG)), content_type=content_type)
    assert caught.value.code == "not_multipart"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--",
        whole(part("photo", JPEG))[:-20],
        part("photo", JPEG),
        b"--" + BOUNDARY + b"\r\n\r\nno header\r\n--" + BOUNDARY + b"--",
        b"--" + BOUNDARY + b"\r\nContent-Disposition: attachment\r\n\r\nx\r\n--" + BOUNDARY + b"--",
        b"--" + BOUNDARY + b"\r\n" + b"X: y\r\n" * 1000 + b"\r\n",
        b"--" + BOUNDARY + b"\r\nX: " + b"y" * 100_000,
        b"some other text",
    ],
)
def test_damaged_forms_are_refused(body: bytes) -> None:
    with pytest.raises(InvalidError) as caught:
        read(body)
    assert caught.value.code == "form_damaged"


@pytest.mark.parametrize("options", [b"", b"; boundary=", b"; boundary=" + b"x" * 5000])
def test_a_form_without_its_boundary_is_refused(options: bytes) -> None:
    with pytest.raises(InvalidError):
        read(whole(part("photo", JPEG)), content_type=b"multipart/form-data" + options)


def test_a_long_text_field_is_refused_before_it_fills_the_memory() -> None:
    with pytest.raises(TooLargeError) as caught:
        read(whole(part("datum", b"x" * 20_000)))
    assert caught.value.code == "field_too_large"


def test_a_sender_that_leaves_is_no_damaged_form() -> None:
    with pytest.raises(ClientDisconnect):
        read(part("photo", JPEG), leaves=True)


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(noise: bytes) -> None:
    for body in (noise, whole(part("photo", JPEG + noise)), part("photo", JPEG) + noise):
        try:
            upload = read(body, NoFields)
        except (ApiError, PhotoError, RequestValidationError):
            continue
        assert upload.photo.data.startswith(JPEG)


def test_the_openapi_of_a_form_names_its_fields() -> None:
    content = upload_body(PlaceForm)["requestBody"]["content"]["multipart/form-data"]
    schema = content["schema"]
    assert schema["required"] == ["photo"]
    assert set(schema["properties"]) == {"photo", "lat", "lng", "datum"}
    assert schema["properties"]["lat"]["type"] == "number"
    assert schema["properties"]["lat"]["maximum"] == 90
    assert "null" not in str(schema) and schema["additionalProperties"] is False
