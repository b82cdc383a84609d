"""Lists of revoked certificates as TLS libraries and brokers take them: X.509 CRLs (RFC 5280, section 5).

A CRL speaks for the issuer of the certificates on it, and only that key may sign it: a delegated signer needs
indirect CRLs (section 5.2.5), which OpenSSL checks only on demand. So each authority makes its own of what
our signed list (trust.revocations) revokes among the certificates that it issued.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tasuki.factory.folder import Authority
from tasuki.factory.keys import ForX509
from tasuki.trust import certificates
from tasuki.trust.revocations import Revocations

_REASONS = {
    "key_compromise": x509.ReasonFlags.key_compromise,
    "stolen": x509.ReasonFlags.key_compromise,
    "lost": x509.ReasonFlags.key_compromise,
    "replaced": x509.ReasonFlags.superseded,
    "superseded": x509.ReasonFlags.superseded,
    "decommissioned": x509.ReasonFlags.cessation_of_operation,
    "quality": x509.ReasonFlags.unspecified,
}


def make(
    authority: Authority,
    found: Revocations,
    issued: Iterable[x509.Certificate],
    now: datetime,
    days: int,
) -> tuple[bytes, int]:
    """The authority's CRL in PEM, valid for so many days, and how many certificates it revokes.

    Args:
        issued: certificates, of whomever; those that are on the list and of this authority go on the CRL.
        found: the list; its number is the CRL's, so that a later one is later there as well.
    """
    issuer = authority.certificate
    identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    now = now.astimezone(UTC).replace(microsecond=0)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.subject)
        .last_update(now)
        .next_update(now + timedelta(days=days))
        .add_extension(x509.CRLNumber(found.number), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False
        )
    )
    revoked = 0
    for one in issued:
        row = found.of_certificate(certificates.digest(one))
        if row is not None and certificates.issued_by(one, issuer):
            entry = (
                x509.RevokedCertificateBuilder()
                .serial_number(one.serial_number)
                .revocation_date(datetime.fromtimestamp(row.at, UTC))
            )
            reason = _REASONS[row.reason]
            if reason is not x509.ReasonFlags.unspecified:  # section 5.3.1: left out then
                entry = entry.add_extension(x509.CRLReason(reason), critical=False)
            builder = builder.add_revoked_certificate(entry.build())
            revoked += 1
    return builder.sign(ForX509(authority.key), None).public_bytes(Encoding.PEM), revoked
