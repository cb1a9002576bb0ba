from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.errors import SettingsError
from api.settings import Settings, load_settings


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in list(os.environ):
        if name.startswith("STREET_ISSUES_"):
            monkeypatch.delenv(name)


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "settings.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_nothing_set_is_enough() -> None:
    assert load_settings({}) == Settings()


def test_variables_win_over_the_file_and_options_over_both(tmp_path: Path) -> None:
    path = write(tmp_path, "workers: 3\nbacklog: 7\nretention_days: 30\n")
    environ = {"STREET_ISSUES_WORKERS": "5", "STREET_ISSUES_DATA": "/var/a", "HOME": "/root"}
    settings = load_settings(environ, path, {"data": Path("/var/b")})
    assert (settings.workers, settings.backlog, settings.retention_days) == (5, 7, 30)
    assert settings.data == Path("/var/b")


@pytest.mark.parametrize("text", ["a.example,b.example", " a.example , b.example ,"])
def test_lists_are_parted_by_commas(text: str) -> None:
    origins = ",".join(
        f"https://{part.strip()}" if part.strip() else "" for part in text.split(",")
    )
    settings = load_settings({"STREET_ISSUES_CORS_ORIGINS": origins})
    assert settings.cors_origins == ("https://a.example", "https://b.example")


def test_lists_of_the_file_may_be_lists(tmp_path: Path) -> None:
    path = write(tmp_path, "webhook_networks: [10.20.0.0/16, 10.30.0.0/16]\n")
    assert load_settings({}, path).webhook_networks == ("10.20.0.0/16", "10.30.0.0/16")


@pytest.mark.parametrize(
    "tiles",
    [
        "/tiles/{z}/{x}/{y}.png",
        "https://{s}.tile.example.cn:8443/{z}/{x}/{y}@2x.png?key=a%20b",
        "http://10.0.0.5/tms/{z}/{x}/{-y}.png",
        "https://wprd01.example.com/appmaptile?x={x}&y={y}&z={z}&lang=zh_cn",
    ],
)
def test_addresses_of_tiles(tiles: str) -> None:
    assert load_settings({"STREET_ISSUES_MAP_TILES": tiles}).map_tiles == tiles


def test_where_maps_begin(tmp_path: Path) -> None:
    for text in ("31.2304,121.4737", " 31.2304 , 121.4737 "):
        settings = load_settings({"STREET_ISSUES_MAP_CENTER": text})
        assert settings.map_center == (31.2304, 121.4737)
    path = write(tmp_path, "map_center: [-33.5, 70]\ncitizen_page: false\nsession_hours: 0.5\n")
    settings = load_settings({}, path)
    assert (settings.map_center, settings.citizen_page) == ((-33.5, 70.0), False)
    assert settings.session_hours == 0.5


def test_unknown_variable_is_refused_with_the_near_one() -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings({"STREET_ISSUES_WORKER": "2"})
    assert "STREET_ISSUES_WORKER is no setting" in str(caught.value)
    assert "STREET_ISSUES_WORKERS?" in caught.value.hint


def test_unknown_name_of_the_file_is_refused_with_its_path(tmp_path: Path) -> None:
    path = write(tmp_path, "retention_day: 3\n")
    with pytest.raises(SettingsError, match="retention_day is no setting") as caught:
        load_settings({}, path)
    assert str(path) in caught.value.message
    assert "retention_days" in caught.value.hint


def test_variables_of_tests_are_not_ours() -> None:
    assert load_settings({"STREET_ISSUES_TEST_POSTGRES_URL": "x"}) == Settings()


def test_empty_variables_are_not_set() -> None:
    assert load_settings({"STREET_ISSUES_DATABASE_URL": ""}).database_url is None


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("WORKERS", "many", "integer"),
        ("WORKERS", "0", "greater than or equal to 1"),
        ("RUNTIME", "tpu", "'onnx', 'openvino' or 'auto'"),
        ("SECRET", "sh0rt-and-secret", "at least 32 characters"),
        ("ADMIN_KEY", "sh0rt-and-secret", "at least 32 characters"),
        ("ADMIN_KEY", "sp ace " * 10, "no spaces"),
        ("CORS_ORIGINS", "https://a.example/path", "without a path"),
        ("TRUSTED_PROXIES", "10.0.0.0/99", "10.0.0.0/99"),
        ("PUBLIC_URL", "issues.example.cn", "https://issues.example.cn"),
        ("CITIZEN_PAGE", "perhaps", "boolean"),
        ("CITIZEN_REPORTS_PER_HOUR", "0", "greater than or equal to 1"),
        ("SESSION_HOURS", "0", "greater than 0"),
        ("SESSION_HOURS", "721", "less than or equal to 720"),
        ("SESSION_HOURS", "nan", "less than or equal to 720"),
        ("SESSION_IDLE_MINUTES", "-1", "greater than 0"),
        ("SESSION_IDLE_MINUTES", "inf", "less than or equal to 43200"),
        ("MAP_TILES", "https://tiles.example.cn/map.png", "{z}/{x}/{y}"),
        ("MAP_TILES", "https://tiles.example.cn/{z}/{x}.png", "{z}/{x}/{y}"),
        ("MAP_TILES", "//tiles.example.cn/{z}/{x}/{y}", "{z}/{x}/{y}"),
        ("MAP_TILES", "ftp://tiles.example.cn/{z}/{x}/{y}", "{z}/{x}/{y}"),
        ("MAP_TILES", "https://a;script-src.example/{z}/{x}/{y}", "{z}/{x}/{y}"),
        ("MAP_TILES", "https://a.example /{z}/{x}/{y}", "{z}/{x}/{y}"),
        ("MAP_TILES", "https://user@a.example/{z}/{x}/{y}", "{z}/{x}/{y}"),
        ("MAP_DATUM", "mars", "'wgs84', 'gcj02' or 'bd09'"),
        ("MAP_ATTRIBUTION", "x" * 201, "at most 200"),
        ("MAP_CENTER", "31.2", "31.2304,121.4737"),
        ("MAP_CENTER", "91,0", "31.2304,121.4737"),
        ("MAP_CENTER", "0,181", "31.2304,121.4737"),
        ("MAP_CENTER", "nan,0", "31.2304,121.4737"),
        ("MAP_CENTER", "31,121,5", "31.2304,121.4737"),
        ("MAP_CENTER", "here,there", "31.2304,121.4737"),
    ],
)
def test_wrong_values_name_the_variable_and_what_is_allowed(
    variable: str, value: str, words: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings({f"STREET_ISSUES_{variable}": value})
    assert f"STREET_ISSUES_{variable}: " in caught.value.message
    assert words in caught.value.message


@given(st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=6, max_size=31))
def test_a_refused_secret_is_never_repeated(secret: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings({"STREET_ISSUES_SECRET": secret})
    words = str(caught.value)
    assert secret not in words or secret in "STREET_ISSUES_SECRET: It needs at least 32 characters."


def test_settings_never_show_secrets() -> None:
    secret = "0123456789" * 4
    settings = load_settings({"STREET_ISSUES_SECRET": secret, "STREET_ISSUES_ADMIN_KEY": secret})
    assert secret not in repr(settings)


@pytest.mark.parametrize(
    ("text", "words"),
    [("a: [", "not YAML at line"), ("- 1\n- 2\n", "no names"), ("text", "no names")],
)
def test_a_file_that_is_no_settings_file_is_refused(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        load_settings({}, write(tmp_path, text))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"none\.yaml cannot be read"):
        load_settings({}, tmp_path / "none.yaml")


def test_a_wrong_value_of_the_file_names_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, "workers: 99\n")
    with pytest.raises(SettingsError) as caught:
        load_settings({}, path)
    assert f"{path}: workers: " in caught.value.message
