"""The contract of filters, kept by every bundled one."""

from shadowgate.bundled.filters.header_rewrite import HeaderChanges, HeaderRewrite
from shadowgate.bundled.filters.path_rewrite import PathRewrite
from shadowgate.bundled.filters.respond import Respond
from shadowgate.testing import FilterContract


class TestHeaderRewrite(FilterContract):
    def make(self):
        return HeaderRewrite(
            request=HeaderChanges(
                set={"Host": "other.example:81", "X-A": "1"}, add={"x-twice": "3"}, remove=("Cookie",)
            ),
            response=HeaderChanges(set={"Server": "gateway"}, add={"Set-Cookie": "c=3"}, remove=("Content-Type",)),
        )


class TestPathRewrite(FilterContract):
    def make(self):
        return PathRewrite(replacement="/new")


class TestPathRewriteOfPrefix(FilterContract):
    def make(self):
        return PathRewrite(prefix="/path", replacement="/new")


class TestPathRewriteOfSegments(FilterContract):
    def make(self):
        return PathRewrite(segments="/path/to", replacement="")


class TestPathRewriteByRegex(FilterContract):
    def make(self):
        return PathRewrite(regex="/([a-z]*)", replacement=r"\1\0")


class TestRespond(FilterContract):
    def make(self):
        return Respond(status=404, body="not here\n", headers={"Retry-After": "10"})
