"""Credentials in environment variables, numbered ones included (spec: seeding).

The variables are a mapping that is given; the process's own environment is never looked at.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from credpool.config.files import Complaint
from credpool.model.secret import Secret, Veiled
from credpool.model.terms import AuthType
from credpool.providers.registry import Credential, Provider
from credpool.seed.found import Found
from credpool.seed.values import tell


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """The variables that one provider's credentials, or one endpoint's, are found in."""

    variables: Mapping[str, str]
    names: Sequence[tuple[str, AuthType]]
    base_url: str | None = None
    credentials: Sequence[Credential] = ()
    provider: str = ""

    @classmethod
    def of(cls, provider: Provider, variables: Mapping[str, str]) -> "Environment":
        """Return the variables of a provider, in the registry's order."""
        return cls(
            variables=variables,
            names=[(n, c.auth_type) for c in provider.credentials for n in c.env],
            credentials=provider.credentials,
            provider=provider.name,
        )

    def read(self) -> Iterator[Found | Complaint]:
        """Tell the variables that are set, each with its numbered ones behind it."""
        for base, auth_type in self.names:  # spec: seed.environment+2
            for name in series(base, self.variables):
                for told in tell(f"env:{name}", self.variables[name]):
                    yield told if isinstance(told, Complaint) else self._found(*told, auth_type)

    def _found(self, source: str, secret: Secret, usual: AuthType) -> Found:
        return Found(
            source=source,
            secret=secret,
            auth_type=self._type(Veiled(secret.reveal()), usual),
            base_url=self.base_url,
        )

    def _type(self, value: str, usual: AuthType) -> AuthType:
        """Return the type that the value's beginning tells, whatever variable it is in."""
        told = [c.auth_type for c in self.credentials if value.startswith(c.prefixes or ("\0",))]
        return told[0] if told and usual not in told else usual


def series(base: str, variables: Mapping[str, str]) -> Iterator[str]:
    """Yield `NAME`, `NAME_1`, `NAME_2`, `NAME_3`, … as far as they are set; one of the first two may be absent."""
    first = [name for name in (base, f"{base}_1") if name in variables]
    yield from first
    number = 2  # spec: seed.numbered+3
    while first and (name := f"{base}_{number}") in variables:
        yield name
        number += 1
