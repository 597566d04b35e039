"""Starts a Ray cluster on this machine, or joins one."""

from __future__ import annotations

import logging
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import gettempdir
from typing import Any, Final

from common.errors import UserError
from experiments.execution.pool import Pool, check_pool
from experiments.execution.ray_api import ray
from experiments.execution.scratch import SHORT, private_directory
from experiments.machine import MIB, cores, total_mib
from experiments.tracking.retry import one_line
from experiments.tracking.uri import IS_REPOSITORY, PROJECT, sqlite_file

PACKAGES: Final = ("common", "glitches", "models", "influence", "experiments")
STARTS: Final = 3
_OBJECT_STORE: Final = 256 * MIB
_LOOPBACK: Final = "127.0.0.1"
_SESSION_PATH: Final = 21
"""Longest path, in bytes, of the directory around Ray's: the system limits the names of the sockets
below it to about 105 bytes."""

_NOT_STARTED: Final = ("start_api_server", "start_monitor", "start_log_monitor")
"""Processes of Ray that a grid has no use for: the dashboard, which asks cloud services where it
runs even if it is switched off, the autoscaler, and the one that copies logs. Without them Ray also
starts in time on a busy machine."""

_log = logging.getLogger(__name__)


@contextmanager
def cluster(pool: Pool, threads: int, uri: str) -> Iterator[None]:
    """Start Ray, or join the cluster that the pool names, for as long as the block runs.

    Args:
        pool: where trials run.
        threads: of one trial.
        uri: of the tracking store, which every node has to reach.

    Raises ``UserError`` if the cluster does not answer or its nodes could not log their runs.
    """
    check_pool(pool)
    if IS_REPOSITORY:  # workers find the project even where it is not installed
        paths = [str(PROJECT), *filter(None, [os.environ.get("PYTHONPATH")])]
        os.environ["PYTHONPATH"] = os.pathsep.join(paths)
    logging.getLogger("ray").setLevel(logging.ERROR)
    logging.getLogger("ray.tune").setLevel(logging.CRITICAL)  # outcomes report what it would
    # Ray prints a paragraph for every worker that dies; the outcome of its trial says it in a line
    ray._private.worker.print_to_stdstream = lambda *_, **__: None
    with _started(pool, threads) if pool.address is None else _joined(pool.address):
        _check_nodes(uri)
        yield


def nodes() -> str:
    """The nodes and cores of the open :func:`cluster`, in words."""
    total = ray.cluster_resources()  # type: ignore[no-untyped-call]  # Ray's own gap
    count = len(_alive())
    return f"{count} node{'s' * (count != 1)} and {total['CPU']:g} cores"


@contextmanager
def _started(pool: Pool, threads: int) -> Iterator[None]:
    for process in _NOT_STARTED:
        setattr(ray._private.node.Node, process, lambda *_, **__: None)
    base = None if len(os.fsencode(gettempdir())) <= _SESSION_PATH else SHORT
    with (
        private_directory(base) as folder,
        _initialized(
            address="local",  # by default Ray would join a cluster that runs on this machine
            _node_ip_address=_LOOPBACK,
            _temp_dir=str(folder / "r"),  # Ray lets everyone read it, but not what is around it
            num_cpus=max(pool.cpus or cores(), threads),
            object_store_memory=_OBJECT_STORE,
            _memory=int(total_mib() * MIB) - _OBJECT_STORE,
        ),
    ):
        yield


@contextmanager
def _joined(address: str) -> Iterator[None]:
    """The nodes get the project's code from the driver, whatever code they hold."""
    code = {
        "py_modules": [str(PROJECT / package) for package in PACKAGES],
        "env_vars": {"RAY_CHDIR_TO_TRIAL_DIR": "0"},
    }
    ray._private.ray_constants.ENABLE_RAY_CLUSTER = True  # see ray_api
    with _initialized(address=address, runtime_env=code):
        yield


@contextmanager
def _initialized(**options: Any) -> Iterator[None]:
    """``ray.init``, tried again: on a busy machine Ray's processes miss their time limits."""
    for left in reversed(range(STARTS)):
        try:
            ray.init(log_to_driver=False, logging_level=logging.ERROR, **options)
            break
        except Exception as error:  # Ray raises no narrower class
            ray.shutdown()
            if not left:
                raise UserError(f"Ray does not start: {one_line(error)}") from error
            _log.warning("Ray does not start and is tried again: %s", one_line(error))
    try:
        yield
    finally:
        ray.shutdown()


def _alive() -> list[dict[str, Any]]:
    return [node for node in ray.nodes() if node["Alive"]]  # type: ignore[no-untyped-call]  # Ray's own gap


def _check_nodes(uri: str) -> None:
    hosts = {node["NodeManagerHostname"] for node in _alive()}
    if sqlite_file(uri) is not None and hosts - {platform.node()}:
        raise UserError(
            f"the Ray cluster spans {', '.join(sorted(hosts))}, but a SQLite tracking store "
            "serves one machine: give the URI of an MLflow server"
        )
