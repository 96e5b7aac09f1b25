"""What a failing reply means."""

import base64
import gc
import json
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType

import pytest
import yaml

from credpool.model.errors import UnknownProvider
from credpool.model.messages import Verdict
from credpool.model.recovery import RECOVERY
from credpool.model.terms import AuthType, FailureClass, Scope
from credpool.providers.classify import classify
from credpool.providers.registry import Provider, provider
from credpool.providers.reply import LONGEST_MESSAGE, Reply, dig

NOW = 1795392000.0
SPEC = Path(__file__).parents[2] / "spec" / "registry"
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
REGISTRY = {p.stem: yaml.load(p.read_bytes(), LOADER) for p in sorted(SPEC.glob("*.yaml"))}  # noqa: S506  one of the safe loaders
RULES = [
    pytest.param(name, rule, id=f"{name}/{rule['id']}")
    for name, data in REGISTRY.items()
    for rule in data["rules"]
]
COUNTED = [r for r in RULES if RECOVERY[FailureClass(r.values[1]["class"])].hint]
Maker = Callable[[Mapping[str, object]], Reply]


def read(
    status: int, body: object = b"", *, name: str = "openai", login: bool = False, **headers: str
) -> Verdict:
    """Return the verdict on a reply of that provider."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = {key.replace("_", "-"): value for key, value in headers.items()}
    auth = AuthType.OAUTH if login else AuthType.API_KEY
    return classify(Reply(status, sent, raw), provider(name), auth, now=NOW)


def error(**fields: object) -> dict[str, object]:
    """Return a body in the usual envelope."""
    return {"error": fields}


class TestRegistry:
    """Every rule's example is read as the rule says."""

    def test_has_examples(self) -> None:
        """The registry was found, and each of its providers has rules or says why it has none."""
        assert len(REGISTRY) >= 23
        assert all(data["rules"] or data["note"] for data in REGISTRY.values())

    @pytest.mark.parametrize(("name", "rule"), RULES)
    def test_example_is_read_by_its_own_rule(
        self, name: str, rule: Mapping[str, object], reply_of: Maker
    ) -> None:
        """The example matches no earlier rule, and gets the rule's class, scope and default."""
        failure = FailureClass(rule["class"])
        scope = Scope(rule["scope"]) if "scope" in rule else RECOVERY[failure].scope

        verdict = _of_example(name, rule, reply_of)

        assert verdict.rule == f"{name}/{rule['id']}"
        assert (verdict.failure, verdict.scope) == (failure, scope)
        assert verdict.cooldown == rule.get("cooldown")

    @pytest.mark.parametrize(("name", "rule"), COUNTED)
    def test_example_holds_the_stated_hint(
        self, name: str, rule: Mapping[str, object], reply_of: Maker
    ) -> None:
        """The hint is the one that the example states, and there is none where it states none."""
        stated = dig(rule, "example", "hint")

        hint = _of_example(name, rule, reply_of).hint

        assert hint == (stated if stated is None else pytest.approx(stated))

    @pytest.mark.parametrize("name", REGISTRY)
    def test_provider_is_the_specifications(self, name: str) -> None:
        """Address and credentials are those of the specification's file, in its order."""
        stated, known = REGISTRY[name], provider(name)

        assert (known.name, known.base_url) == (stated["provider"], stated["base_url"])
        assert [_credential(known, i) for i in range(len(known.credentials))] == [
            (
                c["auth_type"],
                c["header"],
                c["scheme"],
                c["payer"],
                c.get("extra_headers", {}),
                c.get("token_url"),
            )
            for c in stated["credentials"]
        ]

    @pytest.mark.parametrize("name", REGISTRY)
    def test_rules_end_with_the_generic_ones(self, name: str) -> None:
        """The provider's own rules come first, all in the order of their files."""
        own = [f"{name}/{r['id']}" for r in REGISTRY[name]["rules"]]
        generic = [f"generic/{r['id']}" for r in REGISTRY["generic"]["rules"]]

        assert [r.name for r in provider(name).rules] == (
            own if name == "generic" else own + generic
        )

    def test_refuses_an_unknown_provider_with_the_known_names(self) -> None:
        """The error lists the providers there are, and says what to do for any other."""
        with pytest.raises(UnknownProvider, match=r"'opena1'.*anthropic.*openai.*'generic' with"):
            provider("opena1")


class TestStatusAlone:
    """Replies of which nothing but the status is known."""

    @pytest.mark.parametrize("name", REGISTRY)
    def test_every_status_has_a_class(self, name: str) -> None:
        """No failing status is without a rule, not even one that HTTP does not have."""
        for status in (*range(400, 600), 600, 999):
            assert read(status, name=name).failure in FailureClass

    @pytest.mark.parametrize(
        ("status", "failure"),
        [
            (400, FailureClass.REQUEST_ERROR),
            (401, FailureClass.AUTH_REJECTED),
            (402, FailureClass.OUT_OF_CREDIT),
            (403, FailureClass.FORBIDDEN),
            (408, FailureClass.SERVER_ERROR),
            (418, FailureClass.REQUEST_ERROR),
            (429, FailureClass.RATE_LIMITED),
            (500, FailureClass.SERVER_ERROR),
            (503, FailureClass.OVERLOADED),
            (529, FailureClass.OVERLOADED),
            (999, FailureClass.SERVER_ERROR),
        ],
    )
    def test_falls_back_to_the_generic_rule(self, status: int, failure: FailureClass) -> None:
        """A code that nobody knows leaves the status to decide."""
        unknown = error(code="a_code_of_tomorrow", message="Something new")

        assert read(status, unknown).failure is failure

    @pytest.mark.parametrize(
        "body",
        [
            pytest.param(b"", id="empty"),
            pytest.param(b"<html><h1>502 Bad Gateway</h1></html>", id="a proxy's page"),
            pytest.param(b"\xff\xfe\x00broken", id="not text"),
            pytest.param(b"{", id="half of an object"),
            pytest.param(b"null", id="null"),
            pytest.param(b"[]", id="an empty list"),
            pytest.param(b"3", id="a number"),
            pytest.param(b'{"error": [1, {"code": {}}]}', id="of an unknown shape"),
            pytest.param(b"[" * 100_000, id="nested beyond reason"),
        ],
    )
    def test_reads_any_body(self, body: bytes) -> None:
        """A body of whatever kind is no obstacle."""
        assert read(429, body).failure is FailureClass.RATE_LIMITED


class TestCodes:
    """Where the machine-readable names are found."""

    @pytest.mark.parametrize(
        "body",
        [
            pytest.param(error(code="c"), id="error.code"),
            pytest.param(error(type="c"), id="error.type"),
            pytest.param(error(status="c"), id="error.status"),
            pytest.param(error(error_type="c"), id="error.error_type"),
            pytest.param(error(details={"error_code": "c"}), id="error.details.error_code"),
            pytest.param(error(details=[{}, {"reason": "c"}]), id="error.details[].reason"),
            pytest.param(error(metadata={"error_type": "c"}), id="error.metadata.error_type"),
            pytest.param(error(metadata={"limit_source": "c"}), id="error.metadata.limit_source"),
            pytest.param(error(availability={"code": "c"}), id="error.availability.code"),
            pytest.param({"error_type": "c"}, id="error_type"),
            pytest.param({"detail": {"code": "c"}}, id="detail.code"),
            pytest.param({"detail": {"error_code": "c"}}, id="detail.error_code"),
            pytest.param({"code": "c"}, id="code, without an error"),
            pytest.param({"type": "c", "error": "Text."}, id="type, beside a text"),
            pytest.param({"error": "c"}, id="a bare name"),
            pytest.param([error(code="c"), error(code="d")], id="the first of a list"),
        ],
    )
    def test_are_read_wherever_a_provider_puts_them(self, body: object) -> None:
        """A name counts at each of the specification's places."""
        assert Reply(429, {}, json.dumps(body).encode()).codes == {"c"}

    @pytest.mark.parametrize(
        "body",
        [
            pytest.param({"code": "c", "error": {}}, id="code, beside an error object"),
            pytest.param({"error": "A sentence."}, id="a sentence"),
            pytest.param(error(code=True), id="true"),
            pytest.param(error(code={"c": 1}), id="an object"),
            pytest.param({"prompt": {"code": "c"}}, id="an echo of the request"),
        ],
    )
    def test_are_not_read_elsewhere(self, body: object) -> None:
        """What merely looks like a name is none."""
        assert Reply(429, {}, json.dumps(body).encode()).codes == frozenset()

    def test_may_be_numbers(self) -> None:
        """A number is as good a name as a word."""
        assert Reply(429, {}, b'{"error": {"code": 1302}}').codes == {"1302"}

    def test_are_read_from_the_header_that_repeats_the_error(self) -> None:
        """The decoded `x-error-json` is read as a body is."""
        header = base64.b64encode(b'{"error": {"code": "c"}}').decode()

        assert Reply(429, {"x-error-json": header}, b'{"code": "d"}').codes == {"c", "d"}

    @pytest.mark.parametrize("header", ["not base64!", "bm90IGpzb24=", "caf\u00e9"])
    def test_survive_a_broken_header(self, header: str) -> None:
        """A header that cannot be decoded says nothing."""
        assert Reply(429, {"x-error-json": header}).codes == frozenset()


class TestMessages:
    """What the provider wrote for people."""

    @pytest.mark.parametrize(
        ("body", "message"),
        [
            pytest.param(b'{"error": {"message": "m"}, "message": "n"}', "m", id="error.message"),
            pytest.param(b'{"error": "m", "message": "n"}', "m", id="error"),
            pytest.param(b'{"message": "m", "detail": "n"}', "m", id="message"),
            pytest.param(b'{"detail": "m"}', "m", id="detail"),
            pytest.param(b'{"detail": {"message": "m"}}', "m", id="detail.message"),
            pytest.param(b'[{"error": {"message": "m"}}]', "m", id="the first of a list"),
            pytest.param(b"plain text", "plain text", id="not JSON"),
            pytest.param(b"caf\xe9", "caf\ufffd", id="not UTF-8"),
            pytest.param(b'{"prompt": "m"}', "", id="nowhere else"),
        ],
    )
    def test_are_found(self, body: bytes, message: str) -> None:
        """The first text at the specification's places is the message."""
        assert Reply(400, {}, body).message == message

    def test_of_a_prompt_are_not_the_providers(self) -> None:
        """A prompt that the body echoes cannot take a key out."""
        echo = {
            "error": {"message": "Bad request"},
            "input": "insufficient_quota: no credit balance",
        }

        assert read(400, echo, name="anthropic").failure is FailureClass.REQUEST_ERROR

    def test_are_compared_without_case(self) -> None:
        """A text rule matches however the provider spells it."""
        body = error(message="YOUR CREDIT BALANCE IS TOO LOW to access the API")

        assert read(400, body, name="anthropic").failure is FailureClass.OUT_OF_CREDIT

    def test_of_none_is_none(self) -> None:
        """A reply without a message has none."""
        assert read(500).message is None


class TestBounds:
    """What a stranger may send costs no more than reading it once."""

    def test_of_a_message_the_beginning_is_searched(self) -> None:
        """A text rule matches within the first characters of a message, and not behind them."""
        room = LONGEST_MESSAGE - len("credit balance is too low")

        found = [
            read(400, error(message=" " * n + "credit balance is too low")).failure
            for n in (room, room + 1)
        ]

        assert found == [FailureClass.OUT_OF_CREDIT, FailureClass.REQUEST_ERROR]

    def test_of_a_text_the_beginning_is_searched(self) -> None:
        """A page that is no JSON is decoded as far as a message is read, and no further."""
        reply = Reply(503, {}, "ü".encode() * 10_000)

        assert reply.message == "ü" * LONGEST_MESSAGE

    @pytest.mark.parametrize("body", [b'{"error": {"message": "no mon', b"\xef\xbb\xbf [1, 2", b""])
    def test_the_beginning_of_json_is_no_message(self, body: bytes) -> None:
        """JSON that is cut off has no text for people, as far as anyone can tell."""
        assert Reply(402, {}, body, whole=False).message == ""

    def test_the_beginning_of_a_text_is_a_message(self) -> None:
        """Of a text that is cut off what has come is the message."""
        assert Reply(402, {}, b"no mon", whole=False).message == "no mon"

    @pytest.mark.parametrize("status", [402, 403, 429])
    @pytest.mark.parametrize("name", sorted(REGISTRY))
    def test_a_longer_list_takes_no_more_steps(self, name: str, status: int) -> None:
        """The work beside the parsing does not grow with what a body repeats."""
        item = {"@type": "x", "reason": "y", "violations": [{"quotaId": "z"}], "metadata": {}}

        steps = [_steps(status, error(details=[item] * n), name=name) for n in (500, 1000)]

        assert steps[0] == steps[1]


class TestConditions:
    """What else a rule may ask for."""

    def test_type_of_the_entry(self) -> None:
        """The same reply can mean the end of a token for a login, and not for a key."""
        expired = error(code="token_expired")

        found = [read(401, expired, name="generic", login=login) for login in (True, False)]

        assert [v.failure for v in found] == [
            FailureClass.AUTH_EXPIRED,
            FailureClass.AUTH_REJECTED,
        ]

    @pytest.mark.parametrize(
        "details",
        [
            pytest.param("text", id="text"),
            pytest.param([{"violations": "text"}], id="violations that are text"),
            pytest.param([{"violations": [{"quotaMetric": "m"}]}], id="a violation of no quota"),
        ],
    )
    def test_quota_of_no_known_shape(self, details: object) -> None:
        """Details that name no quota leave it to the rules without one."""
        assert Reply(429, {}, json.dumps(error(details=details)).encode()).quotas == ()

    def test_quotas_are_all_read(self) -> None:
        """Each violation of each detail names its quota."""
        violations = [[{"quotaId": "q1"}, {"quotaId": "q2"}], [{"quotaId": "q3"}]]
        body = error(details=[{"violations": v} for v in violations])

        assert Reply(429, {}, json.dumps(body).encode()).quotas == ("q1", "q2", "q3")


@pytest.mark.parametrize(
    ("message", "failure"),
    [
        pytest.param("CREDIT BALANCE IS TOO LOW", FailureClass.OUT_OF_CREDIT, id="capitals"),
        pytest.param(
            "credit balance i\u017f too low", FailureClass.REQUEST_ERROR, id="a long s, which folds"
        ),
    ],
)
def test_case_is_ignored_for_a_to_z_alone(message: str, failure: FailureClass) -> None:
    """A text rule takes a capital for its small letter, and no other letter for one of A to Z."""
    assert read(400, error(message=message)).failure is failure


def _steps(status: int, body: object, *, name: str) -> int:
    """Return how many calls of functions our modules make to classify a reply."""
    of, calls = provider(name), Counter[str]()
    reply = Reply(status, {}, json.dumps(body).encode())

    def count(frame: FrameType, event: str, _: object) -> None:
        if frame.f_globals["__name__"].startswith("credpool."):
            calls[event] += 1

    before = sys.getprofile()
    gc.disable()  # what another test left to be closed is not this reply's work
    sys.setprofile(count)
    try:
        classify(reply, of, AuthType.API_KEY, now=NOW)
    finally:
        sys.setprofile(before)
        gc.enable()
    return calls["call"] + calls["c_call"]


def _of_example(name: str, rule: Mapping[str, object], reply_of: Maker) -> Verdict:
    example = rule["example"]
    assert isinstance(example, dict)
    usual = REGISTRY[name]["credentials"][0]["auth_type"]
    auth_type = AuthType(example.get("auth_type", usual))
    return classify(reply_of(example), provider(name), auth_type, now=NOW)


def _credential(known: Provider, index: int) -> tuple[object, ...]:
    how = known.credentials[index]
    return (
        how.auth_type.value,
        how.header,
        how.scheme,
        how.payer.value,
        how.extra_headers,
        how.token_url,
    )
