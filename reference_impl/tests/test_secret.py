"""A value that opens a door."""

import copy
import json
import logging
import pickle
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from credpool.model.secret import Secret
from credpool.stores.auth_json import codec

VALUE = "sk-made-up-secret"
SECRET = Secret(VALUE)


@dataclass(frozen=True, slots=True)
class _Holder:
    secret: Secret


@pytest.mark.parametrize(
    "shown",
    [
        pytest.param(str, id="as text"),
        pytest.param(repr, id="as a picture"),
        pytest.param("{:>20}".format, id="formatted"),
        pytest.param("%s".__mod__, id="formatted the old way"),
        pytest.param(lambda s: f"{s} {s!r} {[s]} {_Holder(s)}", id="within others"),
        pytest.param(lambda s: str(ValueError(s)), id="in an error"),
        pytest.param(lambda s: logging.makeLogRecord({"msg": s}).getMessage(), id="in a log"),
    ],
)
def test_masks_itself(shown: Callable[[object], str]) -> None:
    """However a secret is shown, it is not to be seen."""
    assert VALUE not in shown(SECRET)


def test_is_revealed_on_request_alone() -> None:
    """The one way to the value has a name that is easily found."""
    assert SECRET.reveal() == VALUE
    assert not hasattr(SECRET, "__dict__")


def test_is_compared_by_its_value() -> None:
    """Two secrets are the same when they open the same door, and a secret is not text."""
    assert Secret(VALUE) == SECRET
    assert Secret("sk-other") != SECRET
    assert SECRET != VALUE
    assert {SECRET, Secret(VALUE), Secret("sk-other")} == {SECRET, Secret("sk-other")}


@pytest.mark.parametrize(
    "carried",
    [
        pytest.param(pickle.dumps, id="pickled"),
        pytest.param(copy.copy, id="copied"),
        pytest.param(json.dumps, id="written as JSON"),
    ],
)
def test_does_not_leave_by_accident(carried: Callable[[object], object]) -> None:
    """What would carry the value elsewhere is refused."""
    with pytest.raises(TypeError):
        carried(SECRET)


def test_fingerprint_tells_two_apart_and_neither_whole() -> None:
    """The same secret has the same fingerprint under a key, and another under another."""
    mine = codec.fingerprint(SECRET, b"key")

    assert mine == codec.fingerprint(Secret(VALUE), b"key")
    assert mine not in (
        codec.fingerprint(SECRET, b"other"),
        codec.fingerprint(Secret("sk-other"), b"key"),
    )
    assert mine.startswith("hmac-sha256:")
    assert len(mine) == len("hmac-sha256:") + 16
