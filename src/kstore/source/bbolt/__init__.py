"""
bbolt's file format: pages read and written.
"""
