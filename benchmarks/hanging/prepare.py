"""What makes the real library talk to a server of ours: a root key, a certificate, a copy of the library for it."""

from __future__ import annotations

import importlib.util
import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.x509.oid import NameOID

WHATSAPP = "web.whatsapp.com"
PINNED = bytes.fromhex("142375574d0a587166aae71ebe516437c4a28b73e3695c6ce1f7f9545da8ee6b")
"""The public key with which WhatsApp signs its servers' keys, `WACertPubKey` of whatsmeow."""


def root_key(folder: Path) -> Path:
    """Make the key that signs the server's; its public half stands in the file too."""
    key = X25519PrivateKey.generate()
    public = key.public_key().public_bytes_raw().hex()
    path = folder / "root.json"
    path.write_text(json.dumps({"publicKey": public, "privateKey": key.private_bytes_raw().hex()}))
    return path


def library(folder: Path, root: Path) -> Path:
    """Copy the installed neonize into a folder for PYTHONPATH, trusting `root` in the place of WhatsApp's. Raises
    RuntimeError where it is not installed, or the pinned key is not found once."""
    found = importlib.util.find_spec("neonize")
    if found is None or found.origin is None:
        raise RuntimeError("neonize is not installed")
    copy = folder / "library"
    shutil.copytree(Path(found.origin).parent, copy / "neonize")
    public = bytes.fromhex(json.loads(root.read_text())["publicKey"])
    binaries = [path for path in (copy / "neonize").glob("*.so") if path.read_bytes().count(PINNED) == 1]
    if len(binaries) != 1:
        raise RuntimeError("the pinned key does not stand once in one shared library")
    binaries[0].write_bytes(binaries[0].read_bytes().replace(PINNED, public))
    return copy


def certificate(folder: Path) -> Path:
    """Make a key and a certificate of WhatsApp's name that signs itself, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, WHATSAPP)])
    now, day = datetime.now(UTC), timedelta(days=1)
    builder = x509.CertificateBuilder(who, who, key.public_key(), x509.random_serial_number(), now - day, now + day)
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(WHATSAPP)]), critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / "whatsapp.pem"
    path.write_bytes(private + builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    return path
