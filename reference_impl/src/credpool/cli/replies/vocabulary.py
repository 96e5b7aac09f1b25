"""The words that everybody gets: those of the registry's rules, those for time, and common ones."""

import json
import pkgutil
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final

from credpool.providers.data import providers, words
from credpool.providers.reply import small

_COMMON: Final = (
    "a an the this that these your you we our it is are was has have had been be do not no in on at of to "
    "and or as by for from with too many much more less than over under above below per each all any "
    "please try again later wait after before until reset resets available unavailable exceeded exceed "
    "monthly weekly daily hourly minute hour day week month request requests response limit limits quota "
    "quotas rate usage use used free paid plan plans tier trial credit credits balance money payment billing "
    "pay go insufficient invalid incorrect unauthorized forbidden access denied permission permissions "
    "organization organisation account user key keys token tokens model models endpoint server service "
    "internal error errors failed failure busy overloaded capacity concurrency concurrent session sessions "
    "contact support upgrade visit check see details sorry unfortunately currently temporarily reached "
    "message code type @type status reason detail details metadata data object result success param params base resp availability source "
    "info domain violations description delay after remaining window seconds ms in is title cause causes "
    "num locale localized links link help doc docs documentation level severity category kind timestamp time date "
    "expired revoked disabled suspended blocked banned unknown not found missing required maximum minimum"
)
"""Words with which messages begin, and of which terms are made."""


@cache
def known_words() -> frozenset[str]:
    """Return the words of the registry: its codes, its texts, its headers, and the words for time."""
    return frozenset(
        word
        for text in _texts()
        for word in re.split(r"[\s,;:()\"]+", small(text))
        if _is_word(word)
    )


def _is_word(text: str) -> bool:
    """Return whether there is a letter in it: a number is a code in one place, and an id in another."""
    return any(character.isalpha() for character in text)


@cache
def common_words() -> frozenset[str]:
    """Return common English words, as messages are made of them: none of them names anybody."""
    written = pkgutil.get_data(__package__, "english.json")
    assert written is not None, "it is in the package, beside this module"
    return frozenset(word for line in json.loads(written) for word in str(line).split())


@cache
def telling_headers() -> frozenset[str]:
    """Return the headers by which rules go."""
    tables = (rule["when"].get("header") for rule in _rules())
    return frozenset(name for table in tables if isinstance(table, dict) for name in table)


def _rules() -> Iterator[Mapping[str, Mapping[str, object]]]:
    for row in providers().values():
        rules = row["rules"]
        assert isinstance(rules, list), "the generator writes a list here"
        yield from rules


@cache
def texts_of_rules(*, inside: bool = False) -> re.Pattern[str]:
    """Return what finds the texts and the codes by which rules go, `inside` of longer words or alone."""
    told = {text for rule in _rules() for text in _strings([*rule["when"].values()])}
    longest = sorted(
        (re.escape(text) for text in told if len(text) > 3 and _is_word(text)),
        key=len,
        reverse=True,
    )
    before, behind = ("", "") if inside else (r"(?<![\w.@/-])", r"(?![\w.@/-])")
    return re.compile(f"{before}(?:{'|'.join(longest)}){behind}", re.IGNORECASE)


def _texts() -> Iterator[str]:
    yield from (
        "http api llm ai url ip id i a sse json eof tls dns oauth openai anthropic google azure amazon aws",
    )
    yield from words("units")
    yield from words("zones")
    yield _COMMON
    yield "mon tue wed thu fri sat sun monday tuesday wednesday thursday friday saturday sunday today tomorrow"
    yield "jan feb mar apr may jun jul aug sep oct nov dec january february march april june july august"
    yield "september october november december am pm rpm tpm rpd tpd"
    yield from (name.replace("-", " ") for name in providers())
    for rule in _rules():
        for value in rule["when"].values():
            yield from _strings(value)


def _strings(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case list():
            for item in value:
                yield from _strings(item)
        case dict():
            for name, inner in value.items():
                yield from name.split("-")
                yield from _strings(inner)
        case _:
            return
