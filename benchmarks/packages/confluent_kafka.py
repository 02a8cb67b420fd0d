"""confluent-kafka, which includes librdkafka."""

import confluent_kafka
import confluent_kafka.admin

from gfruntime import Frame


def answer() -> Frame:
    """List the topics of a closed port."""
    client = confluent_kafka.admin.AdminClient({"bootstrap.servers": "127.0.0.1:9", "log_level": 0})
    return Frame.of(value=[str(client.list_topics(timeout=1))])
