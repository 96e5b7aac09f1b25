"""Mutants of the operator's own rules and providers."""

from dataclasses import replace

from credpool.config.own import check
from credpool.model.errors import BadConfig
from tools.mutants.mutant import Mutant, replaces


class AsksTheRegistryFirst(Mutant):
    """Puts the operator's rules behind those of the registry."""

    violates = "config.rules+1"
    kills = (
        "own-rule-comes-first:by-its-code",
        "own-rule-comes-first:with-a-cooldown",
        "own-rule-says-that-a-key-is-healthy",
    )
    because = "after class status until"

    @replaces("credpool.config.own.described")
    def behind(original, config, key, provider):
        made = original(config, key, provider)
        if made is None:
            return None
        own = tuple(rule for rule in made.rules if rule.place[:1] == ("rules",))
        return replace(made, rules=made.rules[len(own) :] + own)


class AppliesEveryRuleToEveryPool(Mutant):
    """Takes the rules under any name."""

    violates = "config.rules+1"
    kills = ("own-rule-is-for-its-pool:another",)
    because = "after class status"

    @replaces("credpool.config.own._own_rules")
    def all_of_them(original, config, keys):
        return original(config, [*keys, *(config.get("rules") or {})])


class PassesOverItsHint(Mutant):
    """Reads every hint, whatever an own rule says of them."""

    violates = "config.rules+1"
    kills = ("own-rule-says-which-hints-count",)
    because = "until"

    @replaces("credpool.config.own._rule")
    def hinted(original, row, place):
        return replace(original(row, place), hint=None)


class SendsABearerAlways(Mutant):
    """Sends the secret of a described provider as everybody does."""

    violates = "config.providers+1"
    kills = ("own-provider-has-a-pool:with-a-header", "own-provider-in-place-of-the-registrys")
    because = "header"

    @replaces("credpool.config.own._credential")
    def bearer(original, row):
        return {**original(row), "header": "authorization", "scheme": "Bearer"}


class FindsNoVariableOfItsOwn(Mutant):
    """Looks for the variables of the registry's providers alone."""

    violates = "config.providers+1"
    kills = ("own-provider-has-a-pool:with-a-header", "own-provider-in-place-of-the-registrys")
    because = "stop out"

    @replaces("credpool.config.own._credential")
    def nameless(original, row):
        return {**original(row), "env": []}


class TakesARuleThatIsNone(Mutant):
    """Passes over a rule that it does not understand, and over all that are beside it."""

    violates = "config.own.refused+1"
    kills = (
        "unusable-own-rule-is-refused:no-list",
        "unusable-own-rule-is-refused:unknown-provider",
        "unusable-own-rule-is-refused:unknown-class",
        "unusable-own-rule-is-refused:unknown-condition",
        "unusable-own-rule-is-refused:no-credentials",
    )
    because = "refusal"

    @replaces("credpool.config.own.check")
    def lenient(original, config, pools=()):
        return None

    @replaces("credpool.config.own.described")
    def passed_over(original, config, key, provider):
        try:
            check(config)
        except BadConfig:
            return None
        return original(config, key, provider)
