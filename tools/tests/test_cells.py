"""Every cell of the decision table has one answer: none is red, and so are two that differ."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from tools.pages.__main__ import main
from tools.sources.specification import load
from tools.tables.cells import cell_problems, cells

TREE = Path(__file__).parent / "tree"
REPOSITORY = Path(__file__).parents[2]
SCHEMA = "spec/schemas/refinements.schema.json"
TABLE = "spec/tables/refinements.yaml"
RECOVERY = "spec/recovery.md"
SAMPLE = """\
version: 1
table: recover.retry+1
situations:
  - {name: first, reads: action, means: the first}
  - {name: second, reads: then, means: the second}
  - {name: told, reads: null, means: told inside a success}
says:
  - {requirement: recover.refresh+2, classes: {then: rotate}, situations: [first], effect: none}
  - requirement: recover.hidden+1
    classes: [usage_limited, overloaded]
    situations: [second]
    action: deliver
    refines: [recover.retry]
  - {definition: success, classes: {}, situations: [told], action: deliver, effect: success}
beside: []
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One edit of the sample, and what the lint says about it."""

    name: str
    old: str
    new: str
    says: str


FAULTS = (
    Fault(
        name="a cell in which nobody says the effect",
        old="  - {requirement: recover.refresh+2, classes: {then: rotate},",
        new="  - {requirement: recover.refresh+2, classes: [auth_expired],",
        says="no requirement says the effect for rate_limited in the situation first; ",
    ),
    Fault(
        name="a cell in which nobody says anything",
        old="{definition: success, classes: {}, situations: [told]",
        new="{definition: success, classes: {action: rotate}, situations: [told]",
        says="no requirement says the action for forbidden in the situation told; ",
    ),
    Fault(
        name="a situation that the table does not read and nobody speaks about",
        old="reads: then, means: the second}",
        new="reads: then, means: the second}\n  - {name: third, reads: null, means: the third}",
        says="no requirement says the action for rate_limited in the situation third; ",
    ),
    Fault(
        name="a cell on whose action two requirements differ",
        old="    refines: [recover.retry]\n",
        new="",
        says="requirements differ on the action for usage_limited in the situation second: "
        "rotate (recover.retry); deliver (recover.hidden); ",
    ),
    Fault(
        name="a cell on whose effect two requirements differ",
        old="beside: []",
        new="  - {requirement: recover.refresh+2, classes: [forbidden], situations: [second], "
        "effect: default}\nbeside: []",
        says="requirements differ on the effect for forbidden in the situation second: "
        "none (recover.retry); default (recover.refresh); ",
    ),
    Fault(
        name="two that refine one another",
        old="beside: []",
        new="  - {requirement: recover.retry+1, classes: [overloaded], situations: [second], "
        "action: retry, refines: [recover.hidden]}\nbeside: []",
        says="no requirement says the action for overloaded in the situation second; ",
    ),
    Fault(
        name="a revision that is not the sentence's",
        old="recover.refresh+2, classes: {then",
        new="recover.refresh+1, classes: {then",
        says=f"cites recover.refresh+1, but {RECOVERY}:25 is at +2; compare it ",
    ),
    Fault(
        name="a requirement that nobody has written",
        old="table: recover.retry+1",
        new="table: recover.gone+1",
        says="cites recover.gone+1, which nobody requires; ",
    ),
    Fault(
        name="a class that is unknown",
        old="[usage_limited, overloaded]",
        new="[usage_limited, overworked]",
        says="speaks of overworked, which is unknown; ",
    ),
    Fault(
        name="a situation that is unknown",
        old="situations: [told]",
        new="situations: [told, heard]",
        says="speaks of heard, which is unknown; ",
    ),
    Fault(
        name="a definition of no term",
        old="definition: success",
        new="definition: luck",
        says="speaks of luck, which is unknown; ",
    ),
    Fault(
        name="a refinement of nobody",
        old="refines: [recover.retry]",
        new="refines: [recover.retry, recover.lost]",
        says="speaks of recover.lost, which is unknown; ",
    ),
    Fault(
        name="a refinement of what says nothing there",
        old="refines: [recover.retry]",
        new="refines: [recover.retry, recover.refresh]",
        says="recover.hidden refines recover.refresh, which says nothing of that there; ",
    ),
    Fault(
        name="words for no class",
        old="classes: {then: rotate}",
        new="classes: {then: refresh}",
        says="recover.refresh reaches no cell; remove it",
    ),
    Fault(
        name="a requirement beside that speaks of no class",
        old="beside: []",
        new="beside:\n  - {requirement: recover.hidden+1, why: it is hidden}",
        says="recover.hidden names no class and no rotation; remove it",
    ),
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Copy the sample tree, with a table of refinements and the term that it uses."""
    copy = shutil.copytree(TREE, tmp_path / "tree")
    shutil.copy(REPOSITORY / SCHEMA, copy / SCHEMA)
    (copy / TABLE).write_text(SAMPLE, encoding="utf-8")
    terms = "# Terms\n\n**success**\n:   A good reply.\n"
    (copy / "spec/terms.md").write_text(terms, encoding="utf-8")
    return copy


def test_the_sample_is_sound(root: Path) -> None:
    """Without a fault the lint says nothing, and each cell has one answer."""
    spec = load(root)

    found = {(c.failure, c.situation): (c.only("action"), c.only("effect")) for c in cells(spec)}

    assert list(cell_problems(spec)) == []
    assert len(found) == 6 * 3
    assert found["rate_limited", "first"] == ("retry", "none")
    assert found["rate_limited", "second"] == ("rotate", "default")
    assert found["usage_limited", "second"] == ("deliver", "default")
    assert found["auth_revoked", "second"] == ("rotate", "dead")
    assert found["forbidden", "told"] == ("deliver", "success")


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_is_fatal(root: Path, fault: Fault, capsys: pytest.CaptureFixture[str]) -> None:
    """A fault exits with 2, names the cell, and says who speaks."""
    assert fault.old in SAMPLE
    (root / TABLE).write_text(SAMPLE.replace(fault.old, fault.new, 1), encoding="utf-8")

    status = main(["--lint", "--root", str(root)])

    assert status == 2
    errors = capsys.readouterr().err.splitlines()
    assert any(e.startswith(f"{TABLE}:") and f": {fault.says}" in e for e in errors), errors


@pytest.mark.parametrize("words", ["After `forbidden` a pool", "A call that rotates"])
def test_a_new_requirement_must_say_its_cells(
    root: Path, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A sentence that names a class, or speaks of rotation, is red until the table has it."""
    path = root / RECOVERY
    source = path.read_text(encoding="utf-8")
    path.write_text(source.replace("A pool **MUST** forget", f"{words} **MUST** forget"))
    (root / TABLE).write_text(SAMPLE.replace("recover.hidden+1", "recover.refresh+2"))

    status = main(["--lint", "--root", str(root)])

    wanted = f"{RECOVERY}:32: recover.hidden names a failure class or a rotation, and is in no cell"
    assert status == 2
    assert wanted in capsys.readouterr().err


def test_cells_are_printed_with_who_speaks(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each cell is a line, and one that is red shows all that is asked for."""
    text = SAMPLE.replace("    refines: [recover.retry]\n", "")
    (root / TABLE).write_text(text, encoding="utf-8")

    status = main(["--cells", "--root", str(root)])

    lines = [line.split(maxsplit=2) for line in capsys.readouterr().out.splitlines()]
    said = {(failure, situation): rest for failure, situation, rest in lines}
    assert (status, len(said)) == (0, 6 * 3)
    assert said["usage_limited", "second"].split(maxsplit=3)[:3] == ["rotate", "or", "deliver"]
    assert said["usage_limited", "second"].endswith("recover.retry, recover.hidden")


def test_the_specification_has_one_answer_in_each_cell() -> None:
    """No cell of the real table is empty or torn."""
    spec = load(REPOSITORY)

    found = cells(spec)

    assert list(cell_problems(spec)) == []
    assert len(found) == 11 * 9
