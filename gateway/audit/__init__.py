"""PROVING it: everything recomputed from bytes, at any source, by whoever wants to know; and exports to take away."""
