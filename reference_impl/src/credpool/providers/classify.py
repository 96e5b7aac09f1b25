"""The class of a failing reply: the first rule that matches (spec: classification)."""

from credpool.model.messages import Verdict
from credpool.model.terms import AuthType
from credpool.providers.hints import read_hint
from credpool.providers.registry import Provider, Rule
from credpool.providers.reply import Reply, small


def classify(reply: Reply, provider: Provider, auth_type: AuthType, *, now: float) -> Verdict:
    """Return the verdict of the first matching rule, the provider's before the generic ones."""
    # spec: classify.registry+2, classify.unknown-code+2, classify.any-body+2
    rule = next(r for r in provider.rules if _matches(r, reply, auth_type))
    return Verdict(
        failure=rule.failure,
        scope=rule.scope,
        rule=rule.name,
        hint=read_hint(reply, rule.hint, now=now, zone=provider.zone),
        cooldown=rule.cooldown,
        code=reply.status,
        message=reply.message or None,
    )


def _matches(rule: Rule, reply: Reply, auth_type: AuthType) -> bool:
    """Whether every condition that the rule states holds."""
    return (
        (not rule.statuses or any(_status_is(s, reply.status) for s in rule.statuses))
        and (not rule.codes or not rule.codes.isdisjoint(reply.codes))
        # spec: classify.message-only+2
        and (not rule.messages or any(m in reply.folded for m in rule.messages))
        and (not rule.quotas or any(q in quota for q in rule.quotas for quota in reply.quotas))
        and (rule.auth_type is None or rule.auth_type is auth_type)
        and all(_header_is(reply, name, wanted) for name, wanted in rule.headers.items())
    )


def _status_is(wanted: str, status: int) -> bool:
    """Compare with a status (429) or a class of them (4xx); an unknown class is 5xx (RFC 9110 §15)."""
    return wanted in (str(status), f"{min(status // 100, 5)}xx")


def _header_is(reply: Reply, name: str, wanted: bool | tuple[str, ...]) -> bool:  # noqa: FBT001
    """Compare a header's presence (true, false) or a part of its value."""
    value = reply.headers.get(name)
    if isinstance(wanted, bool):
        return (value is not None) is wanted
    return value is not None and any(small(w) in small(value) for w in wanted)
