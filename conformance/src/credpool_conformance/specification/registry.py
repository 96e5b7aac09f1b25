"""Read the providers' rules and their example replies, and the specification's tables.

Spec: classification.  Not a classifier: the suite sends the examples and judges what is made of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from credpool_conformance.data import Data, shown
from credpool_conformance.json_values import Json, fields, items, text
from credpool_conformance.problems import BadInputError, Problem, UnreadableError
from credpool_conformance.specification.documents import Document, parse


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """How one kind of credential travels, and how its secrets begin."""

    auth_type: str = ""
    header: str = "authorization"
    prefix: str | None = None
    account_header: str = ""
    extra_headers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A rule's example reply, and what the rule makes of it."""

    provider: str
    rule: str
    failure_class: str
    reply: Mapping[str, Json]
    fields: Mapping[str, Json]
    source: str = ""
    """The file and line where the reply is written."""

    @property
    def name(self) -> str:
        """How scenarios cite it."""
        return f"{self.provider}/{self.rule}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """The facts that the suite needs to play a provider."""

    id: str
    base_path: str
    credentials: tuple[Credential, ...]

    @property
    def auth_type(self) -> str:
        """The kind of credential that this provider usually takes."""
        return self.credentials[0].auth_type or "api_key"

    def credential(self, auth_type: str) -> Credential:
        """Find how a credential of this kind travels."""
        usual = self.credentials[0]
        return next((c for c in self.credentials if c.auth_type == auth_type), usual)


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """All providers, examples and tables."""

    providers: Mapping[str, Provider]
    examples: Mapping[str, Example]
    tables: Mapping[str, Document] = field(default_factory=dict)

    def provider(self, provider_id: str) -> Provider:
        """Find a provider; an unknown one speaks like the generic one."""
        known = self.providers.get(provider_id)
        return known or Provider(id=provider_id, base_path="", credentials=(Credential(),))

    @property
    def needs(self) -> Mapping[str, frozenset[str]]:
        """The features that each feature needs beside it."""
        return needs_of(self.tables.get("features"))


def load(data: Data) -> Registry:
    """Read the registry and the tables.

    Raises: BadInputError when a file cannot be read or has not the shape that is needed here.
    """
    providers: dict[str, Provider] = {}
    examples: dict[str, Example] = {}
    problems: list[Problem] = []
    for path in sorted(data.registry.glob("*.yaml")):
        document = read(path)
        contents = fields(document.data)
        provider = _provider(contents)
        providers[provider.id] = provider
        for index in range(len(items(contents.get("rules")))):
            where = ("rules", index)
            example = _example(document, index, provider.id)
            if example is None:
                fix = "give the rule an `id`, a `class` and an `example` with a `status`"
                problems.append(document.problem(where, "an incomplete rule", fix))
            else:
                examples[example.name] = example
    if not examples:
        fix = "write spec/registry/<provider>.yaml"
        problems.append(Problem(shown(data.registry), 1, "no registry examples", fix))
    if problems:
        raise BadInputError(problems)
    tables = {path.stem: read(path) for path in sorted(data.tables.glob("*.yaml"))}
    return Registry(providers=providers, examples=examples, tables=tables)


def needs_of(table: Document | None) -> Mapping[str, frozenset[str]]:
    """Read the table of features: what each of them needs, directly."""
    rows = map(fields, items(fields(table.data).get("rows"))) if table else ()
    return {text(row.get("name")): frozenset(map(text, items(row.get("needs")))) for row in rows}


def read(path: Path) -> Document:
    """Read one YAML file.

    Raises: BadInputError when it cannot be read.
    """
    try:
        return parse(shown(path), path.read_text(encoding="utf-8"))
    except UnreadableError as error:
        raise BadInputError([error.problem]) from error
    except (OSError, UnicodeDecodeError) as error:
        problem = Problem(
            shown(path), 1, f"cannot be read: {error}", "make it a readable text file"
        )
        raise BadInputError([problem]) from error


def _provider(contents: Mapping[str, Json]) -> Provider:
    credentials = tuple(_credential(fields(item)) for item in items(contents.get("credentials")))
    return Provider(
        id=text(contents.get("provider")),
        base_path=urlsplit(text(contents.get("base_url"))).path.rstrip("/"),
        credentials=credentials or (Credential(),),
    )


def _credential(raw: Mapping[str, Json]) -> Credential:
    prefixes = items(raw.get("prefix"))
    return Credential(
        auth_type=text(raw.get("auth_type")),
        header=text(raw.get("header")),
        prefix=text(prefixes[0]) if prefixes else None,
        account_header=text(raw.get("account_header")),
        extra_headers=frozenset(fields(raw.get("extra_headers"))),
    )


def _example(document: Document, index: int, provider: str) -> Example | None:
    rule = fields(items(fields(document.data)["rules"])[index])
    reply = fields(rule.get("example"))
    rule_id, failure_class = text(rule.get("id")), text(rule.get("class"))
    if not (rule_id and failure_class and isinstance(reply.get("status"), int)):
        return None
    return Example(
        provider=provider,
        rule=rule_id,
        failure_class=failure_class,
        reply=reply,
        fields=rule,
        source=f"{document.path}:{document.line('rules', index, 'example')}",
    )
