"""The doctor asks each question by itself, says what to do, touches nothing without an identity, shows no secret."""

import boto3
import pytest

from tandem.targets.athena.doctor import cloud_checks

NAMES = ["identity", "bucket", "Glue", "work group", "results"]


pytestmark = pytest.mark.usefixtures("athena")
OLD = {"State": "ENABLED", "Configuration": {"EngineVersion": {"EffectiveEngineVersion": "Athena engine version 2"}}}


def failing(settings):
    return {found.name: found for found in cloud_checks(settings) if not found.ok}


def objects():
    return list(boto3.resource("s3").Bucket("lake").objects.all())


def test_all_is_well(settings):
    before = objects()
    found = cloud_checks(settings)
    assert [(answer.name, answer.ok) for answer in found] == [(name, True) for name in NAMES]
    assert "eu-west-1" in found[0].detail
    assert objects() == before, "a probe was left behind"


def test_without_credentials_nothing_else_is_asked(choose, monkeypatch, tmp_path):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    found = cloud_checks(choose())
    assert [answer.ok for answer in found] == [False] * len(NAMES)
    assert "AWS_PROFILE" in found[0].remedy
    assert all("not checked" in answer.detail for answer in found[1:])


def test_a_missing_region_says_which_setting(choose, monkeypatch, tmp_path):
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    found = cloud_checks(choose())[0]
    assert (found.name, found.ok) == ("identity", False)
    assert "AWS_REGION" in found.remedy


def test_a_missing_bucket_fails_alone_with_the_command_that_makes_it(choose):
    found = failing(choose(tandem_lake="s3://nowhere/x", athena_output="s3://lake/results"))
    assert found.keys() == {"bucket"}
    assert found["bucket"].remedy.endswith("aws s3 mb s3://nowhere --region eu-west-1")


def test_an_output_location_that_cannot_be_written_fails_alone(choose):
    found = failing(choose(athena_output="s3://nowhere/results"))
    assert found.keys() == {"results"}
    assert "NoSuchBucket" in found["results"].detail


@pytest.mark.parametrize(
    ("group", "said"),
    [
        pytest.param(None, "WorkGroup team is not found", id="missing"),
        pytest.param({"State": "DISABLED", "Configuration": {}}, "not enabled", id="disabled"),
        pytest.param(OLD, "version 2", id="old"),
    ],
)
def test_a_work_group_that_cannot_be_used(choose, athena, group, said):
    athena.work_groups |= {"team": group} if group else {}
    found = failing(choose(athena_work_group="team"))["work group"]
    assert said in found.detail
    assert "work-group" in found.remedy or "ATHENA_WORK_GROUP" in found.remedy


def test_the_output_location_that_a_work_group_enforces_is_the_one_that_is_tried(settings, athena):
    enforced = {"ResultConfiguration": {"OutputLocation": "s3://nowhere/x/"}, "EnforceWorkGroupConfiguration": True}
    athena.work_groups["primary"]["Configuration"] = enforced
    assert failing(settings).keys() == {"results"}


def test_a_server_that_does_not_answer_is_no_traceback(settings, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_GLUE", "http://127.0.0.1:9")
    found = failing(settings)
    assert found.keys() == {"Glue"}
    assert "network" in found["Glue"].remedy


def test_no_secret_is_shown(settings, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "very-secret-key")
    monkeypatch.setenv("AWS_ENDPOINT_URL_GLUE", "http://127.0.0.1:9")
    assert "very-secret-key" not in repr(cloud_checks(settings))
