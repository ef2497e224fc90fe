"""Builds what setup.cfg describes, and makes C of the modules that every request goes through, where that can be done.

They are compiled by mypyc, from the same source, and do the same without it: only slower.  ``SHADOWGATE_COMPILE`` of 0
leaves them as they are, of 1 takes a failure for one of the build.  An editable installation is never compiled, as
nobody would see what was edited.
"""

import os
import sys

from setuptools import Extension, setup

COMPILED = {
    "compiler": ("shadow_host", "table"),
    "http": (
        *("fields", "grammar", "head", "headers", "parsing"),
        *("request_parser", "response_parser", "target", "writer"),
    ),
    "net": ("accepting", "address", "bounded_pool", "client", "outbox", "pace", "pool", "readiness", "server", "share"),
    "plugin": ("records",),
    "runtime": (
        *("access_log", "accounting", "attempts", "clusters", "core", "exchange", "forwarding", "hooks"),
        *("mirror", "mirror_state", "stats", "tee", "timers"),
    ),
}
BUILDING = {"bdist_wheel", "build", "build_ext", "install"}


def extensions(must: bool) -> list[Extension]:
    """Return what is to be built; nothing where mypyc is not there or does not take the source."""
    modules = [f"shadowgate/{package}/{name}.py" for package, names in COMPILED.items() for name in names]
    try:
        from mypyc.build import mypycify

        found = mypycify(
            ["--ignore-missing-imports", *modules], opt_level="3", debug_level="0", group_name="shadowgate"
        )
    except (ImportError, SystemExit) as wrong:
        if must:
            raise
        print(f"shadowgate: nothing is compiled ({wrong}): it will do the same, only slower", file=sys.stderr)
        return []
    for extension in found:
        extension.optional = not must  # without a C compiler it is a warning
    return found


said = os.environ.get("SHADOWGATE_COMPILE", "")
if said not in ("", "0", "1"):
    sys.exit(f"SHADOWGATE_COMPILE={said}: neither 0 nor 1")
wanted = said != "0" and not BUILDING.isdisjoint(sys.argv)
setup(ext_modules=extensions(must=said == "1") if wanted else [])
