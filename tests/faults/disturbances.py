"""What can happen to a running grid: its parts are killed, it is interrupted, it falls asleep."""

from __future__ import annotations

import contextlib
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil

PATIENCE = 600.0
"""Seconds in which whatever is to end has ended, on a busy machine too."""

Disturbance = Callable[[random.Random, psutil.Process], bool]
"""Does something to the grid of a driver's process; whether there was anything to do it to."""


def kill(*parts: str) -> Disturbance:
    """Kill a process below the driver whose title or program holds one of the parts."""

    def disturb(rng: random.Random, driver: psutil.Process) -> bool:
        found = [p for p in tree(driver) if any(part in _title(p) for part in parts)]
        if not found:
            return False
        with contextlib.suppress(psutil.NoSuchProcess):
            rng.choice(sorted(found, key=lambda p: p.pid)).kill()
        return True

    return disturb


def kill_driver(_: random.Random, driver: psutil.Process) -> bool:
    """Kill the command itself; what it had started is left to itself."""
    driver.kill()
    driver.wait()
    return True


def interrupt(rng: random.Random, driver: psutil.Process) -> bool:
    """Ctrl-C, once or twice; raises ``psutil.TimeoutExpired`` where the grid does not end then."""
    for _ in range(rng.choice((1, 2))):
        with contextlib.suppress(psutil.NoSuchProcess):
            driver.send_signal(signal.SIGINT)
        time.sleep(0.5)
    driver.wait(PATIENCE)
    return True


def freeze(rng: random.Random, driver: psutil.Process) -> bool:
    """Stop every process for some seconds, as a laptop does that falls asleep."""
    processes = [driver, *tree(driver)]
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.suspend()
    time.sleep(rng.uniform(2.0, 15.0))
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.resume()
    return True


def fill(folder: Path) -> Disturbance:
    """Write until nothing more fits on the folder's disk, and make room again after a while."""
    ballast = folder / "ballast"

    def disturb(rng: random.Random, _: psutil.Process) -> bool:
        until = time.monotonic() + rng.uniform(5.0, 40.0)
        with ballast.open("wb", buffering=0) as file:
            while time.monotonic() < until:  # and whatever is freed meanwhile
                with contextlib.suppress(OSError):
                    while True:
                        file.write(bytes(2**16))
                time.sleep(0.1)
        ballast.unlink()
        return True

    return disturb


def tree(process: psutil.Process) -> list[psutil.Process]:
    """All processes below one."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return list(process.children(recursive=True))
    return []


def _title(process: psutil.Process) -> str:
    with contextlib.suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
        return " ".join(process.cmdline()[:1])
    return ""


DISTURBANCES: dict[str, Disturbance] = {
    "worker": kill("ray::ResourceTrainable"),
    "agent": kill("ray::DashboardAgent", "ray::RuntimeEnvAgent"),
    "head": kill("gcs_server"),
    "node": kill("raylet/raylet"),
    "driver": kill_driver,
    "interrupt": interrupt,
    "freeze": freeze,
}
