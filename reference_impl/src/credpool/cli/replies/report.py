"""A text for an issue: what came, without what is personal, and what was understood.

`python -m tools.rules` makes a rule of it.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime

import credpool
from credpool.cli.replies.personal import shown_body, shown_headers
from credpool.config.own import SOURCE
from credpool.events.report import Json
from credpool.providers import registry
from credpool.providers.reply import Reply


def report(
    provider: str, reply: Reply, told: Mapping[str, Json], wanted: str | None, *, now: float
) -> str:
    """Return the text.

    Args:
        provider: the name of the provider; one that only the operator knows is not told.
        reply: the failing reply.
        told: what it was explained as.
        wanted: the class that it should have, if somebody has said so.
        now: seconds since the epoch.
    """
    headers = shown_headers(reply.headers, now)
    body = shown_body(reply.data, reply.message, now)
    written = body if isinstance(body, str) else json.dumps(body, indent=2, ensure_ascii=False)
    head = [f"HTTP/1.1 {reply.status}", *(f"{name}: {value}" for name, value in headers.items())]
    own = str(told["rule"]).startswith(f"{SOURCE}/")
    lines = {
        "provider": provider if provider in registry.names() else registry.GENERIC,
        "understood as": f"{told['class']}, by {'a rule of its own' if own else told['rule']}",
        "what follows": f"{told['action']}, {told['scope']}",
        "hint": told["hint"],
        "should be": wanted,
        "day": datetime.fromtimestamp(now, UTC).date().isoformat(),
        "credpool": credpool.__version__,
    }
    said = [f"- {name}: {value}" for name, value in lines.items() if value is not None]
    fence = "````" if "```" in written else "```"
    return "\n".join([f"{fence}http", *head, "", written, fence, "", *said, ""])
