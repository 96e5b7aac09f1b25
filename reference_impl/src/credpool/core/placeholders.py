"""What stands where a secret is to be put (spec: operator)."""

import re
from typing import Final

_PLACEHOLDER: Final = re.compile(
    r"""
    .* (?: \.\.\. | … | \*\*\* | x{4} ) .*             # cut short, or masked
  | <.*> | \$?\{.*\} | \[.*\]                          # to be filled in
  | (?: your | my | insert | enter | replace | paste ) [-_\ ] .*
  | (?: change | replace | fill ) [-_\ ]? (?: me | this | in )
  | (?: the [-_\ ])? (?: api [-_\ ]? )? (?: key | token | secret ) (?: [-_\ ]? here )?
  | placeholder | todo | tbd | dummy | example
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)


def is_placeholder(value: str) -> bool:
    """Return whether a value stands where a secret is to be put."""
    return _PLACEHOLDER.fullmatch(value.strip()) is not None
