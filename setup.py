"""Builds what setup.cfg describes.  With ``SHADOWGATE_COMPILE=1`` the modules that every request goes through become C.

They are compiled by mypyc, from the same source, and do the same without it: only slower.  That takes a C compiler.
"""

import os

from setuptools import setup

COMPILED = {
    "http": ("fields", "grammar", "head", "headers", "parser", "writer"),
    "net": ("bounded_pool", "client", "outbox", "pace", "pool", "readiness", "server"),
    "runtime": (
        *("accounting", "attempts", "exchange", "forwarding", "mirror", "mirror_state", "stats", "tee", "timers"),
    ),
}

if os.environ.get("SHADOWGATE_COMPILE") == "1":
    from mypyc.build import mypycify

    modules = [f"shadowgate/{package}/{name}.py" for package, names in COMPILED.items() for name in names]
    setup(ext_modules=mypycify(modules, opt_level="3", debug_level="0", group_name="shadowgate"))
else:
    setup()
