"""POST /v1/score and POST /v1/reports against the pipeline alone, on the real server.

python -m benchmarks.api_score [--uploads N]
"""

import argparse
import itertools
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.api_server import ApiServer, post, run_server, wrap
from benchmarks.photos import write_photos
from detector.models import RuntimeOptions, load_detector
from detector.models.bundle import DEFAULT_BUNDLE, load_bundle
from detector.models.network import usable_cores
from detector.pipeline import Pipeline

SIZES = ((4000, 3000), (1632, 1224))
PHOTOS = 24
ROUNDS = 5
CLIENTS = 16
LOAD = 0.7
LOAD_S = 60.0
SAMPLES = 10
"""Readings of the memory over all uploads."""


def unlike(photo: bytes, number: int) -> bytes:
    """Return a photo with other bytes behind its end: the same pixels, another file."""
    return photo + b"benchmark %08d" % number


def pipeline_cpu_ms(pipeline: Pipeline, photos: Sequence[bytes]) -> float:
    """Return processor milliseconds a photo of the pipeline in this process."""
    started = time.process_time()
    for photo in photos:
        assert pipeline.score_bytes(photo).error is None
    return (time.process_time() - started) / len(photos) * 1000


def server_ms(
    server: ApiServer, path: str, photos: Sequence[bytes], numbers: Iterator[int]
) -> tuple[float, float]:
    """Return processor and wall milliseconds a photo of a path, sent one by one."""
    bodies = [wrap(unlike(photo, next(numbers))) for photo in photos]
    connection = server.connect()
    cpu_s, started = server.cpu_s(), time.perf_counter()
    for body in bodies:
        status = post(connection, path, body)
        assert status in (200, 202), status
    wall_s = time.perf_counter() - started
    cpu_s = server.cpu_s() - cpu_s
    connection.close()
    return cpu_s / len(photos) * 1000, wall_s / len(photos) * 1000


def measure_cost(wh: tuple[int, int], photos: Sequence[bytes]) -> str:
    """Return a table row: what a photo costs alone, by /v1/score and by /v1/reports.

    The three take turns, because shared machines drift.
    """
    detector = load_detector(load_bundle(DEFAULT_BUNDLE), "auto", RuntimeOptions(usable_cores()))
    pipeline = Pipeline(detector)
    numbers = itertools.count()
    alone, score, reports = [], [], []
    with run_server(report_wait_s=30) as server:
        server_ms(server, "/v1/score", photos, numbers)
        server_ms(server, "/v1/reports", photos[:4], numbers)
        pipeline_cpu_ms(pipeline, photos)
        for _ in range(ROUNDS):
            alone.append(pipeline_cpu_ms(pipeline, photos))
            score.append(server_ms(server, "/v1/score", photos, numbers))
            reports.append(server_ms(server, "/v1/reports", photos, numbers))
    detector.close()
    own = statistics.median(alone)
    score_cpu, score_wall = (statistics.median(column) for column in zip(*score, strict=True))
    report_cpu, report_wall = (statistics.median(column) for column in zip(*reports, strict=True))
    return (
        f"| {wh[0]}×{wh[1]} | {own:.1f} | {score_cpu:.1f} | {score_cpu / own:.2f} "
        f"| {score_wall:.1f} | {report_cpu:.1f} | {report_cpu / score_cpu:.2f} "
        f"| {report_wall:.1f} | {report_wall / score_wall:.2f} |"
    )


def run_clients(
    server: ApiServer, bodies: Sequence[bytes], count: int, per_s: float | None
) -> list[float]:
    """Let the clients send photos; return the seconds each took.

    Args:
        server: The server.
        bodies: Sent in turn.
        count: Uploads of all clients together.
        per_s: Rate of all clients together, with exponential gaps between one client's uploads;
            None: each sends as soon as it has its answer.
    """
    taken: list[float] = []
    lock = threading.Lock()

    def send(number: int) -> None:
        rng = random.Random(number)
        connection = server.connect()
        due = time.perf_counter()
        for i in range(count // CLIENTS):
            if per_s is not None:
                due += rng.expovariate(per_s / CLIENTS)
                time.sleep(max(0.0, due - time.perf_counter()))
            started = time.perf_counter()
            status = post(connection, "/v1/score", bodies[(i + number) % len(bodies)])
            elapsed_s = time.perf_counter() - started
            assert status == 200, status
            with lock:
                taken.append(elapsed_s)
        connection.close()

    threads = [threading.Thread(target=send, args=(i,)) for i in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return taken


def measure_latency(photos: Sequence[bytes]) -> str:
    """Return a line: how long uploads take at 70 % of what the server can do."""
    bodies = [wrap(photo) for photo in photos]
    with run_server(backlog=4 * CLIENTS) as server:
        run_clients(server, bodies, 2 * CLIENTS, None)
        most_per_s = _most_per_s(server, bodies)
        count = int(LOAD * most_per_s * LOAD_S)
        taken = sorted(run_clients(server, bodies, count, LOAD * most_per_s))
        after_per_s = _most_per_s(server, bodies)
    p50, p99 = (taken[int(len(taken) * share)] for share in (0.5, 0.99))
    return (
        f"- {CLIENTS} clients, photos of {SIZES[1][0]}×{SIZES[1][1]} px: {most_per_s:.1f} photos/s "
        f"at most before and {after_per_s:.1f} after; at {LOAD:.0%} of the first, with exponential "
        f"gaps over {len(taken)} uploads: p50 {p50 * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms, ratio "
        f"{p99 / p50:.1f}"
    )


def _most_per_s(server: ApiServer, bodies: Sequence[bytes]) -> float:
    started = time.perf_counter()
    count = len(run_clients(server, bodies, 20 * CLIENTS, None))
    return count / (time.perf_counter() - started)


def measure_memory(photos: Sequence[bytes], uploads: int) -> str:
    """Return a line: the memory of server and worker over many uploads."""
    bodies = [wrap(photo) for photo in photos]
    step = max(1, uploads // SAMPLES)
    readings = []
    with run_server() as server:
        connection = server.connect()
        for i in range(uploads):
            assert post(connection, "/v1/score", bodies[i % len(bodies)]) == 200
            if (i + 1) % step == 0:
                readings.append(server.memory_mb())
        connection.close()
    first, last = sum(readings[0]), sum(readings[-1])
    each = ", ".join(f"{sum(one):.0f}" for one in readings)
    return (
        f"- memory of all processes after every {step} of {uploads} uploads, in MB: {each}; "
        f"last against first: {last / first:.3f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--uploads", type=int, default=10_000, help="for the memory")
    uploads = parser.parse_args().uploads
    with tempfile.TemporaryDirectory() as name:
        photos = {
            wh: [p.read_bytes() for p in write_photos(Path(name) / str(wh[0]), PHOTOS, wh)]
            for wh in SIZES
        }
    print(
        "| photos | pipeline alone, CPU ms | /v1/score, CPU ms | × pipeline | wall ms "
        "| /v1/reports, CPU ms | × score | wall ms | × score |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for wh in SIZES:
        print(measure_cost(wh, photos[wh]), flush=True)
    print()
    print(measure_latency(photos[SIZES[1]]), flush=True)
    print(measure_memory(photos[SIZES[1]], uploads), flush=True)


if __name__ == "__main__":
    main()
