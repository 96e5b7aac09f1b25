"""The facts of a caller's request that a pool uses."""

import json
import re
from typing import Final

_IN_PATH: Final = re.compile(r"/models/([^/:?]+)(?:[:?]|\Z)|/model/([^/?]+)/(?:converse|invoke)")


def model_of(url: str, content: bytes) -> str | None:
    """Return the model that a request asks for: in its JSON body, or in its path."""
    try:
        data: object = json.loads(content)
    except (ValueError, RecursionError):
        data = None
    if isinstance(data, dict) and isinstance(data.get("model"), str):
        return str(data["model"])
    found = _IN_PATH.search(url)
    return found[found.lastindex or 0] if found else None
