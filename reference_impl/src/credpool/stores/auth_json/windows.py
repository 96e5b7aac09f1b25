"""An entry's quotas in its row: soft state, so a window that cannot be understood is left out (spec: store)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeGuard

from credpool.model.entry import Window, Windows
from credpool.stores.auth_json.fields import LATEST


def decode_windows(told: object) -> Windows:
    """Return the windows that a row tells, as far as they can be understood."""
    pairs = told.items() if isinstance(told, dict) else ()
    found = {str(name): window for name, value in pairs if (window := _window(value)) is not None}
    return MappingProxyType(found)


def encode_windows(windows: Windows) -> object:
    """Return the windows as a row has them; None without one."""
    return {name: {"left": w.left, "until": w.until} for name, w in windows.items()} or None


def _window(value: object) -> Window | None:
    if not isinstance(value, Mapping):
        return None
    left, until = value.get("left"), value.get("until")
    if not _is_number(left) or not _is_number(until):
        return None
    return Window(float(left), float(min(until, LATEST))) if 0 <= left <= 1 and until > 0 else None


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
