"""A client written after the standard alone works against the server, in both formats."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal
from xml.etree import ElementTree

import pytest
from sqlalchemy import select, update

from api.services import Services
from api.store.tables import cases, reports

if TYPE_CHECKING:
    from starlette.testclient import TestClient

Format = Literal["json", "xml"]
MakeKey = Callable[..., dict[str, str]]

REQUEST_FIELDS = {
    "service_request_id", "status", "status_notes", "service_name", "service_code", "description",
    "agency_responsible", "service_notice", "requested_datetime", "updated_datetime",
    "expected_datetime", "address", "address_id", "zipcode", "lat", "long", "media_url",
}  # fmt: skip


class GeoReportClient:
    """Knows GeoReport v2 and nothing of this project."""

    def __init__(self, http: "TestClient", url: str, form: Format, api_key: str | None) -> None:
        self.http, self.url, self.form, self.api_key = http, url, form, api_key
        self.status = 0

    def services(self) -> list[dict[str, Any]]:
        return self._get("services", "services", "service")

    def definition(self, code: str) -> dict[str, Any]:
        answer = self.http.get(f"{self.url}/services/{code}.{self.form}")
        assert answer.status_code == 200
        if self.form == "json":
            content: dict[str, Any] = answer.json()
            return content
        root = ElementTree.fromstring(answer.content)
        assert root.tag == "service_definition"
        attributes = root.find("attributes")
        assert attributes is not None
        return {"service_code": root.findtext("service_code"), "attributes": list(attributes)}

    def submit(self, **fields: str) -> list[dict[str, Any]]:
        sent = fields if self.api_key is None else {"api_key": self.api_key, **fields}
        answer = self.http.post(f"{self.url}/requests.{self.form}", data=sent)
        return self._parse(answer, "service_requests", "request")

    def requests(self, **query: str) -> list[dict[str, Any]]:
        return self._get("requests", "service_requests", "request", **query)

    def request(self, service_request_id: str) -> list[dict[str, Any]]:
        return self._get(f"requests/{service_request_id}", "service_requests", "request")

    def token(self, token: str) -> list[dict[str, Any]]:
        return self._get(f"tokens/{token}", "service_requests", "request")

    def _get(self, path: str, root: str, item: str, **query: str) -> list[dict[str, Any]]:
        answer = self.http.get(f"{self.url}/{path}.{self.form}", params=query)
        return self._parse(answer, root, item)

    def _parse(self, answer: Any, root: str, item: str) -> list[dict[str, Any]]:
        self.status = answer.status_code
        if self.status >= 400:
            root, item = "errors", "error"
        if self.form == "json":
            assert answer.headers["content-type"] == "application/json; charset=utf-8"
            rows: list[dict[str, Any]] = json.loads(answer.content.decode("utf-8"))
            return rows
        assert answer.headers["content-type"] == "text/xml; charset=utf-8"
        assert answer.content.startswith(b'<?xml version="1.0" encoding="utf-8"?>')
        tree = ElementTree.fromstring(answer.content)
        assert tree.tag == root
        assert {child.tag for child in tree} <= {item}
        return [{field.tag: field.text for field in child} for child in tree]


@pytest.fixture(params=["json", "xml"])
def form(request: pytest.FixtureRequest) -> Format:
    chosen: Format = request.param
    return chosen


@pytest.fixture
def citizen(client: "TestClient", form: Format, make_key: MakeKey) -> GeoReportClient:
    key = make_key("citizen-intake")["Authorization"].removeprefix("Bearer ")
    return GeoReportClient(client, "/open311/v2", form, key)


def number(value: Any) -> float:
    return float(value)


def test_discovery_names_an_endpoint_that_answers(client: "TestClient", form: Format) -> None:
    answer = client.get(f"/open311/v2/discovery.{form}")
    assert answer.status_code == 200
    if form == "json":
        url = answer.json()["endpoints"][0]["url"]
        formats = answer.json()["endpoints"][0]["formats"]
    else:
        root = ElementTree.fromstring(answer.content)
        url = root.findtext("endpoints/endpoint/url")
        formats = [one.text for one in root.findall("endpoints/endpoint/formats/format")]
    assert sorted(formats) == ["application/json", "text/xml"]
    assert client.get(f"{url}/services.{form}").status_code == 200


def test_a_request_is_listed_submitted_followed(
    citizen: GeoReportClient, services: Services
) -> None:
    listed = {one["service_code"]: one for one in citizen.services()}
    assert set(listed) == {*services.rules.events, "other"}
    bin_service = listed["overflowing_bin"]
    assert bin_service["metadata"] in (False, "false")
    assert bin_service["type"] == "realtime"
    assert set(bin_service) == {
        "service_code", "service_name", "description", "metadata", "type", "keywords", "group",
    }  # fmt: skip
    described = citizen.definition("overflowing_bin")
    assert described == {"service_code": "overflowing_bin", "attributes": []}

    created = citizen.submit(
        jurisdiction_id="city.example",
        service_code="overflowing_bin",
        lat="31.2304",
        long="121.4737",
        address_string="南京东路 100 号",
        email="",
        phone="13800000000",
        description="垃圾桶满了 & <旁边> 也有\r\n两袋",
        media_url="http://example.org/photo.jpg",
        **{"attribute[WHISPAWN]": "123456"},
    )
    assert citizen.status == 201
    (row,) = created
    request_id = row["service_request_id"]
    assert row["account_id"] is None
    assert row["service_notice"]
    assert "token" not in row

    (followed,) = citizen.request(request_id)
    assert set(followed) == REQUEST_FIELDS
    assert followed["service_request_id"] == request_id
    assert followed["status"] == "open"
    assert followed["service_code"] == "overflowing_bin"
    assert number(followed["lat"]) == 31.2304
    assert number(followed["long"]) == 121.4737
    assert followed["requested_datetime"] == "2026-03-02T09:00:00+08:00"
    assert followed["media_url"] is None

    (in_list,) = citizen.requests(service_code="overflowing_bin", status="open")
    assert set(in_list) == REQUEST_FIELDS
    assert citizen.request(in_list["service_request_id"]) == [in_list]
    (of_token,) = citizen.token(request_id)
    assert of_token == {"service_request_id": request_id, "token": request_id}

    # Kept word for word, for those who work on it.
    with services.database.read() as connection:
        kept = connection.execute(select(reports)).one()
    assert kept.note == "垃圾桶满了 & <旁边> 也有\n两袋"
    assert kept.contact == {"phone": "13800000000"}
    assert kept.media_url == "http://example.org/photo.jpg"
    assert kept.source == "citizen"
    assert kept.key_id is not None


def test_closed_cases_are_closed_with_their_time(
    citizen: GeoReportClient, services: Services
) -> None:
    (row,) = citizen.submit(service_code="site_dust", lat="31.2", long="121.4")
    ended = datetime.fromisoformat("2026-03-02T12:30:00+00:00")
    due = datetime.fromisoformat("2026-03-03T01:00:00+00:00")
    with services.database.write() as connection:
        connection.execute(update(cases).values(state="closed", ended_at=ended, due_at=due))
    (found,) = citizen.request(row["service_request_id"])
    assert found["status"] == "closed"
    assert found["status_notes"] == "已结案"
    assert found["updated_datetime"] == "2026-03-02T20:30:00+08:00"
    assert found["expected_datetime"] == "2026-03-03T09:00:00+08:00"
    assert citizen.requests(status="open") == []
    assert len(citizen.requests(status="closed")) == 1
    assert len(citizen.requests(status="open,closed")) == 1


def test_two_people_one_case_two_ids(citizen: GeoReportClient) -> None:
    place = {"service_code": "overflowing_bin", "lat": "31.2304", "long": "121.4737"}
    (first,) = citizen.submit(**place, phone="13800000001")
    (second,) = citizen.submit(**place, phone="13800000002")
    ids = [first["service_request_id"], second["service_request_id"]]
    assert len(set(ids)) == 2
    assert len(citizen.requests()) == 1
    both = citizen.requests(service_request_id=",".join(ids))
    assert [one["service_request_id"] for one in both] == ids


def test_merged_cases_show_what_they_became(citizen: GeoReportClient, services: Services) -> None:
    (first,) = citizen.submit(service_code="site_dust", lat="31.2", long="121.4")
    (second,) = citizen.submit(service_code="site_dust", lat="31.3", long="121.5")
    with services.database.write() as connection:
        a, b = connection.execute(select(cases.c.id).order_by(cases.c.id)).scalars()
        now = services.clock()
        connection.execute(
            update(cases).where(cases.c.id == b).values(state="merged", merged_into=a, ended_at=now)
        )
    assert [one["service_request_id"] for one in citizen.requests()] == [a]
    (followed,) = citizen.request(second["service_request_id"])
    assert followed["status"] == "open"
    assert number(followed["lat"]) == 31.2
    (direct,) = citizen.request(b)
    assert direct["service_request_id"] == b
    assert direct["status"] == "open"
    assert first["service_request_id"] != second["service_request_id"]


def test_an_unsure_citizen_opens_a_case_without_label(
    citizen: GeoReportClient, services: Services
) -> None:
    (row,) = citizen.submit(service_code="other", address_string="人民广场地铁站 5 号口")
    (found,) = citizen.request(row["service_request_id"])
    assert found["service_code"] == "other"
    assert found["lat"] is None
    with services.database.read() as connection:
        case = connection.execute(select(cases)).one()
    assert (case.label, case.address, case.lat) == (None, "人民广场地铁站 5 号口", None)
    assert len(citizen.requests(service_code="other")) == 1
    assert citizen.requests(service_code="overflowing_bin") == []


@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        ({"lat": "1", "long": "2"}, 400, "service_code"),
        ({"service_code": "potholes", "lat": "1", "long": "2"}, 404, "potholes"),
        ({"service_code": "site_dust"}, 400, "where"),
        ({"service_code": "site_dust", "lat": "31.2"}, 400, "long"),
        ({"service_code": "site_dust", "lat": "91", "long": "2"}, 400, "lat"),
        ({"service_code": "site_dust", "lat": "nan", "long": "2"}, 400, "lat"),
        ({"service_code": "site_dust", "lat": "x", "long": "2"}, 400, "lat"),
        (
            {"service_code": "site_dust", "lat": "1", "long": "2", "description": "长" * 4001},
            400,
            "description",
        ),
        (
            {"service_code": "site_dust", "lat": "1", "long": "2", "media_url": "javascript:x()"},
            400,
            "media_url",
        ),
        (
            {"service_code": "site_dust", "lat": "1", "long": "2", "description": "a\x00b"},
            400,
            "description",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_in_the_standards_form(
    citizen: GeoReportClient, fields: dict[str, str], status: int, said: str
) -> None:
    errors = citizen.submit(**fields)
    assert citizen.status == status
    assert set(errors[0]) == {"code", "description"}
    assert int(errors[0]["code"]) == status
    assert any(said in error["description"] for error in errors)
    assert citizen.requests() == []


def test_the_longest_description_is_taken(citizen: GeoReportClient) -> None:
    citizen.submit(service_code="site_dust", lat="1", long="2", description="长" * 4000)
    assert citizen.status == 201


@pytest.mark.parametrize("key", [None, "sid_" + "x" * 43])
def test_no_key_or_a_wrong_one_is_403(client: "TestClient", form: Format, key: str | None) -> None:
    stranger = GeoReportClient(client, "/open311/v2", form, key)
    (error,) = stranger.submit(service_code="site_dust", lat="31.2", long="121.4")
    assert stranger.status == 403
    assert int(error["code"]) == 403


def test_a_key_without_the_right_is_403(
    client: "TestClient", form: Format, make_key: MakeKey
) -> None:
    key = make_key("auditor")["Authorization"].removeprefix("Bearer ")
    auditor = GeoReportClient(client, "/open311/v2", form, key)
    auditor.submit(service_code="site_dust", lat="31.2", long="121.4")
    assert auditor.status == 403


def test_what_is_not_there_is_404(citizen: GeoReportClient) -> None:
    missing = "01890a5d-ac96-774b-bcce-b302099a8057"
    for ask in (citizen.request, citizen.token):
        for name in (missing, "17", "..", "%00"):
            (error,) = ask(name)
            assert citizen.status == 404
            assert int(error["code"]) == 404
    assert citizen.requests(service_request_id=missing) == []


def test_the_public_reads_no_words_of_citizens(
    client: "TestClient", make_key: MakeKey, form: Format
) -> None:
    key = make_key("citizen-intake")["Authorization"].removeprefix("Bearer ")
    citizen = GeoReportClient(client, "/open311/v2", form, key)
    secret = {
        "description": "我叫张某某",
        "address_string": "我家门口",
        "email": "zhang@example.org",
        "phone": "13912345678",
        "first_name": "某某",
        "media_url": "https://example.org/me.jpg",
    }
    (row,) = citizen.submit(service_code="site_dust", lat="31.2", long="121.4", **secret)
    for path in (f"requests/{row['service_request_id']}", "requests"):
        said = client.get(f"/open311/v2/{path}.{form}?extensions=true").content.decode()
        for text in secret.values():
            assert text not in said
    for path in (f"requests/{row['service_request_id']}", "requests"):
        read = client.get(f"/open311/v2/{path}.{form}", headers=make_key("operator"))
        said = read.content.decode()
        assert secret["description"] in said
        assert secret["address_string"] in said
        for name in ("email", "phone"):
            assert secret[name] not in said
        elsewhere = client.get(
            f"/open311/v2/{path}.{form}", headers=make_key("operator", grids=("310",))
        )
        assert secret["description"] not in elsewhere.content.decode()


def test_dates_pages_and_limits(client: "TestClient", make_key: MakeKey, clock: Any) -> None:
    key = make_key("citizen-intake")["Authorization"].removeprefix("Bearer ")
    citizen = GeoReportClient(client, "/open311/v2", "json", key)
    for day in range(3):
        citizen.submit(service_code="site_dust", lat=str(31 + day), long="121.4")
        clock.advance(days=1)
    newest_first = [row["lat"] for row in citizen.requests()]
    assert newest_first == [33.0, 32.0, 31.0]
    pages = [citizen.requests(page=str(page), page_size="2") for page in (1, 2, 3)]
    assert [[row["lat"] for row in page] for page in pages] == [[33.0, 32.0], [31.0], []]
    start, end = "2026-03-03T00:00:00+08:00", "2026-03-03T23:59:59Z"
    assert [row["lat"] for row in citizen.requests(start_date=start, end_date=end)] == [32.0]
    unescaped = client.get(f"/open311/v2/requests.json?start_date={start}&end_date={end}")
    assert [row["lat"] for row in unescaped.json()] == [32.0]
    assert citizen.requests(end_date="2026-03-02T00:00:00Z") == []
    assert citizen.requests(start_date="", end_date="", status="", page="") == citizen.requests()
    for wrong in (
        {"start_date": "2026-01-01T00:00:00Z", "end_date": "2026-04-02T00:00:00Z"},
        {"start_date": "yesterday"},
        {"start_date": "2026-03-03T00:00:00Z", "end_date": "2026-03-02T00:00:00Z"},
        {"start_date": "0001-01-01T00:00:00+14:00"},
        {"page": "0"},
        {"page_size": "1001"},
        {"page": "-1"},
        {"status": "done"},
    ):
        citizen.requests(**wrong)
        assert citizen.status == 400, wrong
    clock.advance(days=90)
    assert citizen.requests() == []


def test_without_an_ending_accept_decides(client: "TestClient") -> None:
    path = "/open311/v2/services"
    assert client.get(path).headers["content-type"].startswith("application/json")
    xml = client.get(path, headers={"Accept": "text/xml"})
    assert xml.headers["content-type"].startswith("text/xml")
    browser = client.get(path, headers={"Accept": "text/html,application/xml;q=0.9"})
    assert browser.headers["content-type"].startswith("application/json")
    assert client.get(path + ".pdf").status_code == 404
    assert client.get("/open311/v2/nothing.xml").content.startswith(b"<?xml")


def test_names_follow_the_language(client: "TestClient") -> None:
    english = client.get("/open311/v2/services.json", headers={"Accept-Language": "en-GB,zh;q=.5"})
    chinese = client.get("/open311/v2/services.json", headers={"Accept-Language": "zh-CN,en"})
    assert "Overflowing bin" in {one["service_name"] for one in english.json()}
    assert "垃圾满溢" in {one["service_name"] for one in chinese.json()}


def test_a_multipart_form_without_a_file_is_taken(client: "TestClient", make_key: MakeKey) -> None:
    fields = {"service_code": (None, "site_dust"), "lat": (None, "31"), "long": (None, "121")}
    url = "/open311/v2/requests.json"
    headers = make_key("citizen-intake")
    assert client.post(url, files=fields, headers=headers).status_code == 201
    with_file = fields | {"media": ("a.jpg", b"\xff\xd8\xff", "image/jpeg")}
    assert client.post(url, files=with_file, headers=headers).status_code == 400
    assert client.post(url, json={"service_code": "x"}, headers=headers).status_code == 400
    wrong = headers | {"Content-Type": "application/x-www-form-urlencoded"}
    assert client.post(url, content=b"service_code=%FF", headers=wrong).status_code == 400
    assert client.post(url, content=b"a" * 200_000, headers=wrong).status_code == 400


def test_an_idempotency_key_makes_one_request(client: "TestClient", make_key: MakeKey) -> None:
    headers = make_key("citizen-intake") | {"Idempotency-Key": "once"}
    fields = {"service_code": "site_dust", "lat": "31", "long": "121"}
    ids = {
        client.post("/open311/v2/requests.json", data=fields, headers=headers).json()[0][
            "service_request_id"
        ]
        for _ in range(3)
    }
    assert len(ids) == 1
