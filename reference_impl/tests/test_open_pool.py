"""Opening a pool with what is found for it: sources, files, references, borrowed logins."""

import base64
import json
import stat
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

import credpool
from credpool import (
    AuthType,
    Cooldown,
    Entry,
    EntryId,
    FailureClass,
    Operator,
    Pool,
    Secret,
    Strategy,
    open_pool,
)
from credpool.config.file import read_config, set_strategy
from credpool.config.files import Unusable, read_text
from credpool.errors import BadConfig, BadInput, UnknownProvider, UnusableSecret
from credpool.httpx2 import PoolAuth
from credpool.pool import engine_of
from credpool.seed import Complaint, Surroundings, dotenv, view_pool
from credpool.stores import JsonFileStore
from credpool.testing import FakeClock, FakeProvider, FakeReply

KEY = "sk-made-up-0123456789"
OTHER = "sk-made-up-9876543210"


def secrets(pool: Pool) -> list[str | None]:
    """Return the secrets of a pool's entries, in order."""
    return [e.secret and e.secret.reveal() for e in pool.state.entries]


def jwt(claims: object) -> str:
    """Return a token with these claims, and with no signature to speak of."""
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"eyJhbGciOiJub25lIn0.{payload}.x"


def written(folder: Path, files: Mapping[str, object]) -> Path:
    """Write files into a folder: text as it is, anything else as JSON."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content if isinstance(content, str) else json.dumps(content))
    return folder


def test_one_line_opens_a_pool_in_memory() -> None:
    """Variables alone make a pool that lives in memory."""
    pool = open_pool("openai", Surroundings(environ={"OPENAI_API_KEY": KEY}))

    assert secrets(pool) == [KEY]


def test_a_pool_is_kept_without_what_it_borrows(tmp_path: Path) -> None:
    """The file has a row and a fingerprint; its key lies beside it, for its owner alone."""
    around = Surroundings(environ={"OPENAI_API_KEY": KEY}, folder=tmp_path)

    pool = open_pool("openai", around)

    assert secrets(pool) == [KEY]
    assert KEY not in (tmp_path / "auth.json").read_text()
    assert "hmac-sha256:" in (tmp_path / "auth.json").read_text()
    assert stat.S_IMODE((tmp_path / "fingerprint.key").stat().st_mode) == 0o600


def test_a_second_opening_writes_nothing(tmp_path: Path) -> None:
    """What was taken up already is not written again."""
    around = Surroundings(environ={"OPENAI_API_KEY": KEY}, folder=tmp_path)
    open_pool("openai", around)
    before = (tmp_path / "auth.json").stat()

    open_pool("openai", around)

    assert (tmp_path / "auth.json").stat().st_ino == before.st_ino


def test_a_pool_of_its_own_secrets_needs_no_key(tmp_path: Path) -> None:
    """Where nothing is found, no key of fingerprints is made."""
    open_pool("openai", Surroundings(environ={}, folder=tmp_path))

    assert [*tmp_path.iterdir()] == [] or not (tmp_path / "fingerprint.key").exists()


def test_an_entry_of_its_own_keeps_its_secret(tmp_path: Path) -> None:
    """An entry that was added by hand is in the file, beside what is found."""
    store = JsonFileStore(tmp_path / "auth.json", "openai")
    hand = Entry(id=EntryId("hand"), secret=Secret(OTHER))
    store.update(lambda state: type(state)(key="openai", provider="openai", entries=(hand,)))

    pool = open_pool("openai", Surroundings(environ={"OPENAI_API_KEY": KEY}, folder=tmp_path))

    assert secrets(pool) == [OTHER, KEY]


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of the command, with an environment that has nothing else."""
    environ = {"HOME": str(tmp_path), "CREDPOOL_HOME": str(tmp_path / "pools")}
    monkeypatch.setattr("os.environ", environ)
    return tmp_path / "pools"


def test_one_line_finds_what_the_command_finds(own: Path) -> None:
    """The folder, its `.env` and the environment are the command's, with nothing said."""
    written(own, {".env": f"OPENAI_API_KEY={KEY}\n"})

    opened, longer = Pool.open("openai"), open_pool("openai")

    assert secrets(opened) == secrets(longer) == [KEY]
    assert (own / "auth.json").exists()


def test_one_line_is_right_the_second_time(own: Path) -> None:
    """What is known stays, with all that was learnt of it; what is new comes behind."""
    first = Pool.open("openai", keys=[KEY])
    Operator(first).rename("1", "work")
    now = engine_of(first).clock.now()
    out = Cooldown(failure=FailureClass.OUT_OF_CREDIT, since=now, until=now + 86400)
    engine_of(first).change(lambda s: s.change({e.id: replace(e, cooldown=out) for e in s.entries}))

    again = Pool.open("openai", keys=[OTHER, KEY, OTHER], strategy="round_robin")

    assert own.joinpath("auth.json").exists()
    assert secrets(again) == [KEY, OTHER]
    assert again.state.entries[0] == first.state.entries[0]
    assert (again.state.entries[0].label, again.state.entries[0].cooldown) == ("work", out)
    assert again.state.strategy is Strategy.ROUND_ROBIN


def test_a_path_is_the_commands_store(own: Path, tmp_path: Path) -> None:
    """As with `--store`, the configuration is the one beside the file; nothing is written twice."""
    folder = written(
        tmp_path / "here", {"config.yaml": "credential_pool_strategies: {openai: random}\n"}
    )
    path = folder / "auth.json"
    Pool.open("openai", keys=[KEY], path=path)
    before = path.stat()

    again = Pool.open("openai", keys=[KEY], path=str(path))

    assert (secrets(again), again.state.strategy) == ([KEY], Strategy.RANDOM)
    assert (path.stat().st_ino, own.exists()) == (before.st_ino, False)
    assert view_pool("openai", store=path) == again.state


def test_a_key_that_was_found_is_no_new_one(own: Path) -> None:
    """A variable's key stays where it is, and out of the file."""
    written(own, {".env": f"OPENAI_API_KEY={KEY}\n"})

    pool = Pool.open("openai", keys=[KEY])

    assert secrets(pool) == [KEY]
    assert KEY not in (own / "auth.json").read_text()


@pytest.mark.parametrize(
    ("keys", "error"), [(KEY, BadInput), ([KEY, "sk-..."], UnusableSecret), ([""], UnusableSecret)]
)
def test_keys_that_are_none_are_refused_at_once(
    keys: list[str], error: type[Exception], own: Path
) -> None:
    """Neither text that is not a list, nor a placeholder in it, opens a pool; no key is kept."""
    with pytest.raises(error):
        Pool.open("openai", keys=keys)

    assert not (own / "auth.json").exists()


def test_a_pool_says_what_it_is(own: Path) -> None:
    """A debugger shows how many can be used and when the next comes back, and looks at no file."""
    pool = Pool.open("openai", keys=[KEY, OTHER], clock=FakeClock(1000.0))
    out = Cooldown(failure=FailureClass.OUT_OF_CREDIT, since=0.0, until=1720.0)
    whole = repr(pool)
    engine_of(pool).change(
        lambda s: s.change({s.entries[0].id: replace(s.entries[0], cooldown=out)})
    )
    own.joinpath("auth.json").unlink()

    assert whole == "<Pool openai: 2 of 2 available>"
    assert repr(pool) == "<Pool openai: 1 of 2 available, next back in 12 min>"


def test_an_unknown_provider_is_refused() -> None:
    """A key that is no provider's, no endpoint's and no tool's is refused."""
    with pytest.raises(UnknownProvider, match="opnai"):
        open_pool("opnai", Surroundings(environ={}))


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("A=1\nB = two words # said\n", {"A": "1", "B": "two words"}),
        ("export A='1 # 2'\n", {"A": "1 # 2"}),
        ('A="x\\ny \\"z\\""  # said\n', {"A": 'x\ny "z"'}),
        ("A=1\r\nA=2\r\n", {"A": "2"}),
        ("A=\nB=''\nC=\"\"", {"A": "", "B": "", "C": ""}),
        ("# A=1\n\n  \nno assignment\n1A=2\n=3\n", {}),
        ("A=a#b\nB=sk-...=\n", {"A": "a#b", "B": "sk-...="}),
        ("A=${B}\n", {"A": "${B}"}),
    ],
)
def test_dotenv_is_read_as_stated(text: str, values: dict[str, str]) -> None:
    """The subset that the specification states is read, and the rest is passed over."""
    assert dotenv.parse(text) == values


@pytest.mark.parametrize(
    ("value", "what"), [("", "is empty"), ("  ", "is empty"), ("sk-...", "holds a placeholder")]
)
def test_what_is_no_key_is_told(value: str, what: str) -> None:
    """An empty variable and a placeholder are told by name, with the next step."""
    told: list[Complaint] = []

    pool = open_pool("openai", Surroundings(environ={"OPENAI_API_KEY": value}), notify=told.append)

    assert pool.state.entries == ()
    assert [(n.where, n.what) for n in told] == [("env:OPENAI_API_KEY", what)]


def test_a_complaint_is_logged_when_nobody_listens(caplog: pytest.LogCaptureFixture) -> None:
    """Without a listener, what cannot be used is a warning in the log."""
    open_pool("openai", Surroundings(environ={"OPENAI_API_KEY": "changeme"}))

    assert "env:OPENAI_API_KEY: holds a placeholder" in caplog.text


def test_a_values_beginning_tells_its_type() -> None:
    """A login's token in the variable of a key is a login."""
    environ = {"ANTHROPIC_API_KEY": "sk-ant-oat01-made-up-0123456789"}

    pool = open_pool("anthropic", Surroundings(environ=environ))

    assert pool.state.entries[0].auth_type is AuthType.OAUTH


@pytest.mark.parametrize(
    ("token", "expires_at"),
    [
        (jwt({"exp": 1_790_000_000}), 1_790_000_000.0),
        (jwt({}), None),
        (jwt([]), None),
        ("no-token-of-three-parts", None),
        ("a.!!.c", None),
    ],
)
def test_a_codex_token_is_read(token: str, expires_at: float | None, tmp_path: Path) -> None:
    """The expiry of Codex's login stands in the token, and its owner beside it."""
    tokens = {"access_token": token, "account_id": "account-1"}
    home = written(tmp_path, {".codex/auth.json": {"tokens": tokens}})

    (entry,) = open_pool("chatgpt", Surroundings(environ={}, home=home)).state.entries

    assert (entry.expires_at, entry.owner, entry.source) == (expires_at, "account-1", "codex")


@pytest.mark.parametrize(
    ("told", "base_url"),
    [
        ({}, "https://portal.qwen.ai/v1"),
        ({"resource_url": "portal.example"}, "https://portal.example/v1"),
        ({"resource_url": "https://portal.example/v1/"}, "https://portal.example/v1"),
    ],
)
def test_a_qwen_login_says_its_host(told: dict[str, str], base_url: str, tmp_path: Path) -> None:
    """The file of Qwen Code says which endpoint its token is for."""
    home = written(tmp_path, {".qwen/oauth_creds.json": {"access_token": KEY} | told})

    (entry,) = open_pool("qwen-oauth", Surroundings(environ={}, home=home)).state.entries

    assert (entry.base_url, entry.auth_type) == (base_url, AuthType.OAUTH)


@pytest.mark.parametrize(
    ("pool", "file"),
    [
        ("anthropic", ".claude/.credentials.json"),
        ("chatgpt", ".codex/auth.json"),
        ("gemini", ".gemini/oauth_creds.json"),
        ("qwen-oauth", ".qwen/oauth_creds.json"),
    ],
)
@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"access_token": 7}'])
def test_a_file_without_a_login_is_told(pool: str, file: str, content: str, tmp_path: Path) -> None:
    """What holds no login is told by its path, and left as it is."""
    home, told = written(tmp_path, {file: content}), []

    opened = open_pool(pool, Surroundings(environ={}, home=home), notify=told.append)

    assert opened.state.entries == ()
    assert [complaint.where for complaint in told] == [str(home / file)]
    assert (home / file).read_text() == content


@pytest.mark.parametrize("case", ["folder", "not-utf-8", "too-large", "out-of-reach"])
def test_a_file_that_cannot_be_read_says_why(case: str, tmp_path: Path) -> None:
    """A folder, noise, a huge file and one behind a loop of links are told apart from nothing."""
    path = tmp_path / "file"
    if case == "folder":
        path.mkdir()
    elif case == "out-of-reach":
        path.symlink_to(path)
    else:
        path.write_bytes(b"\xff\xfe\xff" if case == "not-utf-8" else b"x" * (1024 * 1024 + 1))

    with pytest.raises(Unusable) as caught:
        read_text(path)

    assert caught.value.complaint.where == str(path)
    assert read_text(path / "deeper" if case == "not-utf-8" else tmp_path / "none") is None


def test_a_broken_dotenv_leaves_the_environment(tmp_path: Path) -> None:
    """When `.env` cannot be read, the variables of the environment are there still."""
    (tmp_path / ".env").write_bytes(b"\xff\xfe\xff")
    told: list[Complaint] = []
    around = Surroundings(environ={"OPENAI_API_KEY": KEY}, folder=tmp_path)

    pool = open_pool("openai", around, notify=told.append)

    assert (secrets(pool), len(told)) == ([KEY], 1)


def test_a_reference_is_resolved_and_stays(tmp_path: Path) -> None:
    """Rows that name a variable or a file are used with what is there, and stay as they are."""
    rows = [
        {"id": "a", "access_token": "env:MINE"},
        {"id": "b", "access_token": "file:keys/mine"},
        {"id": "c", "access_token": "file:keys"},
        {"id": "d", "access_token": "env:NONE"},
        {"id": "e", "access_token": "env:FILL_ME_IN"},
    ]
    document = {"version": 1, "credential_pool": {"openai": rows}}
    folder = written(tmp_path, {"auth.json": document, "keys/mine": f"{OTHER}\n"})
    told: list[Complaint] = []
    environ = {"MINE": KEY, "FILL_ME_IN": "<key>"}

    pool = open_pool("openai", Surroundings(environ=environ, folder=folder), notify=told.append)

    assert secrets(pool) == [KEY, OTHER, None, None, None]
    assert len(told) == 3


def test_a_keyring_is_asked_for_service_and_name(tmp_path: Path) -> None:
    """A reference to the keyring names a service and a user, and is told when there is none."""
    rows = [{"id": "a", "access_token": "keyring:credpool-test/nobody"}]
    document = {"version": 1, "credential_pool": {"openai": rows}}
    folder, told = written(tmp_path, {"auth.json": document}), []

    pool = open_pool("openai", Surroundings(environ={}, folder=folder), notify=told.append)

    assert secrets(pool) == [None]
    assert next(complaint.where for complaint in told).startswith("keyring:credpool-test/nobody")


def test_a_refused_key_is_read_again_from_dotenv(tmp_path: Path) -> None:
    """A key that was replaced in `.env` while the program runs is used after one refusal."""
    with FakeProvider({KEY: [FakeReply.error(401)], OTHER: [FakeReply.json({})] * 2}) as server:
        folder = written(tmp_path, {".env": f"OPENAI_API_KEY={KEY}\n"})
        around = Surroundings(environ={}, folder=folder, base_url=server.url)
        pool = open_pool("openai", around, clock=FakeClock())
        written(tmp_path, {".env": f"OPENAI_API_KEY={OTHER}\n"})

        with httpx2.Client(auth=PoolAuth(pool)) as client:
            statuses = [client.get(f"{server.url}/models").status_code for _ in range(2)]

    assert statuses == [200, 200]
    assert secrets(pool) == [OTHER]


def test_a_revoked_key_is_read_again_before_it_dies() -> None:
    """A key that was revoked, and that nobody has replaced, is dead after one look at its source."""
    revoked = FakeReply.error(401, code="token_revoked")
    with FakeProvider({KEY: [revoked]}) as server:
        around = Surroundings(environ={"OPENAI_API_KEY": KEY}, base_url=server.url)
        pool = open_pool("openai", around, clock=FakeClock())

        with httpx2.Client(auth=PoolAuth(pool)) as client:
            status = client.get(f"{server.url}/models").status_code

    assert (status, pool.state.entries[0].dead) == (401, True)


@pytest.mark.parametrize(("given", "found"), [(True, KEY), (False, None)])
def test_the_home_of_a_reference_is_the_one_that_is_given(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    given: bool,  # noqa: FBT001  a case
    found: str | None,
) -> None:
    """A file of `~` is in the home that the pool is given, whatever the process's environment says."""
    document = {"credential_pool": {"openai": [{"id": "a", "access_token": "file:~/keys/mine"}]}}
    folder = written(tmp_path / "folder", {"auth.json": document})
    home = written(tmp_path / "home", {"keys/mine": KEY}) if given else None
    monkeypatch.setenv("HOME", str(written(tmp_path / "process", {"keys/mine": OTHER})))

    pool = open_pool("openai", Surroundings(environ={}, folder=folder, home=home))

    assert secrets(pool) == [found]


def test_a_reference_is_read_again_when_it_was_refused(tmp_path: Path) -> None:
    """A file that a row refers to is read again after a refusal, and the row stays as it is."""
    document = {"credential_pool": {"openai": [{"id": "a", "access_token": "file:key"}]}}
    with FakeProvider({KEY: [FakeReply.error(401)], OTHER: [FakeReply.json({})]}) as server:
        folder = written(tmp_path, {"auth.json": document, "key": KEY})
        around = Surroundings(environ={}, folder=folder, base_url=server.url)
        pool = open_pool("openai", around, clock=FakeClock())
        written(tmp_path, {"key": OTHER})

        with httpx2.Client(auth=PoolAuth(pool)) as client:
            status = client.get(f"{server.url}/models").status_code

    assert (status, secrets(pool)) == (200, [OTHER])
    assert OTHER not in (tmp_path / "auth.json").read_text()


def test_an_unnamed_attribute_is_none_of_ours() -> None:
    """What the package does not have is an attribute error, as anywhere."""
    with pytest.raises(AttributeError, match="nobody"):
        credpool.nobody  # noqa: B018


def test_a_configuration_is_read_from_the_folder(tmp_path: Path) -> None:
    """Endpoints, strategies and policies come from `config.yaml`, comments and all."""
    text = """\
# of the house
credential_pool_strategies:
  "custom:work": least_used  # since May
custom_providers:
  - {name: Work, base_url: "https://llm.example/v1", api_key: %s}
"""
    folder = written(tmp_path, {"config.yaml": text % KEY})

    pool = open_pool("custom:work", Surroundings(environ={}, folder=folder))

    (entry,) = pool.state.entries
    assert (entry.source, entry.base_url) == ("config:Work", "https://llm.example/v1")
    assert pool.state.strategy is Strategy.LEAST_USED


def test_a_configured_placeholder_is_told() -> None:
    """A placeholder in the list of endpoints becomes no entry."""
    listed = [{"name": "Work", "base_url": "https://llm.example/v1", "api_key": "your-key"}]
    told: list[Complaint] = []
    around = Surroundings(environ={}, config={"custom_providers": listed})

    pool = open_pool("custom:work", around, notify=told.append)

    assert (pool.state.entries, [n.where for n in told]) == ((), ["config:Work"])


@pytest.mark.parametrize("text", ["a: [", "- a\n", "just text", "a: *nobody", "\xff"])
def test_a_configuration_that_is_no_mapping_is_refused(text: str, tmp_path: Path) -> None:
    """What is no YAML mapping is refused by its place, for reading and for writing."""
    path = tmp_path / "config.yaml"
    path.write_text(text, encoding="latin-1")

    for use in (read_config, lambda p: set_strategy(p, "openai", Strategy.RANDOM)):
        with pytest.raises(BadConfig):
            use(path)

    assert path.read_text(encoding="latin-1") == text


def test_setting_a_strategy_leaves_the_rest(tmp_path: Path) -> None:
    """A strategy is set in place: comments, order and quotes stay."""
    path = tmp_path / "config.yaml"
    path.write_text('# of the house\nmodel:\n  name: "m"  # a good one\n')

    set_strategy(path, "openai", Strategy.RANDOM)
    set_strategy(path, "custom:work", Strategy.ROUND_ROBIN)

    assert path.read_text() == (
        '# of the house\nmodel:\n  name: "m"  # a good one\n'
        "credential_pool_strategies:\n  openai: random\n  custom:work: round_robin\n"
    )
    assert read_config(path)["credential_pool_strategies"] == {
        "openai": "random",
        "custom:work": "round_robin",
    }


def test_a_strategy_is_set_where_there_is_no_file(tmp_path: Path) -> None:
    """The file and its folder are made when they are needed, for their owner alone."""
    path = tmp_path / "new" / "config.yaml"

    set_strategy(path, "openai", Strategy.RANDOM)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_strategies_of_another_shape_are_left(tmp_path: Path) -> None:
    """A list where a mapping belongs is refused, and stays."""
    path = tmp_path / "config.yaml"
    path.write_text("credential_pool_strategies: [a]\n")

    with pytest.raises(BadConfig, match="credential_pool_strategies"):
        set_strategy(path, "openai", Strategy.RANDOM)

    assert path.read_text() == "credential_pool_strategies: [a]\n"


def test_the_usual_surroundings_are_the_commands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are the process's own where nothing is given."""
    environ = {"CREDPOOL_HOME": str(tmp_path / "pools"), "HOME": str(tmp_path)}
    monkeypatch.setattr("os.environ", environ)

    usual = Surroundings.usual()

    assert usual == Surroundings(environ=environ, home=tmp_path, folder=tmp_path / "pools")
    assert usual == Surroundings.usual(environ, tmp_path)
