"""How what can go wrong is told: a readable line on stderr, what to do, and an exit code."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import typer

from gco_stream.cli.exits import Exit
from gco_stream.errors import Conflict, Denied, GcoStreamError, InvalidRecord, InvalidSettings, Transient


class Unable(GcoStreamError):
    """A command ends here.

    Attributes:
        hint: What to do about it.
    """

    def __init__(self, message: str, *, hint: str | None = None, code: Exit = Exit.NO) -> None:
        super().__init__(message)
        self.hint = hint
        self.code = code


class AllWrong(Unable):
    """Several things that a person wrote are wrong.

    Attributes:
        problems: Each, as a line of its own.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems), code=Exit.WRONG_USAGE)
        self.problems = tuple(problems)


def wrong_usage(message: str, *, hint: str | None = None) -> Unable:
    """Make the error for a command line or a file that cannot be used."""
    return Unable(message, hint=hint, code=Exit.WRONG_USAGE)


def interrupted(message: str) -> Unable:
    """Make the error for a command that Ctrl-C ends, where there is something to say of what stays."""
    return Unable(f"interrupted: {message}", code=Exit.INTERRUPTED)


@contextmanager
def errors_told(*, verbose: bool) -> Iterator[None]:
    """Tell whatever was raised on purpose, and end with its exit code; a bug is left alone to crash."""
    try:
        yield
    except GcoStreamError as error:
        code, hint = _meaning(error)
        for problem in problems_told(error):
            tell(problem)
        if hint is not None:
            tell(f"hint: {hint}")
        if verbose:
            _tell_causes(error)
        raise typer.Exit(code) from None
    except KeyboardInterrupt:
        tell("interrupted")
        raise typer.Exit(Exit.INTERRUPTED) from None


def problems_told(error: GcoStreamError) -> Sequence[str]:
    """Return an error as lines."""
    problems = error.problems if isinstance(error, AllWrong | InvalidRecord | InvalidSettings) else (error,)
    return [" ".join(str(problem).split()) for problem in problems]


def tell(line: str) -> None:
    """Say something that is no result."""
    print(f"gco-stream: {line}", file=sys.stderr)  # noqa: T201


def _meaning(error: GcoStreamError) -> tuple[Exit, str | None]:
    match error:
        case Unable():
            return error.code, error.hint
        case InvalidSettings() | InvalidRecord():
            return Exit.WRONG_USAGE, None
        case Conflict():
            return Exit.NO, "somebody else was faster: look again, then try again"
        case Denied():
            return Exit.UNKNOWN, _hint_of_denied(str(error))
        case Transient():
            return Exit.UNKNOWN, _hint_of_transient(str(error))
        case _:
            return Exit.NO, None


def _hint_of_denied(message: str) -> str:
    if "no usable AWS credentials" in message:
        return "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run where a role is attached"
    if "/apis/" in message or "/api/" in message:
        return "the user of this kubeconfig lacks a permission; see the Role in k8s/base/role.yaml"
    return "check which identity this is (`aws sts get-caller-identity`) and what it may do with the table"


def _hint_of_transient(message: str) -> str:
    if "there is no table" in message:
        return "INFERENCE_ENDPOINTS_TABLE_NAME and DYNAMODB_REGION say which; `gco-stream table create` makes it"
    if "/apis/" in message or "/api/" in message:
        return "check the network, and KUBECONFIG: `kubectl cluster-info`"
    return "check the network, and DYNAMODB_REGION or REGION"


def _tell_causes(error: BaseException) -> None:
    cause = error.__cause__ or error.__context__
    while cause is not None:
        tell(f"caused by {type(cause).__name__}: {' '.join(str(cause).split())}")
        cause = cause.__cause__ or cause.__context__
