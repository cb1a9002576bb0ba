"""The photo store against S3's own protocol, as s3fs speaks it, on a server of this machine."""

import threading
from collections.abc import Iterator
from email.utils import formatdate
from hashlib import md5, sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

import pytest

from api.errors import NotFoundError, StorageError, StorageFullError
from api.photos.remote import FsspecPhotoStore

NO_PHOTO = sha256(b"nobody put this").hexdigest()


class Bucket(ThreadingHTTPServer):
    """As much of S3 as a photo store needs: PUT, GET, HEAD, DELETE and the list of objects."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answerer)
        self.objects: dict[str, bytes] = {}
        self.refuse: tuple[int, str] | None = None


class Answerer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Bucket

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def fail(self, status: int, code: str) -> None:
        xml = f"<Error><Code>{code}</Code><Message>{code}</Message></Error>"
        self.answer(status, xml.encode(), Content_Type="application/xml")

    def read_body(self) -> bytes:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if "aws-chunked" not in self.headers.get("Content-Encoding", ""):
            return body
        out, rest = b"", body
        while rest:
            head, _, rest = rest.partition(b"\r\n")
            size = int(head.split(b";")[0], 16)
            if size == 0:
                break
            out, rest = out + rest[:size], rest[size + 2 :]
        return out

    def handle_any(self) -> None:
        body = self.read_body()
        url = urlsplit(self.path)
        key = unquote(url.path).lstrip("/").partition("/")[2]
        if self.server.refuse is not None:
            self.fail(*self.server.refuse)
        elif self.command == "PUT":
            self.server.objects[key] = body
            self.answer(200, ETag=f'"{md5(body).hexdigest()}"')
        elif self.command == "DELETE":
            self.server.objects.pop(key, None)
            self.answer(204)
        elif key == "":
            self.list_objects(parse_qs(url.query).get("prefix", [""])[0])
        elif key not in self.server.objects:
            self.fail(404, "NoSuchKey")
        else:
            found = self.server.objects[key]
            etag = f'"{md5(found).hexdigest()}"'
            self.answer(200, found, ETag=etag, Last_Modified=formatdate(usegmt=True))

    do_GET = do_PUT = do_HEAD = do_DELETE = handle_any

    def list_objects(self, prefix: str) -> None:
        rows = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{len(data)}</Size>"
            "<LastModified>2026-03-02T01:00:00.000Z</LastModified><ETag>x</ETag></Contents>"
            for key, data in sorted(self.server.objects.items())
            if key.startswith(prefix)
        )
        xml = f"<ListBucketResult><IsTruncated>false</IsTruncated>{rows}</ListBucketResult>"
        self.answer(200, xml.encode(), Content_Type="application/xml")


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    pytest.importorskip("s3fs")
    server = Bucket()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_keeps_photos_in_a_bucket(bucket: Bucket) -> None:
    store = FsspecPhotoStore("s3://city/photos")
    name = store.put(b"a photo")
    assert bucket.objects == {f"photos/{name[:2]}/{name[2:4]}/{name}": b"a photo"}
    assert store.get(name) == b"a photo"
    assert (store.exists(name), store.exists(NO_PHOTO)) == (True, False)
    assert store.size(name) == 7
    assert -5 < store.age_s(name) < 60
    other = store.put(b"another")
    assert list(store.names()) == sorted([name, other])
    store.delete(name)
    store.delete(NO_PHOTO)
    assert not store.exists(name)
    for action in (store.get, store.size, store.age_s):
        with pytest.raises(NotFoundError):
            action(name)


def test_damage_in_the_bucket_is_found(bucket: Bucket) -> None:
    store = FsspecPhotoStore("s3://city/photos")
    name = store.put(b"a photo")
    bucket.objects = dict.fromkeys(bucket.objects, b"another")
    with pytest.raises(StorageError) as caught:
        store.get(name)
    assert caught.value.code == "photo_damaged"


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (403, "AccessDenied", StorageError),
        (507, "XMinioStorageFull", StorageFullError),
        (403, "QuotaExceeded", StorageFullError),
    ],
)
def test_trouble_with_the_bucket_is_no_missing_photo(
    bucket: Bucket, status: int, code: str, expected: type[StorageError]
) -> None:
    store = FsspecPhotoStore("s3://city/photos")
    name = store.put(b"a photo")
    bucket.refuse = (status, code)
    with pytest.raises(expected):
        store.put(b"one more")
    for action in (store.get, store.exists):
        with pytest.raises(StorageError):
            action(name)
