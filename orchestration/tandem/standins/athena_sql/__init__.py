"""What Athena accepts, and what a Trino and a Glue catalogue have to do for it."""
