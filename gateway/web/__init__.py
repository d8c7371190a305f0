"""SHOWING it over HTTP."""
