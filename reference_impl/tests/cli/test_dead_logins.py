"""What `list` and `doctor` show of a login that its token endpoint has ended."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from credpool import AuthType, Cooldown, Entry, EntryId, FailureClass, Secret
from credpool.model.terms import FOREVER

from .conftest import Command

DEAD = Cooldown(
    failure=FailureClass.AUTH_REVOKED,
    since=1_800_000_000.0,
    until=FOREVER,
    reason="token-endpoint",
    message="the token endpoint answered 400, invalid_grant",
)


def login(cooldown: Cooldown) -> Entry:
    """Return a login that is out."""
    return Entry(
        id=EntryId("a"),
        auth_type=AuthType.OAUTH,
        secret=Secret("made-up-one"),
        refresh_token=Secret("made-up-two"),
        cooldown=cooldown,
    )


@pytest.mark.parametrize(
    ("cooldown", "code"),
    [
        pytest.param(DEAD, "invalid_grant", id="ours"),
        pytest.param(
            replace(DEAD, reason="invalid_grant", message="gone"),
            "invalid_grant",
            id="another program's",
        ),
        pytest.param(
            replace(DEAD, message="the token endpoint answered 400"), None, id="it said nothing"
        ),
        pytest.param(
            replace(DEAD, message="the token endpoint answered 400, call +1 555 now"),
            None,
            id="free text",
        ),
        pytest.param(
            replace(DEAD, reason="openai/revoked", message="x, invalid_grant"),
            None,
            id="the provider's words",
        ),
        pytest.param(replace(DEAD, until=DEAD.since + 1e9), None, id="not dead"),
    ],
)
def test_the_code_of_a_dead_login_is_shown(
    credpool: Command, keep: Callable[..., None], cooldown: Cooldown, code: str | None
) -> None:
    """The code is one of the registry's, and what a stranger wrote is in no list."""
    keep(login(cooldown))

    listed, told, doctor = (
        credpool("list"),
        credpool("--json", "list", "openai"),
        credpool("doctor"),
    )

    assert (f"dead: {code}" in listed.out) is (code is not None)
    assert (f"dead: {code}" in doctor.out) is (code is not None)
    assert told.entries[0]["endpoint_code"] == code
    assert "555" not in listed.out
