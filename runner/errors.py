"""What can stop a check, each kind with the exit code it ends in."""


class BacklogError(Exception):
    """Base of all errors shown to the user as one message, without a traceback."""

    exit_code = 2


class ConfigError(BacklogError):
    """The command line, the outputs or an address can't be used; nothing was checked."""

    exit_code = 2


class LedgerError(BacklogError):
    """The ledger, or one entry, can't be read or written; what is due is still owed."""

    exit_code = 1


class NotSentError(BacklogError):
    """A message was not sent, or its answer was lost; the text says why."""

    exit_code = 1


class ReportError(BacklogError):
    """The report as a whole can't be trusted; nothing was sent."""

    exit_code = 3
