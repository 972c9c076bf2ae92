"""A real PostgreSQL as a stand-in: a private cluster in a temporary folder that never outlives who started it.

with PostgresStandin() as server:
    adbc_driver_postgresql.dbapi.connect(server.uri)
"""
