"""Mail servers on 127.0.0.1: a real one that keeps its mail, and one that follows a script."""

from __future__ import annotations

import asyncio
import socketserver
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from ipaddress import IPv4Address
from pathlib import Path
from typing import cast

import attrs
from aiosmtpd import smtp
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NAME, PASSWORD = "sparkwatch", "correct-horse-1984"


@attrs.define
class Inbox:
    """What a real server has been given, and where it listens."""

    port: int = 0
    letters: list[EmailMessage] = attrs.field(factory=list)
    recipients: list[list[str]] = attrs.field(factory=list)

    async def handle_DATA(  # noqa: N802 -- aiosmtpd calls it so
        self, server: smtp.SMTP, session: Session, envelope: Envelope
    ) -> str:
        content = cast(bytes, envelope.content)
        message = message_from_bytes(content, policy=SMTP)
        assert isinstance(message, EmailMessage)
        self.letters.append(message)
        self.recipients.append(list(envelope.rcpt_tos))
        return "250 taken"


class _OnAnyPort(Controller):
    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]  # aiosmtpd leaves it untyped


@contextmanager
def mail_server(
    *, tls: Path | None = None, implicit: bool = False, login: bool = False
) -> Iterator[Inbox]:
    """A server by aiosmtpd; with ``tls``, a PEM file of key and certificate, it demands TLS."""
    inbox = Inbox()
    context = None
    if tls is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(tls)
    controller = _OnAnyPort(
        inbox,
        hostname="127.0.0.1",
        port=0,
        ssl_context=context if implicit else None,
        tls_context=None if implicit else context,
        require_starttls=context is not None and not implicit,
        authenticator=_authenticate if login else None,
        auth_required=login,
        auth_require_tls=not implicit,
    )
    controller.start()
    inbox.port = controller.port
    try:
        yield inbox
    finally:
        controller.stop()


def _authenticate(
    _server: smtp.SMTP, _session: Session, _envelope: Envelope, _mechanism: str, login: object
) -> AuthResult:
    assert isinstance(login, LoginPassword)
    known = login == LoginPassword(NAME.encode(), PASSWORD.encode())
    return AuthResult(success=known, handled=False)


@contextmanager
def scripted_server(replies: Mapping[str, str]) -> Iterator[int]:
    """A server that answers each command as told; yields its port.

    ``replies`` goes from a command's first word (``""`` for the greeting, ``.`` for the end of the
    data) to the answer; ``hang`` never answers, ``close`` hangs up.
    """
    usual = {"": "220 here", "EHLO": "250 here", "DATA": "354 go on", "QUIT": "221 bye"}
    told = {**usual, **replies}
    over = threading.Event()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            command, in_data = "", False
            while True:
                reply = told.get(command, "250 fine")
                if reply == "hang":
                    over.wait(30)
                    return
                if reply == "close":
                    return
                self.wfile.write(f"{reply}\r\n".encode())
                in_data = command == "DATA" and reply.startswith("354")
                line = self.rfile.readline().decode().strip()
                while in_data and line != ".":
                    line = self.rfile.readline().decode().strip()
                if not line:
                    return
                command = line.split()[0].upper()

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def write_certificate(folder: Path) -> Path:
    """A key and a certificate for 127.0.0.1, in one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2120, 1, 1, tzinfo=UTC))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path
