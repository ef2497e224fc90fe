"""Makes ``twistd shadowgate`` exist; the service itself is imported when it is asked for."""

from twisted.application.service import ServiceMaker

shadowgate = ServiceMaker(
    "shadowgate",
    "shadowgate.twistd",
    "HTTP gateway that mirrors traffic",
    "shadowgate",
)
