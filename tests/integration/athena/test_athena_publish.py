"""Sources published in Glue point at exactly the newest commits, within the API's limits and without a torn read."""

import threading
from datetime import date, timedelta
from io import BytesIO
from urllib.parse import urlparse

import boto3
import polars as pl
import pytest

from tandem.errors import SettingsError, WarehouseError
from tandem.schemas import Type
from tandem.steps import open_lake
from tandem.targets import open_target
from tandem.targets.athena import AthenaTarget

SEPTEMBER, OCTOBER = date(2025, 9, 30), date(2025, 10, 1)
DATABASE = "openaq_processed"
WRITES = {"CreateDatabase", "CreateTable", "UpdateTable"} | {
    f"Batch{verb}Partition" for verb in ("Create", "Update", "Delete")
}
SIZES = {"PartitionInputList": 100, "Entries": 100, "PartitionsToDelete": 25}


@pytest.fixture
def requests(target):
    """What the target asks of Glue: operation and parameters."""
    asked = []
    events = target._clients.glue.meta.events
    events.register("provide-client-params.glue.*", lambda params, model, **_: asked.append((model.name, params)))
    return asked


def table_of(name="readings", database=DATABASE):
    return boto3.client("glue").get_table(DatabaseName=database, Name=name)["Table"]


def partitions_of(name="readings", database=DATABASE):
    found = boto3.client("glue").get_partitions(DatabaseName=database, TableName=name)["Partitions"]
    return {"-".join(partition["Values"]): partition for partition in found}


def files_at(location):
    url = urlparse(location)
    bucket = boto3.resource("s3").Bucket(url.netloc)
    return [item.get()["Body"].read() for item in bucket.objects.filter(Prefix=url.path.strip("/") + "/")]


def test_the_settings_choose_it(settings):
    assert isinstance(open_target(settings), AthenaTarget)


def test_a_table_has_the_declared_columns_and_a_partition_the_folder_of_its_commit(target, store, declare, commit):
    manifest = commit(declare(), SEPTEMBER, [1, 2])
    assert target.publish(store, [declare()]) == {"readings": 1}
    table, partition = table_of(), partitions_of()["2025-09-30"]
    columns = [
        (column["Name"], column["Type"], column.get("Comment")) for column in table["StorageDescriptor"]["Columns"]
    ]
    assert columns == [
        ("id", "bigint", "What id means."),
        ("unit", "string", "What unit means."),
        ("price", "decimal(12,2)", "What price means."),
        ("at", "timestamp", "What at means."),
        ("partition_date", "date", "Day."),
    ]
    assert [(key["Name"], key["Type"]) for key in table["PartitionKeys"]] == [
        (key, "string") for key in ("year", "month", "day")
    ]
    assert table["TableType"] == "EXTERNAL_TABLE"
    assert partition["StorageDescriptor"]["Location"] == (
        f"{store.url}/processed/openaq/readings/year=2025/month=09/day=30/commit={manifest.commit}/"
    )
    assert partition["Parameters"] == {
        "tandem_commit": manifest.commit,
        "tandem_schema": declare().fingerprint,
        "rows": "2",
    }
    [file] = files_at(partition["StorageDescriptor"]["Location"])
    assert pl.read_parquet(BytesIO(file))["id"].to_list() == [1, 2]


def test_what_is_published_already_is_left_alone(target, store, declare, commit, requests):
    commit(declare(), SEPTEMBER, [1])
    target.publish(store, [declare()])
    requests.clear()
    assert target.publish(store, [declare()]) == {"readings": 0}
    assert [name for name, _ in requests] == ["GetTables", "GetPartitions"]


def test_a_new_commit_moves_only_its_partition_and_a_day_that_left_the_lake_goes(target, store, declare, commit):
    gone = commit(declare(), SEPTEMBER - timedelta(days=1), [1])
    commit(declare(), SEPTEMBER, [1])
    commit(declare(), OCTOBER, [1])
    target.publish(store, [declare()])
    before = partitions_of()
    revised = commit(declare(), OCTOBER, [])
    store.delete([f"{gone.folder}/_current.json"])
    assert target.publish(store, [declare()]) == {"readings": 2}
    after = partitions_of()
    assert after["2025-09-30"] == before["2025-09-30"]
    assert after.keys() == {"2025-09-30", "2025-10-01"}
    assert after["2025-10-01"]["StorageDescriptor"]["Location"].endswith(f"commit={revised.commit}/")


def test_an_entity_without_a_commit_is_an_empty_table(target, store, declare):
    assert target.publish(store, [declare()]) == {"readings": 0}
    assert partitions_of() == {}
    assert target.owed("openaq").partitions == {"readings": {}}


def test_no_request_is_larger_than_glue_allows(target, store, declare, commit, requests):
    days = [OCTOBER + timedelta(days=number) for number in range(130)]
    manifests = [commit(declare(), day, [1]) for day in days]
    assert target.publish(store, [declare()]) == {"readings": 130}
    for day in days:
        commit(declare(), day, [2])
    assert target.publish(store, [declare()]) == {"readings": 130}
    store.delete(f"{manifest.folder}/_current.json" for manifest in manifests)
    assert target.publish(store, [declare()]) == {"readings": 130}
    sizes = [(name, len(params[key])) for name, params in requests for key in SIZES if name in WRITES and key in params]
    assert sizes == [
        *(("BatchCreatePartition", size) for size in (100, 30)),
        *(("BatchUpdatePartition", size) for size in (100, 30)),
        *(("BatchDeletePartition", size) for size in (25, 25, 25, 25, 25, 5)),
    ]


def test_a_request_that_is_sent_again_replaces_what_its_first_try_made(target, store, declare, commit):
    manifest = commit(declare(), OCTOBER, [1])
    target.publish(store, [declare()])
    partition = partitions_of()["2025-10-01"]
    wrong = {key: partition[key] for key in ("Values", "StorageDescriptor")}
    target._catalog.create_partitions(DATABASE, "readings", [{**wrong, "Parameters": {"tandem_commit": "other"}}])
    assert partitions_of()["2025-10-01"]["Parameters"] == {"tandem_commit": "other"}
    assert target.publish(store, [declare()]) == {"readings": 1}
    assert partitions_of()["2025-10-01"]["Parameters"]["tandem_commit"] == manifest.commit


def test_a_new_column_is_added_and_parameters_of_others_stay(target, store, declare, commit):
    commit(declare(id=Type.BIGINT), OCTOBER, [1])
    target.publish(store, [declare(id=Type.BIGINT)])
    table = {key: table_of()[key] for key in ("Name", "StorageDescriptor", "PartitionKeys", "Parameters", "TableType")}
    table["Parameters"]["owner_team"] = "air"
    boto3.client("glue").update_table(DatabaseName=DATABASE, TableInput=table)
    wider = declare(id=Type.BIGINT, unit=Type.STRING)
    commit(wider, OCTOBER, [1])
    assert target.publish(store, [wider]) == {"readings": 1}
    for found in (table_of(), partitions_of()["2025-10-01"]):
        assert [column["Name"] for column in found["StorageDescriptor"]["Columns"]] == ["id", "unit", "partition_date"]
    assert table_of()["Parameters"]["owner_team"] == "air"


def test_a_column_of_another_type_is_refused_before_anything_changes(target, store, declare, commit, requests):
    commit(declare(id=Type.BIGINT), OCTOBER, [1])
    target.publish(store, [declare(id=Type.BIGINT)])
    requests.clear()
    changed, other = declare(id=Type.STRING), declare("sensors")
    commit(changed, OCTOBER, ["1"])
    commit(other, OCTOBER, [1])
    with pytest.raises(WarehouseError, match=r"openaq_processed.readings.*id is bigint, declared string.*delete-table"):
        target.publish(store, [other, changed])
    assert not WRITES & {name for name, _ in requests}


def test_a_table_of_somebody_else_is_not_taken_over(target, store, declare):
    glue = boto3.client("glue")
    glue.create_database(DatabaseInput={"Name": DATABASE})
    glue.create_table(DatabaseName=DATABASE, TableInput={"Name": "readings", "StorageDescriptor": {"Columns": []}})
    with pytest.raises(WarehouseError, match="not made by Tandem"):
        target.publish(store, [declare()])


def test_commits_of_an_older_schema_are_named_with_the_command_that_renews_them(target, store, declare, commit):
    commit(declare(id=Type.BIGINT), OCTOBER, [1])
    with pytest.raises(WarehouseError, match=r"2025-10-01.*make rehearse TARGET=athena PIPELINE=openaq"):
        target.publish(store, [declare()])


def test_garbage_collection_keeps_what_glue_shows(target, store, declare, commit):
    shown = commit(declare(), OCTOBER, [1])
    target.publish(store, [declare()])
    commit(declare(), OCTOBER, [2])
    assert target.published() == {(shown.partition, shown.commit)}


def test_two_namespaces_share_an_account(choose, project, declare, commit):
    for namespace, rows in (("ana", [1]), ("ben", [1, 2])):
        settings = choose(tandem_namespace=namespace, tandem_lake="s3://lake/shared")
        store = open_lake(settings)
        commit(declare(), OCTOBER, rows, store)
        assert AthenaTarget(settings, project).publish(store, [declare()]) == {"readings": 1}
    for namespace, rows in (("ana", "1"), ("ben", "2")):
        partition = partitions_of(database=f"{namespace}_{DATABASE}")["2025-10-01"]
        assert partition["Parameters"]["rows"] == rows
        assert f"s3://lake/shared/{namespace}/processed/" in partition["StorageDescriptor"]["Location"]


def test_a_reader_sees_the_old_day_or_the_new_one(target, store, declare, commit):
    versions = [list(range(1, 4)), list(range(10, 20))]
    commit(declare(), OCTOBER, versions[0])
    target.publish(store, [declare()])
    done, seen = threading.Event(), []

    def read():
        while not done.is_set():
            location = partitions_of()["2025-10-01"]["StorageDescriptor"]["Location"]
            seen.append([number for file in files_at(location) for number in pl.read_parquet(BytesIO(file))["id"]])

    reader = threading.Thread(target=read)
    reader.start()
    for turn in range(1, 9):
        commit(declare(), OCTOBER, versions[turn % 2])
        target.publish(store, [declare()])
    done.set()
    reader.join()
    assert seen
    assert all(rows in versions for rows in seen)


def test_missing_credentials_are_the_users_to_fix(choose, store, declare, monkeypatch, tmp_path):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    with pytest.raises(SettingsError, match="AWS_PROFILE"):
        AthenaTarget(choose()).publish(store, [declare()])


@pytest.mark.parametrize(
    ("encryption", "found"),
    [
        pytest.param("AES256", ("AES256", None), id="s3"),
        pytest.param("aws:kms", ("aws:kms", None), id="kms"),
        pytest.param("aws:kms:key-1", ("aws:kms", "key-1"), id="own-key"),
    ],
)
def test_the_lake_is_encrypted_as_the_settings_say(choose, declare, commit, encryption, found):
    store = open_lake(choose(tandem_lake_encryption=encryption))
    manifest = commit(declare(), OCTOBER, [1], store)
    store.swap("_lease.json", b"{}", None)
    for path in (*manifest.paths, f"{manifest.folder}/_current.json", "_lease.json"):
        url = urlparse(store.uri(path))
        head = boto3.client("s3").head_object(Bucket=url.netloc, Key=url.path.strip("/"))
        assert (head["ServerSideEncryption"], head.get("SSEKMSKeyId")) == found
