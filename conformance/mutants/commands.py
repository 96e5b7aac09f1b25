"""Mutants of the chapter on seeding: programs that print a secret."""

import shlex

from tools.mutants.mutant import Mutant, replaces


class TakesCommandsForSecrets(Mutant):
    """Sends a command as it stands in the row."""

    violates = "borrow.command+1"
    kills = ("command-prints-the-secret:plain",)
    because = "order"

    @replaces("credpool.model.borrowed.is_reference")
    def others(original, text):
        return original(text) and not text.startswith("cmd:")


class RunsCommandsOnce(Mutant):
    """Runs a command when the pool is opened, and never again."""

    violates = "borrow.command+1"
    kills = ("command-is-run-again-when-refused",)
    because = "stop"

    @replaces("credpool.seed.borrowing.BorrowingStore._read")
    def once(original, self, references):
        original(self, [r for r in references if r not in self._resolved])


class AsksAShell(Mutant):
    """Lets a shell run the command."""

    violates = "borrow.command.no-shell+1"
    kills = ("command-is-no-shells:semicolon", "command-is-no-shells:substitution")
    because = "out"

    @replaces("credpool._process.programs.first_line")
    def shell(original, words, **given):
        return original(["sh", "-c", " ".join(words)], **given)


class KnowsNoQuotes(Mutant):
    """Separates the words of a command at every blank."""

    violates = "borrow.command.no-shell+1"
    kills = ("command-is-no-shells:single-quotes", "command-is-no-shells:backslash")
    because = "out"

    @replaces("credpool.seed.references._words")
    def blanks(original, text):
        return text.split()


class RunsAnyonesCommands(Mutant):
    """Runs a command whoever can read or write its file."""

    violates = "borrow.command.owner+1"
    kills = ("command-of-a-shared-file-is-not-run:group-may-write",)
    because = "order"

    @replaces("credpool.config.files.why_not_private")
    def private(original, path):
        return None


class RunsWhatOthersCanRead(Mutant):
    """Looks only whether others can write the file."""

    violates = "borrow.command.owner+1"
    kills = ("command-of-a-shared-file-is-not-run:group-may-read",)
    because = "order"

    @replaces("credpool.config.files.why_not_private")
    def private(original, path):
        return None if path.stat().st_mode & 0o022 == 0 else original(path)


class TakesForeignCommandsOver(Mutant):
    """Makes a file its own, with the commands that others could write there."""

    violates = "borrow.command.foreign+1"
    kills = ("command-that-others-could-write-is-disabled",)
    because = "store"

    @replaces("credpool.seed.borrowing.BorrowingStore._trusted")
    def all(original, self, entries, old):
        return tuple(entries)


class UsesWhatAFailurePrinted(Mutant):
    """Takes the first line of a program for the secret, however it ended."""

    violates = "borrow.command.failed+1"
    kills = ("command-that-fails-gives-no-secret:printed-and-failed",)
    because = "order"

    @replaces("credpool._process.programs.first_line")
    def any_end(original, words, **given):
        return original(["sh", "-c", f"{shlex.join(words)}; exit 0"], **given)
