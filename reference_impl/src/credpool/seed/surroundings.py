"""The sources of a pool, and their values (spec: seeding, custom endpoints).

Everything is given: nothing of the process, the machine or its user is looked at unasked.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Protocol

import platformdirs

from credpool.config.borrow import folders_of
from credpool.config.file import read_config
from credpool.config.files import Complaint, Unusable, read_text
from credpool.config.pools import BORROW, Endpoint, endpoints, is_custom, veiled
from credpool.model.errors import BadConfig
from credpool.model.secret import Veiled
from credpool.model.terms import AuthType
from credpool.providers import registry
from credpool.seed import dotenv, nearby
from credpool.seed.endpoint import ConfiguredEndpoint
from credpool.seed.environment import Environment
from credpool.seed.foreign import ForeignFile
from credpool.seed.found import Found
from credpool.seed.references import References, expanded
from credpool.seed.tools import TOOLS, tools_of

FOLDER: Final = "CREDPOOL_HOME"
"""The variable that names the folder of `auth.json`, `config.yaml` and `.env`."""


class Source(Protocol):
    """A place where credentials are found."""

    def read(self) -> Iterable[Found | Complaint]:
        """Tell what is there, and what is there and cannot be used. Changes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Where credentials are looked for; what is not given is not looked at.

    Args:
        environ: the environment variables, such as `os.environ`.
        home: the home folder, with the files of other tools.
        folder: the folder of `auth.json`, `config.yaml` and `.env`.
        config: what `config.yaml` says, if it is not to be read from the folder.
        base_url: where credentials are valid that are found without an endpoint of their own.
        provider: the provider whose rules hold, for a pool whose key is not a provider's.
    """

    environ: Mapping[str, str] = field(repr=False)
    home: Path | None = None
    folder: Path | None = None
    config: Mapping[str, object] | None = field(default=None, repr=False)
    base_url: str | None = None
    provider: str | None = None

    @classmethod
    def usual(
        cls, environ: Mapping[str, str] | None = None, home: Path | None = None
    ) -> "Surroundings":
        """Return where the `credpool` command looks too: the user's own environment, home and folder.

        The folder is `$CREDPOOL_HOME`, or else the user's configuration folder.

        Args:
            environ: the environment variables; the process's own if not given.
            home: the home folder; the user's own if not given.
        """
        around = os.environ if environ is None else environ
        folder = around.get(FOLDER) or platformdirs.user_config_dir("credpool")
        return cls(environ=around, home=home or Path.home(), folder=Path(folder))

    def provider_of(self, key: str) -> str:
        """Return the provider by whose rules the pool goes."""
        listed = key in registry.names() or not (is_custom(key) or tools_of(key))
        return self.provider or (key if listed else registry.GENERIC)

    def settings(self) -> Mapping[str, object]:
        """Return the configuration.

        Raises:
            BadConfig: the file is no YAML mapping, or cannot be read.
        """
        if self.config is not None or self.folder is None:
            return veiled(self.config or {})
        return veiled(read_config(self.folder / "config.yaml"))

    def endpoint(self, key: str) -> Endpoint | None:
        """Return the custom endpoint of a pool, if there is one.

        Raises:
            BadConfig: the configuration cannot be used.
        """
        if not is_custom(key):
            return None
        return next((e for e in endpoints(self.settings()) if e.key == key), None)

    def find(self, key: str) -> tuple[list[Found], list[Complaint]]:
        """Return what there is for a pool, and what is to be said of what is there or nearly there.

        Raises:
            BadConfig: the configuration cannot be used.
        """
        found, complaints = self.look(key)
        variables, _ = self._variables()
        near = nearby.variables(self._environments(key, variables), found)
        files = nearby.files(self._files(key, variables), self.home, found)
        return found, [*complaints, *near, *files]

    def look(self, key: str) -> tuple[list[Found], list[Complaint]]:
        """Return what there is for a pool, and what is there and cannot be used, at the known places.

        Raises:
            BadConfig: the configuration cannot be used.
        """
        variables, told = self._variables()
        for source in self._sources(key, variables):
            told += source.read()
        placed = [
            replace(item, base_url=item.base_url or self.base_url)
            for item in told
            if isinstance(item, Found)
        ]
        return placed, [item for item in told if isinstance(item, Complaint)]

    def references(self) -> References:
        """Return where the references in rows lead."""
        return References(variables=self._variables()[0], folder=self.folder, home=self.home)

    def _sources(self, key: str, variables: Mapping[str, str]) -> Iterator[Source]:
        """Yield the sources of a pool, in the order of their precedence."""
        endpoint = self.endpoint(key)
        if endpoint is not None:
            yield ConfiguredEndpoint(endpoint=endpoint, variables=variables)
        if key in registry.names():
            yield Environment.of(registry.provider(key), variables)
        yield from self._files(key, variables)

    def _environments(self, key: str, variables: Mapping[str, str]) -> Iterator[Environment]:
        """Yield what is looked for among the variables."""
        endpoint = self.endpoint(key)
        if endpoint is not None and endpoint.key_env is not None:
            yield Environment(variables=variables, names=[(endpoint.key_env, AuthType.API_KEY)])
        if key in registry.names():
            yield Environment.of(registry.provider(key), variables)

    def _files(self, key: str, variables: Mapping[str, str]) -> Iterator[ForeignFile]:
        """Yield the files of other tools, each tool's usual one first."""
        listed = folders_of(self.settings(), {tool.source for tool in TOOLS})
        for tool in tools_of(key):
            if self.home is not None:
                yield ForeignFile.usual(tool, self.home, variables)
            for name in listed.get(tool.source, ()):  # spec: borrow.folders+1
                yield ForeignFile(tool=tool, folder=self._folder(name), name=name)

    def _folder(self, name: str) -> Path:
        try:
            return expanded(self.folder, self.home, name)
        except RuntimeError:
            raise BadConfig(BORROW, "names the home of an unknown user") from None

    def _variables(self) -> tuple[Mapping[str, str], list[Found | Complaint]]:
        """Return the variables, those of `.env` behind those of the environment."""
        try:
            text = None if self.folder is None else read_text(self.folder / ".env")
        except Unusable as err:
            # spec: seed.broken-file+2
            return {n: Veiled(v) for n, v in self.environ.items()}, [err.complaint]
        # spec: seed.precedence+2, seed.given-environment+2
        told = {**dotenv.parse(text or ""), **self.environ}
        return {name: Veiled(value) for name, value in told.items()}, []
