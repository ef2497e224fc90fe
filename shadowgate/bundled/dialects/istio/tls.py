"""Istio's ``tls`` of a traffic policy: what a client's side of TLS would need, none of which is served yet."""

from __future__ import annotations

from typing import Literal

from attrs import field, frozen

from shadowgate.bundled.dialects.scope import Scope
from shadowgate.errors import NOWHERE, Position
from shadowgate.plugin.checks import istio_destinations

_FILES = ("clientCertificate", "privateKey", "caCertificates")


@frozen
class ClientTLS:
    """Istio ``ClientTLSSettings``; of a mesh's own certificates a gateway outside it knows nothing."""

    mode: Literal["DISABLE", "SIMPLE", "MUTUAL", "ISTIO_MUTUAL"] = "DISABLE"
    client_certificate: str = ""
    private_key: str = ""
    ca_certificates: str = ""
    ca_crl: str = field(default="", metadata={"key": "caCrl"})
    credential_name: str = ""
    subject_alt_names: tuple[str, ...] = ()
    sni: str = ""
    insecure_skip_verify: bool = False
    position: Position = field(default=NOWHERE, eq=False)

    def check(self, scope: Scope) -> None:
        self._check_fields(scope)
        inner = scope.inside("mode")
        if self.mode in ("SIMPLE", "MUTUAL"):
            # Without it, what was meant to be encrypted would go out in the clear.
            message = f"TLS to endpoints ({self.mode}) is not supported yet"
            inner.error(message, self.position, check=istio_destinations.TLS_TO_ENDPOINTS)
        elif self.mode == "ISTIO_MUTUAL":
            message = "the mesh's own TLS is not served yet: requests go out without TLS"
            inner.warning(message, self.position, check=istio_destinations.TLS_OF_MESH)

    def _check_fields(self, scope: Scope) -> None:
        """Report what Istio's own validation reports (``ValidateTLS``)."""
        files = (self.client_certificate, self.private_key, self.ca_certificates)
        given = [key for key, value in zip(_FILES, files, strict=True) if value]
        if self.credential_name and self.mode != "DISABLE":
            given = [*given, "credentialName"] if self.mode == "ISTIO_MUTUAL" else given
        if self.mode == "ISTIO_MUTUAL":
            self._refuse(given, "the mesh has its own certificates", scope)
        elif self.credential_name and self.mode in ("SIMPLE", "MUTUAL"):
            self._refuse(given, "credentialName says where they are", scope)
        elif self.mode == "MUTUAL":
            for key in _FILES[:2]:
                if key not in given:
                    message = f"MUTUAL needs {key}, or credentialName"
                    scope.inside(key).error(message, self.position, check=istio_destinations.TLS_FIELDS)

    def _refuse(self, keys: list[str], why: str, scope: Scope) -> None:
        for key in keys:
            message = f"{key} cannot stand here: {why}"
            scope.inside(key).error(message, self.position, check=istio_destinations.TLS_FIELDS)
