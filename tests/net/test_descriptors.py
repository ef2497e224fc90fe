"""The descriptors of a process: how they are shared out, and that the kernel's table is as wide as it will get."""

import os
import resource
import sys

import pytest

from shadowgate.net.descriptors import RESERVED, WIDEST, most_clients, most_of_admin, widen


@pytest.fixture
def limited(monkeypatch):
    """Let the process have so many descriptors; -1 is no bound."""

    def limit(soft):
        monkeypatch.setattr("shadowgate.net.descriptors.resource.getrlimit", lambda which: (soft, -1))

    return limit


@pytest.mark.parametrize(("soft", "most"), [(1024, (1024 - RESERVED - 64) // 2), (20, 1), (-1, 0)])
def test_half_of_what_the_process_may_open_is_for_clients(limited, soft, most):
    limited(soft)
    assert most_clients(64) == most


@pytest.mark.parametrize(("soft", "most"), [(1024, 64), (80, 10), (4, 1), (-1, 64)])
def test_an_eighth_at_most_is_for_the_admin_api(limited, soft, most):
    limited(soft)
    assert most_of_admin(64) == most


def table():
    """Return the size of the kernel's table: proc(5), ``FDSize``."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("FDSize"))


def in_a_child(check):
    """Return whether ``check`` holds in a process of its own, whose table is small."""
    child = os.fork()
    if not child:
        os._exit(0 if check() else 1)
    return os.waitpid(child, 0)[1] == 0


@pytest.mark.skipif(sys.platform != "linux", reason="the table is Linux's")
@pytest.mark.parametrize("soft", [300, 4096, -1])
def test_the_kernels_table_has_its_size_before_anybody_needs_it(limited, soft):
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    wanted = WIDEST if soft < 0 else soft
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.skip(f"this process may open {hard} files only")

    def check():
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        before, opened = table(), os.listdir("/proc/self/fd")
        limited(soft)
        widen()
        return before < wanted <= table() and len(os.listdir("/proc/self/fd")) == len(opened)

    assert in_a_child(check)


def test_a_process_without_descriptors_goes_on(limited, monkeypatch):
    def refused(*_):
        raise OSError(24, "Too many open files")

    monkeypatch.setattr("shadowgate.net.descriptors.os.open", refused)
    widen()
