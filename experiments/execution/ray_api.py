"""Ray, imported with the settings of this project. Other modules of this room take it from here."""

from __future__ import annotations

import os

# Ray reads these when it is imported or started, and its processes inherit them.
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_CHDIR_TO_TRIAL_DIR", "0")  # trials run where the command runs
# Under ``uv run`` Ray would send the working tree to its workers.
os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
# Without this, Ray opens a socket to a public address to learn its own, and listens on that instead
# of the loopback interface. The setting is meant for other systems and serves this one as well.
os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
# Ray's memory monitor would end a whole grid with the worker that it kills. Without it, the kernel
# kills one worker, since Ray gives workers the highest score, and the trial is started again.
os.environ.setdefault("RAY_memory_monitor_refresh_ms", "0")
# A driver whose head has died ends after this many seconds.
os.environ.setdefault("RAY_gcs_rpc_server_reconnect_timeout_s", "20")
os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")  # it prints tables, whatever the verbosity
# The grid handles Ctrl-C itself, and MLflow is its log and its state.
os.environ.setdefault("TUNE_DISABLE_SIGINT_HANDLER", "1")
os.environ.setdefault("TUNE_DISABLE_AUTO_CALLBACK_LOGGERS", "1")
os.environ.setdefault("TUNE_GLOBAL_CHECKPOINT_S", "3600")

import ray
from ray import tune
from ray.exceptions import RayError
from ray.tune.progress_reporter import TrialProgressCallback
from ray.tune.schedulers import FIFOScheduler
from ray.tune.search import Searcher

__all__ = ["FIFOScheduler", "RayError", "Searcher", "TrialProgressCallback", "ray", "tune"]
