"""
The screens of the terminal browser.

The one folder that names textual, an optional extra, which is imported when the browser is started.
"""
