"""The `credpool` command: what it prints, and how it ends (spec: operator)."""

import io
import json
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import jsonschema
import pytest

from credpool import Cooldown, Entry, EntryId, FailureClass, Pool, Secret
from credpool.cli.app import run
from credpool.core.model import FOREVER
from credpool.stores import JsonFileStore

SCHEMAS = Path(__file__).parents[2] / "spec" / "schemas"
ONE, TWO = "sk-one-0123456789abcdef", "sk-two-0123456789abcdef"


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def entries(self) -> list[dict[str, object]]:
        """Read the entries of the first pool of a listing."""
        found: list[dict[str, object]] = json.loads(self.out)["pools"][0]["entries"]
        return found


Command = Callable[..., Ran]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Name a store that is not there yet."""
    return tmp_path / "home" / "auth.json"


@pytest.fixture
def credpool(
    path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Command:
    """Run the command on the store, with a standard input that is no terminal."""
    around = {"HOME": str(path.parent.parent), "CREDPOOL_HOME": str(path.parent), "NO_COLOR": "1"}
    monkeypatch.setattr("os.environ", around)

    def command(*arguments: str, stdin: str = "") -> Ran:
        typed = io.TextIOWrapper(io.BytesIO(stdin.encode()), encoding="utf-8")
        monkeypatch.setattr("sys.stdin", typed)
        code = run([*arguments])
        typed.close()
        told = capsys.readouterr()
        return Ran(code, told.out, told.err)

    return command


def kept(path: Path, *entries: Entry) -> None:
    """Put entries into the store."""
    Pool(JsonFileStore(path, "openai")).change(
        lambda state: type(state)(key=state.key, provider=state.provider, entries=entries)
    )


def entry(id_: str, *, cooldown: Cooldown | None = None, owner: str | None = None) -> Entry:
    """Return an entry with a secret and a label."""
    secret = Secret(f"sk-{id_}-0123456789abcdef")
    return Entry(id=EntryId(id_), label=f"key {id_}", secret=secret, cooldown=cooldown, owner=owner)


# The verbs


def test_a_key_comes_from_the_standard_input(credpool: Command, path: Path) -> None:
    """It is kept for its owner alone, and nothing that is printed repeats it."""
    ran = credpool("add", "openai", "--label", "work", "--json", stdin=f"{ONE}\n")

    assert (ran.code, [e["label"] for e in ran.entries]) == (0, ["work"])
    assert ONE not in ran.out + ran.err
    assert ONE in path.read_text(encoding="utf-8")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_every_verb_does_what_it_says(credpool: Command) -> None:
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


def test_a_strategy_leaves_the_rest_of_the_configuration(credpool: Command, path: Path) -> None:
    """Comments and other settings are somebody's."""
    credpool("add", "openai", stdin=ONE)
    config = path.with_name("config.yaml")
    config.write_text("# ours\nmodel: gpt-5  # the good one\n", encoding="utf-8")

    credpool("strategy", "openai", "random")

    assert "# ours\nmodel: gpt-5  # the good one\n" in config.read_text(encoding="utf-8")
    assert "* random" in credpool("strategy", "openai").out


def test_a_listing_shows_the_dead_and_the_time_left(credpool: Command, path: Path) -> None:
    """A person sees why an entry is out, and until when."""
    dead = Cooldown(failure=FailureClass.AUTH_REVOKED, since=0.0, until=FOREVER)
    out = Cooldown(failure=FailureClass.OUT_OF_CREDIT, since=0.0, until=4e9)
    kept(path, entry("a", cooldown=dead), entry("b", cooldown=out), entry("c"))

    listing, status = credpool("list"), credpool("status")

    assert "auth_revoked, log in again" in listing.out
    assert "out_of_credit, " in listing.out
    assert " d " in listing.out
    assert [len(line.split()) for line in status.out.splitlines() if "openai" in line] == [9]
    assert "\x1b" not in listing.out + status.out


def test_a_pool_without_an_available_entry_is_to_be_looked_at(
    credpool: Command, path: Path
) -> None:
    """A script learns it from the exit code."""
    kept(path, entry("a", cooldown=Cooldown(failure=FailureClass.RATE_LIMITED, since=0, until=4e9)))

    assert credpool("status").code == 1


def test_a_status_for_programs_is_a_listing(credpool: Command, path: Path) -> None:
    """There is one form of data about pools."""
    kept(path, entry("a"))

    assert [e["id"] for e in credpool("status", "--json").entries] == ["a"]


def test_without_a_terminal_there_is_no_conversation(credpool: Command, path: Path) -> None:
    """The bare command shows the pools, and asks nothing."""
    kept(path, entry("a"))

    ran = credpool()

    assert (ran.code, "key a" in ran.out) == (0, True)


def test_an_export_has_no_secret_unless_asked_for(credpool: Command, path: Path) -> None:
    """What is taken to another machine with its secrets arrives there; without, it is left out."""
    kept(path, entry("a"), entry("b"))
    plain, whole = credpool("export").out, credpool("export", "--with-secrets").out
    other = str(path.with_name("other.json"))

    bare = credpool("import", "--store", other, stdin=plain)
    full = credpool("import", "--store", other, stdin=whole)
    again = credpool("import", "--store", other, stdin=whole)

    assert ("sk-a" in plain, "sk-a" in whole) == (False, True)
    assert bare.err.count("left out") == full.err.count(": added") == 2
    assert again.err.count("there already") == 2
    assert [e["id"] for e in credpool("list", "--json", "--store", other).entries] == ["a", "b"]


def test_a_reply_is_explained(credpool: Command) -> None:
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
    credpool: Command, status: str, body: str, cooldown: str
) -> None:
    """For good, for a time, or not at all."""
    ran = credpool("explain", "--status", status, stdin=body)

    assert f"cooldown:    {cooldown}" in ran.out


def test_the_doctor_says_what_is_wrong_and_what_to_do(
    credpool: Command, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is out, who shares a quota, who pays, what else was found, and who may read."""
    out = Cooldown(failure=FailureClass.OUT_OF_CREDIT, since=0, until=4e9, message="pay your bill")
    kept(path, entry("a", cooldown=out, owner="org-1"), entry("b", owner="org-1"))
    path.chmod(0o644)
    monkeypatch.setenv("GROQ_API_KEY", "gsk_0123456789abcdef")

    ran = credpool("doctor")
    found = json.loads(credpool("doctor", "--json").out)["findings"]

    assert ran.code == 1
    assert {f["level"] for f in found} == {"note", "warning"}
    for told in (
        "chmod 600",
        "pay your bill",
        "credpool reset openai a",
        "share one quota",
        "billed to the key's organisation, per token",
        "groq: a credential is found at env:GROQ_API_KEY",
    ):
        assert told in ran.out
    assert "gsk_0123" not in ran.out


def test_completion_is_for_the_three_shells(credpool: Command) -> None:
    """Each script completes this command."""
    scripts = [credpool("completion", shell).out for shell in ("bash", "zsh", "fish")]

    assert all("_CREDPOOL_COMPLETE" in script for script in scripts)


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
    credpool: Command, path: Path, line: str, schema: str
) -> None:
    """Each document is of the published form, with the number of its version."""
    out = Cooldown(failure=FailureClass.OUT_OF_CREDIT, since=0.0, until=4e9)
    kept(path, entry("a", cooldown=out), entry("b"))
    form = json.loads((SCHEMAS / f"{schema}.schema.json").read_text(encoding="utf-8"))

    told = json.loads(credpool(*line.split()).out)

    jsonschema.validate(told, form)
    assert told["version"] == 1


# Bad input: a clear sentence, the documented code, and nothing lost


@pytest.mark.parametrize(
    ("line", "stdin", "code", "said"),
    [
        pytest.param("remove openai x", "", 3, "no entry 'x'", id="an unknown target"),
        pytest.param("reset openai work", "", 3, "several entries", id="an ambiguous one"),
        pytest.param("add openai", "", 4, "is empty", id="no key and no terminal"),
        pytest.param("add openai", "sk-...", 4, "is a placeholder", id="a placeholder"),
        pytest.param("add openai", ONE, 4, "holds this secret already", id="a duplicate"),
        pytest.param("add opnai", ONE, 2, "unknown provider 'opnai'", id="an unknown provider"),
        pytest.param("add openai --type oauth", ONE, 2, "login", id="a login by hand"),
        pytest.param("strategy openai best", "", 2, "choose one of", id="an unknown strategy"),
        pytest.param("fetch", "", 2, "No such command", id="an unknown verb"),
        pytest.param("explain --status 429 --header x", "", 2, "name: value", id="no header"),
        pytest.param("import", "{", 2, "this is no export", id="no export"),
    ],
)
def test_bad_input_is_refused(
    credpool: Command, path: Path, line: str, stdin: str, code: int, said: str
) -> None:
    """The code is the documented one, stdout is empty, and the store is as it was."""
    credpool("add", "openai", "--label", "work", stdin=ONE)
    credpool("add", "openai", "--label", "Work", stdin=TWO)
    before = path.read_bytes()

    ran = credpool(*line.split(), stdin=stdin)

    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err
    assert "Traceback" not in ran.err
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param("{,", "not JSON", id="corrupt"),
        pytest.param('{"version": 2}', "upgrade this library", id="newer"),
        pytest.param("[]", "expected an object", id="a list"),
        pytest.param('{"credential_pool": []}', "expected an object", id="another form"),
    ],
)
@pytest.mark.parametrize("verb", ["list", "status", "reset", "add openai", "export"])
def test_a_store_that_cannot_be_read_is_left_alone(
    credpool: Command, path: Path, content: str, said: str, verb: str
) -> None:
    """Every verb refuses it with one code, and the doctor says how to mend it."""
    path.parent.mkdir()
    path.write_text(content, encoding="utf-8")

    ran, doctor = credpool(*verb.split(), stdin=ONE), credpool("doctor")

    assert (ran.code, ran.out) == (5, "")
    assert said in ran.err
    assert (doctor.code, "put a backup in its place" in doctor.out) == (1, True)
    assert path.read_text(encoding="utf-8") == content


@pytest.mark.parametrize(
    "content",
    [
        "- a list",
        "a: [",
        "credential_pool_strategies: [random]",
        "credential_pool_strategies: {openai: best}",
    ],
)
def test_a_configuration_that_cannot_be_read_is_left_alone(
    credpool: Command, path: Path, content: str
) -> None:
    """No strategy is guessed, and none is written over."""
    credpool("add", "openai", stdin=ONE)
    config = path.with_name("config.yaml")
    config.write_text(content, encoding="utf-8")

    ran = credpool("list")

    assert (ran.code, ran.out, config.read_text(encoding="utf-8")) == (2, "", content)


def test_a_pasted_key_is_not_repeated(credpool: Command) -> None:
    """Somebody may take the key for its name."""
    credpool("add", "openai", stdin=ONE)

    ran = credpool("remove", "openai", ONE)

    assert (ran.code, ONE in ran.err) == (3, False)
