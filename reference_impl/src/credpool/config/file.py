"""`config.yaml`: read what is ours in it, and set a strategy without touching the rest (spec: storage).

The file is shared with other programs, whose parts are neither built nor written again.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from credpool.config.files import Unusable, read_text
from credpool.config.notify import NOTIFY
from credpool.config.pools import (
    BORROW,
    DESCRIBED,
    MODEL,
    POLICIES,
    PROVIDERS,
    RULES,
    STRATEGIES,
)
from credpool.model.errors import BadConfig
from credpool.model.policy import Strategy
from credpool.model.secret import VeiledBytes
from credpool.stores.atomic import put

OURS: Final = frozenset({STRATEGIES, POLICIES, PROVIDERS, MODEL, BORROW, RULES, DESCRIBED, NOTIFY})
"""The names at the top of the file that are read."""

_MARK: Final = "\ufeff"


def read_config(path: Path) -> Mapping[str, object]:
    """Return what the file says under our names; an empty mapping when there is none.

    Raises:
        BadConfig: it is no YAML mapping, or cannot be read; nobody may go on with half of it.
    """
    try:
        text = read_text(path)
    except Unusable as err:
        raise BadConfig("the file", str(err.complaint)) from None
    found = {} if text is None else _read(text)
    if isinstance(found, BadConfig):
        raise found
    return found


def _read(text: str) -> dict[str, object] | BadConfig:
    try:
        from credpool.config.yaml_values import own_values  # noqa: PLC0415  an extra has the parser
    except ImportError:
        return _no_parser()
    try:
        return own_values(text, OURS)
    except BadConfig as err:
        return err.with_traceback(None)


def with_line(fault: BadConfig, path: Path) -> BadConfig:
    """Return the fault with the line of the file on which it is, if it is in the file."""
    line = line_of(path, fault.path)
    where = fault.where if line is None else f"line {line}, {fault.where}"
    return BadConfig(where, fault.what, fault.path)


def line_of(path: Path, place: Sequence[str | int]) -> int | None:
    """Return the line on which a value of the file is; None when it is not there."""
    try:
        from credpool.config.yaml_lines import line_at  # noqa: PLC0415  an extra has the parser

        text = read_text(path)
        return None if text is None else line_at(text, place)
    except (ImportError, Unusable, BadConfig):
        return None


def set_strategy(path: Path, key: str, strategy: Strategy) -> None:
    """Choose a pool's strategy; everything else in the file stays as it is.

    Raises:
        BadConfig: the file is no YAML mapping, or cannot be read or written.
    """
    fault = _set(path, key, strategy)
    if fault is not None:
        raise fault


def _set(path: Path, key: str, strategy: Strategy) -> BadConfig | None:
    """Set the strategy, or return why not: raised here, the error would show the document."""
    try:
        from credpool.config.yaml_edit import with_value  # noqa: PLC0415  an extra has the parser
    except ImportError:
        return _no_parser()
    try:
        text = read_text(path, keep_mark=True) or ""
        mark = _MARK if text.startswith(_MARK) else ""
        edited = with_value(text.removeprefix(mark), OURS, STRATEGIES, key, strategy.value)
        _replace(path, mark + edited)
    except BadConfig as err:
        return err.with_traceback(None)
    except (OSError, Unusable) as err:
        return BadConfig("the file", f"{path} cannot be written: {err}")
    return None


def _no_parser() -> BadConfig:
    return BadConfig("the file", "needs a YAML parser: install credpool[cli]")


def _replace(path: Path, text: str) -> None:
    """Put a new file in the old one's place; it may hold a key, so it is its owner's alone."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    content = VeiledBytes(text.encode())
    put(Path(os.path.realpath(path)), content, lambda *_: None)
