"""
Bytes into objects and back, without opinions: the envelope, protobuf as gogo writes it, JSON as Go does.
"""
