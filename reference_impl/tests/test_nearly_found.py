"""What is found in an unusual form, or nearly found: what is taken, and what is told of it."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from credpool import Operator, Pool, Secret, open_pool
from credpool.errors import BadConfig, UnusableSecret
from credpool.seed import Complaint, Surroundings, view_pool

A, B, C = (f"sk-made-up-{name * 12}" for name in "abc")


def opened(
    key: str, environ: Mapping[str, str], home: Path | None = None, folder: Path | None = None
) -> tuple[list[str], list[Complaint]]:
    """Return the secrets of a pool that is opened so, and what is told."""
    told: list[Complaint] = []
    around = Surroundings(environ=environ, home=home, folder=folder)
    pool = open_pool(key, around, notify=told.append)
    assert not [s for s in (A, B, C) if s in " ".join(map(str, told))]
    return [e.secret.reveal() for e in pool.state.entries if e.secret is not None], told


def written(folder: Path, files: Mapping[str, object]) -> Path:
    """Write files into a folder: text as it is, anything else as JSON."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content if isinstance(content, str) else json.dumps(content))
    return folder


@pytest.mark.parametrize(
    ("environ", "taken", "where", "fix"),
    [
        ({"_1": A, "_2": B}, [A, B], "_1", "name it OPENAI_API_KEY,"),
        ({"": A, "_3": B}, [A], "_3", "name it OPENAI_API_KEY_2"),
        ({"_2": A}, [], "_2", "name it OPENAI_API_KEY"),
        ({"_0": A}, [], "_0", "name it OPENAI_API_KEY"),
        ({"": A, "2": B}, [A], "2", "name it OPENAI_API_KEY_2"),
        ({"": A, "_01": B}, [A], "_01", "name it OPENAI_API_KEY_2"),
        ({"": A, "_B": B}, [A], "_B", "name it OPENAI_API_KEY_2"),
        ({"S": f"{A},{B}"}, [], "S", "name it OPENAI_API_KEY"),
        ({"": f"{A},{B}"}, [A, B], "", "a variable of its own"),
        ({"": f"{A}\n{B}"}, [A, B], "", "a variable of its own"),
        ({"": f'"{A}"'}, [A], "", "without the quotes"),
        ({"": f"'{A}, {B}'"}, [A, B], "", "a variable of its own"),
    ],
    ids=[
        *("from one", "gap", "from two", "from zero", "no underscore", "two digits", "letter"),
        *("plural", "commas", "lines", "quotes", "list in quotes"),
    ],
)
def test_a_variable_that_is_nearly_right_is_told(
    environ: dict[str, str], taken: list[str], where: str, fix: str
) -> None:
    """What is taken is taken, and either way it is told where it is and what to do."""
    found, told = opened("openai", {f"OPENAI_API_KEY{n}": v for n, v in environ.items()})

    assert found == taken
    (complaint,) = [c for c in told if c.where == f"env:OPENAI_API_KEY{where}" and fix in c.fix]
    assert complaint.what


@pytest.mark.parametrize(
    "environ",
    [
        {"OPENAI_API_KEY": A, "OPENAI_API_KEY_2": B},
        {"OPENAI_API_KEY": A, "OPENAI_API_KEY_4": A},
        {"OPENAI_API_KEY": A, "OPENAI_API_KEY_4": ""},
        {"OPENAI_API_KEY": A, "OPENAI_API_KEY_4": "your-api-key"},
        {"OPENAI_API_KEY": A, "CODEX_API_KEY": A},
        {"OPENAI_API_KEY": A, "OPENAI_API_KEY_FILE": "/run/secrets/key"},
        {"HF_TOKEN_PATH": "/home/me/token", "OPENAI_API_KEY": A},
    ],
    ids=["usual", "the same", "empty", "placeholder", "the same alias", "file", "path"],
)
def test_what_is_no_news_is_not_told(environ: dict[str, str]) -> None:
    """A variable that is right, holds nothing new, or is about something else, is no complaint."""
    _, told = opened("openai", environ)

    assert told == []


@pytest.mark.parametrize(
    ("key", "alias", "usual"),
    [
        ("anthropic", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_TOKEN"),
        ("gemini", "GOOGLE_GENERATIVE_AI_API_KEY", "GEMINI_API_KEY"),
        ("openai", "CODEX_API_KEY", "OPENAI_API_KEY"),
        ("huggingface", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN"),
    ],
)
def test_an_alias_is_told_and_not_taken(key: str, alias: str, usual: str) -> None:
    """Another program's name may be for another host, so the person decides."""
    found, told = opened(key, {alias: A})

    assert found == []
    (complaint,) = told
    assert complaint.where == f"env:{alias}"
    assert usual in complaint.fix


def test_what_is_decided_is_not_told_again(tmp_path: Path) -> None:
    """A row that refers to an alias is the person's answer."""
    around = Surroundings(environ={"CODEX_API_KEY": A}, folder=tmp_path)
    Operator(open_pool("openai", around, notify=lambda _: None)).add(Secret("env:CODEX_API_KEY"))

    found, told = opened("openai", {"CODEX_API_KEY": A}, folder=tmp_path)

    assert (found, told) == ([A], [])


def test_a_reference_can_lead_into_a_list(tmp_path: Path) -> None:
    """The name of a variable is its first secret, and a number behind it another."""
    around = Surroundings(environ={"MINE": f"{A},{B}"}, folder=tmp_path)
    operator = Operator(open_pool("openai", around))
    operator.add(Secret("env:MINE#2"))
    operator.add(Secret("env:MINE"))

    found, _ = opened("openai", {"MINE": f"{A},{B}"}, folder=tmp_path)

    assert found == [B, A]


@pytest.mark.parametrize(
    "value", [f"{A},{B}", f"{A}\n{B}", f'"{A}"'], ids=["commas", "lines", "quotes"]
)
def test_a_list_is_refused_where_one_key_is_given(value: str) -> None:
    """A program and a person give one key at a time; several are said to be several."""
    with pytest.raises(UnusableSecret) as refused:
        Pool.from_keys("openai", [value])

    assert A not in str(refused.value)


CODEX_LOGIN = {"tokens": {"access_token": A, "account_id": "one"}}
CLAUDE_LOGIN = {"claudeAiOauth": {"accessToken": A}}
HIDDEN = [
    ("gemini", {".gemini/gemini-credentials.json": "aa:bb:cc"}, "GEMINI_API_KEY"),
    ("gemini", {".gemini/mcp-oauth-tokens-v2.json": "aa:bb:cc"}, "and log in again"),
    ("chatgpt", {".codex/config.toml": 'cli_auth_credentials_store = "keyring"\n'}, '"file"'),
    ("anthropic", {".claude.json": {"oauthAccount": {}}}, "claude setup-token"),
    ("anthropic", {".claude.json": {"primaryApiKey": A}}, "ANTHROPIC_API_KEY"),
    ("chatgpt", {".codex/auth.json": {"auth_mode": "apikey", "OPENAI_API_KEY": A}}, "pool openai"),
    ("chatgpt", {".codex-work/auth.json": CODEX_LOGIN}, "borrow: {codex: [~/.codex-work]}"),
    ("anthropic", {".claude_b/.credentials.json": CLAUDE_LOGIN}, "{claude_code: [~/.claude_b]}"),
]


@pytest.mark.parametrize(("key", "files", "fix"), HIDDEN, ids=[fix for *_, fix in HIDDEN])
def test_a_login_that_nobody_else_reads_is_told(
    key: str, files: dict[str, object], fix: str, tmp_path: Path
) -> None:
    """A tool's file in another mode, place or folder is told with what to do."""
    found, told = opened(key, {}, home=written(tmp_path, files))

    assert found == []
    (complaint,) = told
    assert complaint.where == str(tmp_path / next(iter(files)))
    assert fix in complaint.fix


def test_a_usual_login_hides_nothing(tmp_path: Path) -> None:
    """A tool whose login is found keeps other things beside it, which are no news."""
    others = {".claude.json": {"oauthAccount": {}}, ".claude-old/.credentials.json": CLAUDE_LOGIN}
    home = written(tmp_path, {".claude/.credentials.json": CLAUDE_LOGIN, **others})

    found, told = opened("anthropic", {}, home=home)

    assert (found, told) == ([A], [])


def test_the_usual_folder_is_told_when_the_variable_names_another(tmp_path: Path) -> None:
    """Somebody who has moved a tool's folder may have another login in the usual one."""
    other = {"claudeAiOauth": {"accessToken": B}}
    files = {"new/.credentials.json": CLAUDE_LOGIN, ".claude/.credentials.json": other}
    home = written(tmp_path, files)

    found, told = opened("anthropic", {"CLAUDE_CONFIG_DIR": str(tmp_path / "new")}, home=home)

    assert found == [A]
    assert [c.where for c in told] == [str(tmp_path / ".claude/.credentials.json")]


def test_a_codex_key_is_the_other_pools(tmp_path: Path) -> None:
    """In API-key mode the file is an entry of the pool of keys."""
    home = written(tmp_path, {".codex/auth.json": {"auth_mode": "apikey", "OPENAI_API_KEY": A}})

    assert opened("openai", {}, home=home) == ([A], [])


def test_listed_folders_are_read(tmp_path: Path) -> None:
    """Each is an entry with a source of its own; one that is not there is told."""
    home = written(tmp_path, {".codex-work/auth.json": CODEX_LOGIN})
    written(tmp_path, {"pools/config.yaml": "borrow: {codex: [~/.codex-work, ~/gone]}\n"})
    told: list[Complaint] = []
    around = Surroundings(environ={}, home=home, folder=tmp_path / "pools")

    (entry,) = view_pool("chatgpt", around, notify=told.append).entries

    assert (entry.source, entry.label) == ("codex:~/.codex-work", "Codex (.codex-work)")
    assert (entry.owner, entry.borrowed) == ("one", True)
    assert [c.where for c in told] == [str(tmp_path / "gone/auth.json")]


@pytest.mark.parametrize("key", ["openai", "groq"])
def test_an_unknown_tool_is_refused_in_every_pool(key: str, tmp_path: Path) -> None:
    """A setting that nobody understands is not in force, and is refused."""
    written(tmp_path, {"config.yaml": "borrow: {codecs: [~/.codex-work]}\n"})

    with pytest.raises(BadConfig, match="known are claude_code, codex"):
        opened(key, {}, folder=tmp_path)


def test_an_owner_goes_with_its_file(tmp_path: Path) -> None:
    """The workspace is the one of the login in the file, after a start and after a new look."""
    home = written(tmp_path, {".codex/auth.json": CODEX_LOGIN})
    around = Surroundings(environ={}, home=home, folder=tmp_path / "pools")
    (tmp_path / "pools").mkdir()
    open_pool("chatgpt", around)
    other = {"tokens": {"access_token": B, "account_id": "two"}}
    written(home, {".codex/auth.json": other})

    viewed, pool = view_pool("chatgpt", around), open_pool("chatgpt", around)
    shutil.rmtree(home / ".codex")
    later = open_pool("chatgpt", around)

    assert [s.entries[0].owner for s in (viewed, pool.state, later.state)] == ["two"] * 3


FLAWS = [f"Bearer {A}", f"{A} {B}", f"{A}\0", f"{A}\u200b", f"'{A}", f"OPENAI_API_KEY={A}", "ключ"]


@pytest.mark.parametrize(
    "value", FLAWS, ids=["bearer", "blank", "NUL", "invisible", "quote", "name", "letters"]
)
@pytest.mark.parametrize("door", ["variable", "item", "row", "tool", "listed", "endpoint", "file"])
def test_what_cannot_be_sent_is_told_whatever_its_door(
    door: str, value: str, tmp_path: Path
) -> None:
    """The pool opens, says which entry is unusable and why, and goes on with the others."""
    good, bad = {"id": "good", "access_token": C}, {"id": "bad", "access_token": value}
    key = {"tool": "chatgpt", "listed": "chatgpt", "endpoint": "custom:mine"}.get(door, "openai")
    rows = {"row": [bad, good], "file": [bad | {"access_token": "file:key.txt"}, good]}
    endpoint = {"name": "mine", "base_url": "https://one.example/v1", "api_key": value}
    login = {"tokens": {"access_token": value}}
    config = {"endpoint": {"custom_providers": [endpoint]}, "listed": {"borrow": {"codex": "x"}}}
    written(
        tmp_path,
        {
            "auth.json": {"version": 1, "credential_pool": {key: rows.get(door, [good])}},
            "config.yaml": config.get(door, {}),
            "key.txt": value,
            "home/.codex/auth.json": login if door == "tool" else {"tokens": {"access_token": B}},
            "x/auth.json": login,
        },
    )
    variables = {"variable": value, "item": f"{value},{B}"}
    environ = {"OPENAI_API_KEY": variables[door]} if door in variables else {}

    found, told = opened(key, environ, home=tmp_path / "home", folder=tmp_path)

    assert C in found
    assert [c for c in told if "secret that" in c.what]
