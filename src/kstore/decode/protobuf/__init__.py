"""
Protobuf as gogo reads and writes it, by generated readers.
"""
