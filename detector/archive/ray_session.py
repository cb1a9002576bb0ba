"""Starts Ray on this machine, or reaches a cluster, and leaves it as it was."""

import contextlib
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from detector.archive.pool import import_path
from detector.errors import ExtraMissingError, StreetIssueError

logger = logging.getLogger(__name__)

OBJECT_STORE_BYTES: Final = 256 * 1024 * 1024
"""Results are small; by default Ray takes 30% of the memory for what it passes around."""
OWN_CLUSTER: Final = {
    "RAY_USAGE_STATS_ENABLED": "0",  # By default Ray sends figures to its makers.
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # What the next release does; without a warning.
}


@dataclass(frozen=True, slots=True)
class RaySession:
    """A Ray that is running, and how to leave it."""

    ray: Any
    close: Callable[[], None]


def start_ray(workers: int, address: str | None) -> RaySession:
    """Start Ray with a core for each worker, or reach a cluster.

    Args:
        workers: Of this machine's own Ray.
        address: Of a cluster; None: start one of this machine alone.

    Raises:
        ExtraMissingError: Ray is not installed.
        StreetIssueError: Ray does not start, or the cluster cannot be reached.
    """
    try:
        import ray
    except ImportError as error:
        raise ExtraMissingError("ray", "The engine 'ray'", "Or use the engine 'local'.") from error
    if ray.is_initialized():  # By a program that this one is part of; it will end it.
        return RaySession(ray, lambda: None)
    quiet = {"logging_level": logging.ERROR, "log_to_driver": False}
    _keep_to_itself()
    if address is not None:
        try:
            ray.init(address=address, **quiet)
        except Exception as error:  # Ray raises ConnectionError, ValueError, RuntimeError.
            raise StreetIssueError(
                "ray_unreachable",
                f"No Ray cluster answers at {address}: {type(error).__name__}.",
                "Give the address that `ray start --head` says, with the same version of Ray.",
            ) from error
        return RaySession(ray, ray.shutdown)
    # A folder of its own, which goes when it ends; its sockets' paths must be short.
    folder = Path(tempfile.mkdtemp(prefix="ray-", dir="/tmp" if Path("/tmp").is_dir() else None))
    try:
        with _environment({**OWN_CLUSTER, "PYTHONPATH": import_path()}):
            ray.init(
                address="local",
                num_cpus=workers,
                num_gpus=0,
                include_dashboard=False,
                object_store_memory=OBJECT_STORE_BYTES,
                _temp_dir=str(folder),
                **quiet,
            )
    except Exception as error:  # As above.
        shutil.rmtree(folder, ignore_errors=True)
        raise StreetIssueError(
            "ray_failed", f"Ray does not start on this machine: {error}.", "Use the engine 'local'."
        ) from error

    def close() -> None:
        ray.shutdown()
        shutil.rmtree(folder, ignore_errors=True)

    return RaySession(ray, close)


def _keep_to_itself() -> None:
    """Send to the log what Ray would print: our standard output may be a pipe that somebody parses.

    Ray has no setting for what it prints when a worker dies; where a release has no such function
    any more, it prints.
    """
    from ray._private import worker

    if hasattr(worker, "print_to_stdstream"):
        worker.print_to_stdstream = lambda data, *_, **__: logger.info("Ray: %s", data)


@contextlib.contextmanager
def _environment(variables: dict[str, str]) -> Iterator[None]:
    """Set variables for what is started meanwhile, and set them back."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
