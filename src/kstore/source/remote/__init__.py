"""Stores that lie elsewhere: objects in S3, Google Cloud Storage and Azure, files on a web server."""
