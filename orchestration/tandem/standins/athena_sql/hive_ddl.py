"""CREATE EXTERNAL TABLE: written to Glue by the catalogue's own API."""

from __future__ import annotations

from typing import Any

from tandem.errors import Refused
from tandem.standins.athena_sql import tables
from tandem.standins.athena_sql.definition import Definition
from tandem.standins.athena_sql.steps import LocalStep, Plan, Rows, Session

_HIVE = "org.apache.hadoop.hive"
_TEXT = ("org.apache.hadoop.mapred.TextInputFormat", f"{_HIVE}.ql.io.HiveIgnoreKeyTextOutputFormat")
_LAZY = f"{_HIVE}.serde2.lazy.LazySimpleSerDe"
_PARQUET = f"{_HIVE}.ql.io.parquet"
_ORC = f"{_HIVE}.ql.io.orc"
_AVRO = f"{_HIVE}.ql.io.avro"
# STORED AS: input format, output format, SerDe.
_STORED = {
    "TEXTFILE": (*_TEXT, _LAZY),
    "JSONFILE": (*_TEXT, "org.apache.hive.hcatalog.data.JsonSerDe"),
    "PARQUET": (
        f"{_PARQUET}.MapredParquetInputFormat",
        f"{_PARQUET}.MapredParquetOutputFormat",
        f"{_PARQUET}.serde.ParquetHiveSerDe",
    ),
    "ORC": (f"{_ORC}.OrcInputFormat", f"{_ORC}.OrcOutputFormat", f"{_ORC}.OrcSerde"),
    "AVRO": (
        f"{_AVRO}.AvroContainerInputFormat",
        f"{_AVRO}.AvroContainerOutputFormat",
        f"{_HIVE}.serde2.avro.AvroSerDe",
    ),
    "SEQUENCEFILE": (
        "org.apache.hadoop.mapred.SequenceFileInputFormat",
        f"{_HIVE}.ql.io.HiveSequenceFileOutputFormat",
        _LAZY,
    ),
    "RCFILE": (
        f"{_HIVE}.ql.io.RCFileInputFormat",
        f"{_HIVE}.ql.io.RCFileOutputFormat",
        f"{_HIVE}.serde2.columnar.LazyBinaryColumnarSerDe",
    ),
}


def create_external_table(wanted: Definition, session: Session) -> Plan:
    """Plan of CREATE EXTERNAL TABLE; raises Refused for what Athena refuses before it looks at the catalogue."""
    if wanted.properties.get("table_type", "").lower() == "iceberg":
        raise semantic("An Iceberg table is made by CREATE TABLE, without EXTERNAL")
    if not wanted.location:
        raise semantic("The LOCATION of an external table is missing")
    if wanted.transforms:
        raise semantic(f"The partition column '{wanted.transforms[0]}' has no type")
    tables.split_url(wanted.location)
    _check_names(wanted)
    entry = table_input(wanted)
    return Plan("DDL", "CREATE_TABLE", (LocalStep(lambda: _create(wanted, entry, session)),), writes=wanted.relation)


def table_input(wanted: Definition) -> dict[str, Any]:
    """Glue's TableInput of an external table."""
    if wanted.stored and wanted.stored not in _STORED:
        raise semantic(f"Unrecognized file format in STORED AS clause: {wanted.stored}")
    reader, writer, serde = _STORED[wanted.stored or "TEXTFILE"]
    if wanted.formats[0]:
        reader, writer = wanted.formats
    return {
        "Name": wanted.relation.name,
        "Owner": "hadoop",
        "Description": wanted.comment,
        "Retention": 0,
        "TableType": "EXTERNAL_TABLE",
        "PartitionKeys": [column.glue for column in wanted.partitions],
        "Parameters": {"EXTERNAL": "TRUE"} | wanted.properties,
        "StorageDescriptor": {
            "Columns": [column.glue for column in wanted.columns],
            "Location": wanted.location,
            "InputFormat": reader,
            "OutputFormat": writer,
            "Compressed": False,
            "NumberOfBuckets": wanted.buckets or -1,
            "BucketColumns": wanted.bucket_columns,
            "SortColumns": [],
            "SerdeInfo": {
                "SerializationLibrary": wanted.serde or serde,
                "Parameters": {"serialization.format": "1"} | wanted.serde_properties,
            },
        },
    }


def semantic(reason: str) -> Refused:
    """A refusal as Hive's analyser words it."""
    return Refused("SEMANTIC_EXCEPTION", f"FAILED: SemanticException {reason}")


def execution_error(reason: str) -> Refused:
    """A refusal as Hive words what the catalogue answered."""
    return Refused(
        "EXECUTION_ERROR",
        f"FAILED: Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. {reason}",
    )


def _check_names(wanted: Definition) -> None:
    names = [column.name for column in (*wanted.columns, *wanted.partitions)]
    for name in names:
        if names.count(name) > 1:
            raise semantic(f"Column repeated in the definition: {name}")


def _create(wanted: Definition, entry: dict[str, Any], session: Session) -> Rows:
    errors = session.glue.exceptions
    try:
        session.glue.create_table(DatabaseName=wanted.relation.schema, TableInput=entry)
    except errors.AlreadyExistsException as error:
        if not wanted.if_not_exists:
            raise execution_error(f"AlreadyExistsException(message:Table {wanted.relation} already exists)") from error
    except errors.EntityNotFoundException as error:
        raise semantic(f"[Error 10072]: Database does not exist: {wanted.relation.schema}") from error
    return Rows()
