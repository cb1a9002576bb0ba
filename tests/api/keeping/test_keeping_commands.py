import json
from pathlib import Path

import pytest
from sqlalchemy import text

from api.cli import main
from api.intake.accepting import NewReport, accept_report
from api.opening import close_services, open_services
from api.settings import Settings
from tests.api.keeping.conftest import jpeg


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with one report, as the service left it."""
    for name in ("DATABASE_URL", "PHOTOS_URL", "SECRET", "DATA"):
        monkeypatch.delenv(f"STREET_ISSUES_{name}", raising=False)
    folder = tmp_path / "data"
    services = open_services(Settings(data=folder), scoring=False)
    try:
        accept_report(
            services,
            NewReport(source="citizen", photo=jpeg(), contact={"phone": "13912345678"}),
        )
    finally:
        close_services(services)
    return folder


def test_backup_and_restore(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, again = tmp_path / "backup", tmp_path / "again"
    assert main(["backup", str(folder), "--data", str(data)]) == 0
    assert "1 reports, 1 photos" in capsys.readouterr().out
    assert not (folder / "secret").exists()
    assert main(["backup", str(folder), "--check"]) == 0
    assert "is whole" in capsys.readouterr().out
    assert main(["backup", str(folder), "--data", str(data)]) == 2
    assert "exists already" in capsys.readouterr().err
    assert main(["restore", str(folder), "--data", str(again)]) == 0
    assert "make the keys anew" in capsys.readouterr().out
    assert main(["restore", str(folder), "--data", str(again)]) == 2
    assert "written over" in capsys.readouterr().err
    services = open_services(Settings(data=again), scoring=False)
    try:
        with services.database.read() as connection:
            notes = connection.execute(text("SELECT contact FROM reports")).scalars().all()
        assert [json.loads(one) for one in notes] == [{"phone": "13912345678"}]
        assert services.photos.get(next(services.photos.names())) == jpeg()
    finally:
        close_services(services)


def test_a_backup_with_the_secret_keeps_the_keys(data: Path, tmp_path: Path) -> None:
    folder, again = tmp_path / "backup", tmp_path / "again"
    assert main(["backup", str(folder), "--with-secret", "--data", str(data)]) == 0
    assert main(["restore", str(folder), "--data", str(again)]) == 0
    assert (again / "secret").read_bytes() == (data / "secret").read_bytes()
    assert (again / "secret").stat().st_mode & 0o777 == 0o600


def test_check_tells_damage(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "backup"
    main(["backup", str(folder), "--data", str(data)])
    photo = next(path for path in (folder / "photos").rglob("*") if path.is_file())
    photo.write_bytes(b"rot")
    assert main(["backup", str(folder), "--check"]) == 1
    assert photo.name in capsys.readouterr().out
    assert main(["backup", str(tmp_path / "nothing"), "--check"]) == 2
    assert "no whole backup" in capsys.readouterr().err


def test_backup_of_nothing_makes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("STREET_ISSUES_DATABASE_URL", raising=False)
    data = tmp_path / "empty"
    assert main(["backup", str(tmp_path / "backup"), "--data", str(data)]) == 2
    assert "cannot be copied" in capsys.readouterr().err
    assert not (tmp_path / "backup").exists()
    assert not (data / "ledger.db").exists()


def test_erase(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    contact = ["erase", "--contact", "13912345678", "--data", str(data)]
    assert main([*contact, "--dry-run"]) == 0
    assert "would be erased (with its photo)" in capsys.readouterr().out
    assert b"13912345678" in (data / "ledger.db").read_bytes()
    assert main(contact) == 0
    assert "erased (with its photo)" in capsys.readouterr().out
    assert b"13912345678" not in b"".join(
        path.read_bytes() for path in data.rglob("*") if path.is_file()
    )
    assert main(contact) == 1
    assert "No report" in capsys.readouterr().err


def test_retention_dry_run(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["retention", "--dry-run", "--data", str(data)]) == 0
    assert "0 originals, 0 bytes, would be deleted" in capsys.readouterr().out


def test_retention_writes_lost_photos_off(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path in (data / "photos").rglob("*"):
        if path.is_file():
            path.unlink()
    assert main(["retention", "--data", str(data)]) == 2
    assert "Is the photo volume mounted" in capsys.readouterr().err
    assert main(["retention", "--photos-lost", "--data", str(data)]) == 0
    assert "1 lost photos noted as deleted" in capsys.readouterr().out
    assert main(["retention", "--data", str(data)]) == 0


def test_restore_around_damaged_photos(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, again = tmp_path / "backup", tmp_path / "again"
    main(["backup", str(folder), "--data", str(data)])
    photo = next(path for path in (folder / "photos").rglob("*") if path.is_file())
    photo.write_bytes(b"rot")
    assert main(["restore", str(folder), "--data", str(again)]) == 2
    assert main(["restore", str(folder), "--skip-damaged-photos", "--data", str(again)]) == 1
    assert f"damaged: {photo.name}" in capsys.readouterr().err


def test_erase_tells_cases_that_mention_it(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    services = open_services(Settings(data=data), scoring=False)
    try:
        told = NewReport(source="citizen", label="overflowing_bin", address="Wang, 13912345678")
        accept_report(services, told)
    finally:
        close_services(services)
    erase = ["erase", "--contact", "+86 139 1234 5678", "--dry-run", "--data", str(data)]
    assert main(erase) == 1
    assert "mentions it in its address, history or errors" in capsys.readouterr().err


def test_export_feedback(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "feedback"
    bare = ["export-feedback", "--out", str(out), "--data", str(data)]
    with pytest.raises(SystemExit):
        main(bare)
    assert main([*bare, "--reason", "test"]) == 2
    assert "10 to 500 characters" in capsys.readouterr().err
    assert not out.exists()
    told = [*bare, "--reason", "training of model 1.3"]
    assert main(told) == 0
    assert "0 judged photos" in capsys.readouterr().out
    assert (out / "feedback.jsonl").read_text() == ""
    assert main(told) == 2
