"""Gateway ``servers[].tls``: which certificates a port has and asks for.  Checked in full, not served yet."""

from __future__ import annotations

from typing import Final, Literal

from attrs import evolve, field, frozen

from shadowgate.bundled.dialects.istio.unserved import UNSERVED
from shadowgate.bundled.dialects.scope import Scope
from shadowgate.errors import NOWHERE, Position
from shadowgate.plugin.checks import istio_routing

_Mode = Literal["PASSTHROUGH", "SIMPLE", "MUTUAL", "AUTO_PASSTHROUGH", "ISTIO_MUTUAL", "OPTIONAL_MUTUAL"]
_TLSVersion = Literal["TLS_AUTO", "TLSV1_0", "TLSV1_1", "TLSV1_2", "TLSV1_3"]
_WITH_CERTIFICATE: Final = ("SIMPLE", "MUTUAL", "OPTIONAL_MUTUAL")
_OLD: Final = ("TLSV1_0", "TLSV1_1")


@frozen
class TLSCertificate:
    """Istio ``ServerTLSSettings.TLSCertificate``."""

    server_certificate: str = ""
    private_key: str = ""
    ca_certificates: str = ""


@frozen
class ServerTLS:
    """Istio ``ServerTLSSettings``."""

    https_redirect: bool = False
    mode: _Mode = field(default="PASSTHROUGH", metadata=UNSERVED)
    server_certificate: str = field(default="", metadata=UNSERVED)
    private_key: str = field(default="", metadata=UNSERVED)
    ca_certificates: str = field(default="", metadata=UNSERVED)
    ca_crl: str = field(default="", metadata={"key": "caCrl", **UNSERVED})
    credential_name: str = field(default="", metadata=UNSERVED)
    credential_names: tuple[str, ...] = field(default=(), metadata=UNSERVED)
    tls_certificates: tuple[TLSCertificate, ...] = field(default=(), metadata=UNSERVED)
    ca_cert_credential_name: str = field(default="", metadata=UNSERVED)
    subject_alt_names: tuple[str, ...] = field(default=(), metadata=UNSERVED)
    verify_certificate_spki: tuple[str, ...] = field(default=(), metadata=UNSERVED)
    verify_certificate_hash: tuple[str, ...] = field(default=(), metadata=UNSERVED)
    min_protocol_version: _TLSVersion = field(default="TLS_AUTO", metadata=UNSERVED)
    max_protocol_version: _TLSVersion = field(default="TLS_AUTO", metadata=UNSERVED)
    cipher_suites: tuple[str, ...] = field(default=(), metadata=UNSERVED)
    position: Position = field(default=NOWHERE, eq=False)

    @property
    def only_redirects(self) -> bool:
        """Whether nothing but the redirect is asked for, which is all that a plain port can have."""
        return evolve(self, https_redirect=False) == ServerTLS()

    def check(self, scope: Scope) -> None:
        """Report what does not fit the mode (Istio ``validateTLSOptions``)."""

        def refuse(message: str, expected: str = "") -> None:
            scope.error(message, self.position, expected=expected, check=istio_routing.SERVER_TLS)

        def warn(message: str) -> None:
            scope.warning(message, self.position, check=istio_routing.SERVER_TLS)

        if self.min_protocol_version in _OLD and not self.cipher_suites:
            warn(f"{self.min_protocol_version} needs cipher suites of its time; the default ones have none")
        twice = sorted({suite for suite in self.cipher_suites if self.cipher_suites.count(suite) > 1})
        if twice:
            warn(f"cipher suites are said twice: {', '.join(twice)}")
        sources = self._sources()
        if self.mode == "ISTIO_MUTUAL":
            if sources or self.ca_certificates:
                refuse("ISTIO_MUTUAL has the mesh's own certificates and no others")
            return
        if self.mode in ("PASSTHROUGH", "AUTO_PASSTHROUGH") and (sources or self.ca_certificates or self.ca_crl):
            warn(f"{self.mode} uses no certificates; those that are given have no effect")
        if len(sources) > 1:
            refuse(f"certificates come from one place, not from {' and '.join(sources)}")
        if self.mode in _WITH_CERTIFICATE:
            self._check_certificates(scope)
        if self.ca_crl and (self.credential_name or self.mode == "SIMPLE"):
            refuse("caCrl is for MUTUAL with files; with credentialName it is part of the credential")

    def _sources(self) -> list[str]:
        places = {
            "serverCertificate": self.server_certificate or self.private_key,
            "credentialName": self.credential_name,
            "credentialNames": self.credential_names,
            "tlsCertificates": self.tls_certificates,
        }
        return [key for key, value in places.items() if value]

    def _check_certificates(self, scope: Scope) -> None:
        if self.credential_name or self.credential_names:
            return  # all of it comes with the credential
        own = TLSCertificate(self.server_certificate, self.private_key)
        for certificate in self.tls_certificates or (own,):
            missing = [
                key
                for key, value in (
                    ("serverCertificate", certificate.server_certificate),
                    ("privateKey", certificate.private_key),
                )
                if not value
            ]
            if missing:
                message, expected = f"{self.mode} needs {' and '.join(missing)}", "these, or credentialName"
                scope.error(message, self.position, expected=expected, check=istio_routing.SERVER_TLS)
        if self.mode != "SIMPLE" and not self.ca_certificates:
            message = f"{self.mode} needs what clients' certificates are checked against"
            expected = "caCertificates, or credentialName"
            scope.error(message, self.position, expected=expected, check=istio_routing.SERVER_TLS)
