"""The contract of retry policies, kept by every bundled one."""

from shadowgate.bundled.retries.retry import Retry
from shadowgate.testing import RetryPolicyContract


class TestRetry(RetryPolicyContract):
    def make(self):
        return Retry()


class TestRetryOfEverything(RetryPolicyContract):
    def make(self):
        return Retry(attempts=100, on=("5xx", "reset", "retriable-4xx", "unavailable", "404"), elsewhere=False)


class TestRetryOfNothing(RetryPolicyContract):
    def make(self):
        return Retry(attempts=0)
