"""Write the JSON schemas of the study's YAML into workflow/schemas, for readers and editors.

    python scripts/write_schemas.py

They are generated from the typed models; `--check` writes nothing and fails if a file differs.
"""

from pathlib import Path

from stormtrace import commandline
from stormtrace.errors import BadInput
from stormtrace.files import write_text
from stormtrace.study.schemas import SCHEMAS, schema_text

FOLDER = Path(__file__).resolve().parents[1] / "workflow" / "schemas"


def main() -> None:
    """Write or compare all schemas."""
    parser = commandline.parser(__doc__)
    parser.add_argument("--output", type=Path, default=FOLDER, help="folder of the schemas")
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    args = parser.parse_args()
    for name in SCHEMAS:
        file, text = args.output / f"{name}.schema.yaml", schema_text(name)
        if not args.check:
            write_text(file, text)
        elif not file.is_file() or file.read_text(encoding="utf-8") != text:
            raise BadInput(f"{file} is not what the models say: run scripts/write_schemas.py")


if __name__ == "__main__":
    commandline.run(main)
