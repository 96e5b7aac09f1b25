"""Credentials in environment variables, numbered ones included (spec: seeding).

The variables are a mapping that is given; the process's own environment is never looked at.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from credpool.config.files import Complaint
from credpool.model.credential import bare, is_placeholder
from credpool.model.secret import Secret
from credpool.model.terms import AuthType
from credpool.providers.registry import Credential, Provider
from credpool.seed.found import Found


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """The variables that one provider's credentials, or one endpoint's, are found in."""

    variables: Mapping[str, str]
    names: Sequence[tuple[str, AuthType]]
    base_url: str | None = None
    credentials: Sequence[Credential] = ()

    @classmethod
    def of(cls, provider: Provider, variables: Mapping[str, str]) -> "Environment":
        """Return the variables of a provider, in the registry's order."""
        return cls(
            variables=variables,
            names=[(n, c.auth_type) for c in provider.credentials for n in c.env],
            credentials=provider.credentials,
        )

    def read(self) -> Iterator[Found | Complaint]:
        """Tell the variables that are set, each with its numbered ones behind it."""
        for base, auth_type in self.names:  # spec: seed.environment+2
            for name in _series(base, self.variables):
                source, value = f"env:{name}", bare(self.variables[name])
                yield usable(source, value) or Found(
                    source=source,
                    secret=Secret(value),
                    auth_type=self._type(value, auth_type),
                    base_url=self.base_url,
                )

    def _type(self, value: str, usual: AuthType) -> AuthType:
        """Return the type that the value's beginning tells, whatever variable it is in."""
        told = [c.auth_type for c in self.credentials if value.startswith(c.prefixes or ("\0",))]
        return told[0] if told and usual not in told else usual


def usable(where: str, value: str) -> Complaint | None:
    """Return why a value is not a secret at all; one that cannot be sent becomes an unusable entry."""
    if not bare(value):
        return Complaint(where=where, what="is empty", fix="set it to a key, or remove it")
    if is_placeholder(value):
        return Complaint(where=where, what="holds a placeholder", fix="put the key in its place")
    return None


def _series(base: str, variables: Mapping[str, str]) -> Iterator[str]:
    """Yield `NAME`, `NAME_2`, `NAME_3`, … as far as they are set."""
    name, number = base, 1
    while name in variables:  # spec: seed.numbered+2
        yield name
        number += 1
        name = f"{base}_{number}"
