"""`config.yaml`: read it, and set a strategy in it without touching a comment (spec: storage)."""

import os
from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from credpool.core.config import STRATEGIES
from credpool.core.errors import BadConfig
from credpool.core.model import Strategy
from credpool.core.secret import VeiledBytes
from credpool.replacing import put
from credpool.seed.files import Unusable, read_text

if TYPE_CHECKING:
    from ruamel.yaml import YAML


def read_config(path: Path) -> Mapping[str, object]:
    """Return what the file says; an empty mapping when there is none.

    Raises:
        BadConfig: it is no YAML mapping, or cannot be read; nobody may go on with half of it.
    """
    try:
        text = read_text(path)
    except Unusable as err:
        raise BadConfig("the file", str(err.notice)) from None
    found = {} if text is None else _read(text)
    if isinstance(found, BadConfig):
        raise found
    return found


def _read(text: str) -> dict[str, object] | BadConfig:
    try:
        return _parsed(text, _yaml("safe"))
    except BadConfig as err:
        return err.with_traceback(None)


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
        yaml = _yaml("rt")
        text = read_text(path)
        document = {} if text is None else _parsed(text, yaml)
        chosen = document.setdefault(STRATEGIES, {})
        if not isinstance(chosen, dict):
            return BadConfig(STRATEGIES, "expected a mapping")
        chosen[key] = strategy.value
        _replace(path, document, yaml)
    except BadConfig as err:
        return err.with_traceback(None)
    except (OSError, Unusable) as err:
        return BadConfig("the file", f"{path} cannot be written: {err}")
    return None


def _parsed(text: str, yaml: "YAML") -> dict[str, object]:
    from ruamel.yaml.error import YAMLError  # noqa: PLC0415  as below

    try:
        found = yaml.load(text)
    except YAMLError as err:
        mark = getattr(err, "problem_mark", None)
        where = "the file" if mark is None else f"line {mark.line + 1}, column {mark.column + 1}"
    else:
        if found is None:
            return {}
        if isinstance(found, dict):
            return found
        where = "the file"
    raise BadConfig(where, "is no YAML mapping")  # the parser's own words quote the text


def _yaml(kind: str) -> "YAML":
    try:
        from ruamel.yaml import YAML  # noqa: PLC0415  an extra: who parses YAML has it
    except ImportError:
        raise BadConfig("the file", "needs a YAML parser: install credpool[cli]") from None
    yaml = YAML(typ=kind, pure=True)
    yaml.preserve_quotes = True
    return yaml


def _replace(path: Path, document: Mapping[str, object], yaml: "YAML") -> None:
    """Put a new file in the old one's place; it may hold a key, so it is its owner's alone."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    text = StringIO()
    yaml.dump(document, text)
    content = VeiledBytes(text.getvalue().encode())
    put(Path(os.path.realpath(path)), content, lambda *_: None)
