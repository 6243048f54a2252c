"""What holds for every command of `dp`, whoever wrote it: help with an example, quick, no stack trace, plain when piped."""

import json
import os
import pty
import shlex
import signal
import subprocess
import sys
import time
from io import StringIO
from pathlib import Path

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from data_platform.cli import app, failures, output, project
from data_platform.cli.failures import EXIT_CODES, sentence, told, without_password

HEAVY = ("dagster", "duckdb", "numpy", "pandas", "polars", "pyarrow", "pyiceberg", "pyspark", "sqlalchemy")
DP = Path(sys.executable).with_name("dp")


def commands() -> dict[str, typer.core.TyperCommand]:
    """Every command by how one types it."""
    found = {}

    def walk(command, path):
        for name, each in getattr(command, "commands", {}).items():
            walk(each, f"{path} {name}")
        if not hasattr(command, "commands"):
            found[path] = command

    walk(typer.main.get_command(app), "dp")
    return found


COMMANDS = commands()


def dp(*arguments):
    return CliRunner().invoke(app, [*map(str, arguments)])


def really(*arguments, **environment):
    """`dp` as a program."""
    return subprocess.run(
        [DP, *map(str, arguments)], capture_output=True, text=True, env=os.environ | environment, timeout=120
    )


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_says_what_it_does_with_an_example(path):
    command = COMMANDS[path]
    assert (command.help or "").strip(), f"{path} has no docstring"
    lines = [line[3:].rstrip("`") for line in (command.epilog or "").split("\n\n") if line.startswith("- `")]
    assert lines, f"{path} has no example: give its registration epilog=examples(...)"
    assert all(line.startswith(path) for line in lines), f"an example of {path} is of another command"
    undocumented = [each.name for each in command.params if each.name != "help" and not getattr(each, "help", None)]
    assert not undocumented, f"{path}: nothing says what {undocumented} mean"


@pytest.mark.parametrize("path", COMMANDS)
def test_the_options_in_examples_exist(path):
    known = {option for each in COMMANDS[path].params for option in (*each.opts, *each.secondary_opts)} | {"--help"}
    for line in (COMMANDS[path].epilog or "").split("\n\n"):
        if line.startswith("- `"):
            words = shlex.split(line[3:].rstrip("`"), comments=True)
            words = words[: words.index("|")] if "|" in words else words
            used = {word.partition("=")[0] for word in words if word.startswith("--")}
            assert used <= known, f"{path}: {used - known} of an example is no option"


def test_help_is_there_at_once_and_loads_nothing_heavy():
    script = (
        "import sys, time\n"
        "from data_platform.cli import app\n"
        "from typer.testing import CliRunner\n"
        f"for path in {[path.split()[1:] for path in COMMANDS]!r}:\n"
        "    result = CliRunner().invoke(app, [*path, '--help'])\n"
        "    assert result.exit_code == 0 and 'Examples' in result.output, (path, result.output)\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "[]", done.stderr


def test_the_exit_codes_are_in_the_help_and_in_the_reference():
    text = dp("--help").output
    page = Path(__file__).parent.parent / "docs" / "reference" / "exit-codes.md"
    for code in EXIT_CODES:
        assert f"{code}:" in text and f"| {code} |" in page.read_text()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_completes_commands_and_datasets(shell):
    words = "dp datasets show ads.listing_"
    variables = {
        "bash": {"COMP_WORDS": words, "COMP_CWORD": "3"},
        "zsh": {"_TYPER_COMPLETE_ARGS": words},
        "fish": {"_TYPER_COMPLETE_ARGS": words, "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
    }
    result = really(_DP_COMPLETE=f"complete_{shell}", **variables[shell])
    assert "ads.listing_stats" in result.stdout and "users" not in result.stdout
    named = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}  # else it is the shell that runs the tests
    assert f"complete_{shell}" in really("--show-completion", shell, **named).stdout


def test_completion_reads_names_and_no_contract(tmp_path, monkeypatch):
    monkeypatch.setattr(project, "DOMAINS", tmp_path)
    (tmp_path / "ads" / "contracts").mkdir(parents=True)
    (tmp_path / "ads" / "contracts" / "clicks.yaml").write_text("][ not YAML")
    assert project.complete_dataset("ads.") == ["ads.clicks"]
    assert project.complete_domain("") == ["ads"]


BROKEN = {
    "a dataset that is not there": ({}, ["datasets", "show", "ads.listing"], "did you mean ads.listing", 1),
    "an option that is not there": ({}, ["datasets", "ls", "--formt", "json"], "No such option", 2),
    "a catalog that does not answer": (
        {"DATA_PLATFORM_CATALOG": "postgresql+psycopg://ada:hunter2@127.0.0.1:1/x?connect_timeout=2"},
        ["datasets", "ls"],
        "dp doctor",
        1,
    ),
    "a catalog of no known kind": (
        {"DATA_PLATFORM_CATALOG": "ftp://x"},
        ["datasets", "ls"],
        "DATA_PLATFORM_CATALOG",
        1,
    ),
    "settings that make no sense": ({"DATA_PLATFORM_CHECKS": "x"}, ["datasets", "ls"], "DATA_PLATFORM_CHECKS", 1),
    "a home that cannot be": ({"DATA_PLATFORM_HOME": "/dev/null/x"}, ["datasets", "ls"], "/dev/null", 1),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_mistake_is_a_sentence_and_no_stack_trace(name):
    environment, arguments, sentence, code = BROKEN[name]
    result = really(*arguments, **environment)
    assert result.returncode == code, result.stderr
    assert sentence in result.stderr and "Traceback" not in result.stderr + result.stdout
    assert "hunter2" not in result.stderr + result.stdout


def test_a_damaged_catalog_is_a_sentence(tmp_path):
    (tmp_path / "catalog.db").write_bytes(b"not a database" * 1000)
    result = dp("datasets", "ls")
    assert result.exit_code == 1 and "dp doctor" in result.stderr and "Traceback" not in result.output


def test_a_broken_contract_is_a_place(tmp_path, monkeypatch):
    file = tmp_path / "ads" / "contracts" / "x.yaml"
    file.parent.mkdir(parents=True)
    file.write_text("a: [1\n")
    monkeypatch.setattr(project, "DOMAINS", tmp_path)
    result = dp("datasets", "ls")
    assert result.exit_code == 1 and "x.yaml:" in result.stderr and "Traceback" not in result.output


class Odd(Exception):
    pass


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (ValueError("the day is no day"), 1, "the day is no day"),
        (FileNotFoundError(2, "No such file or directory", "orders.csv"), 1, "orders.csv: No such file"),
        (ModuleNotFoundError("No module named 's3fs'", name="s3fs"), 1, "s3fs"),
        (Odd("what is this"), 70, "Odd: what is this"),
        (AssertionError(), 70, "dp --debug"),
    ],
    ids=repr,
)
def test_what_is_the_users_and_what_is_ours(error, code, words):
    said, ended = sentence(error)
    assert ended == code and words in said


def test_a_stack_trace_is_there_for_who_asks(monkeypatch):
    monkeypatch.setenv(failures.DEBUG, "1")
    with pytest.raises(Odd), told():
        raise Odd
    monkeypatch.delenv(failures.DEBUG)
    monkeypatch.setenv("DATA_PLATFORM_CHECKS", "x")
    result = really("--debug", "datasets", "ls")
    assert "Traceback" in result.stderr


def test_a_password_in_an_address_does_not_show():
    assert without_password("postgresql://ada:hunter2@h:1/x") == "postgresql://ada:***@h:1/x"
    assert without_password("sqlite:///x") == "sqlite:///x"


def test_interrupting_is_said_in_a_sentence():
    script = (
        "import time\n"
        "from data_platform.cli import app\n"
        "@app.command()\n"
        "def wait():\n"
        "    print('waiting', flush=True)\n"
        "    time.sleep(60)\n"
        "app(['wait'])\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None and process.stdout.readline() == "waiting\n"
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 130 and "Interrupted" in said and "Traceback" not in said


@pytest.mark.parametrize("reads", ["head -1", "true"])
@pytest.mark.parametrize("arguments", ["datasets ls", "datasets ls --format json", "contracts check --help"])
def test_a_reader_that_goes_away_is_no_fault(reads, arguments):
    done = subprocess.run(
        ["bash", "-c", f"{DP} {arguments} | {reads} >/dev/null; echo ${{PIPESTATUS[0]}}"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stderr == "" and done.stdout.strip() in ("0", "1", "141")


def in_a_terminal(*arguments, **environment):
    """What `dp` writes to a terminal."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [DP, *arguments], stdin=theirs, stdout=theirs, stderr=theirs, env=os.environ | {"TERM": "xterm"} | environment
    ) as process:
        os.close(theirs)
        text = b""
        try:
            while read := os.read(ours, 65536):
                text += read
        except OSError:
            pass  # Linux says so where the other end was closed
        process.wait(60)
    os.close(ours)
    return text.decode()


def test_colours_are_for_terminals_only_and_not_for_who_wants_none(tmp_path):
    file = tmp_path / "x.yaml"
    file.write_text("a: 1\n")
    colour = "\x1b[31m"
    assert colour in in_a_terminal("contracts", "check", str(file))
    assert "\x1b[3" not in in_a_terminal("contracts", "check", str(file), NO_COLOR="1")
    assert "\x1b" not in really("contracts", "check", file).stdout


def test_lines_of_a_table_are_not_broken_where_they_are_piped(tmp_path, monkeypatch):
    result = really("datasets", "ls")
    rows = [line for line in result.stdout.splitlines() if line.startswith(" ads.")]
    assert len(rows) == len(
        [each for each in json.loads(really("datasets", "ls", "--format", "json").stdout) if each.startswith("ads.")]
    )


def test_a_bar_appears_on_a_terminal_after_a_while_and_goes(monkeypatch):
    screen = Console(file=StringIO(), force_terminal=True, width=80)
    monkeypatch.setattr(output, "errors", screen)
    with output.progress("Quick"):
        pass
    assert screen.file.getvalue() == ""
    monkeypatch.setattr(output, "PATIENCE", 0.01)
    with output.progress("Reading", 3) as advance:
        for _ in range(3):
            time.sleep(0.1)
            advance()
        advance(0, label="Writing", total=6)
        time.sleep(0.15)
    text = screen.file.getvalue()
    assert "Reading" in text and "Writing" in text


def test_a_bar_does_not_appear_where_nobody_looks(monkeypatch):
    screen = Console(file=StringIO())
    monkeypatch.setattr(output, "errors", screen)
    monkeypatch.setattr(output, "PATIENCE", 0.01)
    with output.progress("Reading", 3) as advance:
        advance()
        time.sleep(0.1)
    assert screen.file.getvalue() == ""


def test_a_table_is_aligned_and_takes_text_as_it_is():
    screen = Console(file=StringIO(), width=200)
    screen.print(output.table(("name", "rows", "is"), [("a[b]", 1234, True), ("c", None, False)]))
    lines = [line.rstrip() for line in screen.file.getvalue().splitlines() if line.strip()]
    assert [line.split() for line in lines[2:]] == [["a[b]", "1,234", "yes"], ["c", "-", "no"]]
    assert lines[2].index("1,234") + 4 == lines[3].index("-")
