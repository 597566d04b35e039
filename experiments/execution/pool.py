"""Where the trials of a grid run. Importing this does not load Ray."""

from __future__ import annotations

import socket
from dataclasses import dataclass

from common.errors import UserError
from experiments.machine import cores
from experiments.tracking.retry import one_line


@dataclass(frozen=True)
class Pool:
    """Where trials run.

    Attributes:
        cpus: cores to use at most; all by default.
        address: of an existing Ray cluster, ``host:port`` or ``auto``; ``None`` starts one.
        attempts: how often a trial is started at most if its machine or process fails.
    """

    cpus: int | None = None
    address: str | None = None
    attempts: int = 3

    def slots(self, threads: int) -> int:
        """Trials that run at once on this machine, with this many threads each."""
        return max((self.cpus or cores()) // threads, 1)


def check_pool(pool: Pool) -> None:
    """Raise ``UserError`` if nothing answers at the address of the cluster to join."""
    if pool.address is None or pool.address == "auto":
        return
    host, _, port = pool.address.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 2**16:
        raise UserError(f"ray_address must be host:port or auto, got {pool.address!r}")
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
    except OSError as error:
        raise UserError(f"no Ray cluster answers at {pool.address}: {one_line(error)}") from error
