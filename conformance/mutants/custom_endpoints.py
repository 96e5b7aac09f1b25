"""Mutants of the chapter on custom endpoints."""

import re
from dataclasses import replace

from tools.mutants.mutant import Mutant, replaces


class TidiesNames(Mutant):
    """Makes one hyphen of all that is no letter, digit or dot in a name."""

    violates = "custom.key+2"
    kills = (
        "endpoints-name-makes-its-pools-key:spaces-and-brackets",
        "endpoints-name-makes-its-pools-key:spaces-around",
    )
    because = "out"

    @replaces("credpool.config.pools.custom_key")
    def tidy(original, name):
        return "custom:" + re.sub(r"[^a-z0-9.]+", "-", name.lower()).strip("-")


class OverlooksTheListedKey(Mutant):
    """Takes an endpoint's URL from the list, and not its key."""

    violates = "custom.list+2"
    kills = ("listed-key-is-found",)
    because = "out"

    @replaces("credpool.config.pools._endpoint")
    def keyless(original, item, where):
        return replace(original(item, where), api_key=None)


class OverlooksTheNamedVariable(Mutant):
    """Takes no notice of `key_env`."""

    violates = "custom.list+2"
    kills = ("key-env-is-found",)
    because = "out"

    @replaces("credpool.config.pools._endpoint")
    def nameless(original, item, where):
        return replace(original(item, where), key_env=None)


class OverlooksTheModelsKey(Mutant):
    """Takes no notice of the model's own key, unless its endpoint is in no list."""

    violates = "custom.model+2"
    kills = ("models-own-key-joins-its-endpoint",)
    because = "stop"

    @replaces("credpool.config.pools._with_model")
    def without(original, found, model):
        return found or original(found, model)


class GivesTheModelsKeyToEverybody(Mutant):
    """Gives the model's own key to every endpoint, whatever its URL."""

    violates = "custom.model+2"
    kills = ("models-key-stays-with-its-url",)
    because = "ids"

    @replaces("credpool.config.pools._with_model")
    def all_of_them(original, found, model):
        return original(found, model | {"base_url": found[0].base_url} if found else model)


class NamesItAfterNothing(Mutant):
    """Gives every endpoint that nobody has named one name."""

    violates = "custom.model.host+2"
    kills = ("unlisted-endpoint-is-named-after-its-host",)
    because = "out"

    @replaces("credpool.config.pools._host_name")
    def model(original, base_url):
        return "model"


class GoesByTheUrl(Mutant):
    """Gives the model's own key to all names with its URL."""

    violates = "custom.by-name+2"
    kills = ("one-url-two-names-two-pools",)
    because = "ids"

    @replaces("credpool.config.pools._with_model")
    def by_url(original, found, model):
        keyed = (original([endpoint], {**model, "provider": "custom"})[0] for endpoint in found)
        return [*keyed] or original(found, model)


class TakesTheFirstOfTwo(Mutant):
    """Passes over an endpoint whose name leads to a pool that is taken."""

    violates = "custom.collision+2"
    kills = ("names-that-collide-are-refused",)
    because = "refusal"

    @replaces("credpool.config.pools.endpoints")
    def first(original, config):
        listed = {}
        for item in config.get("custom_providers") or []:
            listed.setdefault(item["name"].strip().lower().replace(" ", "-"), item)
        return original({**config, "custom_providers": [*listed.values()]})


class LetsAVariableMoveIt(Mutant):
    """Takes the endpoint from a variable when there is one."""

    violates = "custom.one-source+2"
    kills = ("variables-do-not-move-an-endpoint",)
    because = "sent"

    @replaces("credpool.seed.surroundings.Surroundings.endpoint")
    def moved(original, self, key):
        found, moved = original(self, key), self.environ.get("OPENAI_BASE_URL")
        return replace(found, base_url=moved) if found and moved else found


class LeavesTheKeyBehind(Mutant):
    """Leaves an entry with the endpoint where it was found first."""

    violates = "custom.one-source+2"
    kills = ("changed-endpoint-takes-its-key-along",)
    because = "sent"

    @replaces("credpool.seed.found._taken_up")
    def there(original, entry, item, fingerprint_key):
        fresh = original(entry, item, fingerprint_key)
        return replace(fresh, base_url=entry.base_url or fresh.base_url)
