"""Mutants of the chapter on seeding: what is found, and what an entry takes up of it."""

import os
from dataclasses import replace

from credpool.model.errors import BadConfig
from credpool.model.policy import Policy, Strategy
from tools.mutants.mutant import Mutant, replaces


class ReadsTheHostsEnvironment(Mutant):
    """Takes variables of the process for those that it was not given."""

    violates = "seed.given-environment+2"
    kills = ("nothing-is-found-in-an-empty-environment",)
    because = "out"

    @replaces("credpool.seed.surroundings.Surroundings._variables")
    def everything(original, self):
        found, told = original(self)
        return {**os.environ, **found}, told


class KnowsOneVariable(Mutant):
    """Looks at the first variable of a provider, and at no other."""

    violates = "seed.environment+2"
    kills = ("variables-follow-the-registrys-order", "variables-become-entries:second-name")
    because = "stop out"

    @replaces("credpool.seed.environment.Environment.read")
    def first(original, self):
        return original(replace(self, names=self.names[:1]))


class KnowsNoNumbers(Mutant):
    """Looks at a variable, and at none of the numbered ones."""

    violates = "seed.numbered+3"
    kills = ("numbered-variables-up-to-the-gap", "numbering-goes-on-behind-a-placeholder")
    because = "stop"

    @replaces("credpool.seed.environment.series")
    def alone(original, base, variables):
        return [base] if base in variables else []


class CountsPastTheGap(Mutant):
    """Takes every numbered variable, however far up."""

    violates = "seed.numbered+3"
    kills = ("numbered-variables-up-to-the-gap",)
    because = "ids"

    @replaces("credpool.seed.environment.series")
    def all_of_them(original, base, variables):
        names = [base, *(f"{base}_{number}" for number in range(2, 10))]
        return [name for name in names if name in variables]


class PrefersDotenv(Mutant):
    """Lets `.env` win over the environment."""

    violates = "seed.precedence+2"
    kills = ("environment-wins-over-dotenv", "empty-variable-hides-dotenv")
    because = "order nothing"

    @replaces("credpool.seed.surroundings.Surroundings._variables")
    def file_first(original, self):
        found, told = original(replace(self, environ={}))
        return {**self.environ, **found}, told


class TakesPlaceholdersForKeys(Mutant):
    """Takes every value that is not empty for a key."""

    violates = "seed.placeholder+2"
    kills = (
        "placeholder-is-no-key:dots",
        "placeholder-is-no-key:masked",
        "placeholder-is-no-key:your",
        "placeholder-is-no-key:changeme",
    )
    because = "ids"

    @replaces("credpool.model.credential.is_placeholder")
    def never(original, value):
        return False


class PutsInOrderWhatItTakesUp(Mutant):
    """Gives an entry its source's name and place at each start."""

    violates = "seed.match+2"
    kills = ("source-is-taken-up-by-its-entry",)
    because = "order"

    @replaces("credpool.seed.found._taken_up")
    def renamed(original, entry, item, fingerprint_key):
        fresh = original(entry, item, fingerprint_key)
        return replace(fresh, label=item.source, priority=0)


class PutsWhatIsFoundFirst(Mutant):
    """Puts what turns up before everything else."""

    violates = "seed.order+2"
    kills = ("what-is-found-comes-last",)
    because = "order"

    @replaces("credpool.seed.found._added")
    def first(original, key, item, entries):
        return replace(original(key, item, entries), priority=-1)


class TakesTheSameKeyTwice(Mutant):
    """Makes an entry of every source, whatever secret it holds."""

    violates = "seed.duplicate+2"
    kills = ("one-secret-is-found-once", "secret-added-by-hand-is-not-found-again")
    because = "ids"

    @replaces("credpool.seed.found._is_held")
    def never(original, item, entries):
        return False


class PrunesWhatIsGone(Mutant):
    """Removes the entries whose source is not there any more."""

    violates = "seed.never-deletes+2"
    kills = ("loading-deletes-nothing",)
    because = "ids"

    @replaces("credpool.seed.found.seeded")
    def pruned(original, state, found, *, fingerprint_key=None):
        there = {item.source for item in found}
        fresh = original(state, found, fingerprint_key=fingerprint_key)
        stored = (e for e in fresh.entries if e.source in there or e.source.startswith("manual"))
        return replace(fresh, entries=tuple(stored))


class ForgetsWhatWasRemoved(Mutant):
    """Takes up what somebody has removed."""

    violates = "seed.sticky+2"
    kills = ("removed-source-stays-away",)
    because = "order"

    @replaces("credpool.seed.found.seeded")
    def again(original, state, found, *, fingerprint_key=None):
        free = replace(state, suppressed=frozenset())
        fresh = original(free, found, fingerprint_key=fingerprint_key)
        return replace(fresh, suppressed=state.suppressed)


class BlamesTheNewKey(Mutant):
    """Leaves the old key's cooldown on the new one."""

    violates = "seed.changed-secret+2"
    kills = ("replaced-key-is-used-at-once", "replaced-login-lives-again")
    because = "out"

    @replaces("credpool.model.borrowed.is_same")
    def always(original, entry, secret, key):
        return True


class ForgivesAtEachStart(Mutant):
    """Takes every key that it finds for a new one."""

    violates = "seed.changed-secret+2"
    kills = ("same-key-keeps-its-history",)
    because = "status"

    @replaces("credpool.model.borrowed.is_same")
    def never(original, entry, secret, key):
        return False


class StopsAtABrokenFile(Mutant):
    """Refuses to open the pool when a file of another tool is broken."""

    violates = "seed.broken-file+2"
    kills = ("broken-file-stops-nobody:cut-off", "broken-file-stops-nobody:empty")
    because = "refusal"

    @replaces("credpool.seed.foreign.ForeignFile.read")
    def strict(original, self):
        for told in original(self):
            if hasattr(told, "fix"):
                raise BadConfig(told.where, told.what)
            yield told


class IgnoresTheChosenStrategy(Mutant):
    """Takes the default, whatever the configuration says."""

    violates = "config.pool+1"
    kills = ("configured-strategy-is-the-pools",)
    because = "order"

    @replaces("credpool.config.pools.strategy_of")
    def default(original, config, key):
        original(config, key)
        return Strategy.FILL_FIRST


class TakesAnyPoolsStrategy(Mutant):
    """Takes the first strategy of the configuration, whichever pool it is for."""

    violates = "config.pool+1"
    kills = ("another-pools-strategy-is-not-this-ones",)
    because = "order"

    @replaces("credpool.config.pools.strategy_of")
    def first(original, config, key):
        chosen = config.get("credential_pool_strategies") or {}
        return original(config, next(iter(chosen), key))


class IgnoresTheConfiguredPolicy(Mutant):
    """Checks a policy, and goes by the default."""

    violates = "config.pool+1"
    kills = ("configured-policy-is-the-pools",)
    because = "returns"

    @replaces("credpool.config.pools.policy_of")
    def default(original, config, key):
        original(config, key)
        return Policy()


class PassesOverWhatItDoesNotKnow(Mutant):
    """Goes by the default policy when the configured one cannot be."""

    violates = "config.refused+4"
    kills = (
        "unusable-configuration-is-refused:unknown-name",
        "unusable-configuration-is-refused:no-number",
    )
    because = "refusal"

    @replaces("credpool.config.pools.policy_of")
    def lenient(original, config, key):
        try:
            return original(config, key)
        except BadConfig:
            return Policy()


class TakesAPolicyThatContradictsItself(Mutant):
    """Looks at each value of a policy, and never at two."""

    violates = "config.refused+4"
    kills = (
        "unusable-configuration-is-refused:bounds-contradict",
        "unusable-configuration-is-refused:windows-contradict",
    )
    because = "refusal"

    @replaces("credpool.model.policy.fault")
    def nothing(original, policy):
        return None


class BuildsWhatOthersKeep(Mutant):
    """Builds the whole document, and refuses it for any part."""

    violates = "config.others+1"
    kills = (
        "parts-of-other-programs-are-left-alone:tags-of-its-own",
        "parts-of-other-programs-are-left-alone:broken-number",
        "parts-of-other-programs-are-left-alone:within-itself",
        "parts-of-other-programs-are-left-alone:name-twice",
        "parts-of-other-programs-are-left-alone:many-aliases",
    )
    because = "refusal"

    @replaces("credpool.config.yaml_values._Builder.mapping")
    def whole(original, self, node, depth, names=None):
        found = original(self, node, depth)
        return found if names is None else {n: v for n, v in found.items() if n in names}
