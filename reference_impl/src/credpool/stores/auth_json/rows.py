"""One row of `auth.json` and the entry it stands for (spec: store).

The field names are those of Hermes Agent 0.19, and its rows are read as it meant them.
A field this library does not know stays in `Entry.extra` and is written back untouched.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from types import MappingProxyType
from typing import Final

from credpool.model.borrowed import borrowed, is_reference
from credpool.model.credential import bare
from credpool.model.entry import Claim, Cooldown, Entry
from credpool.model.secret import Veiled
from credpool.model.terms import FOREVER, AuthType, EntryId, FailureClass, Payer, Status
from credpool.stores.auth_json.fields import Fields, Malformed, in_form, kind, to_seconds
from credpool.stores.auth_json.windows import decode_windows, encode_windows

_EXPIRY: Final = ("expires_at", "expires_at_ms")
_STATUS: Final = (
    *("last_status", "last_status_at", "last_error_code"),
    *("last_error_reason", "last_error_message", "last_error_reset_at"),
)
_MAPPED: Final = frozenset(
    {
        *("id", "label", "auth_type", "priority", "source", "access_token", "refresh_token"),
        *("base_url", "request_count", "owner", "learnt_owner", "payer", "token_url"),
        *("failure_class", "model_cooldowns", "retry_pending", "probed_at", "claim"),
        *("refresh_failed_at", "login_ends_at", "disabled", "serves", "quota_windows"),
    }
)
_MAPPED_IF_COOLING: Final = _MAPPED.union(_STATUS)
_UNSAID: Final = frozenset({*_STATUS, *_EXPIRY})
_TTL: Final = MappingProxyType({401: 300.0, 402: 86400.0, None: 3600.0})
_CLASSES: Final = MappingProxyType({c.value: c for c in FailureClass})
# What a row that names no class failed with: by its reason first, then by its status.
_CLASS_BY: Final[Mapping[object, FailureClass]] = MappingProxyType(
    {
        "usage_limit_reached": FailureClass.USAGE_LIMITED,
        "insufficient_quota": FailureClass.OUT_OF_CREDIT,
        401: FailureClass.AUTH_REJECTED,
        402: FailureClass.OUT_OF_CREDIT,
        403: FailureClass.FORBIDDEN,
    }
)
_SECRET_ENDINGS: Final = (
    *("key", "token", "tokens", "secret", "password"),
    *("credential", "credentials", "authorization"),
)
_PAYERS: Final = MappingProxyType({p.value: p for p in Payer})
_AUTH_TYPES: Final = MappingProxyType({a.value: a for a in AuthType})
_ANTHROPIC_OAUTH: Final = "sk-ant-oat"  # OAuth for Hermes, whatever the row says
ENCODER: Final = json.JSONEncoder(allow_nan=False)


def decode_row(row: object, *, key: str, index: int) -> Entry:
    """Return the entry that a row of the pool stands for.

    Raises:
        Malformed: the row is not an object, or a field has the wrong type.
    """
    fields = _fields(row, f"credential_pool[{key!r}][{index}]")
    cooldown, (models, foreign) = _decode_cooldown(fields), _decode_models(fields)
    source, token = fields.text("source") or "manual", bare(fields.text("access_token") or "")
    reference = token if is_reference(token) else None
    entry = Entry(
        id=EntryId(fields.text("id") or _derived_id(fields, key, index)),
        label=fields.text("label") or "",
        source=source,
        auth_type=_decode_auth_type(fields),
        priority=fields.whole("priority") or 0,
        secret=None if reference else fields.secret("access_token"),  # spec: store.unusable+1
        reference=reference,
        borrowed=reference is not None or borrowed(key, source),
        refresh_token=fields.secret("refresh_token"),
        base_url=fields.text("base_url"),
        learnt_owner=fields.text("learnt_owner"),
        token_url=fields.text("token_url"),
        expires_at=fields.latest(_EXPIRY),
        login_ends_at=fields.time("login_ends_at"),
        request_count=fields.whole("request_count") or 0,
        cooldown=cooldown,
        models=MappingProxyType(models),
        marked=fields.flag("retry_pending"),
        probed_at=fields.time("probed_at"),
        claim=_decode_claim(fields),
        refresh_failed_at=fields.time("refresh_failed_at"),
        extra=MappingProxyType(_extra(fields.raw, foreign, cooling=cooldown is not None)),
    )
    return _as_set(entry, fields)


def _as_set(entry: Entry, fields: Fields) -> Entry:
    """Return the entry with what a person has set of it, and what they are shown."""
    return replace(
        entry,
        owner=fields.text("owner"),
        payer=_decode_payer(fields),
        disabled=fields.flag("disabled"),  # spec: store.disabled+1
        serves=fields.texts("serves"),
        windows=decode_windows(fields.raw.get("quota_windows")),
    )


def encode_row(entry: Entry) -> Veiled:
    """Return the entry as one line of JSON, with every secret it holds.

    Raises:
        ValueError: a number is infinite where only a cooldown's end may be.
    """
    extra = dict(entry.extra)
    row: dict[str, object] = {  # spec: store.schema+2
        "id": entry.id,
        "label": entry.label or None,
        "auth_type": entry.auth_type.value,
        "priority": entry.priority,
        "source": entry.source,
        "access_token": entry.reference or (entry.secret and entry.secret.reveal()),
        "refresh_token": entry.refresh_token and entry.refresh_token.reveal(),
        "base_url": entry.base_url,
        "owner": entry.owner,
        "learnt_owner": entry.learnt_owner,
        "payer": entry.payer and entry.payer.value,
        "token_url": entry.token_url,
        **_encode_expiry(entry.expires_at, extra),
        "model_cooldowns": _encode_models(entry.models, extra.pop("model_cooldowns", None)),
        "retry_pending": entry.marked or None,
        "probed_at": entry.probed_at,
        "claim": entry.claim and {"holder": entry.claim.holder, "until": entry.claim.until},
        "refresh_failed_at": entry.refresh_failed_at,
        "login_ends_at": entry.login_ends_at,
        "disabled": entry.disabled or None,
        "serves": list(entry.serves) or None,
        "quota_windows": encode_windows(entry.windows),
    }
    row = {name: value for name, value in row.items() if value is not None}
    row |= _encode_status(entry.cooldown, extra)
    row["request_count"] = entry.request_count
    # spec: store.unknown-fields+3
    return Veiled(ENCODER.encode(row | {n: v for n, v in extra.items() if n not in _MAPPED}))


def has_id(row: object) -> bool:
    """Return whether the row names itself, wherever it stands."""
    return isinstance(row, dict) and bool(row.get("id"))


def may_open(name: str) -> bool:
    """Return whether the name of a field tells that a secret is in it."""
    return name.lower().endswith(_SECRET_ENDINGS)


def _fields(row: object, where: str) -> Fields:
    if not isinstance(row, dict):
        raise Malformed(where, f"expected an object, found {kind(row)}")
    return Fields(where, row)


def _derived_id(fields: Fields, key: str, index: int) -> str:
    """Return an id that is the same at each reading and tells nothing about the secret."""
    told = (key, str(index), fields.text("label") or "", fields.text("source") or "")
    # spec: store.id.derived+2
    return sha256("\0".join(told).encode(errors="surrogatepass")).hexdigest()[:12]


def _decode_auth_type(fields: Fields) -> AuthType:
    if bare(fields.text("access_token") or "").startswith(_ANTHROPIC_OAUTH):
        return AuthType.OAUTH
    found = _AUTH_TYPES.get(fields.text("auth_type") or AuthType.API_KEY.value)
    if found is None:
        raise Malformed(f"{fields.where}.auth_type", f"expected one of {', '.join(_AUTH_TYPES)}")
    return found


def _decode_payer(fields: Fields) -> Payer | None:
    told = fields.text("payer")
    found = _PAYERS.get(told or "")
    if told is not None and found is None:
        raise Malformed(f"{fields.where}.payer", f"expected one of {', '.join(_PAYERS)}")
    return found


def _extra(
    row: Mapping[str, object], foreign: Mapping[str, object], *, cooling: bool
) -> dict[str, object]:
    """Return what no field of the entry stands for.

    So a status that says nothing is kept, and an expiry's form when it is not the one we write.
    """
    known = _MAPPED_IF_COOLING if cooling else _MAPPED
    stored = {
        n: Veiled(v) if isinstance(v, str) and may_open(n) else v
        for n, v in row.items()
        if n not in known and (v is not None or n not in _UNSAID)
    }
    if "expires_at" not in stored:
        stored.pop("expires_at_ms", None)
    return stored | ({"model_cooldowns": foreign} if foreign else {})


def _decode_cooldown(fields: Fields) -> Cooldown | None:
    """Return the entry's cooldown; Hermes takes an exhausted row without a time for a free one."""
    status = fields.raw.get("last_status")
    since, reset_at = fields.time("last_status_at"), fields.time("last_error_reset_at")
    code, reason = fields.whole("last_error_code"), fields.text("last_error_reason")
    if status == Status.DEAD.value:  # spec: store.foreign-status+3
        until, default = FOREVER, FailureClass.AUTH_REVOKED
    elif status == Status.EXHAUSTED.value and (reset_at or since):
        until = reset_at or (since or 0.0) + _TTL.get(code, _TTL[None])
        default = _CLASS_BY.get(reason, _CLASS_BY.get(code, FailureClass.RATE_LIMITED))
    else:
        return None
    return Cooldown(
        failure=_CLASSES.get(fields.text("failure_class") or "", default),
        since=since or 0.0,
        until=until,
        code=code,
        reason=reason,
        message=fields.text("last_error_message"),
    )


def _encode_status(cooldown: Cooldown | None, extra: dict[str, object]) -> dict[str, object]:
    """Return the six fields that Hermes always writes, and why the entry is out."""
    status: dict[str, object] = {name: extra.pop(name, None) for name in _STATUS}
    if cooldown is None:
        return status
    dead = cooldown.until == FOREVER
    values: tuple[object, ...] = (
        (Status.DEAD if dead else Status.EXHAUSTED).value,
        cooldown.since or None,
        cooldown.code,
        cooldown.reason,
        cooldown.message,
        None if dead else cooldown.until,
    )
    return dict(zip(_STATUS, values, strict=True)) | {"failure_class": cooldown.failure.value}


def _decode_models(fields: Fields) -> tuple[dict[str, Cooldown], dict[str, object]]:
    """Return the models' cooldowns, and those that another program wrote in its own form."""
    ours: dict[str, Cooldown] = {}
    foreign: dict[str, object] = {}
    for model, value in fields.table("model_cooldowns").items():
        failure = _CLASSES.get(str(value.get("class"))) if isinstance(value, dict) else None
        if failure is None or not isinstance(value, dict):
            foreign[model] = value
            continue
        told = Fields(f"{fields.where}.model_cooldowns[{model!r}]", value)
        ours[model] = Cooldown(
            failure=failure,
            since=told.time("since") or 0.0,
            until=told.time("until") or FOREVER,
            code=told.whole("code"),
            reason=told.text("reason"),
            message=told.text("message"),
        )
    return ours, foreign


def _encode_models(models: Mapping[str, Cooldown], foreign: object) -> object:
    if not models:
        return foreign
    stored = foreign if isinstance(foreign, dict) else {}
    return stored | {model: _encode_model(cooldown) for model, cooldown in models.items()}


def _encode_model(cooldown: Cooldown) -> dict[str, object]:
    until = None if cooldown.until == FOREVER else cooldown.until
    told = {"code": cooldown.code, "reason": cooldown.reason, "message": cooldown.message}
    return {
        "class": cooldown.failure.value,
        "since": cooldown.since,
        "until": until,
        **{name: value for name, value in told.items() if value is not None},
    }


def _decode_claim(fields: Fields) -> Claim | None:
    if fields.raw.get("claim") is None:
        return None
    told = Fields(f"{fields.where}.claim", fields.table("claim"))
    holder, until = told.text("holder"), told.time("until")
    if holder is None or until is None:
        raise Malformed(told.where, "expected a holder and an until")
    return Claim(holder=holder, until=until)


def _encode_expiry(expires_at: float | None, extra: dict[str, object]) -> dict[str, object]:
    """Return the expiry in the form the row had; a new one in milliseconds, rounded down."""
    forms = {name: extra.pop(name) for name in _EXPIRY if name in extra}
    if expires_at is None:
        return {}
    return {
        name: told if to_seconds(name, told) == expires_at else in_form(name, told, expires_at)
        for name, told in (forms or {"expires_at_ms": 0}).items()
    }
