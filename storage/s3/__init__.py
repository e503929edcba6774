"""S3 under the object store: client, errors, streams and multipart uploads."""
