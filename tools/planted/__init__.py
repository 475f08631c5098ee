"""Faults that a person might put in, one at a time, and the quick test that finds each."""
