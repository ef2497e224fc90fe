"""Cases of the conformance suite in which backends are slow, fail or cannot be reached; time stands still in between.

``HTTPRouteTimeoutRequest``, ``HTTPRouteTimeoutBackendRequest``, ``HTTPRouteRetry``, ``HTTPRouteRetryConnectionError``
and ``HTTPRouteRetryWithTimeouts``.
"""

import pytest

ROUTE = """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: slow, namespace: infra}
spec:
  parentRefs: [{name: same-namespace}]
  rules:
"""
RULE = """
  - matches: [{path: {value: %s}}]
    backendRefs: [{name: v3, port: 8080}]
"""
OK = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


def rules(**settings):
    return ROUTE + "".join(RULE % f"/{name.replace('_', '-')}" + text for name, text in settings.items())


def status(client):
    said = client.take()
    return int(said.split()[1]) if said else None


class Slow:
    """A client whose request waits at a backend, attempt by attempt."""

    def __init__(self, served, path):
        self.it = served.it
        self.client = self.it.client(80)
        self.client.send(f"GET /{path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())

    def after(self, seconds):
        """Return the client's status once so much time has gone by, None while there is none."""
        self.it.reactor.pump([0.01] * round(seconds * 100))
        return status(self.client)

    def attempt(self):
        """Return the backend of the attempt that is dialled now."""
        return self.it.upstream()

    @property
    def dialled(self):
        return bool(self.it.reactor.tcpClients)


@pytest.mark.parametrize("phase", ["request", "backendRequest"])
def test_timeouts_are_answered_504_and_can_be_switched_off(serve, phase):
    served = serve(rules(bounded=f"    timeouts: {{{phase}: 500ms}}\n", unbounded=f'    timeouts: {{{phase}: "0s"}}\n'))
    served.check("/bounded -> v3")
    late = Slow(served, "bounded")
    late.attempt()
    assert late.after(0.4) is None
    assert late.after(0.2) == 504
    patient = Slow(served, "unbounded")
    backend = patient.attempt()
    assert patient.after(1.0) is None
    backend.send(OK)
    assert status(patient.client) == 200


@pytest.mark.parametrize(
    ("path", "answers", "expected", "attempts"),
    [
        ("code-500", [500, 500], 200, 3),
        ("code-500", [500] * 4, 500, 4),
        ("code-500", [503, 503], 503, 1),
        ("code-all", [500], 200, 2),
        ("code-all", [500] * 3, 500, 3),
        ("code-all", [502], 200, 2),
        ("code-all", [502] * 3, 502, 3),
        ("code-all", [503], 200, 2),
        ("code-all", [503] * 3, 503, 3),
        ("code-all", [504], 200, 2),
        ("code-all", [504] * 3, 504, 3),
        ("no-code", [None, None], 200, 3),
        ("no-code", [None] * 4, (500, 503), 4),
    ],
)
def test_retries_are_as_many_as_attempts_says_and_for_its_codes(serve, path, answers, expected, attempts):
    served = serve(
        rules(
            code_500="    retry: {codes: [500], attempts: 3}\n",
            code_all="    retry: {codes: [500, 502, 503, 504], attempts: 2}\n",
            no_code="    retry: {attempts: 3}\n",
        )
    )
    served.answers[:] = answers
    client = served.it.client(80)
    client.send(f"GET /{path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    seen = []
    for _ in range(20):
        seen += served.serve()
        served.it.reactor.pump([0.01] * 100)
    assert len(seen) == attempts
    found = status(client)
    assert found in expected if isinstance(expected, tuple) else found == expected


RETRIED = {
    "backend": "    retry: {attempts: 2}\n    timeouts: {backendRequest: 200ms}\n",
    "whole": "    retry: {codes: [500], attempts: 5}\n    timeouts: {backendRequest: 200ms, request: 400ms}\n",
}


def until_dialled(slow):
    """Wait for the next attempt, which comes after a pause; False when the client has its answer instead."""
    for _ in range(100):
        if slow.dialled:
            return True
        slow.it.reactor.pump([0.01])
    return False


def test_an_attempt_that_is_late_is_tried_again(serve):
    slow = Slow(serve(rules(**RETRIED)), "backend")
    for _ in range(2):
        slow.attempt()
        slow.after(0.2)
        assert until_dialled(slow)
    slow.attempt().send(OK)
    assert status(slow.client) == 200


def test_when_all_attempts_are_late_it_is_504(serve):
    slow = Slow(serve(rules(**RETRIED)), "backend")
    for _ in range(2):
        slow.attempt()
        assert slow.after(0.2) is None
        assert until_dialled(slow)
    slow.attempt()
    assert slow.after(0.3) == 504
    assert not until_dialled(slow)


def test_retries_go_on_within_the_time_of_the_request(serve):
    slow = Slow(serve(rules(**RETRIED)), "whole")
    slow.attempt().send(OK.replace(b"200", b"500"))
    assert until_dialled(slow)
    slow.attempt().send(OK)
    assert status(slow.client) == 200


def test_the_time_of_the_request_ends_the_retries(serve):
    slow = Slow(serve(rules(**RETRIED)), "whole")
    answered = None
    for _ in range(5):
        if not until_dialled(slow):
            break
        backend = slow.attempt()
        answered = slow.after(0.1)
        if answered is not None:
            break
        backend.send(OK.replace(b"200", b"500"))
    assert (answered or status(slow.client)) == 504
