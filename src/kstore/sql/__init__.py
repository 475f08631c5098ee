"""
Stores as tables: SQL by DuckDB, Arrow batches and Parquet, all of the same columns.

A query is read first: only the tables, columns and keys that it names are read and decoded, in batches, so that a store
needs no more memory than a few of its objects.
"""
