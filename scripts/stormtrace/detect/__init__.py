"""A model looks at samples and leaves masks."""
