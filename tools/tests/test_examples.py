"""An example is what the reference did on the wire, shows no secret, and goes with what it shows."""

import gc
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace as changed
from pathlib import Path

import pytest

from credpool_conformance.data import Data
from credpool_conformance.provider.canary import Canaries, Kind
from credpool_conformance.provider.loopback import Loopback
from credpool_conformance.scenarios.loader import load
from credpool_conformance.scenarios.scenario import Origin
from credpool_conformance.specification import registry as registries
from credpool_conformance.specification import requirements as requirement_files
from credpool_conformance.testee.setup import Setup
from tools.examples.masking import Mask, ShownSecretError
from tools.examples.phases import told
from tools.examples.play import play
from tools.examples.record import Recorder
from tools.examples.wire import WIDTH, compact
from tools.examples.words import grouped, span, unfilled
from tools.mutants.mutant import Change
from tools.mutants.mutant_files import read
from tools.mutants.patching import TESTEE, load_testee, patched
from tools.mutants.reference_run import Suite, checks
from tools.pages.__main__ import main
from tools.pages.generate import drift, outputs
from tools.sources.choices import Example
from tools.sources.specification import load as load_specification

REPOSITORY = Path(__file__).parents[2]
DATA = Data(spec=REPOSITORY / "spec", scenarios=REPOSITORY / "conformance/scenarios")
WAITS = "retry-waits-for-a-short-hint:seconds"
SECRETIVE = (
    "tokens-go-their-own-ways",
    "login-by-browser",
    "placeholder-is-replaced:openai",
    "session-is-told-to-nobody",
    "borrowed-secret-is-not-kept",
    "redirect-carries-no-secret:authorization",
)
WIRE = """\
pool for generic: a · b

→ POST /chat/completions
  authorization: Bearer <secret of a>
← 429 Too Many Requests
  retry-after: 3
  {"message": "Requests rate limit exceeded"}
· rate_limited: retry
· waits 3 s
→ POST /chat/completions
  authorization: Bearer <secret of a>
← 200 OK
= the caller gets 200
  a, b ok"""

# The reference's adapter leaves its folders to the collector.
pytestmark = pytest.mark.filterwarnings("ignore:Implicitly cleaning up:ResourceWarning")


@pytest.fixture(autouse=True)
def reference(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the reference be the testee, whatever another test has loaded under its name."""
    monkeypatch.delitem(sys.modules, TESTEE, raising=False)
    yield
    sys.modules.pop(TESTEE, None)
    gc.collect()


@pytest.fixture
def rotates_at_once() -> type[Change]:
    """Find the mutant that rotates on the first throttle."""
    return read(REPOSITORY / "conformance/mutants").mutants["RotatesAtOnce"]


def suite_of(*names: str) -> Suite:
    """Read some scenarios of the specification."""
    registry, requirements = registries.load(DATA), requirement_files.load(DATA)
    return Suite(
        scenarios=load(DATA, registry, requirements, names),
        registry=registry,
        requirements=requirements,
        testee=REPOSITORY / "conformance/testees/reference.py",
    )


def test_an_example_is_what_went_over_the_wire() -> None:
    """Requests, replies, the wait between, what the caller gets, and the state after."""
    shown = play(suite_of(WAITS), {"recover.rate-limited.retry-once": WAITS})

    example = shown.shown["recover.rate-limited.retry-once"]
    assert shown.problems == ()
    assert example.title == "The retry waits exactly as long as a short hint says"
    assert example.text == WIRE


def test_no_example_shows_a_secret() -> None:
    """A trace is full of secrets, and its example holds none of them, nor a part of one."""
    suite, recorder = suite_of(*SECRETIVE), Recorder()
    load_testee(suite.testee)

    for check in checks(suite, suite.scenarios, recorder):
        setup = recorder.setup
        assert setup is not None
        bare = told(check.scenario, recorder.moments)
        masked = Mask(setup)(bare)

        assert setup.canaries.find([bare])
        for canary in setup.canaries.all():
            own = canary.value[canary.value.index(canary.mark) :]
            assert not [
                start for start in range(len(own) - 11) if own[start : start + 12] in masked
            ]
        assert "127.0.0.1" not in masked.replace("http://127.0.0.1:<port>", "")


def test_a_part_of_a_secret_is_refused() -> None:
    """Twelve characters of a secret are as good as the secret: nothing is shown then."""
    [scenario] = suite_of(WAITS).scenarios
    loopback = Loopback()
    try:
        provider = registries.load(DATA).provider("generic")
        setup = Setup(scenario, provider, loopback.urls)
    finally:
        loopback.close()
    mask = Mask(setup)
    secret = setup.canaries.of("a")[0].value

    assert mask(f"key {secret}, {loopback.urls[Origin.OTHER]}/x") == (
        "key <secret of a>, https://other.example/x"
    )
    with pytest.raises(ShownSecretError, match="a part of the secret of a would be shown"):
        mask(f"key …{secret[-12:]}")


def test_secrets_of_one_entry_are_numbered() -> None:
    """Each kind of secret has its name, and the second one of a kind its number."""
    [scenario] = suite_of(WAITS).scenarios
    setup = Setup(
        scenario,
        registries.load(DATA).provider("generic"),
        {origin: f"http://{origin.value}" for origin in Origin},
    )
    canaries: Canaries = setup.canaries
    made = [canaries.mint("a", Kind.ACCESS), canaries.mint("b", Kind.REFRESH)]
    made += [canaries.mint("placeholder", Kind.PLACEHOLDER), canaries.mint("c", Kind.CODE)]

    shown = Mask(setup)(" ".join(canary.value for canary in (canaries.of("a")[0], *made)))

    assert shown == (
        "<secret 1 of a> <secret 2 of a> <refresh token of b> <the caller's own> <code of c>"
    )


def test_a_check_that_fails_shows_nothing(rotates_at_once: type[Change]) -> None:
    """What the reference does not do is not shown; the check is named, and why it failed."""
    suite = suite_of(WAITS)
    load_testee(suite.testee)

    with patched(rotates_at_once.patches()):
        shown = play(suite, {"recover.rate-limited.retry-once": WAITS})

    assert shown.shown == {}
    [problem] = shown.problems
    assert problem.path.endswith("conformance/scenarios/recovery.yaml")
    assert problem.what.startswith(f"{WAITS} shows nothing: fail (retry")


# A process that is killed is a thread that ends, in a connector that has no processes.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_another_behaviour_of_the_library_turns_the_check_red(
    rotates_at_once: type[Change], capsys: pytest.CaptureFixture[str]
) -> None:
    """`--check` plays every example again: what is on the page has to be what happens."""
    load_testee(REPOSITORY / "conformance/testees/reference.py")

    with patched(rotates_at_once.patches()):
        status = main(["--check", "--root", str(REPOSITORY)])

    errors = capsys.readouterr().err
    assert status == 2
    assert f"{WAITS} shows nothing: fail (" in errors
    assert "docs/spec/recovery.md: out of date; " in errors


def test_an_example_is_folded_under_its_requirement(tmp_path: Path) -> None:
    """The page shows it with a link to its check, and another text there is drift."""
    spec = load_specification(Path(__file__).parent / "tree")
    example = Example(check="retry-once", title='A "429"', text="→ POST /\n\n← 429")

    generated = outputs(spec, {"recover.retry": example})
    other = outputs(spec, {"recover.retry": changed(example, text="→ POST /")})

    page = generated["docs/spec/recovery.md"]
    folded = """\
??? example "Example: A '429'"

    ```text
    → POST /

    ← 429
    ```

    Check [`retry-once`](scenarios/recovery.md#retry-once)
"""
    assert folded in page.partition('<a id="recover.retry"></a>')[2].partition("*Checked by:*")[0]
    assert "*Without an example:* it is a freedom" in generated["docs/spec/introduction.md"]
    (tmp_path / "docs/spec").mkdir(parents=True)
    for path, text in generated.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    assert drift(tmp_path, other) == ["docs/spec/recovery.md"]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (0.5, "0.5 s"),
        (60, "1 min"),
        (3601, "1 h 1 s"),
        (86300, "23 h 58 min 20 s"),
        (86400, "24 h"),
        (172801, "2 d 1 s"),
    ],
)
def test_a_span_is_written_as_people_say_it(seconds: float, said: str) -> None:
    """Hours, minutes and seconds, without those that are none."""
    assert span(seconds) == said


def test_entries_of_one_state_stand_together() -> None:
    """On one line as long as there is room, else one line for each state."""
    short = {"a": "ok", "b": "ok", "c": "dead"}
    long = {f"entry-{number}": f"exhausted for {number} s" for number in range(4)}

    assert [*grouped(short)] == ["  a, b ok · c dead"]
    assert [*grouped(long, "exhausted:")] == [
        "  exhausted:",
        *(f"    {name} {state}" for name, state in long.items()),
    ]


def test_json_is_broken_where_a_line_is_full() -> None:
    """What fits stays on one line; what was written is what is read."""
    value: Mapping[str, object] = {"error": {"message": "x" * WIDTH, "codes": [1, 2]}, "id": None}

    lines = compact(json.loads(json.dumps(value)))

    assert json.loads("\n".join(lines)) == value
    assert lines[0] == "{"
    assert '    "codes": [1, 2]' in lines
    assert compact({"a": 1}) == ['{"a": 1}']


def test_what_is_filled_in_later_has_a_name() -> None:
    """The text of a scenario's file is shown without the suite's own signs."""
    text = "$secret:a $new:a $refresh:b $base $other $token $millis+60 $epoch-3600 $epoch"

    assert unfilled(text) == (
        "<secret of a> <new secret of a> <refresh token of b> https://provider.example"
        " https://other.example https://provider.example/oauth/token <now + 1 min> <now - 1 h> <now>"
    )
