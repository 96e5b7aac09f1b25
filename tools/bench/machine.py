"""The machine and the versions behind a run's figures: what a reader needs to compare them."""

import json
import os
import platform
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tools.bench.setting import Setting

_VERSIONS: Final = """
import importlib.metadata as m, json, platform, sqlite3
names = ("httpx2", "httpx", "openai", "click", "open-keypool", "litellm", "hermes-agent")
found = {d.metadata["Name"]: d.version for d in m.distributions() if d.metadata["Name"] in names}
print(json.dumps({"python": platform.python_version(), "sqlite": sqlite3.sqlite_version, **found}))
"""
_MODEL: Final = "model name"


def machine() -> Mapping[str, object]:
    """Return the date, the machine, and how busy it was when the run began."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "load": round(os.getloadavg()[0], 1),
    }


def versions(setting: Setting) -> Mapping[str, Mapping[str, str]]:
    """Return the versions in each subject's environment."""
    return {
        subject.name: json.loads(
            subprocess.run(
                [str(subject.python), "-c", _VERSIONS], check=True, capture_output=True, text=True
            ).stdout
        )
        for subject in (setting.ours, *setting.peers)
    }


def _processor() -> str:
    """Return the processor's name, as the system gives it."""
    told = Path("/proc/cpuinfo")
    lines = told.read_text("utf-8").splitlines() if told.exists() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith(_MODEL))
    return next(named, platform.processor() or "unknown")
