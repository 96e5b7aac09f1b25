"""Folders of other tools that `config.yaml` lists beside the usual ones (spec: seeding)."""

from collections.abc import Collection, Mapping, Sequence

from credpool.config.pools import BORROW
from credpool.model.errors import BadConfig
from credpool.stores.auth_json.fields import kind


def folders_of(config: Mapping[str, object], known: Collection[str]) -> Mapping[str, Sequence[str]]:
    """Return the folders that are listed for each tool, as they are written.

    Raises:
        BadConfig: a tool is unknown, or its folders are not texts.
    """
    listed = config.get(BORROW) or {}
    if not isinstance(listed, dict):
        raise BadConfig(BORROW, f"expected a mapping, found {kind(listed)}")
    for name in listed:
        if name not in known:  # spec: config.refused+4
            what = f"there is no such tool; known are {', '.join(sorted(known))}"
            raise BadConfig(f"{BORROW}.{name}", what)
    return {name: _texts(folders, f"{BORROW}.{name}") for name, folders in listed.items()}


def _texts(listed: object, where: str) -> Sequence[str]:
    """Return one folder or several, each once."""
    folders = [listed] if isinstance(listed, str) else ([] if listed is None else listed)
    if not isinstance(folders, list):
        raise BadConfig(where, f"expected a list, found {kind(listed)}")
    for number, folder in enumerate(folders):
        if not isinstance(folder, str) or not folder.strip():
            raise BadConfig(f"{where}[{number}]", f"expected a folder, found {kind(folder)}")
    return list(dict.fromkeys(folder.strip() for folder in folders))
