"""What can stop a check, each kind with the exit code that it leads to."""


class BacklogError(Exception):
    """Base of all errors shown to the user as one message, without a traceback."""

    exit_code = 1


class ConfigError(BacklogError):
    """The command line, the configuration or an address can't be used; nothing was checked."""

    exit_code = 2


class LedgerError(BacklogError):
    """The ledger can't be read or written; what is due stays due."""


class PublishError(BacklogError):
    """A message was not sent, or its answer was lost; the text says why."""


class UnreachableError(PublishError):
    """No connection to SNS: the next message would fare the same."""


class ReportError(BacklogError):
    """The report as a whole can't be trusted; nothing was sent."""

    exit_code = 3
