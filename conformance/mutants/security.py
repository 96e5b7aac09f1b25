"""Mutants of the chapter on security: where a secret goes."""

import sys
from dataclasses import replace

from credpool.pool import engine_of
from tools.mutants.mutant import Mutant, replaces


class LosesTheCallersTraceIds(Mutant):
    """Drops a header of the caller's that it does not know."""

    violates = "security.caller-headers+3"
    kills = ("caller-headers-arrive",)
    because = "header"

    @replaces("credpool.providers.wire.seal")
    def dropped(original, entry, provider, headers):
        sealed = original(entry, provider, headers)
        if "x-trace-id" not in headers:
            return sealed
        return replace(sealed, drop=sealed.drop | {b"x-trace-id"})


class PutsItsFlagInPlaceOfTheCallers(Mutant):
    """Replaces the caller's list of flags by the one that the provider wants."""

    violates = "security.caller-headers+3"
    kills = ("caller-headers-arrive:claude-login",)
    because = "header"

    @replaces("credpool.providers.wire._joined")
    def replaced(original, present, wanted):
        return wanted


class PrintsTheRefusedConfiguration(Mutant):
    """Prints the configuration with the error about it."""

    violates = "security.no-leak+2"
    kills = ("refused-pool-names-no-secret",)
    because = "said"

    @replaces("testee_reference.Testee.configure")
    def printed(original, self, message):
        reply = original(self, message)
        if "refused" in reply:
            print(message["pool"], file=sys.stderr)
        return reply


class LogsTheRequestThatFailed(Mutant):
    """Logs a request whose connection broke, headers and all."""

    violates = "security.no-leak+2"
    kills = ("secrets-stay-out-of-errors",)
    because = "said"

    @replaces("testee_reference.Testee.end")
    def logged(original, self, call, outcome, over=None, **result):
        if outcome == "failed":
            print(
                [e.secret.reveal() for e in engine_of(self.pool)._stored.view.state.entries],
                file=sys.stderr,
            )
        return original(self, call, outcome, over, **result)


class LogsTheRefreshThatFailed(Mutant):
    """Logs what was posted when a grant is refused for good."""

    violates = "security.no-leak+2"
    kills = ("tokens-stay-out-of-errors",)
    because = "said"

    @replaces("credpool._calls.refresh.Renewal._answer")
    def logged(original, self, asked):
        reply = original(self, asked)
        if 400 <= getattr(reply, "status", 0) < 429:
            print(asked.form, file=sys.stderr)
        return reply


class KeepsTheCallersCredential(Mutant):
    """Replaces only the header in which its own secret travels."""

    violates = "security.one-secret+3"
    kills = (
        "placeholder-is-replaced:claude-login-api-key",
        "placeholder-is-replaced:gemini-bearer",
    )
    because = "mixed"

    @replaces("credpool.providers.wire.seal")
    def stored(original, entry, provider, headers):
        sealed = original(entry, provider, headers)
        drop = frozenset({sealed.name} | {name for name, _ in sealed.plain})
        stays = any(name.encode() in sealed.drop - drop for name in headers)
        return replace(sealed, drop=drop) if stays else sealed


class TakesAllKeysToOneHost(Mutant):
    """Sends every entry's secret to where the request was addressed."""

    violates = "security.own-origin+2"
    kills = (
        "each-secret-goes-to-its-own-origin",
        "rotation-crosses-origins-without-the-old-secret",
    )
    because = "sent"

    @replaces("credpool.providers.wire.target")
    def as_addressed(original, url, entry, provider, bases):
        return None


class LetsRedirectsCarryTheSecret(Mutant):
    """Puts the secret among the ordinary headers, which a redirect copies."""

    violates = "security.redirect+3"
    kills = (
        "redirect-carries-no-secret:x-api-key",
        "redirect-carries-no-secret:x-goog-api-key",
        "redirect-after-a-retry-carries-no-secret",
    )
    because = "sent"

    @replaces("credpool.httpx._sealed")
    def plain(original, request, url, sealed):
        made = original(request, url, sealed)
        made.headers[sealed.name.decode()] = sealed.value.decode()
        return made


class BelievesStrangers(Mutant):
    """Judges a reply that came from elsewhere as if it were the provider's."""

    violates = "security.redirect.reply+2"
    kills = (
        "stranger-cannot-bench",
        "stranger-cannot-pardon",
    )
    because = "stranger same"

    @replaces("credpool._calls.flow._is_foreign")
    def believed(original, sent, response):
        return False


class GoesWhereTheCallerWouldNot(Mutant):
    """Follows redirects although the caller does not."""

    violates = "request.redirect+1"
    kills = ("unfollowed-redirect-is-delivered",)
    because = "followed"

    @replaces("testee_reference.Testee.run")
    def follows(original, self, call, asked):
        return original(self, call, asked | {"follow_redirects": True})


class LosesTheSecretOnItsWay(Mutant):
    """Leaves a redirect within the origin without a secret, and takes the refusal for an answer."""

    violates = "security.one-secret+3"
    kills = ("redirect-within-the-origin-is-authenticated",)
    because = "bare"

    @replaces("credpool._calls.flow._lost_its_secret")
    def never(original, sent, response):
        return False


class LeavesTheLastSecretInTheRequest(Mutant):
    """Sends the secret of the attempt before as well, when the caller had a credential there."""

    violates = "security.one-secret+3"
    kills = ("each-attempt-carries-one-secret",)
    because = "mixed"

    @replaces("credpool.httpx._sealed")
    def both(original, request, url, sealed):
        made = original(request, url, sealed)
        last = request.extensions.get("last")
        if last and sealed.drop & {name.lower() for name, _ in request.headers.raw}:
            made.headers["x-last"] = last
        request.extensions["last"] = sealed.value.decode()
        return made
