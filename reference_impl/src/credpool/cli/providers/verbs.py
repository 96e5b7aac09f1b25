"""The verbs that tell of providers: whom a key works with, and who is known."""

import time

import click

from credpool.cli.exits import Exit
from credpool.cli.providers import answers, catalogue
from credpool.cli.providers.trial import try_all
from credpool.cli.session import Session, any_provider, leave_with, session
from credpool.cli.talk import render
from credpool.cli.talk.options import common


@click.command("test")
@common
@any_provider
@session
def test(session: Session, provider: str | None) -> None:
    """Ask the providers whether the keys work.

    With each key, one question that costs nothing, such as which models there are, is sent to the
    key's own address. What is learnt changes nothing in the pool. That a key is let in does not
    say that there is money. The exit code is 1 if a key is not well, or none could be asked.
    """
    home = session.home
    states, errors = ([home.state(provider)], []) if provider else home.readable()
    trials = try_all([home.with_printed(state) for state in states])
    now = time.time()
    if session.as_json:
        render.as_json(answers.report(trials, now=now))
    else:
        answers.show(trials, now=now)
    if not trials:
        render.say("There are no credentials to ask with: credpool add")
    leave_with(errors)
    if not answers.is_well(trials, now=now):
        raise click.exceptions.Exit(Exit.LOOK)


@click.command()
@common
@session
def providers(session: Session) -> None:
    """Show which providers are known, and what is found for them here.

    It names what each takes, and the variables in which its keys are looked for. Whichever is not
    listed is an endpoint of your own: list it in config.yaml, or add its first key with --base-url.
    """
    found = catalogue.known(session.home)
    if session.as_json:
        render.as_json(catalogue.report(found))
    else:
        catalogue.show(found)
