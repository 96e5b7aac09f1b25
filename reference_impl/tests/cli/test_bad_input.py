"""Bad input to the command: a clear sentence, the documented code, and nothing lost."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from credpool import Entry, Secret
from credpool.model.terms import EntryId

if TYPE_CHECKING:
    from conftest import Command

Keep = Callable[..., None]
ONE, TWO = "sk-one-0123456789abcdef", "sk-two-0123456789abcdef"
FULL = """
import resource, signal, sys
from credpool.cli import main
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
sys.argv[0] = "credpool"
sys.exit(main())
"""


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
    credpool: "Command", keep: Keep, path: Path, line: str, stdin: str, code: int, said: str
) -> None:
    """The code is the documented one, stdout is empty, and the store is as it was."""
    one = Entry(id=EntryId("1a"), label="work", secret=Secret(ONE), priority=0)
    keep(one, replace(one, id=EntryId("2b"), label="Work", secret=Secret(TWO), priority=1))
    before = path.read_bytes()

    ran = credpool(*line.split(), stdin=stdin)

    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err
    assert "Traceback" not in ran.err
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("content", "said", "advice"),
    [
        pytest.param("{,", "not JSON", "put a backup in its place", id="corrupt"),
        pytest.param(
            '{"version": 2}',
            "upgrade this library",
            "pip install --upgrade 'credpool[cli]'",
            id="newer",
        ),
        pytest.param("[]", "expected an object", "put a backup in its place", id="a list"),
        pytest.param(
            '{"credential_pool": []}',
            "expected an object",
            "put a backup in its place",
            id="another form",
        ),
    ],
)
@pytest.mark.parametrize("verb", ["list", "status", "reset", "add openai", "export"])
def test_a_store_that_cannot_be_read_is_left_alone(
    credpool: "Command", path: Path, content: str, said: str, advice: str, verb: str
) -> None:  # fmt: skip
    """Every verb refuses it with one code, and the doctor says what helps: a newer one is not broken."""
    path.parent.mkdir()
    path.write_text(content, encoding="utf-8")

    ran, doctor = credpool(*verb.split(), stdin=ONE), credpool("doctor")

    assert (ran.code, ran.out) == (5, "")
    assert said in ran.err
    assert (doctor.code, advice in doctor.out) == (1, True)
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
    credpool: "Command", path: Path, content: str
) -> None:
    """No strategy is guessed, and none is written over."""
    credpool("add", "openai", stdin=ONE)
    config = path.with_name("config.yaml")
    config.write_text(content, encoding="utf-8")

    ran = credpool("list")

    assert (ran.code, ran.out, config.read_text(encoding="utf-8")) == (2, "", content)


def test_a_pasted_key_is_not_repeated(credpool: "Command") -> None:
    """Somebody may take the key for its name."""
    credpool("add", "openai", stdin=ONE)

    ran = credpool("remove", "openai", ONE)

    assert (ran.code, ONE in ran.err) == (3, False)


OPAQUE = "0123-no-vendor-has-this-form"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        pytest.param(f"add openai {ONE}", 2, id="as people type it first"),
        pytest.param(f"add openai {OPAQUE}", 2, id="of no known form"),
        pytest.param(f"add {ONE}", 2, id="in the provider's place"),
        pytest.param(f"add openai --label {ONE}", 2, id="in the label's place"),
        pytest.param(f"add openai --from {ONE}", 2, id="in a place's place"),
        pytest.param(f"add openai --key={ONE}", 2, id="by an unknown option"),
        pytest.param(f"add openai --priority {ONE}", 2, id="for a number"),
        pytest.param(f"rename openai work {ONE}", 2, id="as a new label"),
        pytest.param(f"remove openai {ONE}", 3, id="as a target"),
        pytest.param(f"remove openai work {ONE}", 2, id="behind a target"),
        pytest.param(f"move openai work --before {ONE}", 3, id="as another target"),
        pytest.param(f"strategy openai {ONE}", 2, id="as a strategy"),
        pytest.param(f"list {ONE}", 2, id="to be listed"),
        pytest.param(f"completion {ONE}", 2, id="as a shell"),
        pytest.param(ONE, 2, id="alone"),
    ],
)
def test_a_key_among_the_arguments_is_refused_and_not_shown(
    credpool: "Command", path: Path, line: str, code: int
) -> None:
    """It says how to give one, and that this one is to be taken for known."""
    credpool("add", "openai", "--label", "work", stdin=TWO)
    before = path.read_bytes()

    ran = credpool(*line.split())

    assert (ran.code, ran.out) == (code, "")
    assert (ONE in ran.err, OPAQUE in ran.err) == (False, False)
    assert "consider it exposed, and replace it at the provider" in ran.err.replace("\n", " ")
    assert "--from env:NAME" in ran.err
    assert path.read_bytes() == before


def test_an_innocent_argument_is_repeated(credpool: "Command", tmp_path: Path) -> None:
    """A typing error is shown as it was typed, a path with digits too."""
    ran = credpool(
        "--store", str(tmp_path / "f3a9c1d2e4b5968778695a4b3c2d1e0f"), "remove", "opnai", "1"
    )

    assert "'opnai'" in ran.err
    assert "exposed" not in ran.err


def test_a_variable_with_a_placeholder_is_told(credpool: "Command", around: dict[str, str]) -> None:
    """It becomes no entry; a listing says so beside the data, and the doctor what to do."""
    around |= {"OPENAI_API_KEY": "sk-...", "GROQ_API_KEY": ""}

    ran, doctor = credpool("list", "openai"), credpool("doctor")

    assert (ran.code, ran.out) == (0, "")
    assert "env:OPENAI_API_KEY: holds a placeholder; put the key in its place" in ran.err
    assert (doctor.code, "put the key in its place" in doctor.out) == (1, True)


def test_a_store_that_is_a_folder_is_left_alone(credpool: "Command", path: Path) -> None:
    """It cannot be read, whoever is asked."""
    path.mkdir(parents=True)

    ran = credpool("add", "openai", stdin=ONE)

    assert (ran.code, ran.out, path.is_dir()) == (5, "", True)
    assert str(path) in ran.err


def test_a_full_disk_loses_nothing(path: Path) -> None:
    """The file is as it was, and so is the folder."""
    path.parent.mkdir()
    path.write_text('{"version": 1, "credential_pool": {}}', encoding="utf-8")

    ran = subprocess.run(  # noqa: S603
        [sys.executable, "-c", FULL, "--store", str(path), "add", "openai"],
        input=ONE,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert (ran.returncode, ran.stdout) == (5, "")
    assert "cannot be written" in ran.stderr
    assert (ONE in ran.stderr, "Traceback" in ran.stderr) == (False, False)
    assert path.read_text(encoding="utf-8") == '{"version": 1, "credential_pool": {}}'


def test_the_lock_of_a_dead_process_is_no_lock(credpool: "Command", path: Path) -> None:
    """Its file may be left; who held it is gone."""
    credpool("add", "openai", stdin=ONE)
    (lock,) = path.parent.glob("*.lock")
    lock.write_text("4194304\n", encoding="utf-8")

    assert credpool("add", "openai", stdin=TWO).code == 0


@pytest.mark.parametrize(
    ("redirected", "said"),
    [
        pytest.param(">/dev/full", "No space left on device", id="a full disk for the output"),
        pytest.param(">&-", "", id="no output"),
        pytest.param("2>&-", "", id="no place for talk"),
        pytest.param("2>/dev/full", "", id="a full disk for talk"),
        pytest.param("<&-", "", id="no input"),
        pytest.param("| true", "", id="a reader that goes away"),
    ],
)
@pytest.mark.parametrize(
    "verb", ["list", "list --json", "add openai", "status", "providers", "doctor", "help"]
)
def test_a_stream_that_cannot_be_used_is_no_traceback(
    path: Path, around: dict[str, str], verb: str, redirected: str, said: str
) -> None:
    """It ends quietly, or with one line."""
    around["OPENAI_API_KEY"] = ONE
    command = f"{sys.executable} -m credpool --store {path} {verb} </dev/null {redirected}"

    ran = subprocess.run(  # noqa: S603
        ["bash", "-c", command],  # noqa: S607
        env=around,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert ("Traceback" in ran.stderr, "Exception" in ran.stderr) == (False, False)
    if verb != "add openai":  # which writes nothing to the output, and is refused without a key
        assert said in ran.stderr
        assert len(ran.stderr.splitlines()) <= 1


@pytest.mark.parametrize(
    ("encoding", "how"),
    [
        pytest.param("latin-1", {"PYTHONIOENCODING": "latin-1"}, id="latin-1"),
        pytest.param("ascii", {"PYTHONIOENCODING": "ascii"}, id="ascii"),
        pytest.param("utf-8", {"LC_ALL": "C"}, id="C"),
        pytest.param(
            "ascii",
            {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
            id="C, and not in UTF-8",
        ),
    ],
)
def test_a_terminal_of_few_characters_is_shown_what_it_can_show(
    path: Path, around: dict[str, str], encoding: str, how: dict[str, str]
) -> None:
    """Our own signs have plain ones in their stead, and a label's have their escapes."""
    around |= {**how, "OPENAI_API_KEY": ONE}
    path.parent.mkdir()
    row = {
        "id": "a",
        "label": "b\u00fcro \u2192 \ud800",
        "access_token": TWO,
        "last_error_reset_at": 1,
    }
    document = {"version": 1, "credential_pool": {"openai": [row]}}
    path.write_text(json.dumps(document), encoding="utf-8")

    verbs = (
        "list",
        "status",
        "doctor",
        "list --json",
        "export",
        "providers",
        "help",
        "rm openai x",
    )
    for verb in verbs:
        ran = subprocess.run(  # noqa: S603
            [sys.executable, "-m", "credpool", *verb.split()],
            env=around,
            capture_output=True,
            check=False,
            timeout=60,
        )

        assert ran.returncode in (0, 1, 3), verb
        assert b"Traceback" not in ran.stderr
        ran.stdout.decode(encoding)
        ran.stderr.decode(encoding)
        if verb == "list":
            shown = ran.stdout.decode(encoding)
            arrow = "\u2192" if encoding == "utf-8" else "->"
            assert f"ro {arrow} \\ud800" in shown
            assert ("b\u00fcro" in shown) is (encoding != "ascii")


def test_what_is_no_text_is_no_key_and_no_export(credpool: "Command", path: Path) -> None:
    """Bytes that are no UTF-8 are refused as such."""
    noise = b"\xff\xfe\x00sk"

    added, taken = credpool("add", "openai", stdin=noise), credpool("import", stdin=noise)

    assert (added.code, "no header can carry" in added.err) == (4, True)
    assert (taken.code, "it is not UTF-8" in taken.err) == (2, True)
    assert not path.exists()


def test_a_reader_that_goes_away_is_no_error(path: Path) -> None:
    """`credpool list | head -1` ends quietly."""
    command = f"{sys.executable} -m credpool --store {path} completion bash | true"

    ran = subprocess.run(  # noqa: S603
        ["bash", "-c", f"set -o pipefail; {command}"],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert ran.stderr == ""
