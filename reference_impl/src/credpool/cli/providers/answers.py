"""The answers of `credpool test`: a word for each entry, and the next step."""

from collections.abc import Mapping, Sequence
from enum import Enum
from types import MappingProxyType
from typing import Final

from rich.text import Text

from credpool.cli.providers.trial import Trial
from credpool.cli.talk.advice import advised
from credpool.cli.talk.render import condition, put_all, say
from credpool.events.report import Json
from credpool.model.messages import Verdict
from credpool.model.terms import FailureClass
from credpool.model.text import duration, visible
from credpool.providers import registry
from credpool.providers.classify import classify
from credpool.providers.in_band import failure_in_body, refusal
from credpool.providers.redact import known_secrets, stored
from credpool.rules.targets import shown


class Answer(Enum):
    """The answer to a question."""

    OK = "ok"
    REFUSED = "refused"
    NO_MONEY = "out_of_money"
    CAPPED = "capped"
    UNCLEAR = "unclear"
    NO_ANSWER = "no_answer"
    NOT_ASKED = "not_asked"


_MEANS: Final[Mapping[FailureClass, Answer]] = MappingProxyType(
    {
        FailureClass.RATE_LIMITED: Answer.CAPPED,
        FailureClass.USAGE_LIMITED: Answer.CAPPED,
        FailureClass.OUT_OF_CREDIT: Answer.NO_MONEY,
        FailureClass.AUTH_EXPIRED: Answer.REFUSED,
        FailureClass.AUTH_REJECTED: Answer.REFUSED,
        FailureClass.AUTH_REVOKED: Answer.REFUSED,
        FailureClass.NOT_ENTITLED: Answer.REFUSED,
        FailureClass.FORBIDDEN: Answer.REFUSED,
        FailureClass.OVERLOADED: Answer.NO_ANSWER,
        FailureClass.SERVER_ERROR: Answer.NO_ANSWER,
        FailureClass.REQUEST_ERROR: Answer.UNCLEAR,
    }
)
"""The word for each class."""

_STYLES: Final = {
    Answer.OK: "green",
    Answer.REFUSED: "red",
    Answer.NO_MONEY: "red",
    Answer.NOT_ASKED: "dim",
}
_SUCCESS: Final = range(200, 300)
_REDIRECT: Final = range(300, 400)


def report(trials: Sequence[Trial], *, now: float) -> dict[str, Json]:
    """Return what came of the questions, as a document."""
    return {"version": 1, "at": now, "entries": [_row(trial, now) for trial in trials]}


def is_well(trials: Sequence[Trial], *, now: float) -> bool:
    """Return whether somebody was asked, and whoever was asked is well."""
    answers = {_read(trial, now)[0] for trial in trials}
    return answers <= {Answer.OK, Answer.NOT_ASKED} and Answer.OK in answers


def show(trials: Sequence[Trial], *, now: float) -> None:
    """Show a line for each entry, and the next steps."""
    names = ("pool", "entry", "answer", "why", "in the pool")
    rows, steps = [], []
    for trial in trials:
        answer, verdict = _read(trial, now)
        word = Text(answer.value.replace("_", " "), style=_STYLES.get(answer, "yellow"))
        why = trial.not_asked or _why(trial, verdict)
        state = condition(trial.state, trial.entry, now) or "ok"
        told = (trial.state.key, shown(trial.entry), word, why, state)
        cells = (t if isinstance(t, Text) else Text(visible(t)) for t in told)
        rows.append(dict(zip(names, cells, strict=True)))
        steps += [step] if (step := _step(trial, answer, verdict, now)) else []
    if trials:
        put_all(names, rows)
    for step in dict.fromkeys(steps):
        say(step)


def _row(trial: Trial, now: float) -> Json:
    answer, verdict = _read(trial, now)
    return {
        "pool": trial.state.key,
        "id": trial.entry.id,
        "label": trial.entry.label,
        "answer": answer.value,
        "status": None if trial.reply is None else trial.reply.status,
        "class": None if verdict is None else verdict.failure.value,
        "rule": None if verdict is None else verdict.rule,
        "hint": None if verdict is None else verdict.hint,
        "why": trial.not_asked or _why(trial, verdict) or None,
    }


def _read(trial: Trial, now: float) -> tuple[Answer, Verdict | None]:
    """Return what came of a question, and what the rules say of a reply that fails."""
    reply = trial.reply
    if trial.not_asked:
        return Answer.NOT_ASKED, None
    if reply is None:
        return Answer.NO_ANSWER, None
    provider = registry.provider_of(trial.state)
    if reply.status in _SUCCESS:
        failure = failure_in_body(reply.body, provider)
        if failure is None:
            return Answer.OK, None
        reply = refusal(failure, reply.headers, provider)
    elif reply.status in _REDIRECT:
        return Answer.UNCLEAR, None
    verdict = classify(reply, provider, trial.entry.auth_type, now=now)
    return _MEANS[verdict.failure], verdict


def _why(trial: Trial, verdict: Verdict | None) -> str:
    """Return what the provider says, without anything of a secret."""
    if trial.reply is None:
        return "no answer came in time"
    if verdict is None:
        is_redirect = trial.reply.status in _REDIRECT
        return (
            f"{trial.reply.status}: it leads elsewhere, where no key is sent" if is_redirect else ""
        )
    hint = f", {duration(verdict.hint)} left" if verdict.hint is not None else ""
    message = stored(verdict.message, known_secrets(trial.state.entries))
    said = f"{trial.reply.status}, {verdict.failure.value}{hint}"
    return f"{said}: {message}" if message else said


def _step(trial: Trial, answer: Answer, verdict: Verdict | None, now: float) -> str:
    """Return what to do about an entry, if there is something."""
    where = f"{trial.state.key}, {shown(trial.entry)}"
    if answer is Answer.OK and trial.entry.blocked(now) is not None:
        again = f"credpool reset {trial.state.key} {trial.entry.id}"
        return f"{where}: it is let in, and is out in the pool; when that is over: {again}"
    if verdict is None or answer in (Answer.NO_ANSWER, Answer.UNCLEAR):
        return ""
    return f"{where}: {advised(trial.state.key, trial.entry, verdict.failure)}"
