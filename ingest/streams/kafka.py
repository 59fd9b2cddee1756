"""Kafka, and what speaks its protocol, by librdkafka.

confluent-kafka and not aiokafka: messages come from C in batches, so that a reader in Python keeps
up with far more than the store can write, and the loop that reads needs no event loop.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from confluent_kafka import (
    OFFSET_BEGINNING,
    OFFSET_END,
    Consumer,
    KafkaError,
    KafkaException,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from graphrec.ingest.streams.address import Address
from graphrec.ingest.streams.outage import Outage
from graphrec.ingest.streams.protocol import Letter, Message, Start

from graphrec.errors import StreamError

logger = logging.getLogger(__name__)

SECONDS = 30.0
"""How long the broker may take for one answer."""

ANSWER_SECONDS = 10.0
"""How long the first answer may take."""

GATHER = 0.02
"""Seconds for which messages are gathered once there is one."""

GONE = (KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE)
LASTING = (
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.SASL_AUTHENTICATION_FAILED,
    KafkaError._AUTHENTICATION,
)
"""What no waiting mends."""


class KafkaStream:
    """Partitions of topics, as a group of readers shares them out."""

    def __init__(
        self, address: Address, positions: Callable[[], Mapping[str, str]], start: Start
    ) -> None:
        self._address = address
        self._positions = positions
        self._start = start
        self._at: dict[str, int] = {}
        """Of partitions that are or were its, where it reads on."""
        self._begun: set[str] = set()
        """Partitions that were read from where they were said to begin."""
        self._outage = Outage(f"Kafka at {', '.join(address.hosts)}")
        common = {**_common(address), "error_cb": self._unreachable}
        self._consumer = Consumer(
            {
                "queued.max.messages.kbytes": 65_536,
                "fetch.queue.backoff.ms": 10,
                "partition.assignment.strategy": "cooperative-sticky",
                "session.timeout.ms": 10_000,
                "heartbeat.interval.ms": 1_000,
                **common,
                "group.id": address.group,
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "auto.offset.reset": "error",  # what is gone is an error, and not passed over
            }
        )
        self._producer = Producer(
            {**common, "acks": "all", "enable.idempotence": True, "linger.ms": 5}
        )
        self._admin = AdminClient(common)
        self._admin.list_topics(timeout=ANSWER_SECONDS)  # it raises where nobody answers
        self._consumer.subscribe([*address.topics], on_assign=self._assigned)

    def poll(self, limit: int, seconds: float) -> Sequence[Message]:
        """The next messages; none where none come, or the broker is away."""
        found = []
        # It waits for as many as are asked for: for one, and then takes what is there.
        fetched: Any = self._consumer.consume(1, seconds)
        if fetched and limit > 1:
            fetched += self._consumer.consume(limit - 1, GATHER)
        for each in fetched:
            error = each.error()
            if error is not None:
                self._trouble(error)
                continue
            _, moment = each.timestamp()
            offset = each.offset()
            found.append(
                Message(
                    each.topic(),
                    f"{each.topic()}/{each.partition()}",
                    str(offset),
                    str(offset + 1),
                    each.key(),
                    each.value(),
                    moment if moment > 0 else time.time_ns() // 1_000_000,
                    {name: value or b"" for name, value in each.headers() or ()},
                )
            )
        if found:
            self._outage.over()
        self._at.update((each.partition, int(each.after)) for each in found)
        return found

    def seek(self, positions: Mapping[str, str]) -> None:
        """Read on from positions, of the partitions that this reader has."""
        for each in self._consumer.assignment():
            name = f"{each.topic}/{each.partition}"
            if name in positions:
                wanted = TopicPartition(each.topic, each.partition, int(positions[name]))
                self._at[name] = wanted.offset
                try:
                    self._consumer.seek(wanted)
                except KafkaException as error:
                    raise StreamError(f"partition {name!r} cannot be read on: {error}") from error

    def commit(self, positions: Mapping[str, str]) -> None:
        """Note the offsets in the group, where tools look for its lag; nobody reads them back."""
        offsets = [_partition(name, int(at)) for name, at in positions.items()]
        try:
            self._consumer.commit(offsets=offsets, asynchronous=True)
        except KafkaException as error:
            logger.debug("Kafka does not note the offsets: %s", error)

    def reject(self, letters: Sequence[Letter]) -> None:
        """Send letters to the topic of dead letters, which is made where it is not there."""
        topic, failed = self._address.dead_letters, list[object]()

        def done(error: KafkaError | None, _message: object) -> None:
            if error is not None:
                failed.append(error)

        if letters:
            self._make(topic)
        for each in letters:
            message = each.message
            headers: Any = list(each.headers.items())
            self._producer.produce(
                topic, message.value, message.key, headers=headers, on_delivery=done
            )
            self._producer.poll(0)
        if self._producer.flush(SECONDS) or failed:
            why = failed[0] if failed else "no answer"
            raise StreamError(
                f"dead letters cannot be sent to {topic!r}: {why}; expected a topic that may be "
                f"written to; make it, or name another with --dead-letters"
            )

    def lag(self) -> int | None:
        """Messages of this reader's partitions that are there and were not read."""
        total = 0
        try:
            mine = self._consumer.assignment()
            for each in mine:
                low, high = self._consumer.get_watermark_offsets(each, cached=True)
                at = self._at.get(f"{each.topic}/{each.partition}", OFFSET_BEGINNING)
                at = max(low, 0) if at == OFFSET_BEGINNING else high if at == OFFSET_END else at
                if high < 0:  # the broker has reported nothing of it yet
                    return None
                total += max(high - at, 0)
        except KafkaException:
            return None
        return total if mine else None

    def close(self) -> None:
        """Leave the group, so that others take over at once."""
        self._consumer.close()

    def _assigned(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        stored = self._positions()
        chosen = [self._beginning(each, stored) for each in partitions]
        if isinstance(self._start, int):
            timed = [each for each in chosen if each.offset >= 0 and self._is_first(each)]
            names = {(each.topic, each.partition) for each in timed}
            found = consumer.offsets_for_times(timed, timeout=SECONDS) if timed else []
            others = [each for each in chosen if (each.topic, each.partition) not in names]
            chosen = [*found, *others]
        self._at.update((f"{each.topic}/{each.partition}", each.offset) for each in chosen)
        self._begun |= {f"{each.topic}/{each.partition}" for each in partitions}
        consumer.incremental_assign(chosen)

    def _is_first(self, each: TopicPartition) -> bool:
        return f"{each.topic}/{each.partition}" not in self._begun

    def _beginning(self, each: TopicPartition, stored: Mapping[str, str]) -> TopicPartition:
        """Where a partition is read from; for a time, that time."""
        name = f"{each.topic}/{each.partition}"
        offset = int(stored.get(name, OFFSET_BEGINNING))
        if self._start != "stored" and self._is_first(each):
            if isinstance(self._start, int):
                offset = self._start
            else:
                offset = OFFSET_END if self._start == "end" else OFFSET_BEGINNING
        return TopicPartition(each.topic, each.partition, offset)

    def _trouble(self, error: KafkaError) -> None:
        """Raise StreamError for what waiting does not mend."""
        if error.code() in GONE:
            raise StreamError(
                f"messages that were not read yet are gone from Kafka ({error}): expected them to "
                f"be kept until they are read; `--from beginning` goes on with what is there"
            )
        if error.code() in LASTING or error.fatal():
            raise StreamError(f"Kafka refuses: {error}; check the address and its options")
        self._outage.began(error.str())

    def _unreachable(self, error: KafkaError) -> None:
        if error.code() == KafkaError._ALL_BROKERS_DOWN:
            self._outage.began("no broker can be reached")

    def _make(self, topic: str) -> None:
        try:
            known = self._admin.list_topics(topic, timeout=SECONDS).topics.get(topic)
            if known is None or known.error is not None:
                made = self._admin.create_topics([NewTopic(topic, 1)], request_timeout=SECONDS)
                made[topic].result()
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                logger.debug("the topic %s cannot be made: %s", topic, error)


def open_stream(
    address: Address, positions: Callable[[], Mapping[str, str]], start: Start
) -> KafkaStream:
    """The topics of an address; raises StreamError where it does not answer."""
    try:
        return KafkaStream(address, positions, start)
    except KafkaException as error:
        raise StreamError(
            f"Kafka at {', '.join(address.hosts)} cannot be read: {error.args[0].str()}; see that "
            f"it runs, that the address is right, and that what is after its question mark are "
            f"options of librdkafka"
        ) from error


def _common(address: Address) -> dict[str, Any]:
    login: dict[str, Any] = {}
    if address.user is not None:
        login = {
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": "PLAIN",
            "sasl.username": address.user,
            "sasl.password": address.password or "",
        }
    return {
        "bootstrap.servers": ",".join(address.hosts),
        "log_level": 2,
        **login,
        **address.options,
    }


def _partition(name: str, offset: int) -> TopicPartition:
    topic, _, number = name.rpartition("/")
    return TopicPartition(topic, int(number), offset)
