"""Real Apache Kafka brokers in KRaft mode on free loopback ports, their jars from Maven Central."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Self

from tests.support.maven import Fetched, fetched

HERE = Path(__file__).parent
SECONDS_TO_START = 60.0

PROPERTIES = """\
process.roles=broker,controller
node.id={node}
controller.quorum.voters={voters}
listeners=PLAINTEXT://127.0.0.1:{port}{listeners},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}{listeners}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_SSL:SASL_SSL
log.dirs={folder}/data
offsets.topic.replication.factor={replication}
offsets.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
{more}
"""
# The last word on a property counts.
BEHIND = """\
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller},\
BEHIND://127.0.0.1:{behind[0]}
advertised.listeners=PLAINTEXT://127.0.0.1:{port},BEHIND://127.0.0.1:{behind[1]}
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,BEHIND:PLAINTEXT
"""


class More(NamedTuple):
    """Further listeners (`NAME://HOST:PORT`), what they need, and how the folder is formatted."""

    listeners: Sequence[str] = ()
    properties: str = ""
    formatting: Sequence[str] = ()


PLAIN_TEXT_ONLY = More()


def jars() -> Fetched:
    """What Apache Kafka is."""
    return fetched(HERE / "pom.xml", "Apache Kafka")


def why_not() -> str | None:
    """Why no Apache Kafka can be had on this machine; None if it can."""
    return jars().why_not


def class_path() -> str:
    """Where Java finds it."""
    return jars().class_path


class Node(NamedTuple):
    """A broker's number in its cluster, and its ports as a broker and as a controller."""

    number: int
    port: int
    controller: int


class ApacheKafka:
    """One broker, which is a controller, too. `bootstrap` is its address."""

    def __init__(
        self,
        folder: Path,
        node: Node | None = None,
        *others: Node,
        more: More = PLAIN_TEXT_ONLY,
        behind: tuple[int, int] | None = None,
    ) -> None:
        """`behind`: a port where it listens, too, but says that it does at another, a proxy's."""
        node = node or _nodes(1)[0]
        nodes = sorted({node, *others})
        self.bootstrap = f"127.0.0.1:{node.port}"
        self._folder = folder
        self._formatting = more.formatting
        self._properties = folder / "server.properties"
        self._properties.write_text(
            PROPERTIES.format(
                node=node.number,
                port=node.port,
                controller=node.controller,
                voters=",".join(f"{n.number}@127.0.0.1:{n.controller}" for n in nodes),
                replication=len(nodes),
                folder=folder,
                listeners="".join(f",{one}" for one in more.listeners),
                more=more.properties,
            ),
            encoding="utf-8",
        )
        if behind is not None:
            with self._properties.open("a", encoding="utf-8") as file:
                file.write(BEHIND.format(port=node.port, controller=node.controller, behind=behind))
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.format(uuid.uuid4().hex[:22])
        self.start()
        return self

    def format(self, cluster_id: str) -> None:
        """Prepare the folder for a cluster with this id."""
        self._java(
            *("kafka.tools.StorageTool", "format", "-t", cluster_id, "-c", str(self._properties)),
            *self._formatting,
        ).wait()

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start the broker on the data that it has, and wait until it answers."""
        self.launch()
        self.wait_until_it_answers()

    def launch(self) -> None:
        """Start the process of the broker."""
        self._process = self._java("kafka.Kafka", str(self._properties))

    def wait_until_it_answers(self) -> None:
        """Wait until somebody listens at its port. Raises RuntimeError with the end of its log."""
        end = time.monotonic() + SECONDS_TO_START
        host, port = self.bootstrap.split(":")
        while time.monotonic() < end:
            if self._process is None or self._process.poll() is not None:
                break
            try:
                socket.create_connection((host, int(port)), timeout=1).close()
            except OSError:
                time.sleep(0.2)
            else:
                return
        log = (self._folder / "kafka.log").read_text(encoding="utf-8", errors="replace")
        raise RuntimeError(f"Apache Kafka did not start: {log[-2000:]}")

    def kill(self) -> None:
        """End the broker as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def tool(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one of Kafka's own programs."""
        return subprocess.run(
            ["java", "-Xmx256m", "-cp", class_path(), *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def _java(self, *arguments: str) -> subprocess.Popen[bytes]:
        with (self._folder / "kafka.log").open("ab") as log:
            return subprocess.Popen(
                ["java", "-Xmx512m", "-cp", class_path(), *arguments], stdout=log, stderr=log
            )


@contextlib.contextmanager
def cluster(folder: Path, count: int) -> Iterator[list[ApacheKafka]]:
    """Start so many brokers that form one cluster, and end them after use."""
    cluster_id = uuid.uuid4().hex[:22]
    nodes = _nodes(count)
    with contextlib.ExitStack() as stack:
        brokers = []
        for node in nodes:
            own = folder / str(node.number)
            own.mkdir()
            broker = ApacheKafka(own, node, *nodes)
            broker.format(cluster_id)
            broker.launch()
            stack.callback(broker.kill)
            brokers.append(broker)
        for broker in brokers:
            broker.wait_until_it_answers()
        yield brokers


def _nodes(count: int) -> list[Node]:
    ports = free_ports(2 * count)
    return [Node(n + 1, ports[2 * n], ports[2 * n + 1]) for n in range(count)]


def free_ports(count: int) -> list[int]:
    """So many TCP ports that nobody listens at now."""
    listeners = [socket.socket() for _ in range(count)]
    try:
        for listener in listeners:
            listener.bind(("127.0.0.1", 0))
        return [listener.getsockname()[1] for listener in listeners]
    finally:
        for listener in listeners:
            listener.close()
