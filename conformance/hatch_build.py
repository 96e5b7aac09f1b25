"""Put the specification into both distributions, from wherever it lies.

A checkout has it beside this folder; an sdist, which cannot reach outside, carries a copy.
"""

from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class SpecificationHook(BuildHookInterface):
    """Include `spec/`, which a wheel takes from an sdist where there is one."""

    def initialize(self, version: str, build_data: dict[str, dict[str, str]]) -> None:
        """Add to what is included; an editable install reads the checkout."""
        included = build_data["force_include"]
        inside, beside = Path(self.root, "spec"), Path(self.root).parent
        if self.target_name == "sdist":
            included[str(beside / "spec")] = "spec"
        elif version != "editable":
            found = inside if inside.is_dir() else beside / "spec"
            included[str(found)] = "credpool_conformance/_data/spec"
