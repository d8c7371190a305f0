"""WHO said it: signed notes, keys, roster, agreements, and the one gate (law 2)."""
