"""Errands at the real server: a report, a list of cases, grid cells, a form that a page sends."""

from typing import Any

from playwright.sync_api import Page

LAT, LNG = 31.2304, 121.4737
SCRIPT = "<script>window.pwned=1</script>"
SIDE = 0.01


def report(client: Any, **fields: Any) -> None:
    """Report a problem without a photo."""
    sent = {
        "service_code": fields.get("label", "overflowing_bin"),
        "lat": fields.get("lat", LAT),
        "long": fields.get("lng", LNG),
        "description": fields.get("note", "满了"),
        "address_string": fields.get("address", "中山路 12 号"),
    }
    client.post("/open311/v2/requests.json", data=sent).raise_for_status()


def list_cases(client: Any) -> list[dict[str, Any]]:
    answer = client.get("/v1/cases", params={"order": "oldest"})
    answer.raise_for_status()
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def import_cells(client: Any) -> None:
    """Let 3101 lie in the west, and 4401 in the east."""

    def cell(code: str, west: float) -> dict[str, Any]:
        east, south, north = west + SIDE, LAT - SIDE, LAT + SIDE
        ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
        return {
            "type": "Feature",
            "properties": {"code": code, "name": f"网格 {code}"},
            "geometry": {"type": "Polygon", "coordinates": [ring]},
        }

    cells = [cell("310101", LNG - SIDE / 2), cell("440101", LNG + SIDE / 2)]
    answer = client.post("/v1/grid", json={"type": "FeatureCollection", "features": cells})
    answer.raise_for_status()


def post(page: Page, path: str, fields: dict[str, Any], token: str | None) -> int:
    """Send a form as a page of the console does; return the status."""
    status: int = page.evaluate(
        """async ([path, fields, token]) => {
            const headers = {"X-CSRF-Token": token};
            const body = new URLSearchParams(fields);
            return (await fetch(path, {method: "POST", headers, body})).status;
        }""",
        [path, fields, token],
    )
    return status
