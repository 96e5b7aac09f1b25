"""Read the scenarios: expand, check against the schema, resolve examples and citations.

Every fault is reported with its file and line, all of them in one go.
"""

import json
from collections.abc import Container, Iterator, Mapping
from pathlib import Path
from typing import Final

import jsonschema

from credpool_conformance.data import SCHEMAS, Data, shown
from credpool_conformance.json_values import Json, fields, items, text
from credpool_conformance.problems import BadInputError, Problem
from credpool_conformance.scenarios.expansion import expand
from credpool_conformance.scenarios.phases import phases_of
from credpool_conformance.scenarios.scenario import MAIN, Entry, Given, Origin, Reply, Scenario
from credpool_conformance.scenarios.script import UnknownExampleError, scripted
from credpool_conformance.specification.documents import Document, Where
from credpool_conformance.specification.registry import Registry, read
from credpool_conformance.specification.requirements import Requirements
from credpool_conformance.validation import validator

_SCHEMA: Final[Mapping[str, object]] = json.loads((SCHEMAS / "scenario.schema.json").read_text())
_FILE: Final = validator(_SCHEMA)
_SCENARIO: Final = validator({"$ref": "#/$defs/scenario", "$defs": _SCHEMA["$defs"]})
_SPECIAL_KEYS: Final = ("other", "-")
_ENDPOINTS: Final = ("token", "device")


def load(
    data: Data,
    registry: Registry,
    requirements: Requirements,
    wanted: Container[str] | None = None,
) -> tuple[Scenario, ...]:
    """Read all scenarios, or the wanted ones, in the order of the files and of the text.

    Raises: BadInputError with everything that is wrong.
    """
    found: dict[str, Scenario] = {}
    problems: list[Problem] = []
    paths = sorted(data.scenarios.glob("*.yaml"))
    for path in paths:
        for item in _read_file(path, registry, requirements, wanted):
            if isinstance(item, Problem):
                problems.append(item)
            elif item.id in found:
                first = found[item.id]
                what = f"the id {item.id} is taken by {first.path}:{first.line}"
                problems.append(Problem(item.path, item.line, what, "choose another id"))
            else:
                found[item.id] = item
    if not paths:
        fix = "write the first one, see the scenario schema"
        problems.append(Problem(shown(data.scenarios), 1, "no scenario files", fix))
    if problems:
        raise BadInputError(dict.fromkeys(problems))
    return tuple(found.values())


def _read_file(
    path: Path, registry: Registry, requirements: Requirements, wanted: Container[str] | None
) -> Iterator[Scenario | Problem]:
    document = read(path)
    yield from _violations(document, (), document.data, _FILE)
    for index, raw in enumerate(items(fields(document.data).get("scenarios"))):
        where: Where = ("scenarios", index)
        try:
            expanded = list(expand(document, where, fields(raw), registry))
        except BadInputError as error:
            yield from error.problems
            continue
        for scenario in expanded:
            if wanted is not None and text(scenario.get("id")) not in wanted:
                continue
            faults = list(_violations(document, where, scenario, _SCENARIO))
            faults = faults or list(_unknown(document, where, scenario, requirements))
            yield from faults
            if not faults:
                yield from _build(path.stem, document, where, scenario, registry)


def _violations(
    document: Document, where: Where, value: Json, validator: jsonschema.Draft202012Validator
) -> Iterator[Problem]:
    for error in validator.iter_errors(value):
        leaf = _leaf(error)
        part = tuple(leaf.absolute_path)
        name = ".".join(map(str, part)) or ("the scenario" if where else "the file")
        message = leaf.message if len(leaf.message) < 300 else f"{leaf.message[:300]} …"
        fix = "see scenario.schema.json: " + "/".join(map(str, leaf.absolute_schema_path))
        yield document.problem((*where, *part), f"{name}: {message}", fix)


def _leaf(error: jsonschema.ValidationError) -> jsonschema.ValidationError:
    """Find what is really wrong: of several alternatives the one that fits best, else the first."""
    while error.context:
        deepest = max(len(inner.absolute_path) for inner in error.context)
        inner = [found for found in error.context if len(found.absolute_path) == deepest]
        error = min(inner, key=lambda found: (found.validator == "type", found.schema_path[0]))
    return error


def _unknown(
    document: Document, where: Where, scenario: Mapping[str, Json], requirements: Requirements
) -> Iterator[Problem]:
    for position, cited in enumerate(items(scenario.get("verifies"))):
        fault = requirements.fault_of(text(cited))
        if fault:
            what, fix = fault
            yield document.problem((*where, "verifies", position), what, fix)
    given = fields(scenario.get("given"))
    ids = [_entry_id(entry) for entry in items(given.get("entries"))] + _added(scenario)
    logins = [text(fields(fields(p).get("login")).get("as")) for p in items(scenario["phases"])]
    known = [*ids, *filter(None, logins), *_SPECIAL_KEYS, *_ENDPOINTS]
    for key in fields(scenario.get("upstream")):
        if key not in known:
            fix = f"write one of: {', '.join(known)}"
            yield document.problem((*where, "upstream", key), f"no entry {key!r}", fix)
    processes = [text(name) for name in items(given.get("processes"))] or [MAIN]
    for position, phase in enumerate(items(scenario.get("phases"))):
        name = text(fields(phase).get("process")) or MAIN
        if name not in processes:
            fix = f"name it under given.processes, or write one of: {', '.join(processes)}"
            yield document.problem((*where, "phases", position), f"no process {name!r}", fix)
    if len(set(ids)) < len(ids):
        yield document.problem((*where, "given", "entries"), "an id is given twice", "rename one")


def _added(scenario: Mapping[str, Json]) -> list[str]:
    """List the names of the entries that an operator adds."""
    managed = [fields(fields(phase).get("manage")) for phase in items(scenario.get("phases"))]
    return [text(asked["as"]) for asked in managed if "as" in asked]


def _build(
    chapter: str, document: Document, where: Where, raw: Mapping[str, Json], registry: Registry
) -> Iterator[Scenario | Problem]:
    given = given_of(fields(raw.get("given")), registry)
    upstream, problems = _upstream(document, where, raw, given.provider, registry)
    yield from problems
    if problems:
        return
    yield Scenario(
        id=text(raw.get("id")),
        title=text(raw.get("title")),
        chapter=chapter,
        verifies=tuple(text(cited) for cited in items(raw.get("verifies"))),
        features=tuple(text(name) for name in items(raw.get("features"))),
        consequence=text(raw.get("consequence")),
        given=given,
        upstream=upstream,
        phases=phases_of(raw, given.provider),
        path=document.path,
        line=document.line(*where),
        decides=tuple(text(kind) for kind in items(raw.get("decides"))),
        uses=tuple(text(id_) for id_ in items(raw.get("uses"))),
        still=raw.get("clock") == "still",
    )


def _upstream(
    document: Document, where: Where, raw: Mapping[str, Json], provider: str, registry: Registry
) -> tuple[dict[str, tuple[Reply, ...]], list[Problem]]:
    upstream: dict[str, tuple[Reply, ...]] = {}
    problems: list[Problem] = []
    for key, path, replies in scripts_of(fields(raw.get("upstream"))):
        place = (document, (*where, *path))
        try:
            upstream[key] = tuple(_replies(key, replies, provider, registry, place))
        except UnknownExampleError as error:
            fix = "name a rule of spec/registry/ as provider/rule, or ok, stream, token_ok"
            what = f"unknown example {str(error)!r}"
            problems.append(document.problem((*where, *path), what, fix))
    return upstream, problems


def _replies(
    key: str, raw: Json, provider: str, registry: Registry, place: tuple[Document, Where]
) -> Iterator[Reply]:
    document, where = place
    for index, reply in enumerate(items(raw)):
        source = f"{document.path}:{document.line(*where, index)}"
        yield scripted(f"{key}[{index}]", reply, provider, registry, source)


def scripts_of(upstream: Mapping[str, Json]) -> Iterator[tuple[str, Where, Json]]:
    """Yield each script by the key of the mock's, with its place and its replies."""
    for key, value in upstream.items():
        if key in _ENDPOINTS:
            for entry, replies in fields(value).items():
                yield f"{key}:{entry}", ("upstream", key, entry), replies
        else:
            yield key, ("upstream", key), value


def _entry_id(raw: Json) -> str:
    return raw if isinstance(raw, str) else text(fields(raw).get("id"))


def given_of(raw: Mapping[str, Json], registry: Registry) -> Given:
    """Read the pool that a scenario begins with."""
    provider = text(raw.get("provider"))
    usual = registry.provider(provider).auth_type
    entries = items(raw.get("entries"))
    place, patience = fields(raw.get("store_as")), raw.get("lock_timeout")
    randoms = [float(draw) for draw in items(raw.get("randoms")) if isinstance(draw, int | float)]
    return Given(
        provider=provider,
        entries=tuple(entry_of(entry, position, usual) for position, entry in enumerate(entries)),
        strategy=text(raw.get("strategy")) or None,
        policy=fields(raw.get("policy")),
        randoms=tuple(randoms),
        store=raw.get("store"),
        store_mode=text(place.get("mode")) or None,
        store_is_link=place.get("link") is True,
        lock_timeout=float(patience) if isinstance(patience, int | float) else None,
        processes=tuple(text(name) for name in items(raw.get("processes"))) or (MAIN,),
        key=text(raw.get("key")) or None,
        environment=fields(raw["environment"]) if "environment" in raw else None,
        home=fields(raw["home"]) if "home" in raw else None,
    )


def entry_of(raw: Json, position: int, usual_type: str) -> Entry:
    """Read an entry, given by its id alone or with particulars."""
    written = fields(raw)
    refreshable = written.get("refreshable") is True
    priority, expires_in = written.get("priority"), written.get("expires_in")
    entry_id = _entry_id(raw)
    return Entry(
        id=entry_id,
        label=text(written.get("label")) or f"key {entry_id}",
        auth_type=text(written.get("auth_type")) or ("oauth" if refreshable else usual_type),
        priority=priority if isinstance(priority, int) else position,
        owner=text(written.get("owner")) or None,
        payer=text(written.get("payer")) or None,
        serves=tuple(map(text, items(written.get("serves")))),
        claims=fields(written.get("claims")),
        refreshable=refreshable,
        expires_in=float(expires_in) if isinstance(expires_in, int | float) else None,
        same_secret_as=text(written.get("same_secret_as")) or None,
        origin=Origin(text(written.get("base")) or "main"),
        has_secret=written.get("secret", "$secret") is not None,
        secret_as=text(written.get("secret", "$secret")),
        base_url=text(written.get("base_url")) or None,
        source=text(written.get("source")) or None,
    )
