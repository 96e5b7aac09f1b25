"""The command `fuzz`: share the histories among processes, and print what was found."""

import multiprocessing
import shlex
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from time import perf_counter

from credpool_conformance.data import Data
from credpool_conformance.fuzzing.fuzz import Found, opened, seeds
from credpool_conformance.fuzzing.printing import as_scenario, told, written
from credpool_conformance.problems import HarnessError, StartError
from credpool_conformance.specification import registry as registries


@dataclass(frozen=True, slots=True, kw_only=True)
class FuzzOptions:
    """The choices of the user."""

    testee: str
    against: str
    connector: str
    seed: str
    steps: int
    most: int
    jobs: int
    timeout: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """The steps and differences of one process."""

    found: tuple[Found, ...]
    steps: int
    histories: int


def fuzz(options: FuzzOptions, data: Data) -> int:
    """Play until the steps are done, print each difference once, and return how many there are.

    Raises: StartError when a testee does not start.
    """
    begun = perf_counter()
    shares = [*_shares(options, data)]
    different = {found.played.history.shape: found for one in shares for found in one.found}
    for found in [*different.values()][: options.most]:
        _print(_lines(found, options))
    steps, histories = sum(one.steps for one in shares), sum(one.histories for one in shares)
    seconds = perf_counter() - begun
    speed = f"{steps / seconds:.0f} steps a second"
    _print([f"{steps} steps in {histories} histories, {len(different)} differences, {speed}"])
    return len(different)


def play(options: FuzzOptions, data: Data, share: int) -> Share:
    """Play one share of the histories.

    Raises: StartError when a testee does not start.
    """
    jobs = options.jobs
    registry = registries.load(data)
    found: list[Found] = []
    pair = (options.testee, options.against)
    in_process = options.connector == "inprocess"
    try:
        with opened(*pair, registry, in_process=in_process, timeout=options.timeout) as two:
            for one in two.differences(seeds(options.seed, share, jobs), options.steps // jobs):
                found.append(one)
                if len(found) >= options.most:
                    break
            return Share(found=tuple(found), steps=two.steps, histories=two.histories)
    except HarnessError as error:
        raise StartError(error.what, "") from error


def _shares(options: FuzzOptions, data: Data) -> Iterator[Share]:
    if options.jobs == 1:
        yield play(options, data, 0)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(options.jobs, mp_context=context) as pool:
        todo: list[Future[Share]] = [
            pool.submit(play, options, data, share) for share in range(options.jobs)
        ]
        for done in as_completed(todo):
            yield done.result()


def _lines(found: Found, options: FuzzOptions) -> Iterator[str]:
    yield f"--- history {found.seed}, shrunk in {found.tries} tries"
    yield from told(found.difference)
    yield written(as_scenario(found))
    again = ["--testee", options.testee, "--against", options.against]
    again += ["--connector", options.connector, "--seed", found.seed]
    yield f"again: credpool-conformance fuzz {shlex.join(again)}\n"


def _print(lines: Iterable[str]) -> None:
    sys.stdout.writelines(f"{line}\n" for line in lines)
