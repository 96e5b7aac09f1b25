"""Mutate the documents of `config_documents.json`: each is taken, or refused as `BadConfig`.

    python fuzz_config.py 100000 --seed 7

Whatever else is raised, and whatever was done beyond the bounds, is told and ends it with 1.
The slowest document is told with its time; no time is judged here.
"""

import argparse
import json
import random
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

from ruamel.yaml import YAML

from credpool.config.file import OURS
from credpool.config.pools import STRATEGIES, endpoints, policy_of, strategy_of
from credpool.config.yaml_edit import with_value
from credpool.config.yaml_tree import MOST_EVENTS, MOST_TEXT
from credpool.config.yaml_values import own_values
from credpool.model.errors import BadConfig, UnknownStrategy

DOCUMENTS = Path(__file__).parents[1] / "config_documents.json"
MOST_BUILT = 50_000
PIECES = (
    *(
        "\n",
        "  ",
        "\t",
        ": ",
        "- ",
        "? ",
        ", ",
        "#",
        "'",
        '"',
        "|",
        ">",
        "&a ",
        "*a",
        "!",
        "!!int ",
    ),
    *(
        "!!binary ",
        "{",
        "}",
        "[",
        "]",
        "<<: ",
        "~",
        ".nan",
        "1e999",
        "0x",
        "---\n",
        "...\n",
        "%YAML ",
    ),
    *("\\ud800", "\\U00110000", "\\x", "\u2028", "\x85", "\ufeff", "é", "\U0001f511", "9" * 5000),
    *(f"{name}: " for name in sorted(OURS)),
)


def texts() -> list[str]:
    """Return the documents that are short enough to be mutated often."""
    found = json.loads(DOCUMENTS.read_text(encoding="utf-8"))
    return [d["text"] for d in found if "text" in d]


def mutated(text: str, others: list[str], dice: random.Random) -> str:
    """Return a document with a few places changed."""
    for _ in range(dice.randint(1, 4)):
        start = dice.randint(0, len(text))
        end = min(len(text), start + dice.choice((0, 0, 1, 3, 20)))
        other = dice.choice(others)
        cut = dice.randint(0, len(other))
        new = dice.choice((dice.choice(PIECES), other[cut : cut + 30], text[start:end] * 3, ""))
        text = text[:start] + new + text[end:]
    return text


def outcome(text: str) -> str:
    """Do all that is done with a configuration, and tell what came of it."""
    try:
        config = own_values(text, OURS)
    except BadConfig:
        return "refused"
    check_bounds(text, config)
    with suppress(BadConfig):
        with_value(text, OURS, STRATEGIES, "openai", "random")
    try:
        endpoints(config)
        strategy_of(config, "openai")
        policy_of(config, "openai")
    except (BadConfig, UnknownStrategy):
        return "refused by its values"
    return "taken"


def check_bounds(text: str, config: object) -> None:
    """Count what was composed and built of a document that was taken."""
    events = sum(1 for _ in YAML(typ="safe", pure=True).parse(text))
    assert events <= MOST_EVENTS, f"{events} events"
    assert len(text) <= MOST_TEXT, f"{len(text)} characters"
    assert built(config) <= MOST_BUILT, f"{built(config)} values"


def built(value: object) -> int:
    """Return how many values there are."""
    match value:
        case dict():
            return 1 + sum(built(v) for v in value.values())
        case list():
            return 1 + sum(map(built, value))
        case _:
            return 1


def main() -> int:
    """Run, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    dice = random.Random(given.seed)  # noqa: S311  it draws documents
    known, outcomes, slowest = texts(), Counter[str](), (0.0, "")
    for _ in range(given.count):
        text = mutated(dice.choice(known), known, dice)
        begun = time.process_time()
        try:
            outcomes[outcome(text)] += 1
        except Exception as err:  # noqa: BLE001  whatever it is, the document is wanted
            print(f"{type(err).__name__}: {err}\n{text!r}", file=sys.stderr)
            outcomes["WRONG"] += 1
        slowest = max(slowest, (time.process_time() - begun, text))
    told = ", ".join(f"{n} {name}" for name, n in outcomes.most_common())
    print(f"{given.count} documents: {told}")
    print(f"the slowest took {slowest[0]:.3f} s: {slowest[1][:200]!r}")
    return 1 if outcomes["WRONG"] else 0


if __name__ == "__main__":
    sys.exit(main())
