"""S3, Glue, STS and Athena on one port: moto for the first three, an API of our own in front of Trino for Athena."""
