"""`engine schema`: the JSON Schema of strategy files."""

from __future__ import annotations

import json
from pathlib import Path

import click

from adapters.cli.files import write_whole
from adapters.cli.screen import verb


@click.command("schema", epilog="Example: engine schema strategies/strategy.schema.json")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), required=False)
@click.option("--json", "as_json", is_flag=True, help="Accepted everywhere; the schema is JSON.")
@verb
def command(file: Path | None, *, as_json: bool) -> None:
    """Print the JSON Schema that editors complete strategy files from, or write it to FILE.

    With `# yaml-language-server: $schema=./strategy.schema.json` on its first line a strategy is
    completed and checked as it is typed, by any editor with the YAML language server.
    """
    from dsl.structure import json_schema  # noqa: PLC0415 - pydantic comes with it

    schema = json_schema()
    if file is None:
        click.echo(json.dumps(schema, ensure_ascii=False, indent=2))
        return
    write_whole(file, json.dumps(schema, ensure_ascii=False, indent=2) + "\n")
    if as_json:
        click.echo(json.dumps({"written": str(file)}))
    else:
        click.echo(f"Written: {file}")
