"""X.509 on P-256: the fleet's own authority, certificates of brokers, nodes and hosts, the CRL.

The subject's common name is the id, which the broker takes as the user name (`%u` of its access
list). A certificate serves one side only (extended key usage), so that no node can pose as the
broker. Boards have no clock: dates are checked by the broker and by hosts alone.
"""

import ipaddress
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from quelea.secure.signing import Key

BACKDATED = timedelta(days=1)  # for hosts whose clock is behind
SERVER, CLIENT = "server", "client"
_USAGE = {
    SERVER: ExtendedKeyUsageOID.SERVER_AUTH,
    CLIENT: ExtendedKeyUsageOID.CLIENT_AUTH,
}
Certificate = x509.Certificate


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _builder(
    subject: str, issuer: x509.Name, key: Key, days: int, now: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
    )


def _key_usage(authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def authority(name: str, key: Key, days: int) -> Certificate:
    """Return a certificate signed by itself, for issuing others and nothing else."""
    builder = _builder(name, _name(name), key, days, datetime.now(UTC))
    return (
        builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        .add_extension(_key_usage(True), True)
        .sign(key, hashes.SHA256())
    )


def alternatives(names: Sequence[str]) -> x509.SubjectAlternativeName:
    """Return host names and addresses as a certificate has them."""
    rows: list[x509.GeneralName] = []
    for name in names:
        try:
            rows.append(x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            rows.append(x509.DNSName(name))
    return x509.SubjectAlternativeName(rows)


def leaf(
    ca: tuple[Certificate, Key], common: str, key: Key, side: str, days: int, names: Sequence[str]
) -> Certificate:
    """Return a certificate for one key. side: SERVER or CLIENT. names: hosts, of a server."""
    issuer, signer = ca
    builder = _builder(common, issuer.subject, key, days, datetime.now(UTC))
    builder = (
        builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
        .add_extension(_key_usage(False), True)
        .add_extension(x509.ExtendedKeyUsage([_USAGE[side]]), True)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), False
        )
    )
    if names:
        builder = builder.add_extension(alternatives(names), False)
    return builder.sign(signer, hashes.SHA256())


def revocations(ca: tuple[Certificate, Key], serials: Iterable[int], days: int) -> bytes:
    """Return the list of revoked certificates as PEM; after `days` brokers refuse everybody."""
    now = datetime.now(UTC)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(ca[0].subject)
        .last_update(now - BACKDATED)
        .next_update(now + timedelta(days=days))
    )
    for serial in serials:
        row = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now).build()
        builder = builder.add_revoked_certificate(row)
    return builder.sign(ca[1], hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def pem(certificate: Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def der(certificate: Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)


def key_der(key: Key) -> bytes:
    """Return a private key as a board reads it (SEC 1)."""
    return key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )


def days_left(certificate: Certificate) -> float:
    """Return for how many days it is valid from now on; below 0 once it has run out."""
    return (certificate.not_valid_after_utc - datetime.now(UTC)).total_seconds() / 86400


def read(text: bytes) -> Certificate:
    """Return a certificate in PEM; ValueError for anything else."""
    return x509.load_pem_x509_certificate(text)
