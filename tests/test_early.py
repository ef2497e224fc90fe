"""Signals in the first moments of a daemon, while Python imports."""

import subprocess
import sys

import pytest

# Sends the signals at the first import of anything that is not there from the beginning.
SENDS = """
import os, signal, sys
class Sends:
    sent = False
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("attrs", "zope", "yaml") and not self.sent:
            self.sent = True
            os.kill(os.getpid(), signal.SIGHUP)
            os.kill(os.getpid(), signal.SIGUSR1)
sys.meta_path.insert(0, Sends())
sys.argv = sys.argv[1:]
"""
COMMAND = "import runpy; runpy.run_module('shadowgate', run_name='__main__', alter_sys=False)"
SCRIPT = "from shadowgate.__main__ import main; main()"
TWISTD = "from shadowgate import twistd; print(twistd.Options.longdesc, twistd.makeService)"


def first_moments(code, *arguments):
    command = [sys.executable, "-c", SENDS + code, "shadowgate", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("code", [COMMAND, SCRIPT, TWISTD])
def test_signals_to_reload_do_not_end_it(code):
    done = first_moments(code, "run", "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout


def test_a_command_that_is_no_daemon_ends_with_its_terminal():
    assert first_moments(SCRIPT, "version").returncode < 0
