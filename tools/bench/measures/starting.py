"""How long imports and the command take, in CPU time of processes of their own."""

import resource
import statistics
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from tools.bench.figures import Figure
from tools.bench.setting import OURS, Setting

_CLICK: Final = "import click; click.command()(lambda: None).main([])"
_VERSION: Final = "import sys; sys.argv[1:] = ['--version']; from credpool.cli import main; main()"
_OFFLINE: Final = "import os; os.environ['LITELLM_LOCAL_MODEL_COST_MAP'] = 'True'"
_OURS: Final = {
    "nothing": "pass",
    "httpx2": "import httpx2",
    "import": "import credpool",
    "pool": "from credpool import Pool",
    "click": _CLICK,
    "version": _VERSION,
}
_PEERS: Final = {
    "open-keypool": ("import httpx", "import open_keypool"),
    "LiteLLM Router": ("import httpx", f"{_OFFLINE}; import litellm"),
    "Hermes Agent": ("import httpx", "import agent.credential_pool"),
}


def starting(setting: Setting) -> Iterator[Figure]:
    """Import, and ask the command for its version, in turn with what they are compared with."""
    rounds = setting.rounds(20, 7)
    took = _cpu(setting.ours.python, _OURS, rounds)
    more = {name: cpu - took["nothing"] for name, cpu in took.items()}
    pairs = {
        "import": ("import credpool, over import httpx2", more["import"], more["httpx2"]),
        "pool": ("from credpool import Pool, over import httpx2", more["pool"], more["httpx2"]),
        "version": (
            "credpool --version, over a bare click program",
            took["version"],
            took["click"],
        ),
    }
    for name, (what, ours, beside) in pairs.items():
        told = {"cpu": ours, "beside_cpu": beside, "cpu_ratio": ours / beside}
        yield Figure(id=f"start.{name}", subject=OURS, what=what, values=told)


def starting_peers(setting: Setting) -> Iterator[Figure]:
    """Import the peers, in turn with an HTTP client."""
    for peer in setting.peers:
        client, code = _PEERS[peer.name]
        codes = {"nothing": "pass", "client": client, "import": code}
        took = _cpu(peer.python, codes, setting.rounds(7, 2))
        ours, beside = (took[name] - took["nothing"] for name in ("import", "client"))
        told = {"cpu": ours, "beside_cpu": beside, "cpu_ratio": ours / beside}
        yield Figure(
            id="start.import", subject=peer.name, what=f"{code}, over {client}", values=told
        )


def _cpu(python: Path, codes: Mapping[str, str], rounds: int) -> dict[str, float]:
    """Return the median CPU time of each code in nanoseconds."""
    times: dict[str, list[float]] = {name: [] for name in codes}
    for _ in range(rounds):
        for name, code in codes.items():
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run([str(python), "-c", code], check=True, stdout=subprocess.DEVNULL)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            times[name].append(spent * 1e9)
    return {name: statistics.median(found) for name, found in times.items()}
