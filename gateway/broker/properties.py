"""HOW is a broker of the project set? Its ``server.properties``, as text (KRaft: each is broker and controller).

Nothing listens beyond loopback. With ``secrets`` it is set as a real one: nodes come with a certificate and a password,
brokers and administrator with a certificate on a listener of their own, and nobody may do what no list allows. Small
numbers of partitions for Kafka's own topics: one machine serves one project.

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

    ``secrets``: folder with ``ca.pem`` and ``broker.keystore.pem``, if it is secured; only then is ``internal_port``
    another than ``port``.
    """

    id: int
    port: int
    controller_port: int
    folder: Path
    more: Mapping[str, str] = field(default_factory=dict)
    internal_port: int = 0
    secrets: Path | None = None

    @property
    def address(self) -> str:
        """``host:port`` for clients."""
        return f"{HOST}:{self.port}"

    @property
    def internal(self) -> str:
        """``host:port`` for brokers and administrator."""
        return f"{HOST}:{self.internal_port}"


def server_properties(place: Place, voters: Sequence[tuple[int, int]]) -> str:
    """The file for one of the brokers; ``voters``: id and controller port of each."""
    copies = min(3, len(voters))
    in_sync = min(2, copies)
    quorum = ",".join(f"{each}@{HOST}:{port}" for each, port in voters)
    more = "".join(f"{name}={value}\n" for name, value in place.more.items())
    return f"""\
process.roles=broker,controller
node.id={place.id}
controller.quorum.voters={quorum}
{_listeners(place)}\
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


def _listeners(place: Place) -> str:
    controller = f"CONTROLLER://{HOST}:{place.controller_port}"
    if place.secrets is None:
        return f"""\
listeners=CLIENT://{place.address},{controller}
advertised.listeners=CLIENT://{place.address}
listener.security.protocol.map=CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=CLIENT
controller.listener.names=CONTROLLER
"""
    return f"""\
listeners=CLIENT://{place.address},INTERNAL://{place.internal},{controller}
advertised.listeners=CLIENT://{place.address},INTERNAL://{place.internal}
listener.security.protocol.map=CLIENT:SASL_SSL,INTERNAL:SSL,CONTROLLER:SSL
inter.broker.listener.name=INTERNAL
controller.listener.names=CONTROLLER
ssl.keystore.type=PEM
ssl.keystore.location={place.secrets / "broker.keystore.pem"}
ssl.truststore.type=PEM
ssl.truststore.location={place.secrets / "ca.pem"}
ssl.client.auth=required
{SECURED}"""


SECURED = """\
listener.name.client.ssl.client.auth=required
listener.name.client.sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.client.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
ssl.principal.mapping.rules=RULE:^CN=(admin|broker)(,.*)?$/$1/,DEFAULT
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:admin;User:broker
allow.everyone.if.no.acl.found=false
"""
"""Who may do what. ``ssl.client.auth`` counts for SASL_SSL only under its listener's name (KIP-684). Of certificates
only those of broker and admin make a user, so that a node's certificate does nothing without its password.
"""
