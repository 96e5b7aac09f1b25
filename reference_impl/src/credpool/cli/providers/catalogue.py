"""`credpool providers`: who is known, what each takes, and what of it is found on this machine."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text

from credpool.cli.home import Home
from credpool.cli.talk.billing import KINDS
from credpool.cli.talk.render import put_all
from credpool.config.pools import endpoints
from credpool.events.report import Json
from credpool.model.terms import AuthType
from credpool.model.text import visible
from credpool.providers import registry


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A provider, or an endpoint of the operator's own."""

    key: str
    title: str
    base_url: str | None
    types: Sequence[AuthType]
    variables: Sequence[str]
    begins: Sequence[str]
    can_test: bool
    entries: int
    found: Sequence[str]

    def report(self) -> Json:
        """Return it as plain values."""
        return {
            "key": self.key,
            "title": self.title,
            "base_url": self.base_url,
            "takes": [kind.value for kind in self.types],
            "variables": [*self.variables],
            "begins": [*self.begins],
            "test": self.can_test,
            "entries": self.entries,
            "found": [*self.found],
        }


def known(home: Home) -> list[Known]:
    """Return the providers and the endpoints; what is in use comes first.

    Raises:
        StoreError: the store cannot be read.
        BadConfig: the configuration cannot be used.
    """
    titles = {
        name: one.title
        for name in home.surroundings.names()
        if (one := home.provider(name)) is not None
    }
    own = {
        e.key: f"{e.name}, of the configuration" for e in endpoints(home.surroundings.settings())
    }
    keys = dict.fromkeys((*home.known(), *own, *titles))
    names = own | titles
    return [_one(home, key, names.get(key, "kept in the store")) for key in keys]


def report(found: Sequence[Known]) -> dict[str, Json]:
    """Return them as a document."""
    return {"version": 1, "providers": [one.report() for one in found]}


def show(found: Sequence[Known]) -> None:
    """Show a line for each."""
    names = ("provider", "name", "takes", "variables", "entries", "found here")
    rows = []
    for one in found:
        takes = ", ".join(KINDS[kind] for kind in one.types)
        here = ", ".join(one.found)
        cells = (one.key, one.title, takes, ", ".join(one.variables), str(one.entries or ""), here)
        rows.append(dict(zip(names, (Text(visible(cell)) for cell in cells), strict=True)))
    put_all(names, rows)


def _one(home: Home, key: str, title: str) -> Known:
    described = home.provider(key)
    rules = described or registry.provider(registry.GENERIC)
    ways = () if described is None else described.credentials
    endpoint = home.surroundings.endpoint(key)
    found, _ = home.surroundings.find(key)
    state = home.state(key, notify=lambda _: None)
    return Known(
        key=key,
        title=title,
        base_url=rules.base_url if endpoint is None else endpoint.base_url,
        types=home.types_of(key),
        variables=[name for way in ways for name in way.env],
        begins=[prefix for way in ways for prefix in way.prefixes],
        can_test=any(way.question is not None for way in rules.credentials),
        entries=len(state.entries),
        found=list(dict.fromkeys(item.source for item in found)),
    )
