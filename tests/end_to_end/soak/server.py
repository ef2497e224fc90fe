"""An upstream of the soak, in a process of its own: ``python -m soak.server PORT [SEED]``.

It does what a target asks for, failures included.  With a seed it is hostile: what it does with a request is chance.
``/counts/0`` tells how many requests it has read whole, itself not included.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from asyncio import IncompleteReadError, LimitOverrunError, StreamReader, StreamWriter
from contextlib import suppress
from random import Random
from typing import Final

from soak import messages

HEAD: Final = 64 * 1024
LINGER_NONE: Final = b"\1\0\0\0\0\0\0\0"
LONGEST_SILENCE: Final = 5.0

Fields = dict[bytes, bytes]


class Server:
    """Serves connections one request at a time."""

    def __init__(self, hostile: Random | None = None) -> None:
        self.whole = 0
        self._hostile = hostile

    async def serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        try:
            with suppress(IncompleteReadError, LimitOverrunError, OSError):
                while await self._request(reader, writer):
                    pass
        finally:
            writer.close()

    async def _request(self, reader: StreamReader, writer: StreamWriter) -> bool:
        """Read and answer one request; whether another may follow."""
        head = await reader.readuntil(b"\r\n\r\n")
        start, *lines = head[:-4].split(b"\r\n")
        method, target, _ = start.split(b" ")
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines)}
        if self._hostile is not None and not await self._misbehave(self._hostile, reader, writer):
            return False
        if messages.kind(target) == "early":
            await self._send(writer, b"early", "last")
            await _body(reader, fields)
            return False
        if fields.get(b"expect") == b"100-continue":
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = await _body(reader, fields)
        if messages.kind(target) == "counts":
            await self._send(writer, json.dumps({"whole": self.whole}).encode())
            return True
        self.whole += 1
        return await self._answer(method, target, body, writer)

    async def _answer(self, method: bytes, target: bytes, body: bytes, writer: StreamWriter) -> bool:
        match messages.kind(target):
            case "bytes":
                given = messages.words(target)
                content = messages.pattern(messages.number(target), int(given["n"]))
                return await self._send(writer, content, given["how"], bodiless=method == b"HEAD")
            case "fault":
                return await self._fault(messages.words(target)["what"], target, writer)
            case _:
                return await self._send(writer, messages.echo(method, target, body))

    async def _send(self, writer: StreamWriter, body: bytes, how: str = "length", bodiless: bool = False) -> bool:
        """Answer 200 with a body framed by its length, in chunks, or by the end of the connection."""
        framing = {
            "length": b"Content-Length: %d" % len(body),
            "last": b"Content-Length: %d\r\nConnection: close" % len(body),
            "chunked": b"Transfer-Encoding: chunked",
            "close": b"Connection: close",
        }[how]
        head = b"HTTP/1.1 200 OK\r\n%b\r\n\r\n" % framing
        if bodiless:
            writer.write(head)
        elif how == "chunked":
            writer.write(head)
            for at in range(0, len(body), 50_000):
                piece = body[at : at + 50_000]
                writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            writer.write(b"0\r\nx-trailer: here\r\n\r\n")
        else:
            # In one go: who is killed between a head and its body has begun an answer that nobody can make whole.
            writer.write(head + body)
        await writer.drain()
        return how != "close"

    async def _fault(self, what: str, target: bytes, writer: StreamWriter) -> bool:
        body = messages.echo(b"GET", target, b"")
        match what:
            case "reset":
                _reset(writer)
            case "half":
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Le")
            case "short":
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nonly this")
            case "garbage":
                writer.write(b"\x16\x03\x01 what is this\r\n\r\n")
            case "late":
                await asyncio.sleep(0.2)
                return await self._send(writer, body)
            case "trickle":
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
                for at in range(len(body)):
                    writer.write(body[at : at + 1])
                    await asyncio.sleep(0.002)
                return True
            case "flood":
                writer.write(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 5)
                return await self._send(writer, body)
        return False

    async def _misbehave(self, chance: Random, reader: StreamReader, writer: StreamWriter) -> bool:
        """Do something that a mirror should not; whether to answer as asked nevertheless."""
        match chance.randrange(10):
            case 0:
                _reset(writer)
            case 1:
                writer.write(b"\0\0\0\0\r\n\r\n")
            case 2:
                await asyncio.wait_for(reader.read(), LONGEST_SILENCE)
            case 3:
                await asyncio.sleep(LONGEST_SILENCE)
            case 4:
                writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                while True:
                    writer.write(b"4000\r\n" + bytes(0x4000) + b"\r\n")
                    await writer.drain()
            case 5:
                writer.write(b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n")
            case _:
                return True
        return False


async def _body(reader: StreamReader, fields: Fields) -> bytes:
    if fields.get(b"transfer-encoding") == b"chunked":
        pieces = []
        while size := int(await reader.readuntil(b"\r\n"), 16):
            pieces.append(await reader.readexactly(size))
            await reader.readexactly(2)
        while await reader.readuntil(b"\r\n") != b"\r\n":
            pass
        return b"".join(pieces)
    return await reader.readexactly(int(fields.get(b"content-length", b"0")))


def _reset(writer: StreamWriter) -> None:
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NONE)
    writer.transport.abort()


async def main(port: str, seed: str = "") -> None:
    server = Server(Random(seed) if seed else None)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", int(port), limit=HEAD, backlog=512)
    await listening.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
