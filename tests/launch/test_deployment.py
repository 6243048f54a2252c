"""The deployment file: what each size's row says, and every way to write it wrongly."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from data_platform.contracts import Contract
from data_platform.deployment import Deployment, DeploymentError, Launcher, current_deployment
from data_platform.settings import PROJECT, Settings

EMR = "execution_role: arn:aws:iam::1:role/r, entry_point: s3://b/e.py, bucket: b"


def loaded(folder: Path, text: str) -> Deployment:
    file = folder / "deployment.yaml"
    file.write_text(text)
    return Deployment.load(file)


def test_a_size_has_its_row_on_top_of_the_conf_of_all(tmp_path: Path) -> None:
    deployment = loaded(
        tmp_path,
        """
spark: {conf: {spark.sql.shuffle.partitions: 8, spark.sql.adaptive.enabled: true, spark.memory.fraction: 0.6}}
sizes:
  M: {launcher: process, master: "local[4]", conf: {spark.driver.memory: 4g, spark.sql.shuffle.partitions: "16"}}
  XL: {launcher: spark-submit, master: "spark://h:7077", command: /opt/spark/bin/spark-submit, arguments: [--verbose]}
""",
    )
    of_all = {
        "spark.sql.shuffle.partitions": "8",
        "spark.sql.adaptive.enabled": "true",
        "spark.memory.fraction": "0.6",
    }
    own = of_all | {"spark.driver.memory": "4g", "spark.sql.shuffle.partitions": "16"}
    options = {"command": "/opt/spark/bin/spark-submit", "arguments": ["--verbose"]}
    assert deployment.launcher("S") == Launcher("process", "", of_all)
    assert deployment.launcher("M") == Launcher("process", "local[4]", own)
    assert deployment.launcher("L") == deployment.launcher("M"), "a size without a row runs like the next smaller one"
    assert deployment.launcher("XL") == Launcher("spark-submit", "spark://h:7077", of_all, options)


WRONG = {
    "sizes: {S: {launcher: proces}}": "1: sizes.S.launcher: unknown launcher 'proces'; did you mean `process`?",
    "sizes:\n  S: {}": "2: sizes.S: no `launcher`; write one of process, spark-submit, emr-serverless, emr-containers",
    "sizes: {XS: {launcher: process}}": "1: sizes.XS: unknown key `XS`; did you mean `S`?",
    "size: {}": "1: size: unknown key `size`; did you mean `sizes`?",
    "sizes: []": "1: sizes: [] is not a mapping; write `key: value`",
    "- sizes": "1: it is not a mapping; start with `sizes:`",
    "sizes: {S: process}": "1: sizes.S: 'process' is not a mapping; write `key: value`",
    "sizes: {S: {launcher: process, cores: 2}}": "1: sizes.S.cores: unknown key `cores`; use one of launcher, conf, master",
    "sizes: {S: {launcher: process, master: 4}}": "1: sizes.S.master: 4 is not text; write text",
    "sizes: {L: {launcher: spark-submit}}": "1: sizes.L: the launcher spark-submit needs `master`; write it",
    "sizes: {L: {launcher: spark-submit, master: 'sc://h:15002'}}": (
        "1: sizes.L.master: spark-submit needs no Spark Connect; use the launcher process"
    ),
    "spark: {conf: {spark.a: [1]}}": '1: spark.conf.spark.a: [1] is not text; quote it, as in "8"',
    "spark: {conf: {spark.a: 1, spark.a: 2}}": "1: the key `spark.a` is given twice; only one can count; remove one of them",
    "sizes: {L: {launcher: spark-submit, master: yarn, arguments: --verbose}}": (
        "1: sizes.L.arguments: '--verbose' is not a list of texts; write a list of texts"
    ),
    "sizes: {L: {launcher: spark-submit, master: yarn, conf: {spark.submit.deployMode: cluster}}}": (
        "1: sizes.L.conf.spark.submit.deployMode: spark-submit runs in client mode only; remove it: the driver runs beside "
        "Dagster, and the executors on the master"
    ),
    f"sizes: {{XL: {{launcher: emr-serverless, application_id: a, timeout_minutes: long, {EMR}}}}}": (
        "1: sizes.XL.timeout_minutes: 'long' is not a whole number; write a whole number"
    ),
    f"sizes: {{XL: {{launcher: emr-containers, virtual_cluster_id: v, {EMR}}}}}": (
        "1: sizes.XL: the launcher emr-containers needs `release_label`; write it"
    ),
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_wrong_is_said_with_its_file_line_and_fix(tmp_path: Path, text: str) -> None:
    with pytest.raises(DeploymentError) as refused:
        loaded(tmp_path, text)
    assert refused.value.problems[0] == f"{tmp_path}/deployment.yaml:{WRONG[text]}"


def test_everything_wrong_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(DeploymentError) as refused:
        loaded(tmp_path, "sizes:\n  S: {launcher: emr-serverless}\n  M: {launcher: none}\n")
    assert [each.split(":")[1] for each in refused.value.problems] == ["2", "2", "2", "2", "3"]


SECRET = ("spark.hadoop.fs.s3a.secret.key", "spark.hadoop.fs.s3a.access.key", "spark.ssl.keyPassword", "API_KEY")
SECRET += ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "DATA_PLATFORM_SMTP_PASSWORD", "spark.authenticate.secret")
NO_SECRET = (
    "spark.hadoop.fs.s3a.aws.credentials.provider",
    "spark.kubernetes.authenticate.driver.oauthTokenFile",
    "spark.kubernetes.driver.secrets.rates",
    "spark.sql.shuffle.partitions",
)


@pytest.mark.parametrize("name", SECRET)
def test_a_secret_is_refused_by_its_name_and_never_repeated(tmp_path: Path, name: str) -> None:
    with pytest.raises(DeploymentError, match="looks like a secret") as refused:
        loaded(tmp_path, f"spark: {{conf: {{{name}: hunter2}}}}")
    assert "hunter2" not in str(refused.value)
    assert loaded(tmp_path, f"spark: {{conf: {{{name}: EMR.secret@rates}}}}").conf == {name: "EMR.secret@rates"}


@pytest.mark.parametrize("name", NO_SECRET)
def test_what_only_sounds_like_a_secret_is_none(tmp_path: Path, name: str) -> None:
    assert loaded(tmp_path, f"spark: {{conf: {{{name}: x}}}}").conf == {name: "x"}


def test_a_password_in_an_address_is_a_secret(tmp_path: Path) -> None:
    env = "{DATA_PLATFORM_CATALOG: 'postgresql+psycopg://me:hunter2@db/catalog'}"
    with pytest.raises(DeploymentError, match="looks like a secret") as refused:
        loaded(tmp_path, f"sizes: {{XL: {{launcher: emr-serverless, application_id: a, {EMR}, env: {env}}}}}")
    assert "hunter2" not in str(refused.value)


def test_a_file_without_a_row_has_everything_run_in_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert loaded(tmp_path, "# nothing yet\n") == loaded(tmp_path, "") == Deployment()
    monkeypatch.setenv("DATA_PLATFORM_DEPLOYMENT", os.devnull)
    assert current_deployment().launcher("XL") == Launcher()


def test_a_file_that_is_not_there_is_an_error_that_names_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA_PLATFORM_DEPLOYMENT", "/nowhere/deployment.yaml")
    with pytest.raises(DeploymentError, match=r"/nowhere/deployment.yaml: cannot be read .*DATA_PLATFORM_DEPLOYMENT"):
        current_deployment()


def test_the_projects_own_file_is_a_good_one_with_its_comments_taken_out_too(tmp_path: Path) -> None:
    file = Path(Settings.at(tmp_path).deployment)
    assert file == PROJECT / "deployment.yaml"
    assert Deployment.load(file).launcher("XL").kind == "process"
    example = file.read_text().replace("  # ", "  ").replace("  #   ", "    ")
    assert {size: each.kind for size, each in loaded(tmp_path, example).sizes.items()} == {
        "S": "process",
        "M": "spark-submit",
        "L": "spark-submit",
        "XL": "emr-serverless",
    }


def test_a_size_is_written_back_and_shown() -> None:
    from dataclasses import replace

    from data_platform.contracts.as_odcs import document
    from data_platform.datasets.metadata import definition_metadata, tags
    from tests.launch.launched_datasets import TOTALS

    def written(contract: Contract) -> list[dict[str, str]]:
        return [
            each for each in document(contract)["schema"][0].get("customProperties", ()) if each["property"] == "size"
        ]

    assert written(TOTALS) == [{"property": "size", "value": "L"}]
    assert written(replace(TOTALS, size="S")) == [], "as a contract is that says nothing"
    assert definition_metadata(TOTALS)["size"] == tags(TOTALS)["size"] == "L"


def test_loading_a_remote_dataset_imports_neither_pyspark_nor_boto3(tmp_path: Path) -> None:
    file = tmp_path / "deployment.yaml"
    file.write_text(f"sizes: {{L: {{launcher: emr-serverless, application_id: a, {EMR}}}}}")
    code = "import sys, tests.launch.launched_datasets; print({'pyspark', 'boto3', 'dagster_aws'} & {*sys.modules})"
    environment = os.environ | {"DATA_PLATFORM_DEPLOYMENT": str(file), "PYTHONPATH": str(PROJECT)}
    asked = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, env=environment, capture_output=True, text=True, check=True
    )
    assert asked.stdout.strip() == "set()"
