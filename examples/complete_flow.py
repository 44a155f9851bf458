"""Take a WhatsApp number through its whole life: create, activate, show the code, be scanned, write, clean up.

    pip install httpx "python-socketio[asyncio_client]" qrcode            # .venv/bin/python of `make run` has them
    API_KEY=hub_… python examples/complete_flow.py --to 5511999990000     # scan the code with a phone
    API_KEY=hub_… python examples/complete_flow.py --sandbox              # without a phone

HUB_URL names the hub (http://127.0.0.1:4000), API_KEY or JWT_TOKEN lets the program in. See docs/session-flow.md.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import os
import sys
import uuid
from pathlib import Path
from typing import Any

import httpx
import socketio

CUSTOMER = "5511999990000"
EVENTS = ("qr", "session:started", "session:connected", "session:disconnected", "session:error", "session:message")


class Heard:
    """The socket's events, awaited by name."""

    def __init__(self, io: socketio.AsyncClient) -> None:
        self._waiting: asyncio.Queue[tuple[str, dict[str, Any]]] = asyncio.Queue()
        for name in (*EVENTS, "message-status"):
            io.on(name, self._listener(name))

    def _listener(self, name: str) -> Any:
        async def hear(data: dict[str, Any]) -> None:
            self._waiting.put_nowait((name, data))

        return hear

    async def next(self, *names: str, within_s: float = 60) -> tuple[str, dict[str, Any]]:
        """Return the next event of one of these names; others are printed and skipped. Ends the program when the
        session fails."""
        async with asyncio.timeout(within_s):
            while True:
                name, data = await self._waiting.get()
                if name == "session:error":
                    sys.exit(f"the session failed: {data['code']}: {data['message']}")
                if name in names:
                    return name, data
                print(f"  … {name}")


def show_code(text: str, picture: str) -> None:
    """Show the code in the terminal where `qrcode` is installed, and as a picture beside this program."""
    path = Path("qr.png")
    path.write_bytes(base64.b64decode(picture.partition(",")[2]))
    print(f"  scan this with the phone: WhatsApp, Linked devices, Link a device (also in {path.resolve()})")
    try:
        import qrcode
    except ImportError:
        return
    code = qrcode.QRCode(border=2)
    code.add_data(text)
    code.print_ascii(invert=True)


async def scanned(http: httpx.AsyncClient, heard: Heard, session_id: str) -> None:
    """Show each code until one is scanned; codes are renewed about once a minute."""
    while True:
        name, data = await heard.next("qr", "session:connected", within_s=300)
        if name == "session:connected":
            return
        answer = await http.get(f"/whatsapp/{session_id}/qr")
        if answer.status_code == httpx.codes.OK:
            show_code(data["qr"], answer.json()["qrCode"])


async def flow(http: httpx.AsyncClient, io: socketio.AsyncClient, heard: Heard, options: argparse.Namespace) -> None:
    provider = {"provider": "SANDBOX"} if options.sandbox else {}
    made = await http.post("/whatsapp", json={"sessionId": f"flow-{uuid.uuid4().hex[:8]}", **provider})
    made.raise_for_status()
    session = made.json()
    print(f"1. created {session['sessionId']}: {session['status']}")
    try:
        await io.call("subscribe:session", {"sessionId": session["sessionId"]})
        print("2. subscribed")
        activated = (await http.post(f"/whatsapp/{session['id']}/activate")).raise_for_status().json()
        print(f"3. activated: {activated['status']}")
        await scanned(http, heard, session["sessionId"])
        print("4. connected")
        await converse(http, heard, session, options)
    finally:
        await http.delete(f"/api/sessions/{session['id']}")
        print("7. cleaned up")


async def converse(http: httpx.AsyncClient, heard: Heard, session: dict[str, Any], options: argparse.Namespace) -> None:
    customer = options.to or CUSTOMER
    if options.sandbox:
        written = {"from": customer, "name": "Ana", "text": "Olá!"}
        (await http.post(f"/sandbox/{session['id']}/messages", json=written)).raise_for_status()
        _, message = await heard.next("session:message")
        print(f"5. {message['from']} wrote: {message['message']}")
    elif not options.to:
        print("5. nothing to send: say --to NUMBER")
        return
    body = {"to": customer, "message": "Oi! Em que posso ajudar?"}
    sent = (await http.post(f"/whatsapp/{session['sessionId']}/send-message", json=body)).raise_for_status().json()
    status = sent["status"]
    while status in ("PENDING", "SENT") or (options.sandbox and status != "READ"):
        _, told = await heard.next("message-status")
        if told["messageId"] == sent["messageId"]:
            status = told["status"]
            print(f"6. {sent['messageId']}: {status}{' ' + str(told['error']) if 'error' in told else ''}")


async def main(options: argparse.Namespace) -> None:
    token = os.environ.get("API_KEY") or os.environ.get("JWT_TOKEN")
    if not token:
        sys.exit("set API_KEY (POST /api/api-keys) or JWT_TOKEN (POST /api/auth/login)")
    url = os.environ.get("HUB_URL", "http://127.0.0.1:4000")
    io = socketio.AsyncClient()
    heard = Heard(io)
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=30) as http:
        try:
            await io.connect(url, auth={"token": token}, transports=["websocket"])
        except socketio.exceptions.ConnectionError as error:
            sys.exit(f"{url} (HUB_URL) refuses the connection: {error}")
        try:
            await flow(http, io, heard, options)
        finally:
            await io.disconnect()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A session's whole life.")
    parser.add_argument("--sandbox", action="store_true", help="no phone: a sandbox session, and a customer who writes")
    parser.add_argument("--to", help="whom to write to")
    asyncio.run(main(parser.parse_args()))
