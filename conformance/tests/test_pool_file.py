"""The pool's file, as a scenario writes and reads it."""

import fcntl
import re
from collections.abc import Iterator

import pytest

from credpool_conformance.json_values import Json
from credpool_conformance.testee.pool_file import UNCHANGED, PoolFile


def stands_for(found: re.Match[str]) -> Json:
    """Answer every placeholder by its own name."""
    return found[0].removeprefix("$").upper()


@pytest.fixture
def file() -> Iterator[PoolFile]:
    """Name a file that is not there yet, and take it away afterwards."""
    kept = PoolFile(stands_for)
    yield kept
    kept.close()


def test_placeholders_are_filled_in_wherever_they_stand(file: PoolFile) -> None:
    """A secret, an endpoint and a moment are filled in, alone or inside a text."""
    file.write({"row": [{"token": "$secret:a", "url": "$base/v1", "at": "$epoch+30", "plain": 1}]})

    wanted = {"row/0/token": "SECRET:A", "row/0/url": "BASE/v1", "row/0/at": "EPOCH+30"}
    assert file.compared(wanted) == wanted


def test_text_is_written_as_it_is(file: PoolFile) -> None:
    """A broken file is written broken, and what it holds cannot be read."""
    file.write('{"version": 1,')

    assert file.path.read_text(encoding="utf-8") == '{"version": 1,'
    assert file.compared({"version": 1}) == {"version": "unreadable"}


def test_unchanged_is_to_the_byte(file: PoolFile) -> None:
    """The file is unchanged only with the same bytes in it."""
    file.write("{}")
    before = file.compared(UNCHANGED)

    file.path.write_text("{} ", encoding="utf-8")

    assert [before, file.compared(UNCHANGED)] == [UNCHANGED, "changed"]


def test_what_is_not_there_is_null(file: PoolFile) -> None:
    """A missing file has no mode, and a missing place has nothing."""
    missing = file.compared({"mode": "0600"})

    file.write({"rows": []})

    assert missing == {"mode": None}
    assert file.compared({"rows/0": 1, "other": 1}) == {"rows/0": None, "other": None}


def test_a_text_may_be_asked_to_be_absent(file: PoolFile) -> None:
    """`without` holds when the text is not at the place, and shows what is there when it is."""
    file.write({"clean": "refused ***", "dirty": "refused sk-one"})
    wanted: Json = {"clean": {"without": "sk-one"}, "dirty": {"without": "sk-one"}}

    assert file.compared(wanted) == {"clean": {"without": "sk-one"}, "dirty": "refused sk-one"}


def test_an_open_file_is_watched_for_writing_in_place(file: PoolFile) -> None:
    """What is found under the old name changes when the file is written over, not when replaced."""
    file.write("{}")
    replacement = file.path.with_name("new")
    replacement.write_text("[]", encoding="utf-8")
    replacement.replace(file.path)
    replaced = file.compared({"old": UNCHANGED})
    file.write("{}")

    file.path.write_text("[]", encoding="utf-8")

    assert [replaced, file.compared({"old": UNCHANGED})] == [{"old": UNCHANGED}, {"old": "changed"}]


def test_a_link_and_what_lies_beside_are_seen() -> None:
    """The place says whether it is a link, and which other files there are but the lock."""
    file = PoolFile(stands_for, mode="0640", link=True)
    file.write("{}")
    file.lock(held=True)
    file.path.with_name("auth.json.bak").touch()

    found = file.compared({"kind": 0, "beside": 0, "mode": 0})
    file.close()

    assert found == {"kind": "link", "beside": ["auth.json.bak"], "mode": "0640"}


def test_the_lock_keeps_others_out_until_it_is_let_go(file: PoolFile) -> None:
    """Whoever asks for the lock meanwhile does not get it."""

    def taken() -> bool:
        with file.path.with_suffix(".lock").open("ab") as asked:
            try:
                fcntl.flock(asked, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            return False

    file.lock(held=True)
    while_held = taken()
    file.lock(held=False)

    assert [while_held, taken()] == [True, False]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", ["not JSON in UTF-8"]),
        ('{"version": 1}', ['the document: required must be ["version", "credential_pool"]']),
        ('{"version": 1, "credential_pool": {"openai": [{"extra": 1, "priority": null}]}}', []),
        (
            '{"version": 1, "credential_pool": {"openai": [{"probed_at": "sk-secret"}]}}',
            ['credential_pool/openai/0/probed_at: type must be ["number", "null"]'],
        ),
    ],
    ids=["no JSON", "a part is missing", "more than is known", "another type"],
)
def test_what_the_testee_wrote_is_checked_against_the_schema(
    file: PoolFile, content: str, told: list[str]
) -> None:
    """What is wrong is told by its place, never by its value; what the scenario wrote is not judged."""
    file.write(content)
    own = file.faults()

    file.path.write_text(content + " ", encoding="utf-8")

    assert [own, file.faults()] == [[], told]
