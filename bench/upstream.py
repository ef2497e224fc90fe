"""An upstream that costs next to nothing: it answers every request without a body with the same few bytes.

``python upstream.py PORT``: on this port of every address, until it is ended.
"""

from __future__ import annotations

import asyncio
import sys

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
END_OF_HEAD = b"\r\n\r\n"


class Upstream(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.rest = b""

    def data_received(self, data: bytes) -> None:
        heads = (self.rest + data).split(END_OF_HEAD)
        self.rest = heads[-1]
        self.transport.write(ANSWER * (len(heads) - 1))


async def serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Upstream, "0.0.0.0", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
