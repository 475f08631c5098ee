"""
Mutated stored values against the codec: whatever is read, the answer is an object or a typed error, and soon.
"""
