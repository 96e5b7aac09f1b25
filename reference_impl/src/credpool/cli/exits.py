"""How the command ends (spec: operator, exit codes)."""

from enum import IntEnum

from credpool.model.errors import (
    AmbiguousTarget,
    CredpoolError,
    DuplicateSecret,
    LoginFailed,
    NotRefreshed,
    StoreError,
    UnknownEntry,
    UnusableSecret,
)


class Exit(IntEnum):
    """The codes of the specification's table."""

    DONE = 0
    LOOK = 1
    USAGE = 2
    TARGET = 3
    SECRET = 4
    STORE = 5
    LOGIN = 6
    INTERRUPTED = 130


_BY_ERROR = (
    ((UnknownEntry, AmbiguousTarget), Exit.TARGET),
    ((UnusableSecret, DuplicateSecret), Exit.SECRET),
    ((StoreError,), Exit.STORE),
    ((LoginFailed, NotRefreshed), Exit.LOGIN),
)


def code_of(error: CredpoolError) -> Exit:
    """Return the code with which an error ends the command."""
    # spec: operator.exit-codes+1
    return next((code for kinds, code in _BY_ERROR if isinstance(error, kinds)), Exit.USAGE)
