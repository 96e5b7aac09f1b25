"""Values that open doors, and mask themselves everywhere but on the wire and in the store."""

from typing import Final, NoReturn

from credpool.model.credential import bare, secret_flaw

MASK: Final = "***"


class Secret:
    """Hold a credential; `reveal` is called only where the wire or the store is written.

    The blanks and line ends around it are no part of it, whichever door it comes through.
    """

    __slots__ = ("_checked", "_flaw", "_value")

    def __init__(self, value: str) -> None:
        self._value = bare(value)
        self._checked = False
        self._flaw: str | None = None

    @property
    def flaw(self) -> str | None:
        """Why no header can carry it, in words that follow "the secret …"; None when one can."""
        if not self._checked:
            self._flaw, self._checked = secret_flaw(self._value), True
        return self._flaw

    def reveal(self) -> str:
        """Return the credential itself."""
        return self._value

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return f"Secret({MASK!r})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not pickled; write it through a store")


class Veiled(str):
    """Text with secrets in it that is read and written whole; a traceback's variables do not show it.

    It is a `str` in every other way, and what is cut out of it is a plain one.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Veiled({MASK!r})"


class VeiledBytes(bytes):
    """The same, before it is decoded and after it is encoded."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"VeiledBytes({MASK!r})"
