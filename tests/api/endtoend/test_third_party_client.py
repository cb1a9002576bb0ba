"""A client of Open311 that knows nothing of this project works unchanged, in both formats."""

from collections.abc import Callable
from typing import Any

import georeport
import httpx2
import pytest

LABELS = {"illegal_poster", "overflowing_bin", "street_vending", "site_dust", "other"}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("output_format", ["json", "xml"])
def test_georeport(start_server: Callable[..., Any], database_url: str, output_format: str) -> None:
    server = start_server(database_url)
    root = f"{server.url}/open311/v2"
    client = georeport.GeoReport(root, output_format=output_format)
    assert {one["service_code"] for one in client.get_service_list()} == LABELS
    definition = client.get_service_definition("overflowing_bin")
    assert definition["service_code"] == "overflowing_bin"
    # The client reads alone; a form as the standard writes it files two requests.
    form = {
        "api_key": server.make_key("citizen-intake"),
        "service_code": "overflowing_bin",
        "description": "满了",
    }
    for lat in (31.23, 31.33):
        answer = httpx2.post(f"{root}/requests.json", data=form | {"lat": lat, "long": 121.47})
        assert answer.status_code == 201, answer.text
    listed = client.get_service_requests(service_code="overflowing_bin", status="open")
    assert len(listed) == 2
    one = client.get_service_request(answer.json()[0]["service_request_id"])
    assert one["status"] == "open"
    assert one["service_code"] == "overflowing_bin"
    assert float(one["lat"]) == pytest.approx(31.33)
    assert not one.get("description")
