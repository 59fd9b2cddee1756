"""From whose pages a browser may ask, under which names, and whether through a proxy.

A page of any site can make a browser send forms to the service of whoever looks at it, and a name
that is made to lead to 127.0.0.1 lets it read the answers (DNS rebinding). So the `Host` has to be
a name of the service, and what writes is refused to pages of other origins and to forms. Without
keys a service is for its own machine: what a proxy passes on is somebody else's, and refused.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from graphrec.api.errors import error_answer
from graphrec.api.middleware.keys import Scope
from starlette.responses import Response

from graphrec.settings import ServeSettings

FORMS = (b"application/x-www-form-urlencoded", b"multipart/form-data", b"text/plain")
"""Content types that a page may send to any site without asking."""

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

FORWARDED = (
    *(b"x-forwarded-for", b"forwarded", b"x-real-ip", b"x-client-ip"),
    *(b"x-cluster-client-ip", b"true-client-ip", b"cf-connecting-ip"),
)
"""Headers in which a proxy says for whom it asks (RFC 7239, and what proxies sent before it)."""


@dataclass(frozen=True)
class Site:
    """The names of the service, and the origins whose pages may call it."""

    names: frozenset[str]
    """In lower case, without ports."""
    any_name: bool
    """Whether any name will do as long as there are keys, which no page of another site has."""
    origins: frozenset[str]
    behind_proxy: bool
    """Whether anyone may ask through a proxy where there are no keys."""

    @classmethod
    def of(cls, settings: ServeSettings) -> Site:
        """That of the settings."""
        names = {each.lower() for each in settings.hosts} | LOOPBACK | {settings.host.lower()}
        return cls(
            frozenset(names),
            not settings.hosts,
            frozenset(settings.cors_origins),
            settings.open_behind_proxy,
        )

    def refusal(
        self, headers: Mapping[bytes, bytes], needed: Scope | None, keys: bool
    ) -> Response | None:
        """The answer to what another site may have caused, or a proxy passed on where there are no
        keys; None where the request is neither.
        """
        if needed is None:
            return None
        passed_on = next((name for name in FORWARDED if name in headers), None)
        if passed_on is not None and not keys and not self.behind_proxy:
            return error_answer(
                "open_behind_proxy",
                f"a proxy passes the request on ({passed_on.decode()}) and there are no keys: "
                f"expected keys wherever other machines can ask; make one with `graphrec keys "
                f"create --scope read --name NAME`, or set serve.open_behind_proxy = true to let "
                f"everyone whom the proxy lets in read, write and delete",
            )
        host = headers.get(b"host", b"").decode("latin-1")  # browsers always send one
        if host and not (self.any_name and keys) and not self._is_ours(_name(host)):
            return error_answer(
                "misdirected",
                f"Host is {host[:100]!r}: expected one of {', '.join(sorted(self.names))}; add the "
                f"name to serve.hosts in the settings",
            )
        if needed == "read":
            return None
        origin = headers.get(b"origin")
        if origin is not None and not self._may_write(origin.decode("latin-1"), host):
            return error_answer(
                "foreign_origin",
                f"Origin is {origin.decode('latin-1')[:100]!r}: expected none, or that of the "
                f"service; add it to serve.cors_origins if its pages may write",
            )
        if origin is None and headers.get(b"sec-fetch-site") in (b"cross-site", b"same-site"):
            return error_answer(
                "foreign_origin", "a page of another site asks to write: expected one of this site"
            )
        kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
        if kind in FORMS:
            return error_answer(
                "foreign_origin",
                f"Content-Type is {kind.decode('latin-1')!r}, as of a form: expected "
                f"application/json",
            )
        return None

    def _is_ours(self, name: str) -> bool:
        return name in self.names or _is_loopback(name)

    def _may_write(self, origin: str, host: str) -> bool:
        at = urlsplit(origin).netloc.lower()
        ours = at == host.lower() or (_name(at) in self.names and _name(at) not in LOOPBACK)
        return origin in self.origins or "*" in self.origins or bool(at and ours)


def _name(host: str) -> str:
    """A Host without its port, in lower case: of "[::1]:8000" it is "::1"."""
    host = host.strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].rstrip(".")


def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
