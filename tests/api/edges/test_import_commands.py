"""The two import commands, as somebody at a shell runs them."""

import json
import math
from pathlib import Path

import pytest
from sqlalchemy import select

from api.cli import main
from api.opening import close_services, open_services
from api.settings import Settings
from api.store.side_tables import audit
from api.store.toilets import count_toilets

SQUARE = [[121.0, 31.0], [121.1, 31.0], [121.1, 31.1], [121.0, 31.1], [121.0, 31.0]]


def feature(code: str | None) -> dict[str, object]:
    geometry = {"type": "Polygon", "coordinates": [SQUARE]}
    return {"type": "Feature", "properties": {"code": code}, "geometry": geometry}


def run(data: Path, command: str, file: Path, *options: str) -> int:
    return main([command, str(file), "--data", str(data), *options])


def test_toilets_from_the_shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, file = tmp_path / "data", tmp_path / "公厕.csv"
    text = "名称,纬度,经度\n甲,31.1,121.1\n乙,,\n丙,31.2,121.2\n"
    file.write_text(text, encoding="gb18030")
    assert run(data, "import-toilets", file, "--datum", "gcj02") == 1
    told = capsys.readouterr()
    assert "row 3 left out" in told.err
    assert told.out == "2 toilets taken in, 0 removed, 2 in all.\n"
    file.write_text("名称,纬度,经度\n甲,31.1,121.1\n", encoding="utf-8-sig")
    assert run(data, "import-toilets", file, "--whole", "--datum", "gcj02") == 0
    assert capsys.readouterr().out == "1 toilets taken in, 1 removed, 1 in all.\n"
    for useless in ("名称,纬度,经度\n乙,,\n", "名称\n乙\n", ""):
        file.write_text(useless, encoding="utf-8")
        assert run(data, "import-toilets", file) == 2
    assert run(data, "import-toilets", tmp_path / "nowhere.csv") == 2
    services = open_services(Settings(data=data), scoring=False)
    try:
        with services.database.read() as connection:
            assert count_toilets(connection) == 1
            actions = connection.scalars(select(audit.c.action)).all()
    finally:
        close_services(services)
    assert actions == ["toilets.imported"] * 2


def test_grid_from_the_shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, file = tmp_path / "data", tmp_path / "grid.geojson"
    whole = {"type": "FeatureCollection", "features": [feature("A"), feature(None)]}
    file.write_text(json.dumps(whole), encoding="utf-8")
    assert run(data, "import-grid", file, "--reassign") == 1
    told = capsys.readouterr()
    assert told.out == "1 cells taken in, 0 cases moved to another cell.\n"
    assert told.err.startswith("error: ")
    for useless in ("", "{}", json.dumps(math.pi), json.dumps(whole | {"features": []})):
        file.write_text(useless, encoding="utf-8")
        assert run(data, "import-grid", file) == 2
    services = open_services(Settings(data=data), scoring=False)
    try:
        assert services.grid.find(31.05, 121.05) == "A"
    finally:
        close_services(services)
