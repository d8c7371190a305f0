"""The demonstration: samples that the project invented, example keys and trust data, six nodes in one process."""
