"""
A snapshot or database file as a source: its checksum, and copies of running databases.
"""
