"""``gco-stream schema``: what a record may be, for editors."""

from gco_stream.cli.command import Shape, command
from gco_stream.cli.printing import print_document
from gco_stream.core.schema import record_schema


@command
def schema(shape: Shape) -> None:
    """Print the JSON Schema of a record, so that editors complete it and say what is wrong.

    In an editor with the YAML language server, the first line of a record then is
    `# yaml-language-server: $schema=endpoint.schema.json`.

    Example: gco-stream schema > endpoint.schema.json
    """
    print_document(record_schema(), shape if shape.output == "yaml" else Shape(output="json"))
