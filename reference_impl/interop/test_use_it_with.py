"""SDKs and frameworks that send through a pool, as `docs/guide/use-it-with.md` shows them.

Run by `nox -s sdks`, in two environments: some need a version of the `openai` SDK before 3.
`nox -s sdks_quick` runs the SDKs' own programs, and no framework's.
The programs of the page are the modules of `use_it_with`: what is shown is what runs here.
"""

import asyncio
import importlib
import importlib.metadata
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat
from pathlib import Path
from types import ModuleType

import pytest

from credpool import FailureClass, Pool, events
from credpool.testing import FakeProvider, FakeReply

ONE, TWO = "sk-made-up-one", "sk-made-up-two"
CAPPED = FakeReply.error(429, "usage_limit_reached", "The usage limit has been reached")
WAYS = ("ask", "stream", "ask_async", "stream_async")
PROGRAMS = Path(__file__).parent / "use_it_with"


@dataclass(frozen=True, slots=True, kw_only=True)
class Framework:
    """One of them: whose keys its pool has, where the pool's keys are valid, and what the SDK is told.

    `answers` are for what does not read plain text; `raises` is what an exhausted pool leads to;
    `older` ones need a version of the `openai` SDK before 3.
    """

    provider: str
    home: str = "/v1"
    url: str = "/v1"
    answers: Mapping[str, FakeReply] = field(default_factory=dict)
    raises: str = "PoolExhausted"
    ways: Sequence[str] = WAYS
    older: bool = False


def in_json() -> Mapping[str, FakeReply]:
    """Return answers whose text is JSON, whole and streamed."""
    said = json.dumps({"text": "Hello."})
    known = {"id": "chat-1", "created": 1_800_000_000, "model": "fake"}
    message = {"role": "assistant", "content": said}
    whole = {"object": "chat.completion", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}  # fmt: skip
    parts = [
        {"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": text}}]}
        for text in (said[:9], said[9:])
    ]
    body = "".join(f"data: {json.dumps(known | part)}\n\n" for part in parts) + "data: [DONE]\n\n"
    streamed = FakeReply(headers={"content-type": "text/event-stream"}, body=body.encode())
    return {"ask": FakeReply.json(known | whole), "stream": streamed}


FRAMEWORKS = {
    "openai": Framework(provider="openai"),
    "anthropic": Framework(provider="anthropic", home="", url=""),
    "azure_openai": Framework(provider="azure-openai", home="", url=""),
    "google_genai": Framework(provider="gemini", home="/v1beta", url=""),
    "mistralai": Framework(provider="mistral", url=""),
    "groq": Framework(provider="groq", home="/openai/v1", url="", raises="APIConnectionError"),
    "langchain": Framework(provider="openai"),
    "litellm": Framework(provider="openai", raises="InternalServerError", older=True),
    "instructor": Framework(
        provider="openai", answers=in_json(), raises="InstructorRetryException", older=True
    ),
    "pydantic_ai": Framework(provider="openai"),
    "requests_session": Framework(provider="openai", ways=WAYS[:2]),
}
IS_OLDER = importlib.metadata.version("openai").startswith("2.")
QUICK = {"openai", "anthropic", "azure_openai", "google_genai", "groq", "requests_session"}
IS_QUICK = os.environ.get("CREDPOOL_SDKS") == "quick"
CASES = [
    pytest.param(name, way, id=f"{name}-{way}")
    for name, of in FRAMEWORKS.items()
    if of.older is IS_OLDER and (not IS_QUICK or name in QUICK)
    for way in of.ways
]
PAGE = Path(__file__).parents[2] / "docs" / "guide" / "use-it-with.md"


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Send to the loopback address without a proxy, whatever the machine has; and tell nobody."""
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")


def program(name: str) -> ModuleType:
    """Return the program that the page shows."""
    return importlib.import_module(f"interop.use_it_with.{name}")


def run(way: Callable[[Pool, str], object], pool: Pool, url: str) -> object:
    """Run one way of asking, in an event loop if it needs one, or with one that it finds."""
    if way.__name__.endswith("_async"):
        return asyncio.run(way(pool, url))  # type: ignore[arg-type]
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        return way(pool, url)
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def script(of: Framework, way: str, first: Sequence[FakeReply]) -> dict[str, Iterator[FakeReply]]:
    """Let the first key be refused, and the second give what the framework reads."""
    answer = of.answers.get(way.removesuffix("_async"))
    then = repeat(answer) if answer is not None else iter(())
    return {ONE: chain(first, then), TWO: chain((), then)}


@pytest.mark.parametrize(("name", "way"), CASES)
def test_a_cap_is_got_past_within_one_attempt(name: str, way: str) -> None:
    """The framework has its answer from the second key, and was told nothing of the first."""
    of = FRAMEWORKS[name]
    told: list[events.Event] = []
    with FakeProvider(script(of, way, [CAPPED])) as upstream:
        pool = Pool.from_keys(of.provider, [ONE, TWO], base_url=upstream.url + of.home)
        pool.listen(told.append)

        text = run(getattr(program(name), way), pool, upstream.url + of.url)

    assert text == "Hello."
    assert upstream.secrets == [ONE, TWO]
    assert [type(event) for event in told] == [events.EntryCooled, events.EntrySwitched]
    # a switch has a failure when it was made in the middle of a call, and none at its beginning
    assert isinstance(told[1], events.EntrySwitched)
    assert told[1].failure is FailureClass.USAGE_LIMITED
    assert all(len(request.credentials) == 1 for request in upstream.requests)


@pytest.mark.parametrize(("name", "way"), CASES)
def test_an_exhausted_pool_is_told_in_our_words(name: str, way: str) -> None:
    """Nothing is sent; the error says why, by itself or as the cause of the framework's own."""
    of = FRAMEWORKS[name]
    with FakeProvider({ONE: [CAPPED]}) as upstream:
        pool = Pool.from_keys(of.provider, [ONE], base_url=upstream.url + of.home)
        with pytest.raises(Exception):  # noqa: B017, PT011  each has its own
            run(getattr(program(name), way), pool, upstream.url + of.url)
        asked = len(upstream.requests)

        with pytest.raises(Exception) as raised:  # noqa: PT011  each has its own
            run(getattr(program(name), way), pool, upstream.url + of.url)

    chain: list[BaseException] = [raised.value]
    while (cause := chain[-1].__cause__ or chain[-1].__context__) is not None:
        chain.append(cause)
    assert type(raised.value).__name__ == of.raises, [repr(error) for error in chain]
    assert any("no credential of the pool" in str(error) for error in chain)
    assert len(upstream.requests) == asked == 1
    assert not any(ONE in str(error) for error in chain)


def test_every_program_is_tried_and_shown() -> None:
    """No program is left out, and the page says of each what it raises when nothing can be sent."""
    page = PAGE.read_text("utf-8")
    shown = {name: f'"reference_impl/interop/use_it_with/{name}.py"' in page for name in FRAMEWORKS}
    raises = [line.split("|")[-2].strip() for line in page.splitlines() if line.startswith("| [")]

    assert {path.stem for path in PROGRAMS.glob("*.py")} == {*FRAMEWORKS}
    assert all(shown.values()), shown
    assert [text.split("`")[1] for text in raises] == [of.raises for of in FRAMEWORKS.values()]
