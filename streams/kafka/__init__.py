"""Everything that speaks to Kafka: brokers, topics, the consumer and the producers."""
