"""The verbs of the `credpool` command: what they print, and what they leave (spec: operator)."""

import json
import time
import stat
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema
import pytest

from credpool import Cooldown, Entry, EntryId, FailureClass, Secret
from credpool.cli.app import cli
from credpool.core.model import FOREVER

if TYPE_CHECKING:
    from conftest import Command

Keep = Callable[..., None]
SCHEMAS = Path(__file__).parents[3] / "spec" / "schemas"
ONE, TWO = "sk-one-0123456789abcdef", "sk-two-0123456789abcdef"


def entry(id_: str, *, cooldown: Cooldown | None = None, owner: str | None = None) -> Entry:
    """Return an entry with a secret and a label."""
    secret = Secret(f"sk-{id_}-0123456789abcdef")
    return Entry(id=EntryId(id_), label=f"key {id_}", secret=secret, cooldown=cooldown, owner=owner)


def test_a_key_comes_from_the_standard_input(credpool: "Command", path: Path) -> None:
    """It is kept for its owner alone, and nothing that is printed repeats it."""
    ran = credpool("add", "openai", "--label", "work", "--json", stdin=f"{ONE}\n")

    assert (ran.code, [e["label"] for e in ran.entries]) == (0, ["work"])
    assert ONE not in ran.out + ran.err
    assert ONE in path.read_text(encoding="utf-8")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_every_verb_does_what_it_says(credpool: "Command") -> None:
    """Each changes one thing, by whatever name its entry is given."""
    credpool("add", "openai", "--label", "first", stdin=ONE)
    credpool("add", "openai", "--owner", "org-2", stdin=TWO)

    codes = [
        credpool(*line.split()).code
        for line in (
            "rename openai 2 second",
            "priority openai SECOND -1",
            "strategy openai least_used",
            "remove openai first",
            "reset openai second",
            "reset",
        )
    ]
    told = json.loads(credpool("list", "--json").out)["pools"][0]

    assert codes == [0] * 6
    assert told["strategy"] == "least_used"
    assert [(e["label"], e["priority"], e["owner"]) for e in told["entries"]] == [
        ("second", -1, "org-2")
    ]


def test_a_strategy_leaves_the_rest_of_the_configuration(credpool: "Command", path: Path) -> None:
    """Comments and other settings are somebody's."""
    credpool("add", "openai", stdin=ONE)
    config = path.with_name("config.yaml")
    config.write_text("# ours\nmodel: gpt-5  # the good one\n", encoding="utf-8")

    credpool("strategy", "openai", "random")

    assert "# ours\nmodel: gpt-5  # the good one\n" in config.read_text(encoding="utf-8")
    assert "* random" in credpool("strategy", "openai").out


def test_a_listing_shows_the_dead_and_the_time_left(credpool: "Command", keep: Keep) -> None:
    """A person sees why an entry is out, and until when."""
    dead = Cooldown(failure=FailureClass.AUTH_REVOKED, since=0.0, until=FOREVER)
    now = time.time()
    out = Cooldown(failure=FailureClass.OUT_OF_CREDIT, since=now, until=now + 20.5 * 86400)
    keep(entry("a", cooldown=dead), entry("b", cooldown=out), entry("c"))

    listing, status = credpool("list"), credpool("status")

    assert "auth_revoked, log in again" in listing.out
    assert "out_of_credit, " in listing.out
    assert " d " in listing.out
    assert [len(line.split()) for line in status.out.splitlines() if "openai" in line] == [9]
    assert "\x1b" not in listing.out + status.out


def test_a_pool_without_an_available_entry_is_to_be_looked_at(
    credpool: "Command", keep: Keep
) -> None:
    """A script learns it from the exit code."""
    keep(entry("a", cooldown=Cooldown(failure=FailureClass.RATE_LIMITED, since=0, until=4e9)))

    assert credpool("status").code == 1


def test_a_status_for_programs_is_a_listing(credpool: "Command", keep: Keep) -> None:
    """There is one form of data about pools."""
    keep(entry("a"))

    assert [e["id"] for e in credpool("status", "--json").entries] == ["a"]


def test_without_a_terminal_there_is_no_conversation(credpool: "Command", keep: Keep) -> None:
    """The bare command shows the pools, and asks nothing."""
    keep(entry("a"))

    ran = credpool()

    assert (ran.code, "key a" in ran.out) == (0, True)


def test_an_export_has_no_secret_unless_asked_for(
    credpool: "Command", keep: Keep, path: Path
) -> None:
    """What is taken to another machine with its secrets arrives there; without, it is left out."""
    keep(entry("a"), entry("b"))
    plain, whole = credpool("export").out, credpool("export", "--with-secrets").out
    other = str(path.with_name("other.json"))

    bare = credpool("import", "--store", other, stdin=plain)
    full = credpool("import", "--store", other, stdin=whole)
    again = credpool("import", "--store", other, stdin=whole)

    assert ("sk-a" in plain, "sk-a" in whole) == (False, True)
    assert bare.err.count("left out") == full.err.count(": added") == 2
    assert again.err.count("there already") == 2
    assert [e["id"] for e in credpool("list", "--json", "--store", other).entries] == ["a", "b"]


def test_a_reply_is_explained(credpool: "Command") -> None:
    """Class, rule, action and hint are those that the pool itself would go by."""
    body = '{"error": {"message": "Rate limit reached for gpt-5"}}'
    asked = ("explain", "--provider", "openai", "--status", "429", "--header", "Retry-After: 7")

    words, data = credpool(*asked, stdin=body), credpool(*asked, "--json", stdin=body)

    told = json.loads(data.out)
    assert (told["class"], told["action"], told["hint"]) == ("rate_limited", "retry", 7.0)
    assert (told["cooldown"], told["requirement"]) == (7.0, "recover.rate-limited.retry-once")
    assert "retry: the same entry once more" in words.out


@pytest.mark.parametrize(
    ("status", "body", "cooldown"),
    [
        pytest.param("401", '{"error": {"code": "token_revoked"}}', "until", id="dead"),
        pytest.param("503", "", "none", id="healthy"),
        pytest.param("402", "", "1 d", id="for a day"),
    ],
)
def test_an_explanation_says_how_long(
    credpool: "Command", status: str, body: str, cooldown: str
) -> None:
    """For good, for a time, or not at all."""
    ran = credpool("explain", "--status", status, stdin=body)

    assert f"cooldown:    {cooldown}" in ran.out


def test_the_doctor_says_what_is_wrong_and_what_to_do(
    credpool: "Command", keep: Keep, path: Path, around: dict[str, str]
) -> None:
    """Who is out, who shares a quota, who pays, what else was found, and who may read."""
    out = Cooldown(failure=FailureClass.OUT_OF_CREDIT, since=0, until=4e9, message="pay your bill")
    keep(entry("a", cooldown=out, owner="org-1"), entry("b", owner="org-1"))
    path.chmod(0o644)
    around["GROQ_API_KEY"] = "gsk_0123456789abcdef"

    ran = credpool("doctor")
    found = json.loads(credpool("doctor", "--json").out)["findings"]

    assert ran.code == 1
    assert {f["level"] for f in found} == {"note", "warning"}
    for told in (
        "chmod 600",
        "pay your bill",
        "credpool reset openai a",
        "share one quota",
        "billed to its organisation, per token",
        "groq: a credential is found at env:GROQ_API_KEY",
    ):
        assert told in ran.out
    assert "gsk_0123" not in ran.out


def test_completion_is_for_the_three_shells(credpool: "Command") -> None:
    """Each script completes this command."""
    scripts = [credpool("completion", shell).out for shell in ("bash", "zsh", "fish")]

    assert all("_CREDPOOL_COMPLETE" in script for script in scripts)


def test_a_provider_is_completed(
    capsys: pytest.CaptureFixture[str], around: dict[str, str]
) -> None:
    """The shell asks the command what may come next."""
    around |= {
        "_CREDPOOL_COMPLETE": "bash_complete",
        "COMP_WORDS": "credpool list op",
        "COMP_CWORD": "2",
    }

    with pytest.raises(SystemExit):
        cli.main([], "credpool", complete_var="_CREDPOOL_COMPLETE")

    assert capsys.readouterr().out.split() == ["plain,openai", "plain,openrouter"]


@pytest.mark.parametrize(
    ("line", "schema"),
    [
        pytest.param("list --json", "listing", id="a listing"),
        pytest.param("status --json", "listing", id="a status"),
        pytest.param("reset openai --json", "listing", id="what was changed"),
        pytest.param("doctor --json", "findings", id="findings"),
        pytest.param("explain --status 429 --json", "explanation", id="an explanation"),
        pytest.param("export", "auth", id="an export"),
    ],
)
def test_what_programs_read_has_a_schema(
    credpool: "Command", keep: Keep, line: str, schema: str
) -> None:
    """Each document is of the published form, with the number of its version."""
    out = Cooldown(failure=FailureClass.OUT_OF_CREDIT, since=0.0, until=4e9)
    keep(entry("a", cooldown=out), entry("b"))
    form = json.loads((SCHEMAS / f"{schema}.schema.json").read_text(encoding="utf-8"))

    told = json.loads(credpool(*line.split()).out)

    jsonschema.validate(told, form)
    assert told["version"] == 1


def test_what_is_found_is_shown_and_nothing_is_written(
    credpool: "Command", path: Path, around: dict[str, str]
) -> None:
    """A variable and its numbered fellow are in the listing, and looking writes no file."""
    around |= {"OPENAI_API_KEY": ONE, "OPENAI_API_KEY_2": TWO}

    entries = credpool("list", "--json").entries

    assert [e["source"] for e in entries] == ["env:OPENAI_API_KEY", "env:OPENAI_API_KEY_2"]
    assert not path.parent.exists()


def test_what_was_found_and_removed_stays_away_until_it_is_added(
    credpool: "Command", around: dict[str, str]
) -> None:
    """The command says how to have it back."""
    around["OPENAI_API_KEY"] = ONE

    removed = credpool("remove", "openai", "1")
    without = credpool("list", "openai", "--json").entries
    credpool("add", "openai", "--from", "env:OPENAI_API_KEY", "--label", "back")

    assert "credpool add openai --from env:OPENAI_API_KEY" in removed.err
    assert without == []
    back = credpool("list", "openai", "--json").entries
    assert [(e["label"], e["has_secret"]) for e in back] == [("back", True)]


def test_a_place_is_kept_in_a_keys_stead(credpool: "Command", path: Path) -> None:
    """The file has the name of the place; where there is no key, that is said."""
    ran = credpool("add", "openai", "--from", "env:LATER")

    assert (ran.code, "There is no key at env:LATER yet" in ran.err) == (0, True)
    assert '"access_token": "env:LATER"' in path.read_text(encoding="utf-8")
    assert "no secret here" in credpool("list").out


def test_custom_endpoints_stand_beside_the_providers(
    credpool: "Command", path: Path, around: dict[str, str]
) -> None:
    """They are found in the configuration, and named as somebody types them."""
    path.parent.mkdir()
    path.with_name("config.yaml").write_text(
        "custom_providers:\n  - {name: Together.AI, base_url: 'https://t.example/v1', key_env: T_KEY}\n"
        "model: {provider: custom, base_url: 'http://localhost:8080/v1', api_key: local-0123456789}\n",
        encoding="utf-8",
    )
    around |= {"T_KEY": TWO, "OPENAI_API_KEY": ONE}

    shown = json.loads(credpool("list", "--json").out)["pools"]
    added = credpool("add", "custom:Together.AI", "--json", stdin="another-0123456789")

    assert [pool["key"] for pool in shown] == [
        "custom:together.ai",
        "custom:local-(localhost:8080)",
        "openai",
    ]
    assert [e["source"] for e in added.entries] == ["env:T_KEY", "manual"]


def test_an_endpoint_of_ones_own_needs_an_address(credpool: "Command") -> None:
    """Its first key names it; from then on it is a pool like any other."""
    without = credpool("add", "custom:mine", stdin=ONE)
    first = credpool("add", "custom:mine", "--base-url", "http://10.0.0.7/v1", stdin=ONE)
    second = credpool("add", "custom:mine", stdin=TWO)

    assert [ran.code for ran in (without, first, second)] == [2, 0, 0]
    assert "--base-url" in without.err
