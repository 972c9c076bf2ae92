"""A real Trino 406, Athena's engine, on this machine: fetched once, assembled, started, asked.

fetch(cache)
with TrinoServer(folder, aws_url, region, access_key, secret_key, cache=cache) as server:
    Trino(server.url).execute("select 1")
"""
