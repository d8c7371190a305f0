"""A real Kafka of the project's own on this machine, for development, tests, demo and bench; never for production."""
