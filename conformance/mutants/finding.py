"""Mutants of the chapter on seeding: lists, quotes, folders, and whose a found login is."""

from dataclasses import replace

from credpool.model.credential import bare
from credpool.model.errors import BadConfig
from credpool.model.secret import Veiled
from tools.mutants.mutant import Mutant, replaces


class CountsFromTwoOnly(Mutant):
    """Looks at no numbered variable when the bare name is not set."""

    violates = "seed.numbered+3"
    kills = ("numbers-begin-at-one:alone",)
    because = "out"

    @replaces("credpool.seed.environment.series")
    def bare_first(original, base, variables):
        return original(base, variables) if base in variables else iter(())


class CountsWithoutAFirst(Mutant):
    """Takes numbered variables, whichever is the first."""

    violates = "seed.numbered+3"
    kills = ("numbers-without-a-first-are-not-taken",)
    because = "nothing"

    @replaces("credpool.seed.environment.series")
    def any_number(original, base, variables):
        found = [*original(base, variables)]
        return found or [name for n in range(2, 10) if (name := f"{base}_{n}") in variables]


class SplitsNoLists(Mutant):
    """Takes a list for one secret."""

    violates = "seed.list+1"
    kills = (
        "list-in-a-variable-is-several-keys:lines",
        "list-in-a-variable-is-several-keys:windows-lines",
    )
    because = "out"

    @replaces("credpool.seed.values.secrets_in")
    def whole(original, value):
        return original(value) if "," not in value and "\n" not in value else (Veiled(bare(value)),)


class TakesTheFirstOfAList(Mutant):
    """Takes the first secret of a list, and no other."""

    violates = "seed.list+1"
    kills = ("list-in-a-variable-is-several-keys:commas",)
    because = "stop"

    @replaces("credpool.seed.values.secrets_in")
    def first(original, value):
        return original(value)[:1]


class KeepsQuotes(Mutant):
    """Takes the quotes around a value for a part of it."""

    violates = "seed.quotes+1"
    kills = (
        "quotes-around-a-key-are-left-out:double",
        "quotes-around-a-key-are-left-out:single",
    )
    because = "out"

    @replaces("credpool.seed.values._unquoted")
    def as_it_stands(original, value):
        return Veiled(bare(value))


class TakesTheKeyBesideALogin(Mutant):
    """Takes an API key that its tool does not use."""

    violates = "borrow.files+2"
    kills = ("api-key-beside-a-login-is-not-taken",)
    because = "nothing"

    @replaces("credpool.seed.tools.Tool.login")
    def any_key(original, self, data):
        return original(replace(self, unless=()), data)


class ReadsNoListedFolder(Mutant):
    """Reads each tool's usual folder, and no other."""

    violates = "borrow.folders+1"
    kills = (
        "listed-folders-of-a-tool-are-found:from-the-home-folder",
        "listed-folders-of-a-tool-are-found:from-the-configuration",
    )
    because = "stop"

    @replaces("credpool.config.borrow.folders_of")
    def none(original, config, known):
        original(config, known)
        return {}


class BorrowsFromAnyone(Mutant):
    """Passes over a tool that it does not know."""

    violates = "config.refused+4"
    kills = (
        "unusable-configuration-is-refused:unknown-tool",
        "unusable-configuration-is-refused:folder-of-no-name",
        "unusable-configuration-is-refused:folders-of-no-tool",
    )
    because = "refusal"

    @replaces("credpool.config.borrow.folders_of")
    def lenient(original, config, known):
        try:
            return original(config, known)
        except BadConfig:
            return {}


class KeepsTheFirstOwner(Mutant):
    """Leaves a login with the owner that it was found with first."""

    violates = "owner.follows+1"
    kills = ("owner-follows-the-file", "owner-follows-the-token-at-once")
    because = "stop"

    @replaces("credpool.model.borrowed.owners")
    def first(original, entry, named, *, same):
        return entry.owner or named, entry.learnt_owner


class LetsTheSourceOverrule(Mutant):
    """Takes an owner that a person has set for one of the old secret."""

    violates = "owner.precedence+1"
    kills = ("owner-that-a-person-has-set-stays",)
    because = "target"

    @replaces("credpool.model.borrowed.owners")
    def named(original, entry, named, *, same):
        return original(entry, named, same=same) if same else (named, named)


class ShowsNoLastDay(Mutant):
    """Does not read the last day of a login in its tool's file."""

    violates = "operator.list.last-day+1"
    kills = ("listing-shows-the-last-day-of-a-login:named-in-the-file",)
    because = "listing"

    @replaces("credpool.seed.tools.Tool._last_day")
    def never(original, self, data):
        return None


class ShowsNoWindows(Mutant):
    """Lists nothing of what is left."""

    violates = "operator.list.windows+1"
    kills = ("listing-shows-what-is-left",)
    because = "listing"

    @replaces("credpool.providers.quota.running")
    def none(original, state, entry, *, now):
        return {}


class ShowsWindowsThatHaveReset(Mutant):
    """Lists a window that has reset as it was."""

    violates = "operator.list.windows+1"
    kills = ("listing-shows-what-is-left",)
    because = "listing"

    @replaces("credpool.providers.quota.running")
    def all(original, state, entry, *, now):
        return original(state, entry, now=0.0)


class ForgetsTheLastDay(Mutant):
    """Does not keep the last day that a token endpoint names."""

    violates = "operator.list.last-day.granted+1"
    kills = (
        "listing-shows-the-last-day-that-a-refresh-names:refresh-token-expires-in",
        "listing-shows-the-last-day-that-a-refresh-names:refresh-expires-in",
    )
    because = "listing"

    @replaces("credpool.rules.refresh._renewed")
    def forgotten(original, entry, grant):
        return replace(original(entry, grant), login_ends_at=None)
