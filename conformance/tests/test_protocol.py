"""The protocol's schemas: what the suite sends fits them, and what testees send is checked."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft202012Validator

from credpool_conformance.data import SCHEMAS, Data
from credpool_conformance.json_values import Json
from credpool_conformance.problems import HarnessError
from credpool_conformance.provider.loopback import Loopback
from credpool_conformance.runner import Runner
from credpool_conformance.scenarios.loader import load
from credpool_conformance.specification import registry as registries
from credpool_conformance.specification import requirements as requirement_files
from credpool_conformance.testee.connectors.stdio import StdioConnector
from credpool_conformance.testee.protocol import REPLIES, check, parse, validate
from credpool_conformance.testee.session import Session

if TYPE_CHECKING:
    from conftest import Name


class Recording(StdioConnector):
    """A connector that remembers what was sent."""

    def send(self, message: dict[str, Json]) -> None:
        """Send, and remember."""
        self.sent = [*getattr(self, "sent", []), message]
        super().send(message)


def test_every_command_fits_its_schema(tree: Data, naive: "Name") -> None:
    """All commands of a whole run are as documented, and none of them names a scenario."""
    loopback = Loopback()
    connector = Recording(naive("stdio"))
    session = Session(connector, timeout=10)
    registry, requirements = registries.load(tree), requirement_files.load(tree)
    scenarios = load(tree, registry, requirements)

    list(Runner(session, loopback.mock, registry, requirements).run(scenarios))
    session.close()
    loopback.close()

    assert {message["cmd"] for message in connector.sent} == {*REPLIES} - {
        "login",
        "manage",
        "restart",
    }
    for message in connector.sent:
        validate(message["cmd"], message)
    told = json.dumps(connector.sent)
    assert not [name for name in ("retry-then-rotate", "streamed", "left-alone") if name in told]


def test_every_message_has_a_schema() -> None:
    """Each command, and each reply of each command, is in the folder; so is `error`."""
    names = {path.name.removesuffix(".schema.json") for path in (SCHEMAS / "protocol").iterdir()}

    replies = {f"{kind}.reply" for kinds in REPLIES.values() for kind in kinds}
    assert names == {*REPLIES, *replies, "error.reply"}


@pytest.mark.parametrize("line", ["", "nonsense", "[]", "1", '{"seq": 1'])
def test_what_is_no_message_is_refused(line: str) -> None:
    """Only a JSON object is a message."""
    with pytest.raises(HarnessError, match="not a JSON"):
        parse(line)


@pytest.mark.parametrize(
    "message",
    [
        {"seq": 1},
        {"seq": 1, "ok": True, "refused": {}},
        {"seq": 1, "ok": False},
        {"seq": 1, "refused": {"code": "unknown_strategy"}},
        {"seq": 1, "wait": {"until": 1, "why": "retry"}},
        {"seq": 1, "refused": {"code": "x", "message": "y", "more": 1}},
    ],
    ids=str,
)
def test_a_reply_that_does_not_fit_is_refused(message: dict[str, Json]) -> None:
    """One kind, one that the command allows, and with the right contents."""
    with pytest.raises(HarnessError):
        check("configure", message)


def test_scenarios_set_what_a_policy_has() -> None:
    """Scenarios set values that `configure` can set; a lint holds these against the table."""
    root = Path(__file__).parents[2]
    schema = json.loads((SCHEMAS / "protocol" / "configure.schema.json").read_text("utf-8"))
    policy = schema["properties"]["pool"]["properties"]["policy"]
    data = Data(spec=root / "spec", scenarios=root / "conformance" / "scenarios")
    scenarios = load(data, registries.load(data), requirement_files.load(data))
    set_ = [{**scenario.given.policy} for scenario in scenarios if scenario.given.policy]

    assert len(set_) >= 20
    assert [given for given in set_ if not Draft202012Validator(policy).is_valid(given)] == []
