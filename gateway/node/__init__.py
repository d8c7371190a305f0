"""DOING it: one running gateway, from the door to the mirror."""
