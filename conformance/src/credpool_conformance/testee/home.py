"""The folder that stands for a user's home: the files in which credentials are found.

Spec: seeding.  Placeholders in them are those of `pool_file`.
"""

import json
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from credpool_conformance.json_values import Json


class Home:
    """One folder, and what is written into it."""

    def __init__(self, filled: Callable[[Json], Json]) -> None:
        """Make an empty folder."""
        self._folder = tempfile.TemporaryDirectory(prefix="credpool-home-")
        self.path = Path(self._folder.name)
        self._filled = filled

    def close(self) -> None:
        """Remove the folder."""
        self._folder.cleanup()

    def write(self, files: Mapping[str, Json]) -> None:
        """Write files: text as it is, anything else as JSON, which is YAML too; null removes."""
        for name, content in files.items():
            path = self.path / name
            if content is None:
                path.unlink(missing_ok=True)
                continue
            filled = self._filled(content)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(filled if isinstance(filled, str) else json.dumps(filled))
