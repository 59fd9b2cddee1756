"""Addresses of streams: `kafka://HOST:9092/TOPIC`, `nats://HOST/SUBJECT`, `redis://HOST/KEY`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Literal, TypeAlias
from urllib.parse import parse_qsl, unquote, urlsplit

from graphrec.ingest.streams.protocol import Start, Stream

from graphrec.errors import MissingExtra, SettingsError

Role: TypeAlias = Literal["event", "item", "user"]

BROKERS = {"kafka": "kafka", "nats": "nats", "redis": "redis", "rediss": "redis"}
"""By scheme, the module here, and the extra."""


@dataclass(frozen=True)
class Address:
    """Which topics of which broker are read."""

    scheme: str
    hosts: tuple[str, ...]
    """With ports, where they were given."""
    topics: Mapping[str, Role]
    """What the messages of each are about."""
    user: str | None = None
    password: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    """What comes after the question mark: options of the broker's own."""
    group: str = "graphrec"
    """Readers of one group share the work; the store keeps how far each group has got."""
    dead_letters: str = ""
    """Where messages go that cannot be used."""

    @property
    def stream(self) -> str:
        """The name under which the store keeps the positions."""
        return f"{BROKERS[self.scheme]}:{self.group}"


def address_of(
    url: str,
    items: str | None = None,
    users: str | None = None,
    group: str = "graphrec",
    dead_letters: str | None = None,
) -> Address:
    """The address that a URL writes; its path names topics of events, separated by commas.

    `items` and `users` name topics of changes of the catalogue. Raises SettingsError.
    """
    found = urlsplit(url)
    if found.scheme not in BROKERS:
        raise SettingsError(
            f"stream {_safe(url)!r} is of no known kind: expected kafka://HOST:9092/TOPIC, "
            f"nats://HOST:4222/SUBJECT or redis://HOST:6379/KEY"
        )
    login, _, hosts = found.netloc.rpartition("@")
    user, _, password = login.partition(":")
    roles: dict[str, Role] = {}
    named: tuple[tuple[str, Role], ...] = (
        (unquote(found.path.strip("/")), "event"),
        (items or "", "item"),
        (users or "", "user"),
    )
    for listed, role in named:
        for topic in filter(None, (each.strip() for each in listed.split(","))):
            if roles.setdefault(topic, role) != role:
                raise SettingsError(
                    f"topic {topic!r} is named for {roles[topic]}s and for {role}s: expected one "
                    f"kind of messages in each; split it, or name it once"
                )
    if not hosts or not roles:
        raise SettingsError(
            f"stream {_safe(url)!r} names no {'topic' if hosts else 'host'}: expected "
            f"{found.scheme}://HOST/TOPIC, or --items TOPIC"
        )
    first = next(iter(roles)).replace("*", "all").replace(">", "all")
    letters = dead_letters or f"{first}.rejected"
    if letters in roles:
        raise SettingsError(
            f"topic {letters!r} is read, and dead letters go there: expected another one; name it "
            f"with --dead-letters"
        )
    return Address(
        found.scheme,
        tuple(filter(None, hosts.split(","))),
        roles,
        unquote(user) or None,
        unquote(password) or None,
        dict(parse_qsl(found.query)),
        group,
        letters,
    )


def open_stream(
    address: Address, positions: Callable[[], Mapping[str, str]], start: Start = "stored"
) -> Stream:
    """The stream at an address; `positions` says how far its partitions were read.

    Raises MissingExtra and StreamError.
    """
    broker = BROKERS[address.scheme]
    try:
        module = import_module(f"graphrec.ingest.streams.{broker}")
    except ModuleNotFoundError as error:
        raise MissingExtra(f"a stream of {broker}", error.name or broker, broker) from error
    found: Stream = module.open_stream(address, positions, start)
    return found


def _safe(url: str) -> str:
    """The URL without a login."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}" if rest else url
