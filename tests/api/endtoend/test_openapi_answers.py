"""Made-up requests to every operation of the OpenAPI: no 5xx, and no answer outside the schema."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

HOOKS = Path(__file__).with_name("quick_leases.py")
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
    "negative_data_rejection",
)


@pytest.mark.parametrize("examples", [8, pytest.param(200, marks=pytest.mark.faults)])
def test_every_operation_keeps_its_word(
    start_server: Callable[..., Any], database_url: str, tmp_path: Path, examples: int
) -> None:
    server = start_server(database_url)
    key = server.environment["STREET_ISSUES_ADMIN_KEY"]
    done = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "run", f"{server.url}/openapi.json"),
            *("--header", f"Authorization: Bearer {key}"),
            *("--checks", ",".join(CHECKS)),
            *("--phases", "examples,coverage,fuzzing"),
            *("--max-examples", str(examples)),
            *("--request-timeout", "60"),
            *("--seed", "1", "--no-color", "--max-failures", "30"),
        ],
        cwd=tmp_path,
        env=os.environ | {"SCHEMATHESIS_HOOKS": str(HOOKS)},
        capture_output=True,
        text=True,
        check=False,
    )
    (tmp_path / "report.txt").write_text(done.stdout + done.stderr)
    assert done.returncode == 0, done.stdout[-20000:] + done.stderr[-2000:]
    errors = [line for line in server.logs if '"level": "ERROR"' in line]
    assert errors == []
    assert server.stop() == 0
