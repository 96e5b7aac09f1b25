"""The keys of an endpoint of the operator's own, in the configuration (spec: custom endpoints)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from credpool.config.files import Complaint
from credpool.config.pools import Endpoint
from credpool.model.secret import Secret, Veiled
from credpool.model.terms import AuthType
from credpool.seed.environment import Environment
from credpool.seed.found import Found
from credpool.seed.values import tell


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfiguredEndpoint:
    """One endpoint, with the variables that its `key_env` may name."""

    endpoint: Endpoint
    variables: Mapping[str, str]

    def read(self) -> Iterator[Found | Complaint]:
        """Tell its keys: the one in the list, those of its variable, the model's own."""
        endpoint = self.endpoint
        if endpoint.api_key is not None:  # spec: custom.list+2
            yield from self._found(f"config:{endpoint.name}", endpoint.api_key)
        if endpoint.key_env is not None:  # spec: custom.list+2
            yield from Environment(
                variables=self.variables,
                names=[(endpoint.key_env, AuthType.API_KEY)],
                base_url=endpoint.base_url,
            ).read()
        if endpoint.model_key is not None:  # spec: custom.model+2
            yield from self._found("model_config", endpoint.model_key)

    def _found(self, source: str, secret: Secret) -> Iterator[Found | Complaint]:
        for told in tell(source, Veiled(secret.reveal())):
            yield told if isinstance(told, Complaint) else self._of(*told)

    def _of(self, source: str, secret: Secret) -> Found:
        return Found(
            source=source,
            secret=secret,
            label=self.endpoint.name,
            base_url=self.endpoint.base_url,  # spec: custom.one-source+2
        )
