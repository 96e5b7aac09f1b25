"""Comparing with a closed world: what matches, and what does not."""

import pytest

from credpool_conformance.json_values import Json
from credpool_conformance.scenarios.match import matches

SAME = [
    ("*", ["anything"]),
    ([], []),
    (["a", "b"], ["a", "b"]),
    (["a", "*"], ["a", "b"]),
    ("a rate_limited retry", "a rate_limited retry"),
    ("a * retry", "a rate_limited retry"),
    ("exhausted rate_limited +60", "exhausted rate_limited +60.0000001"),
    ("exhausted rate_limited *", "exhausted rate_limited +1"),
    ("ok; gpt-5 not_entitled +86400", "ok; gpt-5 not_entitled +86400"),
    (1.146, 1.1459999),
    (3600, 3600.0),
    (None, None),
    ({"one_of": ["a", "b"]}, "b"),
    ({"unordered": ["a", "b"]}, ["b", "a"]),
    ({"unordered": ["*", "b"]}, ["b", "a"]),
    ({"starts_with": ["a"]}, ["a", "b"]),
    ({"a": "ok", "b": "*"}, {"a": "ok", "b": "dead x"}),
]
DIFFERENT = [
    ([], ["a"]),
    (["a"], []),
    (["a", "b"], ["b", "a"]),
    ("a rate_limited retry", "a rate_limited rotate"),
    ("a * retry", "a retry"),
    ("exhausted rate_limited +60", "exhausted rate_limited +60.001"),
    ("exhausted rate_limited", "exhausted rate_limited +60"),
    (1.146, 1.147),
    (1, True),
    (1, None),
    (None, 0),
    ({"one_of": ["a", "b"]}, "c"),
    ({"unordered": ["a", "a"]}, ["a", "b"]),
    ({"unordered": ["a"]}, ["a", "a"]),
    ({"starts_with": ["a", "b"]}, ["a"]),
    ({"a": "ok"}, {"a": "ok", "b": "ok"}),
    ({"a": "ok", "b": "ok"}, {"a": "ok"}),
]


@pytest.mark.parametrize(("expected", "actual"), SAME, ids=str)
def test_what_is_as_expected_matches(expected: Json, actual: Json) -> None:
    """Equality, to the millisecond, with the latitude that was asked for."""
    assert matches(expected, actual)


@pytest.mark.parametrize(("expected", "actual"), DIFFERENT, ids=str)
def test_what_is_more_or_less_or_other_does_not_match(expected: Json, actual: Json) -> None:
    """Omission is absence, and order counts."""
    assert not matches(expected, actual)
