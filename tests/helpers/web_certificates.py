"""The files of the tests of web configurations, and clients that trust the server's certificate."""

from __future__ import annotations

import shutil
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING

import trustme
from cryptography.hazmat.primitives import serialization
from helpers.json_text import as_json
from helpers.repository import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

DATA = REPOSITORY / "tests" / "data" / "web-config"
GOOD_FILES = sorted(path.name for path in DATA.glob("*.good.yml"))
BAD_FILES = sorted(path.name for path in DATA.glob("*.bad.yml"))


@dataclass(frozen=True)
class WebFolder:
    """A folder with a server's certificate and key; one authority signs it and the clients' certificates."""

    path: Path
    authority: trustme.CA

    @property
    def web_file(self) -> Path:
        return self.path / "web.yml"

    def renew(self, *names: str, authority: trustme.CA | None = None) -> None:
        """Replace the server's certificate and key."""
        issued = (authority or self.authority).issue_cert(*(names or ("localhost", "127.0.0.1")))
        self.write("server.pem", b"".join(pem.bytes() for pem in issued.cert_chain_pems))
        self.write("server.key", issued.private_key_pem.bytes())

    def write(self, name: str, content: bytes) -> None:
        """Replace a file atomically, as tools that rotate certificates do."""
        new = self.path / f".{name}"
        new.write_bytes(content)
        new.replace(self.path / name)

    def configure(self, text: str) -> None:
        """Write the web configuration; `@CERT@`, `@KEY@` and `@CA@` stand for the files' content."""
        for placeholder, name in (("@CERT@", "server.pem"), ("@KEY@", "server.key"), ("@CA@", "ca.pem")):
            text = text.replace(placeholder, as_json((self.path / name).read_text()))
        self.write("web.yml", text.encode())

    def client(self, *names: str, authority: trustme.CA | None = None) -> ssl.SSLContext:
        """A client that trusts the server, with a certificate for these names if there are any."""
        context = ssl.create_default_context(cadata=self.authority.cert_pem.bytes().decode())
        if names:
            (authority or self.authority).issue_cert(*names).configure_cert(context)
        return context


def make_web_folder(path: Path) -> WebFolder:
    folder = WebFolder(path, trustme.CA())
    folder.renew()
    folder.write("ca.pem", folder.authority.cert_pem.bytes())
    other = trustme.CA().issue_cert("localhost").private_key_pem.bytes()
    folder.write("other.key", other)
    key = serialization.load_pem_private_key((path / "server.key").read_bytes(), None)
    folder.write(
        "encrypted.key",
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"password"),
        ),
    )
    for name in (*GOOD_FILES, *BAD_FILES):
        folder.configure((DATA / name).read_text())
        shutil.copy(folder.web_file, path / name)
    return folder
