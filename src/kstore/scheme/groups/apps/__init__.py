"""
Rules of the group apps (`pkg/apis/apps`).
"""
