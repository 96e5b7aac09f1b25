"""`config.yaml`, which other programs share: any document is taken, or refused with its place.

The documents are in `config_documents.json`: `refused` is what the error says when one is read for
the pool `openai` and its custom endpoints, or null.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from credpool import Policy, Strategy
from credpool.config.file import read_config, set_strategy
from credpool.config.pools import endpoints, policy_of, strategy_of
from credpool.errors import BadConfig, UnknownStrategy

HERE = Path(__file__).parent
DOCUMENTS = json.loads((HERE / "config_documents.json").read_text(encoding="utf-8"))
assert len(DOCUMENTS) >= 43
FUZZ = HERE / "programs" / "fuzz_config.py"
Document = Mapping[str, object]


def content(document: Document) -> bytes:
    """Return a document as it is in the file."""
    parts = document.get("parts")
    pairs = parts if isinstance(parts, list) else [(document["text"], 1)]
    text = "".join(part * times for part, times in pairs)
    return text.encode("latin-1" if document.get("raw") else "utf-8")


def used(path: Path) -> tuple[Strategy, Policy]:
    """Read all that a pool reads of the file."""
    config = read_config(path)
    endpoints(config)
    return strategy_of(config, "openai"), policy_of(config, "openai")


def shared(one: bytes, other: bytes) -> int:
    """Return how many bytes two texts begin with alike."""
    pairs = zip(one, other, strict=False)
    return next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


@pytest.fixture(params=DOCUMENTS, ids=[d["name"] for d in DOCUMENTS])
def document(request: pytest.FixtureRequest) -> Document:
    """Return each document in turn."""
    found: Document = request.param
    return found


@pytest.fixture
def path(document: Document, tmp_path: Path) -> Path:
    """Return a file with the document in it."""
    (tmp_path / "config.yaml").write_bytes(content(document))
    return tmp_path / "config.yaml"


def test_any_document_is_taken_or_refused_with_its_place(document: Document, path: Path) -> None:
    """What another program keeps there is no reason to refuse it, and what is ours has its line."""
    if document["refused"] is None:
        used(path)
        return

    with pytest.raises((BadConfig, UnknownStrategy), match=str(document["refused"])):
        used(path)


def test_setting_a_strategy_changes_nothing_else(path: Path) -> None:
    """The file has the strategy and is otherwise the same to the letter, or is left as it is."""
    before = path.read_bytes()
    try:
        set_strategy(path, "openai", Strategy.LEAST_USED)
    except BadConfig:
        assert path.read_bytes() == before
        return

    after = path.read_bytes()

    assert strategy_of(read_config(path), "openai") is Strategy.LEAST_USED
    same = shared(before, after)
    same += shared(before[same:][::-1], after[same:][::-1])
    assert len(before) - same <= len(b"round_robin")


STRATEGIES = "credential_pool_strategies"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            "a: 1  # one\n",
            f"a: 1  # one\n{STRATEGIES}:\n  openai: random\n",
            id="below the last name",
        ),
        pytest.param(
            "  a: |\n    1", f"  a: |\n    1\n  {STRATEGIES}:\n    openai: random\n", id="indented"
        ),
        pytest.param(
            f"{STRATEGIES}:\n  # of May\n  groq: random  # best\n\na: 1\n",
            f"{STRATEGIES}:\n  # of May\n  groq: random  # best\n  openai: random\n\na: 1\n",
            id="behind the last pool",
        ),
        pytest.param(
            f"{STRATEGIES}:\r\n  groq: random\r\na: 1\r\n",
            f"{STRATEGIES}:\r\n  groq: random\r\n  openai: random\r\na: 1\r\n",
            id="with the line ends of Windows",
        ),
        pytest.param(
            f"{STRATEGIES}: {{groq: random}} # all\na: 1",
            f'{STRATEGIES}: {{"openai": random, groq: random}} # all\na: 1',
            id="in braces",
        ),
        pytest.param(
            f"{STRATEGIES}: {{}}\n", f'{STRATEGIES}: {{"openai": random}}\n', id="in empty braces"
        ),
        pytest.param(
            f"{STRATEGIES}: # none\na: 1\n",
            f'{STRATEGIES}: {{"openai": random}} # none\na: 1\n',
            id="in place of nothing",
        ),
        pytest.param(
            f"{STRATEGIES}: ~\n", f'{STRATEGIES}: {{"openai": random}}\n', id="in place of null"
        ),
        pytest.param(
            f"{STRATEGIES}:\n  'openai': \"fill_first\"  # was\n",
            f"{STRATEGIES}:\n  'openai': random  # was\n",
            id="in place of another",
        ),
        pytest.param(
            "{a: 1}\n", f'{{{STRATEGIES}: {{"openai": random}}, a: 1}}\n', id="a file in braces"
        ),
        pytest.param("# none\n", f"# none\n{STRATEGIES}:\n  openai: random\n", id="only a comment"),
        pytest.param("{}\n", f'{{{STRATEGIES}: {{"openai": random}}}}\n', id="only braces"),
        pytest.param("~\n", f'{STRATEGIES}: {{"openai": random}}\n', id="only null"),
    ],
)
def test_a_strategy_is_written_where_it_belongs(before: str, after: str, tmp_path: Path) -> None:
    """The change is one line or one value, in the document's own style."""
    path = tmp_path / "config.yaml"
    path.write_bytes(before.encode())

    set_strategy(path, "openai", Strategy.RANDOM)

    assert path.read_bytes().decode() == after
    assert strategy_of(read_config(path), "openai") is Strategy.RANDOM


@pytest.mark.parametrize(
    ("text", "where"),
    [
        pytest.param(f"x: &s random\n{STRATEGIES}: {{openai: *s}}\n", "line 1", id="an alias"),
        pytest.param(f"{STRATEGIES}: {{openai: [random]}}\n", "line 1, column 38", id="a list"),
        pytest.param(f"{STRATEGIES}: 5\n", f"{STRATEGIES}, line 1", id="no mapping"),
        pytest.param(f"{STRATEGIES}:\n  ? groq\n  : random\n", "line 2", id="a question mark"),
        pytest.param("a: 1\n...\n", "line|credential", id="an end"),
        pytest.param(
            f"{STRATEGIES}:\n  openai: |\n    random\n  groq: random\n", "line|cred", id="a block"
        ),
    ],
)
def test_what_no_program_can_change_is_left(text: str, where: str, tmp_path: Path) -> None:
    """The place is named, and what to write there is the person's."""
    path = tmp_path / "config.yaml"
    path.write_text(text)

    with pytest.raises(BadConfig, match=where):
        set_strategy(path, "openai", Strategy.LEAST_USED)

    assert path.read_text() == text


def test_names_that_need_quotes_get_them(tmp_path: Path) -> None:
    """A pool's key is written so that it is read again, and so is one that looks like a word."""
    path = tmp_path / "config.yaml"
    keys = ["custom:local-(localhost:8080)", "custom:a # b", "no", "custom:work", "custom: x"]

    for key in keys:
        set_strategy(path, key, Strategy.RANDOM)

    assert {strategy_of(read_config(path), key) for key in keys} == {Strategy.RANDOM}


def test_values_are_those_of_the_core_schema(tmp_path: Path) -> None:
    """Words, numbers and quotes of YAML 1.2 are what they are there, and nothing else is."""
    values = "[1, -2, 0x1F, 0o17, 010, 1.5, 1e3, true, False, ~, , yes, 2026-01-01, '7', !!str 7]"
    floats = "[.5, !!float 3, -.inf, !!int 3, !!bool true, !!null ~]"
    path = tmp_path / "config.yaml"
    path.write_text(f"custom_providers: {values}\nmodel: {{a: {floats}}}\n".replace("~, ,", "~,"))

    config = read_config(path)

    assert config["custom_providers"] == [
        *(1, -2, 31, 15, 10, 1.5, 1000.0, True, False, None),
        *("yes", "2026-01-01", "7", "7"),
    ]
    assert config["model"] == {"a": [0.5, 3.0, float("-inf"), 3, True, None]}


def test_shared_defaults_are_merged(tmp_path: Path) -> None:
    """A mapping may be written once for several pools; what a pool says itself comes first."""
    path = tmp_path / "config.yaml"
    path.write_text(
        "x: &usual {sole_cooldown: 5, max_retry_wait: 1}\n"
        "credential_pool_policies:\n  openai: {<<: [*usual], max_retry_wait: 2}\n"
    )

    policy = policy_of(read_config(path), "openai")

    assert (policy.sole_cooldown, policy.max_retry_wait) == (5.0, 2.0)


def test_mutated_documents_are_taken_or_refused() -> None:
    """Thousands of documents made of these ones end in no other error, within the bounds."""
    command = [sys.executable, str(FUZZ), "2000", "--seed", "1"]

    ran = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)  # noqa: S603

    assert (ran.returncode, ran.stderr) == (0, "")
    assert "2000 documents" in ran.stdout
