"""A menu that is narrowed by typing: no letter is a key of its own.

What is typed is looked for in the choices, and shown only while something is found: a key that was
pasted here chooses nothing and is not on the screen.
"""

import re
from collections.abc import Sequence
from typing import Final

from prompt_toolkit.application import Application
from prompt_toolkit.data_structures import Point
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.input import Input
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.layout import Dimension, HSplit, Layout, Window
from prompt_toolkit.layout.controls import FormattedTextControl
from prompt_toolkit.output import Output

from credpool.model.text import visible

_HINT: Final = "(type to narrow it down, or use the arrow keys)"
_NOTHING: Final = "  Nothing here is called that. Backspace takes it back."
_HEIGHT: Final = 12
"""How many choices are on the screen at once; the others scroll."""


class Menu:
    """The typed text, the choices that it leaves, and the marked one."""

    def __init__(self, choices: Sequence[str]) -> None:
        self.choices = [visible(choice) for choice in choices]
        self.typed = ""
        self._at = 0

    @property
    def left(self) -> list[int]:
        """The choices in which the typed text is found: called so, then beginning so, then the rest."""
        typed = self.typed.strip().casefold()
        ranked = [(_rank(choice, typed), n) for n, choice in enumerate(self.choices)]
        return [n for rank, n in sorted((r, n) for r, n in ranked if r is not None)]

    @property
    def marked(self) -> int | None:
        """The choice that would be taken, if anything is left."""
        left = self.left
        return left[self._at] if self._at < len(left) else None

    @property
    def place(self) -> int:
        """Where the marked choice is among those that are left."""
        return self._at

    def type(self, text: str) -> None:
        """Add what was typed or pasted; line ends and other controls choose nothing."""
        self.typed += "".join(c for c in text if c.isprintable())
        self._at = 0

    def erase(self) -> None:
        """Take back the last character, or all of it when nothing is called that."""
        self.typed = self.typed[:-1] if self.left else ""
        self._at = 0

    def move(self, steps: int) -> None:
        """Mark another choice; behind the last comes the first."""
        if left := self.left:
            self._at = (self._at + steps) % len(left)


def ask(question: str, choices: Sequence[str], *, source: Input | None, screen: Output) -> int:
    """Return the place of the choice that is made.

    Raises:
        KeyboardInterrupt: the person broke off.
    """
    menu = Menu(choices)
    asked = Window(
        FormattedTextControl(lambda: _question(question, menu)),
        dont_extend_height=True,
        wrap_lines=True,
    )
    listed = Window(
        FormattedTextControl(
            lambda: _choices(menu),
            show_cursor=False,
            get_cursor_position=lambda: Point(0, menu.place),
        ),
        height=Dimension(max=_HEIGHT),
        dont_extend_height=True,
        wrap_lines=True,
    )
    application: Application[int] = Application(
        layout=Layout(HSplit([asked, listed])),
        key_bindings=_keys(menu),
        erase_when_done=True,
        input=source,
        output=screen,
    )
    return application.run()


def _question(question: str, menu: Menu) -> StyleAndTextTuples:
    typed = menu.typed if menu.left else ""
    return [("", "? "), ("bold", question), ("", f" {typed or _HINT}")]


def _choices(menu: Menu) -> StyleAndTextTuples:
    if not menu.left:
        return [("", _NOTHING)]
    lines: StyleAndTextTuples = []
    for n in menu.left:
        is_marked = n == menu.marked
        mark = " » " if is_marked else "   "
        lines.append(("bold" if is_marked else "", f"{mark}{menu.choices[n]}\n"))
    return [*lines[:-1], (lines[-1][0], lines[-1][1].rstrip("\n"))]


def _keys(menu: Menu) -> KeyBindings:
    keys = KeyBindings()
    for name, steps in (("up", -1), ("down", 1)):
        keys.add(name)(lambda _, steps=steps: menu.move(steps))
    keys.add("backspace")(lambda _: menu.erase())

    @keys.add(Keys.Any)
    @keys.add(Keys.BracketedPaste)
    def _(event: KeyPressEvent) -> None:
        if not event.data.startswith("\x1b"):
            menu.type(event.data)

    @keys.add("enter")
    @keys.add("c-j")  # what was typed before the menu was there
    def _(event: KeyPressEvent) -> None:
        if menu.marked is not None:
            event.app.exit(result=menu.marked)

    @keys.add("c-c")
    @keys.add("c-d")
    def _(event: KeyPressEvent) -> None:
        event.app.exit(exception=KeyboardInterrupt())

    return keys


def _rank(choice: str, typed: str) -> int | None:
    """Return how well a choice fits: 0 is best, None not at all."""
    text = choice.casefold()
    name = re.sub(r"^[^\w]+", "", text)
    if name == typed or re.match(rf"{re.escape(typed)}(?![\w-])", name):
        return 0
    if name.startswith(typed):
        return 1
    return 2 if typed in text else None
