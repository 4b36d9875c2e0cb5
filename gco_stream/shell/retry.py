"""The one policy for trying a single call again: short, for what cures itself in milliseconds.

Whatever lasts longer is the queue's business, so that no worker is held by it.
"""

from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from gco_stream.errors import Denied, Transient


def _is_worth_it(error: BaseException) -> bool:
    if not isinstance(error, Transient) or isinstance(error, Denied):
        return False
    # What has waited for its whole deadline is no hiccup, and would hold its worker three times as long.
    took_too_long = isinstance(error.__cause__, TimeoutError)
    return error.retry_after is None and not took_too_long


def retrying() -> AsyncRetrying:
    """Make the policy for one call: three attempts, with up to 50 and 100 ms between them.

    Nothing is tried again at once that lacks a permission, that had no answer within its deadline, or that the other
    side asked us to put off.
    """
    return AsyncRetrying(
        retry=retry_if_exception(_is_worth_it),
        stop=stop_after_attempt(3),
        wait=wait_random_exponential(multiplier=0.05, max=0.5),
        reraise=True,
    )
