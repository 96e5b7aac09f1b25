"""The conversation that bare `credpool` opens, with a prompter that answers by itself."""

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import pytest

from credpool import Cooldown, FailureClass, Pool, Secret, Strategy
from credpool.cli.home import Home
from credpool.cli.talk.billing import notes
from credpool.cli.talk.prompter import Choice
from credpool.cli.wizard import Wizard
from credpool.entries.operator import Operator
from credpool.model.terms import AuthType
from credpool.pool import engine_of
from credpool.seed import Surroundings
from credpool.testing import FakeProvider

T = TypeVar("T")
ONE, TWO = "sk-one-0123456789abcdef", "sk-two-0123456789abcdef"


class Scripted:
    """Answer by the beginnings of the wanted choices, and note what was asked and shown."""

    def __init__(self, *answers: str) -> None:
        self._answers = iter(answers)
        self.offered: list[list[str]] = []
        self.said: list[str] = []

    def choose(self, question: str, choices: Sequence[Choice[T]]) -> T:
        """Return the choice whose text begins with the next answer."""
        del question
        self.offered.append([text for text, _ in choices])
        wanted = next(self._answers)
        if wanted == "^C":
            raise KeyboardInterrupt
        return next(value for text, value in choices if text.startswith(wanted))

    def ask(self, question: str, default: str = "") -> str:
        """Return the next answer."""
        del question, default
        return next(self._answers)

    def ask_secret(self, question: str) -> str:
        """Return the next answer."""
        del question
        return next(self._answers)

    def confirm(self, question: str) -> bool:
        """Return whether the next answer is yes."""
        del question
        return next(self._answers) == "yes"

    def tell(self, text: str) -> None:
        """Note it."""
        self.said.append(text)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Return a place without a store."""
    store = tmp_path / "auth.json"
    return Home(store, Surroundings(environ={}, home=tmp_path, folder=tmp_path))


def talk(home: Home, *answers: str) -> tuple[Scripted, list[str]]:
    """Hold a conversation, and return who was asked and the providers that were logged in to."""
    prompter, logins = Scripted(*answers), []  # type: ignore[var-annotated]
    shown: list[int] = []
    wizard = Wizard(
        home,
        prompter,
        show=lambda: shown.append(len(prompter.offered)),
        login=logins.append,
        now=lambda: 100.0,
    )
    wizard.run()
    assert shown, "the state comes first"
    return prompter, logins


def with_keys(home: Home, *keys: str) -> Pool:
    """Put keys into OpenAI's pool."""
    for key in keys:
        home.operator("openai").add(Secret(key))
    return home.pool("openai")


def test_an_empty_home_offers_to_add(home: Home) -> None:
    """There is nothing to remove yet."""
    prompter, _ = talk(home, "Leave")

    assert prompter.offered == [["Add a credential", "Leave"]]


def test_a_key_is_added(home: Home) -> None:
    """A provider that takes keys alone is not asked about; the key is never said."""
    prompter, _ = talk(home, "Add", "groq", ONE, "work", "Leave")

    (entry,) = home.pool("groq").state.entries
    assert (entry.label, entry.secret) == ("work", Secret(ONE))
    assert ONE not in str(prompter.said)


def test_a_provider_with_both_is_asked_which(home: Home) -> None:
    """An API key and a login are billed to different payers."""
    prompter, logins = talk(home, "Add", "anthropic", "OAuth login", "Leave")

    assert prompter.offered[2] == [
        "API key, billed to its organisation, per token",
        "OAuth login, who is billed is disputed: see the statements",
    ]
    assert "only on a Claude Max plan with purchased extra-usage credits" in prompter.said[0]
    assert prompter.said[-1].startswith("As of 2026-11-23, assume that a Claude login")
    assert [*prompter.said] == [*notes("anthropic", AuthType.OAUTH)]
    assert logins == ["anthropic"]


def test_an_entry_is_removed_when_that_is_confirmed(home: Home) -> None:
    """No means no."""
    pool = with_keys(home, ONE, TWO)
    first, second = (e.id for e in pool.state.entries)

    talk(home, "Remove", f"1. {first}", "no", "Remove", f"2. {second}", "yes", "Leave")

    assert [e.id for e in pool.state.entries] == [first]


def test_cooldowns_are_reset_for_one_or_all(home: Home) -> None:
    """The choices say who is out, and for how long."""
    pool = with_keys(home, ONE)
    (entry,) = pool.state.entries
    out = Cooldown(failure=FailureClass.OUT_OF_CREDIT, since=0.0, until=160.0)
    engine_of(pool).change(
        lambda s: s.change(
            {e.id: type(e)(id=e.id, secret=e.secret, cooldown=out) for e in s.entries}
        )
    )

    prompter, _ = talk(home, "Reset", "All", "Leave")

    assert any(
        t.startswith(f"1. {entry.id}: out_of_credit, 1 min left, until ")
        for t in prompter.offered[1]
    )
    assert pool.state.entries[0].cooldown is None


def test_all_strategies_are_shown_and_the_present_one_is_marked(home: Home) -> None:
    """The choice holds for whoever opens the pool next."""
    with_keys(home, ONE)

    prompter, _ = talk(home, "Set", "○ random", "Set", "● random", "Leave")

    names = [line.split()[1].rstrip(":") for line in prompter.offered[1]]
    assert names == [s.value for s in Strategy]
    assert [line[0] for line in prompter.offered[1]].count("●") == 1
    assert home.pool("openai").state.strategy is Strategy.RANDOM


def test_a_refusal_is_said_and_the_conversation_goes_on(home: Home) -> None:
    """A duplicate is no reason to begin again."""
    with_keys(home, ONE)

    prompter, _ = talk(home, "Add", "openai", "API", ONE, "", "Leave")

    assert "holds this secret already" in prompter.said[0]


def test_several_pools_are_chosen_from(home: Home) -> None:
    """With one pool there is no such question."""
    with_keys(home, ONE)
    Operator(home.pool("groq")).add(Secret(TWO))

    prompter, _ = talk(home, "Remove", "groq", "", "yes", "Leave")

    assert prompter.offered[1] == ["openai", "groq"]
    assert home.pool("groq").state.entries == ()


def test_breaking_off_leaves_nothing_by_halves(home: Home) -> None:
    """What was done before stays done."""
    pool = with_keys(home, ONE, TWO)

    with pytest.raises(KeyboardInterrupt):
        talk(home, "Remove", "", "yes", "Remove", "^C")

    assert len(pool.state.entries) == 1


def test_a_key_is_disabled_and_enabled(home: Home) -> None:
    """One choice does both: what it does follows from what the key is."""
    pool = with_keys(home, ONE, TWO)

    first, _ = talk(home, "Disable or enable", "2.", "Leave")
    paused = [e.disabled for e in pool.state.entries]
    second, _ = talk(home, "Disable or enable", "2.", "Leave")

    assert paused == [False, True]
    assert not any(e.disabled for e in pool.state.entries)
    assert ("Disabled" in first.said[-1], "Enabled" in second.said[-1]) == (True, True)
    assert any(": disabled" in text for text in second.offered[1])


def test_an_endpoint_of_ones_own_is_added(home: Home) -> None:
    """It is named and placed first; the key goes to its pool, in the plain form of its name."""
    answers = ("Add", "An endpoint", "My Box", "http://127.0.0.1:1/v1", ONE, "home", "Leave")
    asked, _ = talk(home, *answers)

    (entry,) = home.state("custom:my-box").entries
    assert (entry.secret, entry.label) == (Secret(ONE), "home")
    assert entry.base_url == "http://127.0.0.1:1/v1"
    assert any("to custom:my-box" in text for text in asked.said)


def test_a_base_url_that_is_none_is_refused(home: Home) -> None:
    """It is said, and the conversation goes on."""
    asked, _ = talk(home, "Add", "An endpoint", "box", "box.example", "Leave")

    assert home.known() == ()
    assert any("the base URL does not begin with" in text for text in asked.said)


def test_a_key_with_its_name_is_refused(home: Home) -> None:
    """The wizard looks at what is pasted as the verb does."""
    asked, _ = talk(home, "Add", "groq", f"GROQ_API_KEY={ONE}", "Leave")

    assert home.known() == ()
    assert any("the name of a variable" in text for text in asked.said)


def test_what_is_in_use_is_offered_first(home: Home) -> None:
    """A person adds a second key more often than a first one."""
    with_keys(home, TWO)
    asked, _ = talk(home, "Add", "openai", "API", ONE, "", "Leave")

    assert asked.offered[1][0] == "openai"


def test_a_credential_is_moved_renamed_and_replaced(home: Home) -> None:
    """The listing that follows shows the change."""
    with_keys(home, ONE, TWO)
    talk(
        home,
        "Move",
        "2.",
        "first",
        "Rename",
        "1.",
        "spare",
        "Replace",
        "1.",
        ONE[::-1] + "x",
        "Leave",
    )

    first, second = home.state("openai").entries
    assert (first.label, first.secret) == ("spare", Secret(ONE[::-1] + "x"))
    assert second.secret == Secret(ONE)


def test_a_login_is_logged_in_again(home: Home) -> None:
    """A pool of keys has none; a login is chosen from the logins alone."""
    with_keys(home, ONE)
    operator = home.operator("openai")
    login = operator.add(Secret(TWO), label="me", auth_type=AuthType.OAUTH)
    again: list[tuple[str, str]] = []
    asked = Scripted("Log in again", "2.", "Leave")

    def record(key: str, entry: str) -> None:
        again.append((key, entry))

    Wizard(
        home, asked, show=lambda: None, login=lambda _: None, again=record, now=lambda: 0.0
    ).run()

    assert again == [("openai", login.id)]
    assert len(asked.offered[1]) == 1


def test_what_is_wrong_is_looked_for(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    """As `doctor` does, without leaving."""
    with_keys(home, ONE)
    talk(home, "Look", "Leave")

    assert "this is the store" in capsys.readouterr().out


def test_the_keys_are_tested(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    """As `test` does, without leaving."""
    with FakeProvider() as provider:
        answers = ("Add", "An endpoint", "box", f"{provider.url}/v1", ONE, "home", "Test", "Leave")
        talk(home, *answers)

    assert provider.secrets == [ONE]
    assert "home" in capsys.readouterr().out
