"""The published schemas say what the models say, and each key is described."""

from pathlib import Path

import jsonschema
import pytest
import yaml

from stormtrace.study.schemas import SCHEMAS, schema_text
from stormtrace.track.tracking import DEFAULTS, NAMED_REGIONS

FOLDER = Path(__file__).resolve().parents[2] / "workflow" / "schemas"


def test_there_is_a_schema_for_each_table_and_no_other():
    assert {path.name for path in FOLDER.iterdir()} == {f"{name}.schema.yaml" for name in SCHEMAS}


@pytest.mark.parametrize("name", SCHEMAS)
def test_published_schemas_are_generated_from_the_models(name):
    text = (FOLDER / f"{name}.schema.yaml").read_text("utf-8")
    assert text == schema_text(name), "run scripts/write_schemas.py"
    jsonschema.Draft202012Validator.check_schema(yaml.safe_load(text))


def keys_of(schema, name=""):
    """Yield (key, its schema) at any depth."""
    for key, inner in schema.get("properties", {}).items():
        yield f"{name}.{key}", inner
    for key, inner in schema.get("$defs", {}).items():
        yield from keys_of(inner, key)


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_key_is_described(name):
    for key, schema in keys_of(yaml.safe_load(schema_text(name)), name):
        assert schema.get("description") or "$ref" in schema, key


@pytest.mark.parametrize(
    "study", ["config", "config/casper", *(f"config/examples/{e}.yaml" for e in ("merra2-day", "e3sm-columns"))]
)  # fmt: skip
def test_our_own_studies_are_valid(study):
    """The generated schema accepts what the models accept: it is not stricter."""
    path = FOLDER.parents[1] / study
    said = {}
    for file in [path] if path.is_file() else sorted(path.glob("*.yaml")):
        said |= yaml.safe_load(file.read_text())
    jsonschema.validate(said, yaml.safe_load(schema_text("config")))


def test_the_schema_tells_the_defaults_of_tracking_rules():
    properties = yaml.safe_load(schema_text("tracking"))["properties"]
    assert properties["rule"]["enum"] == list(DEFAULTS)
    for rule, defaults in DEFAULTS.items():
        assert set(properties) == {"rule", *defaults}, rule
        for key, value in defaults.items():
            if value is not None:
                shown = str(value).lower() if isinstance(value, bool) else f"{value:g}"
                shown = "200000" if value == 200_000 else shown
                assert shown in properties[key]["description"], (rule, key)
    region = yaml.safe_load(schema_text("tracking"))["$defs"]["Region"]["properties"]
    assert all(name in region["name"]["description"] for name in NAMED_REGIONS)
