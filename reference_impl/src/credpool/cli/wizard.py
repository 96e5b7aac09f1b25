"""The conversation that bare `credpool` opens (spec: operator).

Entries are named by their ids, so that nobody else's removal can move them in between.
"""

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from credpool.cli.home import Home
from credpool.cli.logins import Client, check_takes_logins, log_in
from credpool.cli.session import Session, session
from credpool.cli.talk.billing import KINDS, bill, notes, usual_payer
from credpool.cli.talk.prompter import Choice, Prompter, Terminal, is_interactive
from credpool.cli.talk.render import new_order, say, stays_away
from credpool.cli.typed.asking import lines
from credpool.cli.typed.keys import key_typed, type_told
from credpool.entries.operator import Operator
from credpool.entries.order import Move
from credpool.model.entry import Entry
from credpool.model.errors import CredpoolError
from credpool.model.policy import Strategy
from credpool.model.state import PoolState
from credpool.model.terms import AuthType
from credpool.rules.given import checked_url
from credpool.rules.targets import shown
from credpool.rules.usable import is_disabled

Step = Callable[[], None]

ADDRESS: Final = "Its base URL, such as https://api.example.com/v1:"
IN_A_PROGRAM: Final = (
    "A program opens this pool with Pool.open({!r}); how it goes on: python -m pydoc credpool"
)

_MEANING: Final = {
    Strategy.FILL_FIRST: "the first that is available",
    Strategy.ROUND_ROBIN: "each in turn",
    Strategy.LEAST_USED: "the one with the fewest requests",
    Strategy.RANDOM: "any, by chance",
    Strategy.QUOTA_AWARE: "the one whose quota resets first, as far as the provider tells",
}


@session
def begin(session: Session) -> None:
    """Begin the conversation; where nobody can answer, show the pools."""
    if not is_interactive():
        session.show()
        return
    home, terminal = session.home, Terminal()

    def login(key: str, into: str | None = None) -> None:
        check_takes_logins(home, key)
        entry = log_in(home, key, Client().asked(terminal), into=into)
        say(f"Logged in: {shown(entry)} of {key}.")

    wizard = Wizard(home, terminal, show=session.show, login=login, again=login, now=time.time)
    wizard.run()


def ask_type(home: Home, prompter: Prompter, key: str) -> AuthType:
    """Ask which type of credential is meant, where there are several, and say who is billed."""
    known, types = home.provider(key), home.types_of(key)
    choices = [(f"{KINDS[t]}, {bill(key, t, usual_payer(known, t))}", t) for t in types]
    kind = types[0] if len(types) == 1 else prompter.choose("API key or OAuth login?", choices)
    for note in notes(key, kind):
        prompter.tell(note)
    return kind


class Wizard:
    """Show the state, ask what to do, do it, and begin again."""

    def __init__(
        self,
        home: Home,
        prompter: Prompter,
        *,
        show: Callable[[], None],
        login: Callable[[str], None],
        again: Callable[[str, str], None] | None = None,
        now: Callable[[], float],
    ) -> None:
        self._home = home
        self._ask = prompter
        self._show = show
        self._login = login
        self._again = again
        self._now = now

    def run(self) -> None:
        """Go on until the person has had enough.

        Raises:
            KeyboardInterrupt: the person broke off; what was done before is kept.
        """
        while True:
            self._show()  # spec: operator.wizard.status+1
            step = self._ask.choose("What do you want to do?", self._menu())
            if step is None:
                return
            try:
                step()
            except CredpoolError as err:
                self._ask.tell(f"{err}.")

    def _menu(self) -> Sequence[Choice[Step | None]]:
        menu: list[Choice[Step | None]] = [("Add a credential", self._add)]
        if self._home.known():
            menu += [
                ("Remove a credential", self._remove),
                ("Disable or enable a credential", self._pause),
                ("Reset cooldowns", self._reset),
                ("Set a strategy", self._strategy),
                ("Move a credential", self._move),
                ("Rename a credential", self._rename),
                ("Replace a credential's key", self._replace),
                *([("Log in again", self._log_in_again)] if self._again else []),
                ("Test the keys: one question each, which costs nothing", self._test),
                ("Look for what is wrong", self._examine),
            ]
        return [*menu, ("Leave", None)]

    def _add(self) -> None:
        there = self._home.known()
        others = [key for key in self._home.surroundings.names() if key not in there]
        choices: list[Choice[str | None]] = [(key, key) for key in (*there, *others)]
        choices.append(("An endpoint of my own (custom)", None))
        key = self._ask.choose("For which provider?", choices)
        url = None
        if key is None:
            key, url = self._endpoint()
        elif ask_type(self._home, self._ask, key) is AuthType.OAUTH:
            self._login(key)
            return
        url = url or self._home.address(key, partial(self._ask.ask, ADDRESS))
        typed = self._ask.ask_secret("The key (it is not shown):")
        known = self._home.provider(key)
        secret = key_typed(typed, known, elsewhere=url is not None)
        label = self._ask.ask("A label, so that you know it again (may be empty):")
        kind = type_told(secret, known)
        operator = Operator(self._home.pool(key, new=url is not None))
        added = operator.add(secret, label=label, auth_type=kind, base_url=url)
        self._ask.tell(f"Added {shown(added)} to {key}.")
        if len(operator.pool.state.entries) == 1:
            self._ask.tell(IN_A_PROGRAM.format(key))

    def _endpoint(self) -> tuple[str, str | None]:
        """Ask which endpoint is meant, and where it is if that is not known."""
        key = self._home.meant(f"custom:{self._ask.ask('Its name:')}")
        if self._home.surroundings.endpoint(key) is not None:
            return key, None
        if key in self._home.stored():
            return key, None
        return key, checked_url("base URL", self._ask.ask(ADDRESS))

    def _remove(self) -> None:
        key = self._pool("From which pool?")
        entry = self._entry(key, "Which one?")
        if self._ask.confirm(f"Remove {shown(entry)} from {key}?"):
            self._operator(key).remove(entry.id)
            self._ask.tell(f"Removed {shown(entry)}.{stays_away(key, entry)}")

    def _pause(self) -> None:
        key = self._pool("In which pool?")
        entry = self._entry(key, "Which one?")
        operator = self._operator(key)
        if is_disabled(operator.pool.state, entry):
            operator.enable(entry.id)
            self._ask.tell(f"Enabled {shown(entry)}.")
        else:
            operator.disable(entry.id)
            self._ask.tell(f"Disabled {shown(entry)}; what it has is kept.")

    def _move(self) -> None:
        key = self._pool("In which pool?")
        entry = self._entry(key, "Which one?")
        step = self._ask.choose("Where to?", [(m.value, m) for m in Move])
        operator = self._operator(key)
        was = operator.pool.state
        operator.move(entry.id, step)
        self._ask.tell(new_order(was, operator.pool.state, entry))

    def _rename(self) -> None:
        key = self._pool("In which pool?")
        entry = self._entry(key, "Which one?")
        label = self._ask.ask("Its new label:")
        self._operator(key).rename(entry.id, label)
        self._ask.tell(f"{shown(entry)} is now called {label.strip()}.")

    def _replace(self) -> None:
        key = self._pool("In which pool?")
        entry = self._entry(key, "Which one?")
        typed = self._ask.ask_secret("The key (it is not shown):")
        known, elsewhere = self._home.provider(key), entry.base_url is not None
        self._operator(key).replace(entry.id, key_typed(typed, known, elsewhere=elsewhere))
        self._ask.tell(f"Replaced the key of {shown(entry)}.")

    def _log_in_again(self) -> None:
        key = self._pool("In which pool?")
        logins = [(t, e) for t, e in self._lines(key) if e.auth_type is AuthType.OAUTH]
        if not logins:
            self._ask.tell(f"{key} has no login.")
        elif self._again is not None:
            self._again(key, self._ask.choose("Which one?", logins).id)

    def _test(self) -> None:
        from credpool.cli.providers import answers, trial  # noqa: PLC0415  it needs a client

        states, _ = self._home.readable()
        asked = [self._home.with_printed(state) for state in states]
        answers.show(trial.try_all(asked), now=self._now())

    def _examine(self) -> None:
        from credpool.cli import doctor  # noqa: PLC0415  rarely needed

        doctor.show(doctor.examine(self._home, now=self._now()))

    def _reset(self) -> None:
        key = self._pool("In which pool?")
        choices: list[Choice[str | None]] = [("All of them", None)]
        choices += [(line, entry.id) for line, entry in self._lines(key)]
        self._operator(key).reset(self._ask.choose("Which one?", choices))
        self._ask.tell("Reset.")

    def _strategy(self) -> None:
        key = self._pool("Of which pool?")
        present = self._state(key).strategy
        choices = [
            (f"{'●' if s is present else '○'} {s.value}: {_MEANING[s]}", s) for s in Strategy
        ]
        chosen = self._ask.choose("How should it choose? (● is in force)", choices)
        self._home.choose_by(key, chosen)
        self._ask.tell(f"{key} chooses by {chosen.value}.")

    def _pool(self, question: str) -> str:
        keys = self._home.known()
        return keys[0] if len(keys) == 1 else self._ask.choose(question, [(k, k) for k in keys])

    def _entry(self, key: str, question: str) -> Entry:
        return self._ask.choose(question, self._lines(key))

    def _lines(self, key: str) -> list[Choice[Entry]]:
        """Return the entries with their places, as the listing above has them."""
        return lines(self._state(key), self._now())

    def _state(self, key: str) -> PoolState:
        return self._home.state(key)

    def _operator(self, key: str) -> Operator:
        return self._home.operator(key)
