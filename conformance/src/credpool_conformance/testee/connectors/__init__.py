"""How the suite reaches a testee: what every connector offers.

Not the messages themselves: see `protocol`.
"""

from typing import Final, Protocol, Self

from credpool_conformance.provider.inbox import Deliver, Message

HOST_VARIABLES: Final = dict.fromkeys(
    ("OPENAI_API_KEY", "OPENAI_API_KEY_2", "ANTHROPIC_API_KEY", "GEMINI_API_KEY"),
    "sk-a-key-of-the-host-that-nobody-gave-the-testee",
)
"""The variables of every testee's environment, and of none that a scenario gives it."""


class Connector(Protocol):
    """A way to talk to one testee; it can be started again after it was stopped."""

    name: str
    command: str

    def start(self, deliver: Deliver) -> None:
        """Start the testee; what it says goes to `deliver`.

        Raises: HarnessError when it cannot be started.
        """

    def send(self, message: Message) -> None:
        """Send one command.

        Raises: HarnessError when the testee cannot take it.
        """

    def output(self) -> str:
        """Take what the testee wrote besides its messages since this was last asked."""

    def stop(self) -> None:
        """End the testee, by force if need be; one that has ended is left alone."""

    def kill(self) -> None:
        """End the testee at once, because it has broken the protocol."""

    def crash(self) -> None:
        """End the testee without warning, because the scenario wants it dead."""

    def peer(self) -> Self:
        """Return a connector for one more process of the same testee."""
