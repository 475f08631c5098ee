"""
What etcdctl and other tools printed, read back as records.
"""
