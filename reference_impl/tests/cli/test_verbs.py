"""The verbs of the `credpool` command: what they print, and what they leave (spec: operator)."""

import json
import re
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema
import pytest

from credpool import AuthType, Cooldown, Entry, EntryId, FailureClass, Secret
from credpool.cli.app import cli
from credpool.cli.talk.advice import ADVICE, advice
from credpool.model.terms import FOREVER

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
    assert [len(line.split()) for line in status.out.splitlines() if "openai" in line] == [14]
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


def test_a_failure_inside_a_success_is_explained(credpool: "Command") -> None:
    """An event of a stream is read as the failing reply that says the same; an answer is not."""
    event = 'data: {"error": {"code": 402, "message": "Insufficient credits"}}\n\n'
    asked = ("explain", "--provider", "openrouter", "--status", "200")

    words, data = credpool(*asked, stdin=event), credpool(*asked, "--json", stdin=event)
    healthy = credpool(*asked, stdin='{"choices": []}')

    told = json.loads(data.out)
    assert (told["class"], told["status"], told["read_as"]) == ("out_of_credit", 200, 402)
    assert "a failure inside a success, read as 402" in words.out
    assert healthy.code == 2
    assert "tells no failure" in healthy.err


@pytest.mark.parametrize(
    ("headers", "action", "requirement", "others"),
    [
        pytest.param(
            (),
            "retry",
            "recover.rate-limited.retry-once",
            ["rotate under first_429: rotate"],
            id="a throttle",
        ),
        pytest.param(
            ("--header", "Retry-After: 600"),
            "rotate",
            "recover.rate-limited.rotate-second",
            ["retry under max_retry_wait: 600"],
            id="a long hint",
        ),
        pytest.param(
            ("--provider", "openai", "--header", "Retry-After: 600"),
            "rotate",
            "recover.rate-limited.rotate-second",
            ["retry under max_retry_wait: 600"],
            id="of a provider",
        ),
    ],
)
def test_an_explanation_says_what_another_policy_does(
    credpool: "Command", headers: tuple[str, ...], action: str, requirement: str, others: list[str]
) -> None:
    """What the default policy does, and each policy that leads to something else."""
    asked = ("explain", "--status", "429", *headers)

    words, told = credpool(*asked), json.loads(credpool(*asked, "--json").out)

    assert (told["action"], told["requirement"]) == (action, requirement)
    assert [f"{other['action']} under {other['policy']}" for other in told["otherwise"]] == others
    assert all(f"otherwise:   {other}" in words.out for other in others)


def test_an_explanation_names_no_policy_that_makes_no_difference(credpool: "Command") -> None:
    """An empty account leads to the next entry under every policy."""
    words, data = (
        credpool("explain", "--status", "402"),
        credpool("explain", "--status", "402", "--json"),
    )

    assert json.loads(data.out)["otherwise"] == []
    assert "otherwise" not in words.out


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
        "share its money",
        "billed to its organisation, per token",
        "groq: a credential is found at env:GROQ_API_KEY",
    ):
        assert told in ran.out
    assert "gsk_0123" not in ran.out


def out(failure: FailureClass, until: float = 4e9) -> Cooldown:
    """Return why an entry is out."""
    return Cooldown(failure=failure, since=0.0, until=until)


@pytest.mark.parametrize(
    ("entry", "helps"),
    [
        pytest.param(
            entry("a", cooldown=out(FailureClass.OUT_OF_CREDIT)), "add money", id="no money"
        ),
        pytest.param(
            entry("a", cooldown=out(FailureClass.AUTH_REJECTED)), "make a new key", id="refused"
        ),
        pytest.param(
            entry("a", cooldown=out(FailureClass.AUTH_REVOKED, FOREVER)),
            "make a new key at the provider, and put it in this one's place: credpool replace openai",
            id="revoked",
        ),
        pytest.param(
            replace(
                entry("a", cooldown=out(FailureClass.AUTH_REVOKED, FOREVER)),
                auth_type=AuthType.OAUTH,
            ),
            "log in again: credpool login openai --entry a",
            id="a login that is gone",
        ),
        pytest.param(
            Entry(id=EntryId("a"), reference="env:LATER", borrowed=True),
            "set the variable LATER",
            id="a variable that is missing",
        ),
        pytest.param(
            Entry(id=EntryId("a"), reference="file:/keys/mine", borrowed=True),
            "put the key into the file /keys/mine",
            id="a file that is missing",
        ),
        pytest.param(
            Entry(id=EntryId("a"), source="claude_code", borrowed=True),
            "log in with the tool that keeps it, claude_code",
            id="another tool's login",
        ),
        pytest.param(Entry(id=EntryId("a")), "add its key again", id="a row without a key"),
        pytest.param(
            replace(
                entry("a", cooldown=out(FailureClass.AUTH_REJECTED)), source="codex", borrowed=True
            ),
            "renew it where it is kept, at codex",
            id="a refused key of somebody else's",
        ),
        pytest.param(
            replace(
                entry("a", cooldown=out(FailureClass.OUT_OF_CREDIT)), source="codex", borrowed=True
            ),
            "add money",
            id="no money on somebody else's",
        ),
        pytest.param(
            replace(entry("a"), models={"big": out(FailureClass.NOT_ENTITLED)}),
            "get a plan that has it",
            id="a model that the plan has not",
        ),
        pytest.param(
            entry("a", cooldown=out(FailureClass.RATE_LIMITED)),
            "wait until ",
            id="throttled",
        ),
    ],
)
def test_advice_helps_against_what_is_wrong(entry: Entry, helps: str) -> None:
    """Where only a person can help, nobody is told to wait."""
    told = advice("openai", entry, 100.0)

    assert told.startswith(helps)


def test_no_failure_is_without_advice() -> None:
    """A class that is added to the specification needs its line here."""
    assert set(ADVICE) == set(FailureClass)


def test_the_doctor_says_what_a_place_leads_to(credpool: "Command") -> None:
    """An entry that names a place shows it, and what to do when nothing is there."""
    credpool("add", "openai", "--from", "env:LATER")

    listing, doctor = credpool("list").out, credpool("doctor").out

    assert re.search(r"api-key-1 +API key +no key +no secret here +0 +env:LATER", listing)
    assert "api-key-1) reads its key at env:LATER" in doctor
    assert "set the variable LATER; or take the entry out" in doctor


def test_a_move_says_the_new_order(credpool: "Command", keep: Keep) -> None:
    """A move that changes nothing says so; a priority shows where it says more than the place."""
    keep(entry("a"), entry("b"), entry("c"))

    tied = credpool("priority", "openai", "key c", "0")
    listing = credpool("list").out
    first = credpool("move", "openai", "key c", "first")
    again = credpool("move", "openai", "key c", "up")
    before = credpool("move", "openai", "1", "--before", "3")
    last = credpool("priority", "openai", "key c", "9")
    neither, both = (
        credpool("move", "openai", "1"),
        credpool("move", "openai", "1", "up", "--before", "2"),
    )

    assert tied.err.replace("\n", " ").strip() == (
        "c (key c) has priority 0, and the order is unchanged; a (key a) has it too, "
        "and comes before it: credpool move openai 'key c' first puts it first."
    )
    assert "priority" in listing.splitlines()[2]
    assert "the order is now key c, key a, key b" in first.err
    assert "is there already; the order is unchanged: key c, key a, key b" in again.err
    assert "the order is now key a, key c, key b" in before.err
    assert "has priority 9; the order is now key a, key b, key c" in last.err
    assert (neither.code, both.code) == (2, 2)
    assert "priority" in credpool("list").out
    assert [e["label"] for e in credpool("list", "--json").entries] == ["key a", "key b", "key c"]


def test_what_is_numbered_is_what_goes(credpool: "Command", keep: Keep) -> None:
    """The first of the listing is the first of the pool, whatever order the file has."""
    keep(replace(entry("b"), priority=1), replace(entry("a"), priority=0))
    (first, _) = credpool("list", "--json").entries

    ran = credpool("remove", "openai", "1")

    assert first["id"] == "a"
    assert "Removed a (key a) from openai" in ran.err
    assert [e["id"] for e in credpool("list", "--json").entries] == ["b"]


def test_what_comes_from_a_file_does_nothing_to_a_terminal(credpool: "Command", keep: Keep) -> None:
    """Escapes, line ends and signs that turn the writing are made visible, wherever they stand."""
    evil = "\x1b[2J\u202e\x9b31m\nok"
    cooldown = replace(out(FailureClass.OUT_OF_CREDIT), message=evil, reason=evil)
    keep(replace(entry("a", cooldown=cooldown, owner=evil), label=evil, source=evil))

    shown = [
        credpool(*line.split())
        for line in (
            "list",
            "list --json",
            "status",
            "doctor",
            "export",
            "reset openai nobody",
            "rename openai 1 x\x1b[2J",
            "move openai 1 first",
            "remove openai 1",
        )
    ]
    body = json.dumps({"error": {"message": evil}})
    shown.append(credpool("explain", "--status", "429", stdin=body))

    acting = [c for ran in shown for c in ran.out + ran.err if c in "\x1b\x9b\u202e"]
    assert acting == []
    assert "\\x1b[2J\\u202e\\x9b31m\\nok" in shown[0].out


def test_an_export_into_a_file_is_its_owners(credpool: "Command", keep: Keep, path: Path) -> None:
    """Also where there was a file for all to read; with secrets it says so."""
    keep(entry("a"))
    file = path.with_name("out.json")
    file.write_text("x", encoding="utf-8")
    file.chmod(0o644)

    ran = credpool("export", "--with-secrets", "--output", str(file))

    assert (ran.code, ran.out) == (0, "")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "holds the keys themselves" in ran.err.replace("\n", " ")
    assert "sk-a-0123" in file.read_text("utf-8")


def test_an_export_that_cannot_be_written_says_so(
    credpool: "Command", keep: Keep, tmp_path: Path
) -> None:
    """A folder that is not there, or stands where the file belongs, is no traceback."""
    keep(entry("a"))

    ran = credpool("export", "--output", str(tmp_path / "none" / "out.json"))

    assert (ran.code, ran.out) == (2, "")
    assert "cannot be written: No such file or directory; name another file" in ran.err


def test_keys_in_a_file_that_others_may_read_are_told(
    path: Path, around: dict[str, str], tmp_path: Path
) -> None:
    """A redirection makes a file for everyone: the command says so, and how to do better."""
    around["OPENAI_API_KEY"] = ONE
    file = tmp_path / "out.json"
    file.touch(0o644)

    with file.open("wb") as open_to_all:
        ran = subprocess.run(  # noqa: S603
            [sys.executable, "-m", "credpool", "--store", str(path), "export", "--with-secrets"],
            env=around,
            stdout=open_to_all,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=60,
        )

    assert "Others may read the file it went to; --output FILE" in ran.stderr


def test_the_doctor_names_what_a_killed_save_has_left(
    credpool: "Command", keep: Keep, path: Path
) -> None:
    """A copy of the keys is named, and the next change removes it; what is not ours is left alone."""
    keep(entry("a"))
    copy, other = path.with_name(".auth.json.0a1b2c3d.tmp"), path.with_name(".auth.json.mine")
    copy.write_bytes(path.read_bytes())
    other.write_bytes(b"")

    ran = credpool("doctor")
    credpool("rename", "openai", "a", "other")

    assert str(copy) in ran.out
    assert "the next change of the store removes it" in ran.out
    assert str(other) not in ran.out
    assert not copy.exists()


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

    assert capsys.readouterr().out.split() == ["plain,openai", "plain,opencode", "plain,openrouter"]


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
    """A variable and its numbered sibling are in the listing, and looking writes no file."""
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
    credpool("add", "custom:Together.AI", stdin="another-0123456789")
    added = credpool("list", "custom:Together.AI", "--json")

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


def test_a_second_key_of_an_endpoint_is_valid_where_the_first_one_is(credpool: "Command") -> None:
    """Nobody types the address twice, and no entry is added that cannot be used."""
    url, other = "http://127.0.0.1:9/v1", "http://127.0.0.1:8/v1"
    first = credpool("add", "custom:demo", "--base-url", url, "--label", "a", stdin=ONE)
    second = credpool("add", "custom:demo", "--label", "b", stdin=TWO)
    usable = credpool("list", "custom:demo")
    credpool("add", "custom:demo", "--base-url", other, stdin=ONE[::-1])
    unclear = credpool("add", "custom:demo", stdin=TWO[::-1])

    assert (first.code, second.code, unclear.code) == (0, 0, 2)
    assert "unusable" not in usable.out + usable.err
    assert "say it with --base-url" in unclear.err


@pytest.mark.parametrize("key", ["azure-openai", "generic"])
def test_a_key_without_an_address_is_refused_as_it_is_added(credpool: "Command", key: str) -> None:
    """A provider whose endpoints are its customers' own has no address that could be meant."""
    ran = credpool("add", key, stdin=ONE)

    assert (ran.code, "say it with --base-url" in ran.err) == (2, True)
    assert credpool("add", key, "--base-url", "https://x.example", stdin=ONE).code == 0
