"""THAT it was said, and WHEN: Merkle tree, checkpoints, tiles, proofs, and the tables that keep them."""
