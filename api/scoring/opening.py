"""From settings to a pool of workers."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from api.scoring.pool import PoolSettings, ProcessPool
from api.scoring.tasks import WorkPlan
from api.settings import Settings
from detector.models.network import usable_cores

RUNTIME_NAMES: Final = MappingProxyType({"onnx": "onnxruntime"})
MIB: Final = 1024 * 1024


def open_pool(
    settings: Settings,
    *,
    thresholds: Mapping[str, float] | None = None,
    on_replaced: Callable[[], None] = lambda: None,
) -> ProcessPool:
    """Start the service's workers.

    Args:
        settings: Model, runtime, number of workers and their patience.
        thresholds: A bureau's; labels it does not name keep the bundle's.
        on_replaced: Called when a worker hung or died at a task and is replaced.

    Returns:
        A pool whose workers are set up.

    Raises:
        SettingsError: The model cannot be loaded, or a worker does not start.
    """
    plan = WorkPlan(
        model=settings.model,
        shadow_model=settings.shadow_model,
        runtime=RUNTIME_NAMES.get(settings.runtime, settings.runtime),
        threads=max(1, usable_cores() // settings.workers),
        thresholds=dict(thresholds or {}),
        # A body holds a little beside the photo.
        max_photo_bytes=max(1, settings.max_upload_mib - 1) * MIB,
    )
    size = PoolSettings(
        settings.workers, settings.backlog, settings.score_timeout_s, on_replaced=on_replaced
    )
    return ProcessPool(size, plan)
