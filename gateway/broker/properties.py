"""HOW is a broker of the project set? Its ``server.properties``, as text (KRaft: each is broker and controller).

Nothing listens beyond loopback. Small numbers of partitions for Kafka's own topics: one machine serves one project.

>>> print(server_properties(Place(1, 9092, 9093, Path("/tmp/1")), [(1, 9093)]))
process.roles=broker,controller
...
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Place:
    """Where one broker is: its id, the ports it listens on, its folder. ``more``: settings beside the usual ones.

    ``secured``: the port of a listener SECURE that speaks SASL_SSL, whose settings are among ``more``; 0 for none.
    """

    id: int
    port: int
    controller_port: int
    folder: Path
    more: Mapping[str, str] = field(default_factory=dict)
    secured: int = 0

    @property
    def address(self) -> str:
        """``host:port`` for clients."""
        return f"{HOST}:{self.port}"


def server_properties(place: Place, voters: Sequence[tuple[int, int]]) -> str:
    """The file for one of the brokers; ``voters``: id and controller port of each."""
    copies = min(3, len(voters))
    in_sync = min(2, copies)
    quorum = ",".join(f"{each}@{HOST}:{port}" for each, port in voters)
    secured = f",SECURE://{HOST}:{place.secured}" if place.secured else ""
    more = "".join(f"{name}={value}\n" for name, value in place.more.items())
    return f"""\
process.roles=broker,controller
node.id={place.id}
controller.quorum.voters={quorum}
listeners=CLIENT://{place.address},CONTROLLER://{HOST}:{place.controller_port}{secured}
advertised.listeners=CLIENT://{place.address}{secured}
listener.security.protocol.map=CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL
inter.broker.listener.name=CLIENT
controller.listener.names=CONTROLLER
log.dirs={place.folder / "data"}
broker.session.timeout.ms=6000
broker.heartbeat.interval.ms=500
auto.create.topics.enable=false
num.network.threads=2
num.io.threads=4
default.replication.factor={copies}
min.insync.replicas={in_sync}
offsets.topic.num.partitions=1
offsets.topic.replication.factor={copies}
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor={copies}
transaction.state.log.min.isr={in_sync}
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor={copies}
share.coordinator.state.topic.min.isr={in_sync}
{more}"""
