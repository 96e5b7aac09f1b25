"""A menu that is narrowed by typing, without its terminal."""

import pytest

from credpool.cli.talk.menu import Menu
from credpool.providers import registry

STRATEGIES = ["● fill_first: the first", "○ round_robin: each in turn", "○ random: any"]


def marked(choices: list[str], typed: str) -> str | None:
    """Return what Enter would choose once that was typed."""
    menu = Menu(choices)
    menu.type(typed)
    return None if menu.marked is None else menu.choices[menu.marked]


@pytest.mark.parametrize("name", registry.names())
def test_each_provider_is_chosen_by_its_name(name: str) -> None:
    """Whoever is called so comes before those whose names hold it, in any case."""
    assert marked(list(registry.names()), name.upper()) == name


@pytest.mark.parametrize(
    ("typed", "chosen"),
    [
        pytest.param("", STRATEGIES[0], id="nothing"),
        pytest.param("ra", STRATEGIES[2], id="a beginning"),
        pytest.param("turn", STRATEGIES[1], id="a word within"),
        pytest.param("r", STRATEGIES[1], id="a letter, of which the first"),
        pytest.param("k", None, id="a letter that is in none"),
        pytest.param("sk-one-0123456789abcdef", None, id="a key"),
        pytest.param("random sk-one", None, id="more than a name"),
    ],
)
def test_what_is_typed_narrows_the_choices(typed: str, chosen: str | None) -> None:
    """No letter is a key of its own, and what is found nowhere chooses nothing."""
    assert marked(STRATEGIES, typed) == chosen


def test_the_arrows_go_round_what_is_left() -> None:
    """A character that was taken back gives the others back."""
    menu = Menu(STRATEGIES)
    menu.type("r")
    menu.move(-1)
    narrowed, last = menu.left, menu.marked

    menu.erase()

    assert (narrowed, last) == ([1, 2, 0], 0)
    assert menu.left == [0, 1, 2]


def test_what_is_called_nothing_is_taken_back_at_once() -> None:
    """Nobody types a whole key backwards."""
    menu = Menu(STRATEGIES)
    menu.type("sk-one-0123456789abcdef\n")
    menu.move(1)

    menu.erase()

    assert (menu.typed, menu.marked) == ("", 0)


def test_a_label_does_nothing_to_the_terminal() -> None:
    """Escapes in a choice are made visible."""
    assert Menu(["\x1b[2Jwork"]).choices == ["\\x1b[2Jwork"]
