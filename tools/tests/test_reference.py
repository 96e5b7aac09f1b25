"""The pages on `auth.json` and `config.yaml` show files that their schemas allow."""

import json
import re
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator

from credpool import open_pool
from credpool.seed import Surroundings
from tools.pages.reference import AUTH_PAGE, CONFIG_PAGE, reference_pages
from tools.sources.specification import load

ROOT = Path(__file__).parents[2]


def block(page: str, kind: str) -> str:
    """Return the first block of a kind on a page."""
    found = re.search(
        rf"^```{kind}\n(.*?)^```$", (ROOT / page).read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    assert found, page
    return found[1]


def schema(name: str) -> Draft202012Validator:
    """Return a validator of one of our schemas, without those that it refers to."""
    return Draft202012Validator(json.loads((ROOT / "spec/schemas" / name).read_text("utf-8")))


def test_the_example_of_auth_json_is_valid_and_named_by_the_tables() -> None:
    """Each of its fields is in the table below it."""
    document = json.loads(block(AUTH_PAGE, "json"))
    page = (ROOT / AUTH_PAGE).read_text(encoding="utf-8").partition("## The document")[2]

    assert [*schema("auth.schema.json").iter_errors(document)] == []
    (rows,) = document["credential_pool"].values()
    named = {*document, *(name for row in rows for name in row)}
    assert {name for name in named if f"| `{name}` |" not in page} == set()


def test_the_example_of_config_yaml_has_the_keys_that_stand_beside_it() -> None:
    """Nothing is shown that is not said."""
    document = yaml.safe_load(block(CONFIG_PAGE, "yaml"))
    page = (ROOT / CONFIG_PAGE).read_text(encoding="utf-8")

    assert {name for name in document if f"| `{name}` |" not in page} == set()


def test_the_library_takes_the_example_of_config_yaml(tmp_path: Path) -> None:
    """What is shown is read as it is said."""
    (tmp_path / "config.yaml").write_text(block(CONFIG_PAGE, "yaml"), encoding="utf-8")
    environ = {"OFFICE_RELAY_KEY": "abc-123", "ACME_API_KEY": "def-456"}
    around = Surroundings(environ=environ, folder=tmp_path, home=tmp_path)

    relay, acme, router = (
        open_pool(key, around) for key in ("custom:office-relay", "acme", "openrouter")
    )

    assert [len(pool.state.entries) for pool in (relay, acme)] == [1, 1]
    assert router.state.strategy.value == "round_robin"
    assert router.policy.max_retry_wait == 5


def test_the_pages_are_current() -> None:
    """Their tables are what the data says."""
    found = reference_pages(load(ROOT))

    assert {*found} == {AUTH_PAGE, CONFIG_PAGE}
    assert all((ROOT / page).read_text("utf-8") == content for page, content in found.items())
