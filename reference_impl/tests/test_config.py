"""What a parsed `config.yaml` says of pools (spec: storage, custom endpoints)."""

from dataclasses import MISSING, fields
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
import yaml

from credpool import FailureClass, First429, PayerChange, Policy, Secret, Strategy
from credpool.config.pools import custom_key, endpoints, policy_of, strategy_of
from credpool.errors import BadConfig, BadPolicy, UnknownStrategy
from credpool.model.policy import LEAST

URL = "https://llm.example.com/v1"
SECRET = "a-secret-of-nobody"
SPEC = Path(__file__).parents[2] / "spec" / "tables" / "policy.yaml"
TABLE = yaml.safe_load(SPEC.read_text(encoding="utf-8"))["rows"]


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("together.ai", "custom:together.ai"),
        ("Local (localhost:8080)", "custom:local-(localhost:8080)"),
        (" My  Host ", "custom:my--host"),
        ("a/b\tc", "custom:a/b\tc"),
    ],
)
def test_a_name_makes_a_key(name: str, key: str) -> None:
    """A name is trimmed and in lower case, each space is a hyphen, and the rest stays."""
    assert custom_key(name) == key


def test_what_is_not_said_is_the_default() -> None:
    """An empty configuration has no endpoints, the default strategy and the default policy."""
    assert endpoints({}) == ()
    assert strategy_of({}, "openai") is Strategy.FILL_FIRST
    assert policy_of({"credential_pool_policies": None}, "openai") == Policy()


def test_a_pool_has_its_own_settings() -> None:
    """The strategy and the policy of a pool are those under its key."""
    config = {
        "credential_pool_strategies": {"openai": " Round_Robin ", "groq": "random"},
        "credential_pool_policies": {
            "openai": {
                "max_retry_wait": 5,
                "cooldowns": {"out_of_credit": 7200},
                "max_concurrent": 2,
                "payer_change": "forbid",
                "first_429": "rotate",
            }
        },
    }

    policy = policy_of(config, "openai")

    assert strategy_of(config, "openai") is Strategy.ROUND_ROBIN
    assert (policy.max_retry_wait, policy.sole_cooldown) == (5.0, 60.0)
    assert policy.cooldowns == {FailureClass.OUT_OF_CREDIT: 7200.0}
    assert (policy.max_concurrent, policy.payer_change) == (2, PayerChange.FORBID)
    assert policy.first_429 is First429.ROTATE


def test_an_unknown_strategy_is_named() -> None:
    """A strategy that does not exist is refused by name."""
    with pytest.raises(UnknownStrategy, match="rotund_robin"):
        strategy_of({"credential_pool_strategies": {"openai": "rotund_robin"}}, "openai")


@pytest.mark.parametrize(
    ("policy", "where"),
    [
        (SECRET, r"credential_pool_policies\['openai'\]: expected a mapping"),
        ({"claim_ttl": 29}, r"claim_ttl: expected at least 30 seconds: a refresh may take 20"),
        ({"max_retry_wiat": 5}, r"max_retry_wiat: there is no such name"),
        ({"max_retry_wait": SECRET}, r"max_retry_wait: expected a number of seconds"),
        ({"max_retry_wait": True}, r"max_retry_wait: expected a number of seconds"),
        ({"max_retry_wait": -1}, r"max_retry_wait: expected a number of seconds"),
        ({"max_concurrent": 0}, r"max_concurrent: expected a whole number above 0"),
        ({"max_concurrent": True}, r"max_concurrent: expected a whole number above 0"),
        ({"max_concurrent": SECRET}, r"max_concurrent: expected a whole number above 0"),
        ({"payer_change": SECRET}, r"payer_change: expected one of allow, forbid"),
        ({"first_429": SECRET}, r"first_429: expected one of retry, rotate"),
        ({"first_429": "Rotate"}, r"first_429: expected one of retry, rotate"),
        ({"first_429": ["rotate"]}, r"first_429: expected one of retry, rotate"),
        ({"max_retry_wait": float("nan")}, r"max_retry_wait: expected a number of seconds"),
        ({"max_retry_wait": float("inf")}, r"max_retry_wait: expected a number of seconds"),
        ({"claim_ttl": 0}, r"claim_ttl: expected at least 30 seconds"),
        ({"max_cooldown": 0.5}, r"min_cooldown: expected no more than max_cooldown, which is 0.5"),
        ({"advisory_window": 5}, r"mandatory_window: expected no more than advisory_window"),
        ({"avoid_below_fraction": 20}, r"avoid_below_fraction: expected a number from 0 to 1"),
        ({"cooldowns": []}, r"cooldowns: expected a mapping"),
        ({"cooldowns": {"out_of_luck": 1}}, r"out_of_luck: there is no such name"),
    ],
)
def test_a_policy_that_cannot_be_is_refused(policy: object, where: str) -> None:
    """What a policy cannot say is refused with its place, and without its value."""
    with pytest.raises(BadConfig, match=where) as caught:
        policy_of({"credential_pool_policies": {"openai": policy}}, "openai")

    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("config", "where"),
    [
        ({"custom_providers": {}}, None),
        ({"custom_providers": "x"}, "custom_providers: expected a list"),
        ({"custom_providers": [SECRET]}, r"custom_providers\[0\]: expected a mapping"),
        ({"custom_providers": [{"name": "a"}]}, r"custom_providers\[0\]: there is no base_url"),
        ({"custom_providers": [{"name": 7, "base_url": URL}]}, r"\[0\]\.name: expected text"),
        ({"custom_providers": [{"base_url": URL, "api_key": 7}]}, r"api_key: expected text"),
        (
            {"custom_providers": [{"name": n, "base_url": URL} for n in ("My Host", "my-host")]},
            r"\[1\]\.name: the name 'my-host' leads to 'custom:my-host', which is taken",
        ),
        ({"model": []}, None),
    ],
)
def test_an_endpoint_that_cannot_be_is_refused(
    config: dict[str, object], where: str | None
) -> None:
    """What is not a list of endpoints is refused with its place, and without its values."""
    if where is None:
        assert endpoints(config) == ()
        return

    with pytest.raises(BadConfig, match=where) as caught:
        endpoints(config)

    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://api.together.ai/v1", "api.together.ai"),
        ("http://localhost:8080/v1/", "Local (localhost:8080)"),
        ("http://127.0.0.1/v1", "Local (127.0.0.1)"),
        ("https://user:pass@llm.example:8443", "llm.example:8443"),
    ],
)
def test_an_endpoint_without_a_name_is_called_after_its_host(url: str, name: str) -> None:
    """Its name is the host and the port, and nothing else of the URL."""
    (listed,) = endpoints({"custom_providers": [{"base_url": url}]})
    (own,) = endpoints({"model": {"base_url": url, "api_key": SECRET}})

    assert (listed.name, own.name, own.model_key) == (name, name, Secret(SECRET))


@pytest.mark.parametrize(
    ("model", "keyed"),
    [
        ({"provider": "custom", "base_url": f"{URL}/"}, ["One"]),
        ({"provider": "custom:one", "base_url": URL}, ["One"]),
        ({"provider": "custom:two", "base_url": URL}, []),
        ({"provider": "openai", "base_url": URL}, []),
        ({"provider": "custom", "base_url": "https://two.example"}, []),
        ({"base_url": ""}, []),
        ({"base_url": URL, "api_key": ""}, []),
    ],
)
def test_the_models_key_goes_to_its_endpoint(model: dict[str, object], keyed: list[str]) -> None:
    """The model's own key goes to the endpoint with its URL, unless its provider is another."""
    listed = [
        {"name": "One", "base_url": URL},
        {"name": "Two", "base_url": "https://two.example"},
        {"name": "Three", "base_url": "https://two.example"},
    ]

    found = endpoints({"custom_providers": listed, "model": {"api_key": SECRET} | model})

    assert [e.name for e in found if e.model_key is not None] == keyed


def test_a_host_whose_name_is_taken_gets_nothing() -> None:
    """The model's key does not join an endpoint that only has the name of its host."""
    listed = [{"name": "llm.example.com", "base_url": "https://elsewhere.example"}]

    found = endpoints({"custom_providers": listed, "model": {"base_url": URL, "api_key": SECRET}})

    assert [e.model_key for e in found] == [None]


@pytest.mark.parametrize(
    ("values", "name"),
    [
        *(({name: -1.0}, name) for name in LEAST),
        *(({name: float("nan")}, name) for name in LEAST),
        *(({name: float("inf")}, name) for name in LEAST),
        ({"claim_ttl": 0.0}, "claim_ttl"),
        ({"sole_cooldown": True}, "sole_cooldown"),
        ({"sole_cooldown": SECRET}, "sole_cooldown"),
        ({"min_cooldown": 2.0, "max_cooldown": 1.0}, "min_cooldown"),
        ({"mandatory_window": 130.0}, "mandatory_window"),
        ({"avoid_below_fraction": 1.5}, "avoid_below_fraction"),
        ({"avoid_below_fraction": float("nan")}, "avoid_below_fraction"),
        ({"max_concurrent": 0}, "max_concurrent"),
        ({"max_concurrent": True}, "max_concurrent"),
        ({"max_concurrent": 1.5}, "max_concurrent"),
        ({"first_429": "rotate"}, "first_429"),
        ({"first_429": None}, "first_429"),
        ({"payer_change": SECRET}, "payer_change"),
        ({"payer_change": First429.RETRY}, "payer_change"),
        ({"cooldowns": {FailureClass.RATE_LIMITED: -1.0}}, "cooldowns.rate_limited"),
        ({"cooldowns": {FailureClass.RATE_LIMITED: float("nan")}}, "cooldowns.rate_limited"),
    ],
)
def test_a_policy_that_would_misbehave_cannot_be_made(values: dict[str, Any], name: str) -> None:
    """Code is refused what the configuration is refused, by name and without the value."""
    with pytest.raises(BadPolicy, match="give another value") as caught:
        Policy(**values)

    assert caught.value.name == name
    assert SECRET not in str(caught.value)


def test_the_table_has_every_value() -> None:
    """The specification's table names the values of a policy with their defaults, and no others."""
    defaults = {f.name: f.default for f in fields(Policy) if f.default is not MISSING}

    told = {row["name"]: row["default"] for row in TABLE}
    known = {n: d.value if isinstance(d, Enum) else d for n, d in defaults.items()}

    assert told == {**known, "cooldowns": None}


def test_the_table_has_the_limits() -> None:
    """The specification's least values, and which value another may not exceed, are the library's."""
    least = {row["name"]: row["least"] for row in TABLE if row["kind"] == "seconds"}
    above = [(row["name"], row["at_most"]) for row in TABLE if "at_most" in row]

    assert least == dict(LEAST)
    assert above
    for small, large in above:
        with pytest.raises(BadPolicy):
            Policy(**{small: 20.0, large: 10.0})


def test_the_table_has_the_words() -> None:
    """What a value that is a word can be is the same in the table and in the library."""
    choices = {f.name: type(f.default) for f in fields(Policy) if isinstance(f.default, Enum)}

    words = {row["name"]: row["words"] for row in TABLE if row["kind"] == "word"}

    assert words == {name: [word.value for word in choice] for name, choice in choices.items()}
