"""Take credentials out of text that is about to be kept (spec: security).

A provider's error message may repeat the key it was sent, whole or in part.
This is a net below the rule that secrets are never logged, not a replacement for it.
"""

import re
from collections.abc import Iterable
from typing import Final

from credpool.core.secret import MASK, Secret

_WHOLE_WORD_BELOW: Final = 8
"""A known secret shorter than this is only replaced where it stands alone."""

_PREFIXES: Final = r"sk-|csk-|gsk_|hf_|xai-|nvapi-|pplx-|gh[oprsu]_|github_pat_|AIza|AQ\."

_TOKEN: Final = re.compile(
    rf"""
    (?<![\w-]) (?: {_PREFIXES} ) (?=[\w.*\-]{{8}}) [\w.*\-]* [\w*\-]    # a vendor's prefix
  | \b eyJ [\w-]{{6,}} \. [\w-]+ \. [\w-]*                              # a JWT
  | (?<=\b[Bb]earer[ ]) (?=\S{{8}}) (?=[^\s"',;]*\d) [^\s"',;]+         # a bearer token
  | [\w-]* \*{{3,}} [\w-]*                                              # partly masked already
  | (?<![A-Za-z0-9+/]) [A-Za-z0-9+/]{{32,}} ={{1,2}}                    # padded base64
  | \b (?=[A-Za-z]*\d) (?=\d*[A-Za-z]) [A-Za-z0-9]{{32,}}               # hex, base62
  | \b (?=[\w-]*\d) (?=[\w-]*[A-Z]) (?=[\w-]*[a-z]) [\w-]{{32,}}        # base64url
    """,
    re.VERBOSE | re.ASCII,
)


def redact(text: str, secrets: Iterable[Secret] = ()) -> str:
    """Return the text without those secrets and without anything of a token's shape."""
    values = {secret.reveal() for secret in secrets}
    for value in sorted((v for v in values if v and v in text), key=len, reverse=True):
        text = _without(text, value)
    return _TOKEN.sub(MASK, text)


def _without(text: str, value: str) -> str:
    if len(value) >= _WHOLE_WORD_BELOW:
        return text.replace(value, MASK)
    return re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", MASK, text)
