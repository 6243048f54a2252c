"""What MkDocs does besides: the command line's reference, from the commands themselves."""

from __future__ import annotations

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files


def on_files(files: Files, config: MkDocsConfig) -> Files:
    files.append(File.generated(config, "reference/cli.md", content=commands()))
    return files


def commands() -> str:
    """Every command with its options, as Markdown."""
    import typer
    from typer.cli import get_docs_for_click

    from data_platform.cli import app

    command = typer.main.get_command(app)
    with command.make_context("dp", [], resilient_parsing=True) as context:
        return get_docs_for_click(obj=command, ctx=context, name="dp", title="The command line, `dp`")
