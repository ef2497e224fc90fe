"""The contract of filters, kept by every bundled one."""

from shadowgate.bundled.filters.cors import Cors, Origin
from shadowgate.bundled.filters.fault import Abort, Delay, Fault
from shadowgate.bundled.filters.header_rewrite import HeaderChanges, HeaderRewrite
from shadowgate.bundled.filters.path_rewrite import PathRewrite
from shadowgate.bundled.filters.redirect import Redirect
from shadowgate.bundled.filters.respond import Respond
from shadowgate.testing import FilterContract, request


class TestCors(FilterContract):
    def make(self):
        return Cors(
            allow_origins=(Origin(prefix="https://"),),
            allow_methods=("GET", "PUT"),
            allow_headers=("*",),
            expose_headers=("X-A",),
            max_age=60.0,
            allow_credentials=True,
            unmatched_preflights="ignore",
        )

    def heads(self):
        preflight = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "x-a,x-b"}
        yield from super().heads()
        for origin in ("https://shop.example", "null"):
            yield request(headers={"Origin": origin})
            yield request("OPTIONS", headers={"Origin": origin, **preflight})


class TestFault(FilterContract):
    def make(self):
        return Fault(abort=Abort(503, percent=50.0))


class TestFaultOfDelays(FilterContract):
    def make(self):
        return Fault(delay=Delay(5.0, 50.0), abort=Abort(grpc_status="UNAVAILABLE"))


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


class TestRedirect(FilterContract):
    def make(self):
        return Redirect(scheme="https", authority="other.example", path="/new")


class TestRedirectOfPrefix(FilterContract):
    def make(self):
        return Redirect(prefix="/path", replacement="/", derive_port="request", code=308)


class TestRespond(FilterContract):
    def make(self):
        return Respond(status=404, body="not here\n", headers={"Retry-After": "10"})
