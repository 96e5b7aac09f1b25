"""Every lint of the specification goes red for its own fault, at the file and line of the fault."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from tools.pages.__main__ import main

TREE = Path(__file__).parent / "tree"
RECOVERY = "spec/recovery.md"
TABLE = "spec/tables/recovery.yaml"
REGISTRY = "spec/registry/sample.yaml"
SCENARIOS = "conformance/scenarios/recovery.yaml"
EXAMPLES = "spec/examples.yaml"
CODE = "reference_impl/src/credpool/rules/decide.py"
APPEND = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One edit of the sample tree, and what the lints say about it."""

    name: str
    file: str
    old: str
    new: str
    says: str


FAULTS = (
    Fault(
        name="keyword outside a block",
        file=RECOVERY,
        old="> An ordinary quotation.",
        new="> A quotation that MUST not command; `MAY` in code is harmless.",
        says=f"{RECOVERY}:40: BCP 14 keyword MUST outside a requirement block; ",
    ),
    Fault(
        name="a word that is not plain",
        file=RECOVERY,
        old="> An ordinary quotation.",
        new="> It is reckoned anew; `anew` in code is harmless.",
        says=f"{RECOVERY}:40: 'anew' is not plain; write 'again'",
    ),
    Fault(
        name="a rare word in a table",
        file=TABLE,
        old=APPEND,
        new="# Seldom\n",
        says=f"{TABLE}:57: 'Seldom' is not plain; write 'rarely'",
    ),
    Fault(
        name="words in code that are not plain, over two lines",
        file=CODE,
        old=APPEND,
        new='X = """Nothing is done by\nhalves."""\n',
        says=f"{CODE}:5: 'by halves' is not plain; write 'partly'",
    ),
    Fault(
        name="a docstring that begins with a question word",
        file=CODE,
        old=APPEND,
        new='"""What a pool knows."""\n',
        says=f"{CODE}:5: opens with 'What'; name the thing: a noun first",
    ),
    Fault(
        name="an id in the prose that nobody requires",
        file=RECOVERY,
        old="> An ordinary quotation.",
        new="> As `recover.nothing` says; `other.nothing` is of no family.",
        says=f"{RECOVERY}:40: speaks of recover.nothing, which nobody requires; ",
    ),
    Fault(
        name="keyword in an intent",
        file=RECOVERY,
        old="*Intent:* Quiet.",
        new="*Intent:* It SHOULD be quiet.",
        says=f"{RECOVERY}:34: BCP 14 keyword SHOULD outside a requirement block; ",
    ),
    Fault(
        name="boilerplate without its marker",
        file="spec/introduction.md",
        old="<!-- bcp14 -->",
        new="",
        says="spec/introduction.md:6: BCP 14 keyword MAY outside a requirement block; ",
    ),
    Fault(
        name="marker outside the introduction",
        file=RECOVERY,
        old="## Notes",
        new="<!-- bcp14 -->",
        says=f"{RECOVERY}:38: <!-- bcp14 --> outside introduction.md; remove it",
    ),
    Fault(
        name="no keyword in a block",
        file=RECOVERY,
        old="**MUST** forget",
        new="must forget",
        says=f"{RECOVERY}:32: recover.hidden has 0 BCP 14 keywords (none); ",
    ),
    Fault(
        name="two keywords in a block",
        file=RECOVERY,
        old="**MUST** forget quietly",
        new="**MUST** forget and **MAY** tell",
        says=f"{RECOVERY}:32: recover.hidden has 2 BCP 14 keywords (MUST, MAY); ",
    ),
    Fault(
        name="keyword not in bold",
        file=RECOVERY,
        old="**MUST** forget",
        new="MUST forget",
        says=f"{RECOVERY}:32: recover.hidden: the whole keyword is not in bold; ",
    ),
    Fault(
        name="NOT outside the bold",
        file=RECOVERY,
        old="**MUST** forget",
        new="**MUST** NOT forget",
        says=f"{RECOVERY}:32: recover.hidden: the whole keyword is not in bold; ",
    ),
    Fault(
        name="keyword that is not used here",
        file=RECOVERY,
        old="**MUST** forget",
        new="**SHALL** forget",
        says=f"{RECOVERY}:32: recover.hidden uses SHALL, a keyword this specification leaves out; ",
    ),
    Fault(
        name="malformed id",
        file=RECOVERY,
        old="`[recover.hidden+1]`",
        new="`[Recover.hidden+1]`",
        says=f"{RECOVERY}:32: malformed requirement block; begin the block with ",
    ),
    Fault(
        name="two ids in a block",
        file=RECOVERY,
        old="forget quietly.",
        new="forget quietly.\n> `[recover.more+1]` And more.",
        says=f"{RECOVERY}:32: 2 ids in one block; ",
    ),
    Fault(
        name="no intent",
        file=RECOVERY,
        old="*Intent:* Quiet.",
        new="Quiet.",
        says=f"{RECOVERY}:32: recover.hidden has no *Intent:* paragraph; ",
    ),
    Fault(
        name="no consequence",
        file=RECOVERY,
        old="*If broken:* Noise.",
        new="Noise.",
        says=f"{RECOVERY}:32: recover.hidden has no *If broken:* paragraph; ",
    ),
    Fault(
        name="malformed feature",
        file=RECOVERY,
        old="*Feature:* oauth",
        new="*Feature:* OAuth",
        says=f"{RECOVERY}:25: recover.refresh: malformed feature; write names with ",
    ),
    Fault(
        name="duplicate id",
        file=RECOVERY,
        old="## Notes",
        new="> `[recover.retry+1]` It **MAY** too.\n\n*Intent:* a\n*If broken:* b\n",
        says=f"{RECOVERY}:38: recover.retry is already at {RECOVERY}:13; choose another id",
    ),
    Fault(
        name="retired id",
        file="spec/retired.yaml",
        old="id: recover.old",
        new="id: recover.hidden",
        says=f"{RECOVERY}:32: recover.hidden is retired (replaced by recover.retry); ",
    ),
    Fault(
        name="changed sentence",
        file=RECOVERY,
        old="forget quietly.",
        new="forget loudly.",
        says=f"{RECOVERY}:32: the sentence of recover.hidden+1 has changed; write +2 and ",
    ),
    Fault(
        name="revision that goes back",
        file=RECOVERY,
        old="recover.refresh+2",
        new="recover.refresh+1",
        says=f"{RECOVERY}:25: recover.refresh goes back to +1 from +2; write +2",
    ),
    Fault(
        name="scenario that cites an unknown id",
        file=SCENARIOS,
        old="[recover.retry+1]",
        new="[recover.retry+1, recover.retri+1]",
        says=f"{SCENARIOS}:5: cites recover.retri+1, which nobody requires; write recover.retry+1",
    ),
    Fault(
        name="scenario that cites an old revision",
        file=SCENARIOS,
        old="${requirement}+2",
        new="${requirement}+1",
        says=f"{SCENARIOS}:10: cites recover.refresh+1, but {RECOVERY}:25 is at +2; ",
    ),
    Fault(
        name="scenario that cites without a revision",
        file=SCENARIOS,
        old="${requirement}+2",
        new="${requirement}",
        says=f"{SCENARIOS}:10: malformed citation 'recover.refresh'; ",
    ),
    Fault(
        name="scenario without the feature it verifies",
        file=SCENARIOS,
        old="features: [oauth]",
        new="features: []",
        says=f"{SCENARIOS}:10: refresh-once verifies recover.refresh of feature oauth; ",
    ),
    Fault(
        name="scenario with an unknown placeholder",
        file=SCENARIOS,
        old="title: A login",
        new="title: ${who}",
        says=f"{SCENARIOS}:8: unknown name ${{who}}; ",
    ),
    Fault(
        name="scenario against its schema",
        file=SCENARIOS,
        old="    title: A 429 is tried once more\n",
        new="",
        says=f"{SCENARIOS}:3: scenarios[0]: 'title' is a required property; ",
    ),
    Fault(
        name="comment that cites an unknown id",
        file=CODE,
        old="# spec: recover.retry+1,",
        new="# spec: credits.none+1,",
        says=f"{CODE}:4: cites credits.none+1, which nobody requires; ",
    ),
    Fault(
        name="comment that cites an old revision",
        file=CODE,
        old="refresh+2",
        new="refresh+1",
        says=f"{CODE}:4: cites recover.refresh+1, but {RECOVERY}:25 is at +2; ",
    ),
    Fault(
        name="comment without a comma between citations",
        file=CODE,
        old="+1, recover",
        new="+1 recover",
        says=f"{CODE}:4: malformed citation 'recover.retry+1 recover.refresh+2'; ",
    ),
    Fault(
        name="code that is not Python",
        file=CODE,
        old="RETRY = 1",
        new="RETRY = (1",
        says=f"{CODE}:1: not Python: ",
    ),
    Fault(
        name="requirement without a check",
        file="spec/exclusions.yaml",
        old="- id: recover.hidden\n  kind: unobservable\n  reason: forgetting leaves no trace\n",
        new="",
        says=f"{RECOVERY}:32: no scenario verifies recover.hidden+1; cite it in a scenario's ",
    ),
    Fault(
        name="exclusion that is stale",
        file="spec/exclusions.yaml",
        old=APPEND,
        new="- {id: recover.retry, kind: harness-gap, reason: later}\n",
        says="spec/exclusions.yaml:4: recover.retry is excluded, yet retry-once verifies it; ",
    ),
    Fault(
        name="exclusion of nothing",
        file="spec/exclusions.yaml",
        old=APPEND,
        new="- {id: recover.gone, kind: harness-gap, reason: later}\n",
        says="spec/exclusions.yaml:4: recover.gone is no requirement; remove the entry",
    ),
    Fault(
        name="exclusion of an unknown kind",
        file="spec/exclusions.yaml",
        old="kind: unobservable",
        new="kind: tiresome",
        says="spec/exclusions.yaml:2: [0].kind: 'tiresome' is not one of ",
    ),
    Fault(
        name="requirement without a mark in the library",
        file="spec/unmarked.yaml",
        old="- id: recover.hidden\n  reason: forgetting has no line\n",
        new="",
        says=f"{RECOVERY}:32: no line of reference_impl/src/credpool is marked with recover.hidden+1; ",
    ),
    Fault(
        name="mark that has left the library",
        file=CODE,
        old="# spec: recover.retry+1, recover",
        new="# spec: recover",
        says=f"{RECOVERY}:13: no line of reference_impl/src/credpool is marked with recover.retry+1; ",
    ),
    Fault(
        name="reason for no mark that is stale",
        file="spec/unmarked.yaml",
        old=APPEND,
        new="- {id: recover.retry, reason: later}\n",
        says=f"spec/unmarked.yaml:5: recover.retry has a reason for no mark, yet {CODE}:4 has one; ",
    ),
    Fault(
        name="reason for no mark of nothing",
        file="spec/unmarked.yaml",
        old=APPEND,
        new="- {id: recover.gone, reason: later}\n",
        says="spec/unmarked.yaml:5: recover.gone is no requirement; remove the entry",
    ),
    Fault(
        name="reason for no mark that is listed twice",
        file="spec/unmarked.yaml",
        old=APPEND,
        new="- {id: recover.hidden, reason: later}\n",
        says="spec/unmarked.yaml:5: recover.hidden is listed twice; remove the entry",
    ),
    Fault(
        name="no reason for no mark",
        file="spec/unmarked.yaml",
        old="  reason: forgetting has no line\n",
        new="",
        says="spec/unmarked.yaml:3: [1]: 'reason' is a required property; ",
    ),
    Fault(
        name="retirement without a reason",
        file="spec/retired.yaml",
        old="  reason: replaced by recover.retry\n",
        new="",
        says="spec/retired.yaml:1: [0]: 'reason' is a required property; ",
    ),
    Fault(
        name="table against its schema",
        file=TABLE,
        old="action: refresh",
        new="action: hope",
        says=f"{TABLE}:24: rows[2].action: 'hope' is not one of ",
    ),
    Fault(
        name="table row without its requirement",
        file=TABLE,
        old="hint: true\n    requirement: recover.retry\n  - class: usage",
        new="hint: true\n    requirement: recover.nothing\n  - class: usage",
        says=f"{TABLE}:11: 'recover.nothing' is no requirement; ",
    ),
    Fault(
        name="table that is not YAML",
        file=TABLE,
        old="version: 1",
        new="version: [1",
        says=f"{TABLE}:2: ",
    ),
    Fault(
        name="key given twice",
        file=TABLE,
        old="action: retry",
        new="action: retry\n    action: rotate",
        says=f"{TABLE}:7: key 'action' is given twice; write valid YAML",
    ),
    Fault(
        name="rule against its schema",
        file=REGISTRY,
        old="    class: rate_limited\n",
        new="    klass: rate_limited\n",
        says=f"{REGISTRY}:11: rules[0]: 'class' is a required property; ",
    ),
    Fault(
        name="unchecked evidence without a note",
        file=REGISTRY,
        old="    note: nobody has seen it\n",
        new="",
        says=f"{REGISTRY}:18: rule guessed rests on unchecked evidence without saying so; ",
    ),
    Fault(
        name="requirement of the core that nothing shows",
        file=EXAMPLES,
        old="- {id: intro.optional, none: it is a freedom}\n",
        new="",
        says="spec/introduction.md:9: intro.optional has no example; write a small scenario ",
    ),
    Fault(
        name="example that verifies another requirement",
        file=EXAMPLES,
        old="check: retry-once",
        new="check: refresh-once:first",
        says=f"{EXAMPLES}:2: no check refresh-once:first verifies recover.retry; name one ",
    ),
    Fault(
        name="example of no requirement",
        file=EXAMPLES,
        old="id: recover.retry,",
        new="id: recover.gone,",
        says=f"{EXAMPLES}:2: recover.gone is no requirement; remove the entry",
    ),
    Fault(
        name="example that is named twice",
        file=EXAMPLES,
        old="- {id: intro.optional,",
        new="- {id: recover.retry, check: retry-once}\n- {id: intro.optional,",
        says=f"{EXAMPLES}:2: recover.retry is listed twice; keep one",
    ),
    Fault(
        name="example with a check and a reason against one",
        file=EXAMPLES,
        old="check: retry-once",
        new="check: retry-once, none: it has one",
        says=f"{EXAMPLES}:2: [0]: ",
    ),
    Fault(
        name="generated region that is missing",
        file=RECOVERY,
        old="<!-- generated:decision-table -->\n<!-- /generated -->\n",
        new="",
        says=f"{RECOVERY}:1: the generated region 'decision-table' is missing; write ",
    ),
    Fault(
        name="generated region that nothing generates",
        file=RECOVERY,
        old="## Notes",
        new="<!-- generated:poem -->\n<!-- /generated -->",
        says=f"{RECOVERY}:38: nothing generates 'poem' here; write one of decision-table",
    ),
    Fault(
        name="generated region that is not closed",
        file=RECOVERY,
        old="<!-- generated:decision-table -->\n<!-- /generated -->",
        new="<!-- generated:decision-table -->",
        says=f"{RECOVERY}:5: the region is not closed; write <!-- /generated --> after it",
    ),
    Fault(
        name="requirement that no mutant has proven",
        file="conformance/mutants/proven.json",
        old="recover.retry+1",
        new="recover.retry+2",
        says=f"{RECOVERY}:13: no check of recover.retry+1 has killed a mutant; write a mutant ",
    ),
    Fault(
        name="list of what is proven that is not JSON",
        file="conformance/mutants/proven.json",
        old='"proven"',
        new="proven",
        says="conformance/mutants/proven.json:2: not JSON: ",
    ),
    Fault(
        name="specification without a version",
        file="spec/introduction.md",
        old=", version 0.1,",
        new="",
        says="spec/introduction.md:1: does not name the specification's version; ",
    ),
    Fault(
        name="committed requirements that are not JSON",
        file="spec/requirements.json",
        old='"spec"',
        new="spec",
        says="spec/requirements.json:2: not JSON: ",
    ),
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Copy the sample tree and remember its sentences, but leave its chapters as they are."""
    copy = shutil.copytree(TREE, tmp_path / "tree")
    chapters = {path: path.read_text(encoding="utf-8") for path in (copy / "spec").glob("*.md")}
    main(["--write", "--root", str(copy)])
    for path, source in chapters.items():
        path.write_text(source, encoding="utf-8")
    return copy


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_is_reported_where_it_is(
    root: Path, fault: Fault, capsys: pytest.CaptureFixture[str]
) -> None:
    """A fault exits with 2 and names its file, its line, and what to write."""
    path = root / fault.file
    source = path.read_text(encoding="utf-8")
    assert fault.old in source
    edited = source.replace(fault.old, fault.new, 1) if fault.old else source + fault.new
    path.write_text(edited, encoding="utf-8")
    capsys.readouterr()

    status = main(["--check", "--root", str(root)])

    assert status == 2
    errors = capsys.readouterr().err.splitlines()
    assert any(line.startswith(fault.says) for line in errors), errors


def test_the_sample_is_sound(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a fault no lint speaks, and the counts are printed."""
    capsys.readouterr()

    status = main(["--lint", "--root", str(root)])

    assert status == 0
    assert capsys.readouterr().out.splitlines() == [
        "Sample Rotation 0.1",
        "requirements 4: MAY 1, MUST 2, SHOULD NOT 1",
        "  by feature: core 3, oauth 1",
        "  2 with a check, 2 without, 1 excluded",
        "  2 with an example, 1 of 3 in the core",
        "  4 stated, 2 exercised, 1 proven",
        "scenarios 2, cases 3",
        "citations in code 2",
    ]


def test_a_script_of_a_testee_is_read_for_citations(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A comment that cites is checked as Python's are; one that names a chapter cites nothing."""
    script = root / "conformance/testees/other/rules.mjs"
    script.parent.mkdir(parents=True)
    text = "/** (spec: recovery) */\n// spec: recover.retry+1, recover.refresh+1\n"
    script.write_text(text, encoding="utf-8")

    status = main(["--lint", "--root", str(root)])

    assert status == 2
    [problem] = [line for line in capsys.readouterr().err.splitlines() if "rules.mjs" in line]
    assert problem.startswith("conformance/testees/other/rules.mjs:2: cites recover.refresh+1, but")


def test_a_table_needs_a_schema(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A table that no schema describes is a fault of its own."""
    (root / "spec/schemas/recovery.schema.json").unlink()

    status = main(["--lint", "--root", str(root)])

    assert status == 2
    wanted = f"{TABLE}:1: has no schema; write spec/schemas/recovery.schema.json"
    assert wanted in capsys.readouterr().err


def test_a_draft_may_lack_scenarios(root: Path) -> None:
    """With `--draft` a requirement without a check is no fault."""
    (root / "spec/exclusions.yaml").unlink()

    statuses = [main(["--lint", *draft, "--root", str(root)]) for draft in ([], ["--draft"])]

    assert statuses == [2, 0]


def test_a_folder_without_a_specification_is_bad_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where there is no `spec/`, the command says which option to pass."""
    status = main(["--lint", "--root", str(tmp_path)])

    assert status == 2
    assert "no spec/ folder here or above; pass --root DIR" in capsys.readouterr().err
