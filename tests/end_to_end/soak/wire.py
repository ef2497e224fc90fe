"""A client's connection for many clients in one thread; what it reads are the harness's messages."""

from __future__ import annotations

import asyncio
import socket
from asyncio import StreamReader, StreamWriter
from typing import Final

from attrs import frozen

from harness.wire import Cut, Message, fields_of

PATIENCE: Final = 20.0
"""Seconds for one answer; the gateway's own timeouts are all shorter."""

LONGEST_HEAD: Final = 256 * 1024
LINGER_NONE: Final = b"\1\0\0\0\0\0\0\0"


@frozen(eq=False)
class Wire:
    """One connection to the gateway."""

    reader: StreamReader
    writer: StreamWriter

    @classmethod
    async def open(cls, port: int) -> Wire:
        return cls(*await asyncio.open_connection("127.0.0.1", port, limit=LONGEST_HEAD))

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await asyncio.wait_for(self.writer.drain(), PATIENCE)

    async def answer(self, method: bytes = b"GET") -> Message:
        """Read one whole answer and the 1xx before it; raise :class:`Cut` when it breaks off."""
        try:
            return await asyncio.wait_for(self._answer(method), PATIENCE)
        except (asyncio.IncompleteReadError, ConnectionError) as end:
            raise Cut(str(end)) from None

    async def head(self) -> Message:
        lines = (await self.reader.readuntil(b"\r\n\r\n"))[:-4].split(b"\r\n")
        return Message(lines[0], fields_of(lines[1:]))

    async def _answer(self, method: bytes) -> Message:
        informational: list[int] = []
        while (head := await self.head()).status < 200:
            informational.append(head.status)
        body = b"" if method == b"HEAD" or head.status in (204, 304) else await self._body(head)
        return Message(head.start, head.fields, body, (), tuple(informational))

    async def _body(self, head: Message) -> bytes:
        reader, length = self.reader, head.get(b"content-length")
        if head.get(b"transfer-encoding") == b"chunked":
            assert length is None, head
            pieces = []
            while size := int(await reader.readuntil(b"\r\n"), 16):
                pieces.append(await reader.readexactly(size))
                assert await reader.readexactly(2) == b"\r\n"
            while await reader.readuntil(b"\r\n") != b"\r\n":
                pass
            return b"".join(pieces)
        if length is not None:
            return await reader.readexactly(int(length))
        return await reader.read()

    async def ended(self) -> bool:
        """Wait for the gateway to close, in order or not; False when it sends something instead."""
        try:
            return not await asyncio.wait_for(self.reader.read(1), PATIENCE)
        except ConnectionError:
            return True

    def say_end(self) -> None:
        """Say that nothing more will be sent."""
        self.writer.write_eof()

    def close(self) -> None:
        self.writer.close()

    def reset(self) -> None:
        if self.writer.is_closing():
            return  # the gateway was first
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NONE)
        self.writer.transport.abort()
