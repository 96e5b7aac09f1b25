"""Mutants of the chapter on classification: what a failing reply means."""

import re
from collections.abc import Mapping
from dataclasses import replace

from credpool.model.terms import AuthType, FailureClass, Scope
from tools.mutants.mutant import Mutant, replaces


class BlamesTheServerForAnyOtherBody(Mutant):
    """Takes a reply without a JSON object for a fault of the server."""

    violates = "classify.any-body+2"
    kills = (
        "any-body-will-do:empty-429",
        "any-body-will-do:page-503",
        "any-body-will-do:page-403",
        "any-body-will-do:torn-json-401",
        "any-body-will-do:text-called-json-404",
        "any-body-will-do:json-null-402",
        "any-body-will-do:json-text-400",
        "any-body-will-do:json-number-429",
        "any-body-will-do:json-list-403",
        "plain-text-is-read",
    )
    because = "after class"

    @replaces("credpool.providers.classify.classify")
    def server(original, reply, provider, auth_type, *, now):
        verdict = original(reply, provider, auth_type, now=now)
        if isinstance(reply.data, Mapping):
            return verdict
        return replace(verdict, failure=FailureClass.SERVER_ERROR, scope=Scope.NONE)


class ReadsJsonOnly(Mutant):
    """Reads no text from a reply that is not JSON."""

    violates = "classify.any-body+2"
    kills = ("plain-text-is-read",)
    because = "after"

    @replaces("credpool.providers.reply.Reply.message")
    def nothing(original, self):
        return original(self) if self.data is not None else ""


class SearchesTheWholeBody(Mutant):
    """Looks for the rules' texts in all of the body."""

    violates = "classify.message-only+2"
    kills = (
        "echoes-are-not-the-message:parameter",
        "echoes-are-not-the-message:upstream-text",
        "echoes-are-not-the-message:prompt-about-size",
    )
    because = "class after"

    @replaces("credpool.providers.reply.Reply.message")
    def everything(original, self):
        return self.body.decode("utf-8", "replace")


class FindsCodesAnywhere(Mutant):
    """Takes every word of the body for a code."""

    violates = "classify.message-only+2"
    kills = (
        "echoes-are-not-the-message:prompt-with-a-code",
        "echoes-are-not-the-message:code-in-the-text",
    )
    because = "after"

    @replaces("credpool.providers.reply.Reply.codes")
    def words(original, self):
        return original(self) | {*re.findall(r"[a-z_]+", self.body.decode("utf-8", "replace"))}


class TakesARefusedLoginLiterally(Mutant):
    """Rejects a login that is refused without a reason, instead of refreshing it."""

    violates = "classify.refreshable+2"
    kills = ("refused-login-is-refreshed",)
    because = "refresh"

    @replaces("credpool.rules.decide._settled")
    def literally(original, verdict, entry):
        return verdict if entry.refreshable else original(verdict, entry)


class RefreshesWithNothing(Mutant):
    """Takes an expired token for one that can be renewed, though there is nothing to renew it by."""

    violates = "classify.refreshable+2"
    kills = ("expired-login-without-a-refresh-token-is-rejected",)
    because = "status"

    @replaces("credpool.rules.decide._settled")
    def literally(original, verdict, entry):
        return original(verdict, entry) if entry.refreshable else verdict


class AsksTheGenericRulesFirst(Mutant):
    """Asks the generic rules before a login provider's own."""

    violates = "classify.registry+2"
    kills = (
        "too-large-a-request-is-no-limit:login-feature",
        "own-rules-come-before-the-generic-ones:by-login",
    )
    because = "after"

    @replaces("credpool.providers.classify.classify")
    def generic_first(original, reply, provider, auth_type, *, now):
        if auth_type is AuthType.OAUTH:
            own = [r for r in provider.rules if not r.name.startswith("generic/")]
            common = [r for r in provider.rules if r.name.startswith("generic/")]
            provider = replace(provider, rules=(*common, *own))
        return original(reply, provider, auth_type, now=now)


class LetsTheLastRuleWin(Mutant):
    """Asks a provider's own rules from the last to the first."""

    violates = "classify.registry+2"
    kills = (
        "money-arrives-under-many-statuses:anthropic-429",
        "too-large-a-request-is-no-limit:openai",
        "too-large-a-request-is-no-limit:login-feature",
        "earlier-rules-win:size-before-rate",
        "earlier-rules-win:money-before-rate",
    )
    because = "after"

    @replaces("credpool.providers.classify.classify")
    def backwards(original, reply, provider, auth_type, *, now):
        own = [r for r in provider.rules if not r.name.startswith("generic/")]
        common = [r for r in provider.rules if r.name.startswith("generic/")]
        provider = replace(provider, rules=(*reversed(own), *common))
        return original(reply, provider, auth_type, now=now)


class BlamesTheRequestForNewCodes(Mutant):
    """Takes a code that no rule knows for a fault of the request."""

    violates = "classify.unknown-code+2"
    kills = (
        "unknown-codes-fall-back-to-the-status:401",
        "unknown-codes-fall-back-to-the-status:402",
        "unknown-codes-fall-back-to-the-status:403",
        "unknown-codes-fall-back-to-the-status:408",
        "unknown-codes-fall-back-to-the-status:429",
        "unknown-codes-fall-back-to-the-status:500",
        "unknown-codes-fall-back-to-the-status:502",
        "unknown-codes-fall-back-to-the-status:503",
        "unknown-codes-fall-back-to-the-status:504",
        "unknown-codes-fall-back-to-the-status:529",
        "unknown-codes-fall-back-to-the-status:anthropic-429",
        "unknown-codes-fall-back-to-the-status:anthropic-529",
        "unknown-codes-fall-back-to-the-status:openrouter-402",
        "unknown-codes-fall-back-to-the-status:openrouter-429",
        "unknown-codes-fall-back-to-the-status:gemini-429",
        "unknown-codes-fall-back-to-the-status:gemini-401",
        "unknown-codes-fall-back-to-the-status:chatgpt-429",
        "unknown-code-of-a-throttle-still-rotates",
    )
    because = "after class"

    @replaces("credpool.providers.classify.classify")
    def request(original, reply, provider, auth_type, *, now):
        verdict = original(reply, provider, auth_type, now=now)
        known = frozenset[str]().union(*(rule.codes for rule in provider.rules))
        if not reply.codes or not reply.codes.isdisjoint(known):
            return verdict
        return replace(verdict, failure=FailureClass.REQUEST_ERROR, scope=Scope.NONE)


class StumblesOverATornHeader(Mutant):
    """Takes a reply whose explaining header is cut short for a fault of the server."""

    violates = "classify.any-body+2"
    kills = ("torn-explaining-header-is-ignored",)
    because = "class"

    @replaces("credpool.providers.classify.classify")
    def stumbles(original, reply, provider, auth_type, *, now):
        verdict = original(reply, provider, auth_type, now=now)
        if "x-error-json" in reply.headers and reply._header_error() is None:
            return replace(verdict, failure=FailureClass.SERVER_ERROR, scope=Scope.NONE)
        return verdict


class PassesABrokenBodyOn(Mutant):
    """Lets a body that cannot be read fail the call, as a client does by itself."""

    violates = "classify.broken-body+1"
    kills = (
        "broken-refusal-rotates:cut-off",
        "broken-refusal-rotates:cut-off-in-text",
        "broken-refusal-rotates:whole-before-the-break",
        "broken-refusal-has-its-hint",
    )
    because = "stop"

    @replaces("credpool._calls.body._read")
    def raises(original, body, now):
        beginning = original(body, now)
        if beginning.error is not None:
            raise beginning.error
        return beginning


class NeedsAGoodDecoder(Mutant):
    """Lets a body that is not what its headers say fail the call."""

    violates = "classify.broken-body+1"
    kills = ("broken-refusal-rotates:no-gzip",)
    because = "stop"

    @replaces("credpool._calls.body.Beginning.decoded")
    def raises(original, self, decode):
        return b"".join(decode(iter([bytes(self.raw)]))), self.ended and self.error is None


class SearchesTornJson(Mutant):
    """Takes the beginning of a JSON body for the message."""

    violates = "classify.message-only+2"
    kills = ("cut-off-json-is-no-message",)
    because = "after"

    @replaces("credpool._calls.body._reply")
    def torn(original, response, body, whole):
        return replace(original(response, body, whole), whole=True)


class ReadsShortLists(Mutant):
    """Looks for codes in the first 63 items of a list."""

    violates = "classify.registry+2"
    kills = ("body-of-any-size-is-searched:last-of-64-items",)
    because = "after"

    @replaces("credpool.providers.reply.LONGEST_LIST")
    def short(original):
        return original - 1


class TakesTheFirstItem(Mutant):
    """Reads a list as its first item, whatever that is."""

    violates = "classify.registry+2"
    kills = ("body-of-any-size-is-searched:first-object-of-a-list",)
    because = "after"

    @replaces("credpool.providers.reply._first_object")
    def item(original, items):
        return items[0] if items else items


class ReadsNaN(Mutant):
    """Takes a document with NaN or Infinity in it for JSON."""

    violates = "classify.any-body+2"
    kills = ("any-body-will-do:not-a-number-429", "any-body-will-do:infinity-429")
    because = "class"

    @replaces("credpool.providers.reply.parsed")
    def tolerant(original, raw):
        return original(re.sub(rb"-?(NaN|Infinity)", b"null", raw))


class TakesAnyWordForACode(Mutant):
    """Takes an error that is one word for a code, whatever its letters."""

    violates = "classify.registry+2"
    kills = ("body-of-any-size-is-searched:capitals-are-no-bare-name",)
    because = "class"

    @replaces("credpool.providers.reply._codes")
    def words(original, data):
        yield from original(data)
        error = data.get("error") if isinstance(data, Mapping) else None
        if isinstance(error, str) and re.fullmatch(r"[A-Za-z][\w.-]*", error):
            yield error
