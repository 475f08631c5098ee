"""
Which objects are meant: by a path, a resource or a name, in namespaces, by labels, fields, stored version or CEL.

One way of selecting, in front of every output and every command: `Criteria` is what was asked for, `Selection` what it
means in a store. Knows nothing of how objects are shown or written.
"""

from kstore.selection.arguments import DEFAULT_NAMESPACE, object_key
from kstore.selection.criteria import Criteria
from kstore.selection.filters import Filter
from kstore.selection.selection import Selection

__all__ = ["DEFAULT_NAMESPACE", "Criteria", "Filter", "Selection", "object_key"]
