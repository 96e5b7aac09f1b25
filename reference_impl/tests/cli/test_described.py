"""A provider that the operator describes in `config.yaml` works with every verb as one of the registry does."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from credpool import FailureClass
from credpool.testing import FakeReply, FakeRequest
from credpool.testing.server import Server

if TYPE_CHECKING:
    from conftest import Ask, Command

KEY = "acme-0123456789abcdef"
DEVICE = {"device_code": "d", "user_code": "WDJB", "verification_uri": "https://a.example"}
ASKED = FakeReply.json({**DEVICE, "interval": 0.001})
TOKENS = FakeReply.json({"access_token": "made-up-access-1234", "refresh_token": "made-up-refresh"})
GONE = FakeReply.json({"error": "acme_gone"}, status=400)


@pytest.fixture
def served() -> Iterator[tuple[str, list[FakeReply]]]:
    """Return the address of a server, and the replies that it has left."""
    left: list[FakeReply] = []

    def answer(request: FakeRequest) -> FakeReply:
        del request
        return left.pop(0)

    server = Server(answer)
    yield f"http://127.0.0.1:{server.server_address[1]}", left
    server.stop()


@pytest.fixture
def acme(path: Path, served: tuple[str, list[FakeReply]]) -> list[FakeReply]:
    """Describe a provider that takes keys and logins; return the replies of its server."""
    url, left = served
    ways = [
        {"env": ["ACME_KEY"], "prefix": "acme-", "payer": "metered", "aliases": ["ACME_TOKEN"]},
        {"auth_type": "oauth", "token_url": f"{url}/token"},
    ]
    described = {"base_url": f"{url}/v1", "credentials": ways, "terminal": ["acme_gone"]}
    path.parent.mkdir(parents=True, exist_ok=True)
    config = {"providers": {"acme": described}}
    path.with_name("config.yaml").write_text(json.dumps(config), encoding="utf-8")
    return left


def test_a_login_is_made_and_ends(
    credpool: "Command", acme: list[FakeReply], served: tuple[str, list[FakeReply]]
) -> None:
    """Its token endpoint is the described one, and its own word for a grant that is gone is known."""
    acme += [ASKED, TOKENS, GONE]
    device = f"{served[0]}/device"

    made = credpool("login", "Acme", "--client-id", "mine", "--device-url", device)
    again = credpool("refresh", "acme")
    (entry,) = credpool("list", "acme", "--json").entries

    assert (made.code, acme) == (0, [])
    assert again.code == 6
    assert entry["auth_type"] == "oauth"
    assert (entry["status"], entry["class"]) == ("dead", FailureClass.AUTH_REVOKED.value)
    assert entry["endpoint_code"] == "acme_gone"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        pytest.param("login acme", "a login to acme needs --client-id", id="login"),
        pytest.param("add acme --type oauth", "a login needs a person", id="add"),
        pytest.param("login groq", "azure-openai, chatgpt", id="who takes logins"),
        pytest.param("login groq", ", acme", id="and so does this one"),
    ],
)
@pytest.mark.usefixtures("acme")
def test_who_takes_logins_is_known(credpool: "Command", line: str, said: str) -> None:
    """Nothing is refused for being unknown."""
    ran = credpool(*line.split())

    assert ran.code == 2
    assert said in ran.err.replace("\n", " ")


@pytest.mark.usefixtures("acme")
def test_a_key_is_looked_at_and_found(credpool: "Command", around: dict[str, str]) -> None:
    """Its beginning, its variables and another program's name for one are known as the registry's are."""
    around["ACME_TOKEN"] = "acme-of-another-program-0123"

    other = credpool("add", "acme", stdin="sk-ant-api03-0123456789abcdef")
    unlike = credpool("add", "acme", stdin="something-else-0123456789")
    added = credpool("add", "acme", stdin=KEY)
    shown = json.loads(credpool("providers", "--json").out)["providers"]
    (row,) = [p for p in shown if p["key"] == "acme"]

    assert (other.code, "begins like a key of anthropic" in other.err) == (4, True)
    assert "does not begin with acme-" in unlike.err
    assert (added.code, "does not begin" in added.err) == (0, False)
    assert row["takes"] == ["api_key", "oauth"]
    assert (row["variables"], row["begins"]) == (["ACME_KEY"], ["acme-"])
    assert "env:ACME_TOKEN: is another program's name" in added.err


@pytest.mark.usefixtures("acme")
def test_a_test_of_its_keys_says_that_no_question_is_known(credpool: "Command") -> None:
    """And is no traceback."""
    credpool("add", "acme", stdin=KEY)

    ran = credpool("test", "acme")

    assert "no harmless question is known" in ran.out


@pytest.mark.usefixtures("acme")
def test_it_is_completed(ask: "Ask") -> None:
    """As a provider of every verb, and of `explain`."""
    assert ask("credpool add ac") == ["acme"]
    assert ask("credpool explain --provider ac") == ["acme"]


def test_completion_goes_on_without_a_configuration(ask: "Ask", path: Path) -> None:
    """One that is broken hides none of the registry."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_name("config.yaml").write_text("a: [", encoding="utf-8")

    assert ask("credpool list gro") == ["groq"]


def test_places_are_completed(
    ask: "Ask",
    around: dict[str, str],
    tmp_path: Path,
) -> None:
    """Which kinds there are, the variables, and the files; no value is shown."""
    around["MY_SPARE_KEY"] = KEY
    (tmp_path / "key.txt").write_text(KEY)
    (tmp_path / "keys").mkdir()

    assert ask("credpool add openai --from ") == ["env:", "file:", "keyring:", "cmd:"]
    assert ask("credpool add openai --from env:MY_S") == ["env:MY_SPARE_KEY"]
    assert ask("credpool replace openai a --from en") == ["env:"]
    assert ask(f"credpool add openai --from file:{tmp_path}/ke") == [
        f"file:{tmp_path}/key.txt",
        f"file:{tmp_path}/keys/",
    ]
    assert ask("credpool add openai --from cmd:ca") == []


@pytest.mark.parametrize("typed", ["OpenAI", "open_ai", "OPENAI"])
def test_explain_knows_a_provider_however_it_is_written(credpool: "Command", typed: str) -> None:
    """As every other verb does."""
    ran = credpool("explain", "--provider", typed, "--status", "429", "--json", stdin="{}")

    assert (ran.code, json.loads(ran.out)["provider"]) == (0, "openai")


def test_bash_takes_a_colon_for_a_part_of_a_word(credpool: "Command") -> None:
    """`env:NAME` and `custom:NAME` are one word each; other shells need nothing."""
    scripts = {shell: credpool("completion", shell).out for shell in ("bash", "zsh", "fish")}

    assert scripts["bash"].startswith("COMP_WORDBREAKS=${COMP_WORDBREAKS//:}\n")
    assert not any("COMP_WORDBREAKS" in scripts[shell] for shell in ("zsh", "fish"))
