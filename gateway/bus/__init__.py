"""HOW it travels: the port every bus fulfils, and the adapters behind it. Topics prove nothing (law 5)."""
