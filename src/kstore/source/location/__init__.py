"""
Where a store is: addresses, contexts of the config file, a control plane node, the demo.
"""
