"""What is imported, and when: a program pays only for what it uses."""

import ast
import importlib
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import click
import pytest

import credpool
from credpool import errors, seed, stores
from credpool.cli.app import VERBS, cli
from credpool.model import errors as model_errors

CLIENTS = {"httpx", "httpx2", "asyncio", "anyio", "filelock", "platformdirs"}
MODULES = {f"credpool.cli.{home.rpartition('.')[0]}" for home, _ in VERBS.values()}
TALK = {"rich", "prompt_toolkit", "ruamel"}


@pytest.mark.parametrize("package", [credpool, seed, stores], ids=lambda package: package.__name__)
def test_each_name_is_imported_where_type_checkers_find_it(package: ModuleType) -> None:
    """What type checkers see of the names, and where they are found, are one list."""
    tree = ast.parse(Path(str(package.__file__)).read_text("utf-8"))
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    seen = {
        name.asname: getattr(importlib.import_module(node.module), name.name)
        for node in block.body
        if isinstance(node, ast.ImportFrom) and node.module
        for name in node.names
    }

    found = {name: getattr(package, name) for name in package.__all__}

    assert found == seen


def test_the_root_has_the_names_of_every_day() -> None:
    """At most 25, all of them shown by `dir`; `errors` has the whole tree of errors."""
    assert len(credpool.__all__) <= 25
    assert set(credpool.__all__) <= set(dir(credpool))
    assert set(errors.__all__) == {
        name
        for name, what in vars(model_errors).items()
        if isinstance(what, type) and what.__module__ == model_errors.__name__
    }


def test_a_name_that_there_is_not_is_named() -> None:
    """A mistyped name is an error like any other module's."""
    with pytest.raises(AttributeError, match="module 'credpool' has no attribute 'Pond'"):
        credpool.Pond  # type: ignore[attr-defined]  # noqa: B018


@pytest.mark.parametrize(
    ("code", "without"),
    [
        pytest.param(
            "import credpool", CLIENTS | {"dataclasses", "json", "logging"}, id="the package"
        ),
        pytest.param("from credpool import Pool", CLIENTS, id="a pool"),
        pytest.param("import credpool.cli", TALK | {"click"}, id="the command, without its extra"),
    ],
)
def test_an_import_takes_no_more_than_it_needs(code: str, without: set[str]) -> None:
    """Neither a client nor the file store's lock, nor what only some programs use."""
    loaded = modules(code)

    assert not {name.partition(".")[0] for name in loaded} & without
    assert not any(name.startswith(("credpool.cli.", "credpool.testing")) for name in loaded)


def test_the_package_alone_imports_nothing_of_itself() -> None:
    """Each name is imported when it is first named."""
    assert [name for name in modules("import credpool") if name.startswith("credpool")] == [
        "credpool"
    ]


def test_the_registry_is_read_once() -> None:
    """It is read when a provider is first asked for, and never again."""
    opened = "; ".join(f"Pool.from_entries({name!r}, [])" for name in ("openai", "xai", "openai"))
    counted = "print([one.cache_info().misses for one in (data._document, data.providers)])"
    code = "from credpool import Pool; from credpool.providers import data"

    printed = [python(f"{code}; {step}; {counted}") for step in ("pass", opened)]

    assert printed == ["[0, 0]\n", "[1, 1]\n"]


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_what_needs_no_verb_imports_none(option: str) -> None:
    """Neither a verb nor a pool, and no library for tables and questions."""
    loaded = modules(f"from credpool.cli.app import run; run([{option!r}])")

    ours = {name for name in loaded if name.startswith("credpool.")}
    assert not {name.partition(".")[0] for name in loaded} & (CLIENTS | TALK)
    assert not ours & {*MODULES, "credpool.cli.session", "credpool.cli.home", "credpool.pool"}


@pytest.mark.parametrize(
    ("words", "completed", "imported"),
    [
        pytest.param(
            "credpool re", {"refresh", "remove", "rename", "replace", "reset"}, set(), id="a verb"
        ),
        pytest.param("credpool --v", {"--version"}, set(), id="an option"),
        pytest.param(
            "credpool move --b",
            {"--before"},
            {"logins", "typed.replacing", "verbs"},
            id="an option of one verb",
        ),
    ],
)
def test_completion_imports_no_verb_but_the_one_that_is_typed(
    words: str, completed: set[str], imported: set[str]
) -> None:
    """The shell runs the command for each TAB, so it has to be quick."""
    env = {"_CREDPOOL_COMPLETE": "bash_complete", "COMP_WORDS": words}
    env["COMP_CWORD"] = str(words.count(" "))
    code = (
        f"import contextlib, os; os.environ.update({env!r})\n"
        "with contextlib.suppress(SystemExit):\n"
        "    from credpool.cli.app import run; run([])\n"
        f"print(sorted({{*sys.modules}} & {MODULES!r}))"
    )

    *lines, loaded = python(f"import sys\n{code}").splitlines()

    assert {line.partition(",")[2] for line in lines} == completed
    assert loaded == str(sorted(f"credpool.cli.{name}" for name in imported))


def test_the_list_of_verbs_says_of_each_what_its_help_says() -> None:
    """Every verb is where the list has it, under its own name."""
    verbs = {name: cli.get_command(click.Context(cli), name) for name in VERBS}

    found = {name: (v.name, v.get_short_help_str(200)) for name, v in verbs.items() if v}

    assert found == {name: (name, says) for name, (_, says) in VERBS.items()}


@pytest.mark.parametrize("missing", ["click", "rich"])
def test_without_its_extra_the_command_says_how_to_get_it(missing: str) -> None:
    """Whether all of it is missing, or only a part that is imported later."""
    code = (
        f"import sys; sys.modules[{missing!r}] = None; sys.argv[1:] = ['list']; "
        "from credpool.cli import main; sys.exit(main())"
    )

    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)  # noqa: S603

    wanted = "credpool: the command needs its extra: pip install 'credpool[cli]'\n"
    assert (ran.returncode, ran.stderr) == (2, wanted)


def modules(code: str) -> set[str]:
    """Run some code, and return the modules that it has imported."""
    told = f"import sys; before = {{*sys.modules}}; {code}; new = {{*sys.modules}} - before"
    return set(
        json.loads(python(f"{told}; import json; print(json.dumps([*new]))").splitlines()[-1])
    )


def python(code: str) -> str:
    """Run some code in an interpreter of its own, and return what it prints."""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    return ran.stdout
