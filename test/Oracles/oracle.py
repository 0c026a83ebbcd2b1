"""Where the oracles write their figures, and how."""

import json
import os

DIRECTORY = os.path.join(
    os.path.dirname(os.path.abspath(__file__)), os.pardir, "Inputs", "oracles"
)


def _text(value, indent):
    """JSON with a line for each innermost list, so that changes read well."""
    inner = indent + " "
    if isinstance(value, dict):
        rows = [f"{inner}{json.dumps(k)}: {_text(v, inner)}" for k, v in value.items()]
        return "{\n" + ",\n".join(rows) + "\n" + indent + "}"
    if isinstance(value, list) and any(isinstance(v, (list, dict)) for v in value):
        rows = [inner + _text(v, inner) for v in value]
        return "[\n" + ",\n".join(rows) + "\n" + indent + "]"
    return json.dumps(value, allow_nan=False)


def write_oracle(name, value):
    """Writes value, made of plain Python objects, as the oracle NAME.
    Doubles are written so that reading them gives the same bits."""
    os.makedirs(DIRECTORY, exist_ok=True)
    with open(os.path.join(DIRECTORY, name), "w", encoding="utf-8") as file:
        file.write(_text(value, "") + "\n")
