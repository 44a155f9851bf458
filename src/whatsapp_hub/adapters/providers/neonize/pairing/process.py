"""The pairing process's program: `python -m … FD`. It ends when the connector at the other end of FD does.

An unpaired client of neonize's cannot be stopped: its thread waits for ever to be paired. Here that does no harm, since
the whole process ends when no session pairs any more.
"""

import os
import socket
import sys
import threading
from contextlib import suppress

import structlog

from whatsapp_hub.adapters.providers.neonize.native.library import Library, Missing, load
from whatsapp_hub.adapters.providers.neonize.pairing.frames import Notice, Request, framed, next_request


class PairingProcess:
    def __init__(self, connection: socket.socket, library: Library) -> None:
        self._connection = connection
        self._library = library
        self._writing = threading.Lock()

    def serve(self) -> None:
        while request := next_request(self._connection):
            threading.Thread(target=self._do, args=(request,), daemon=True).start()

    def send(self, notice: Notice) -> None:
        """Send a notice. Blocks while the connector cannot store earlier ones; dropped if the connector is gone."""
        with self._writing, suppress(OSError):
            self._connection.sendall(framed(notice))

    def _do(self, request: Request) -> None:
        match request.what:
            case "dial":
                if request.dial is None:
                    raise ValueError("a dial without its parameters")
                self._library.start(request.dial, _Listener(self, request.uuid))
            case "stop":
                if self._library.is_known(request.uuid):
                    self._library.disconnect(request.uuid)
                self._library.stop(request.uuid)
                self.send(Notice("stopped", request.uuid))
            case "code":
                self.send(Notice("code", request.uuid, data=self._library.pair_phone(request.uuid, request.data)))


class _Listener:
    def __init__(self, process: PairingProcess, uuid: str) -> None:
        self._process, self._uuid = process, uuid

    def event(self, code: int, data: bytes) -> None:
        self._process.send(Notice("event", self._uuid, code=code, data=data))

    def qr(self, code: str) -> None:
        self._process.send(Notice("qr", self._uuid, text=code))

    def login(self, status: str) -> None:
        self._process.send(Notice("login", self._uuid, text=status))

    def ended(self, error: str) -> None:
        self._process.send(Notice("ended", self._uuid, text=error))

    def came_again(self, id: str, sender: str, chat: str) -> None:
        """A number that is being paired has taken nothing in yet."""


def main() -> None:
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    connection = socket.socket(fileno=int(sys.argv[1]))
    try:
        library = load()
    except Missing as error:
        sys.exit(str(error))
    PairingProcess(connection, library).serve()
    os._exit(0)  # threads of Go's wait for ever


if __name__ == "__main__":
    main()
