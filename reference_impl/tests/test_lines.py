"""A document is read at the cost of the rows that are new, and says the same."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credpool.model.entry import Entry
from credpool.model.secret import Secret
from credpool.model.terms import EntryId
from credpool.stores.auth_json import codec
from credpool.stores.auth_json.codec import Malformed
from credpool.stores.auth_json.lines import MARK, Known

ROWS = [{"id": "a", "access_token": "sk-a"}, {"id": "b", "label": "x\n]\ny", "future": [1, {}]}]


def written(rows: list[dict[str, object]], **others: object) -> str:
    """Return a document as `encode` lays it out."""
    around = codec.decode(json.dumps({"credential_pool": {**others, "p": []}}), "p")
    return codec.encode(around.head, map(json.dumps, rows), "now", around.suppressed)


def relaid(text: str, indent: int | None = None) -> str:
    """Return the document laid out as other programs do it."""
    return json.dumps(json.loads(text), indent=indent)


IN_EVERY_FORM = [
    pytest.param(written(ROWS), id="as we write it"),
    pytest.param(written([]), id="no rows"),
    pytest.param(written(ROWS, q=ROWS), id="beside another pool"),
    pytest.param(
        codec.encode(codec.decode(written(ROWS), "q").head, ['{"id": "z"}'], "now", {}),
        id="as it is written for another pool",
    ),
    pytest.param(relaid(written(ROWS), indent=2), id="indented"),
    pytest.param(relaid(written(ROWS)), id="in one line"),
    pytest.param(written([{"label": "no id"}, {"label": "no id"}]), id="rows without an id"),
    pytest.param(
        '{"providers": {"x": 1,\n"p": [\n{"id": "theirs"}\n]},\n"credential_pool": {"p": []}}',
        id="the same name elsewhere",
    ),
    pytest.param(
        '{"credential_pool": {"x": 1,\n"p": [\n{"id": "early"}\n],\n"p": [\n{"id": "late"}\n]}}',
        id="the pool twice",
    ),
    pytest.param(
        f'{{"providers": {{"x": 1,\n"p": [\n{{}}\n]}},\n"credential_pool": {{"p": ["{MARK}"]}}}}',
        id="what marks the place",
    ),
    pytest.param(
        '{"credential_pool": {"x": 1,\n"p": [\n{"id": "a",\n"x": [1,\n2\n]},\n{"id": "b"}\n]}}',
        id="rows of several lines",
    ),
]


@pytest.mark.parametrize("text", IN_EVERY_FORM)
def test_every_layout_says_the_same(text: str) -> None:
    """However a document is laid out, its entries, or what is wrong, are those that JSON has."""

    def outcome(text: str, known: Known) -> object:
        try:
            found = codec.decode(text, "p", known)
        except Malformed as err:
            return str(err)
        return found.entries, found.suppressed, json.loads(f"{found.head}]}}}}")

    told = outcome(relaid(text), Known())
    first = codec.decode(written(ROWS), "p")

    assert outcome(text, Known()) == told
    assert outcome(text, Known(first.texts, first.entries)) == told


@given(st.lists(st.dictionaries(st.text(max_size=5), st.text() | st.none()), max_size=4), st.text())
def test_any_rows_say_the_same(rows: list[dict[str, object]], key: str) -> None:
    """Whatever is in the rows, and whatever the pool is called, the layout changes nothing."""
    named = [{**row, "id": f"{n}", "label": key} for n, row in enumerate(rows)]
    for row in named:
        for field in ("auth_type", "payer", "claim", "model_cooldowns"):
            row.pop(field, None)
    head = codec.decode(json.dumps({"credential_pool": {key: []}}), key).head
    text = codec.encode(head, map(json.dumps, named), "now", {})

    first = codec.decode(text, key)
    again = codec.decode(text, key, Known(first.texts, first.entries))

    assert first.entries == codec.decode(relaid(text), key).entries
    assert all(new is old for new, old in zip(again.entries, first.entries, strict=True))


@pytest.mark.parametrize("indent", [None, 2], ids=["our layout", "another's"])
def test_a_row_that_is_known_is_not_understood_again(indent: int | None) -> None:
    """Of two rows one has changed: the other's entry is the very one that is known for its text."""
    known = Entry(id=EntryId("a"), label="whatever was made of it", secret=Secret("sk-a"))
    text = written([{**ROWS[0]}, {"id": "b", "label": "new"}])
    text = text if indent is None else relaid(text, indent)

    found = codec.decode(text, "p", Known([json.dumps(ROWS[0])], [known])).entries

    assert found[0] is known
    assert found[1].label == "new"


def test_rows_without_an_id_are_told_apart() -> None:
    """Two rows of one text have different ids, which follow from their places, at each reading."""
    text = written([{"label": "x"}, {"label": "x"}])
    first = codec.decode(text, "p")

    again = codec.decode(text, "p", Known(first.texts, first.entries))

    assert [e.id for e in again.entries] == [e.id for e in first.entries]
    assert len({e.id for e in first.entries}) == 2


def test_only_the_rows_there_are_known() -> None:
    """What is known after a reading is what was read, and not all that ever was."""
    first = codec.decode(written(ROWS), "p")
    second = codec.decode(written(ROWS[1:]), "p", Known(first.texts, first.entries))

    known = Known(second.texts, second.entries)

    assert known.find([json.dumps(row) for row in ROWS]) == [None, first.entries[1]]


def test_what_is_known_is_not_shown() -> None:
    """The rows hold every secret of the pool, and no traceback shows them."""
    first = codec.decode(written(ROWS), "p")

    shown = f"{Known(first.texts, first.entries)!r} {first!r}"

    assert "sk-a" not in shown
