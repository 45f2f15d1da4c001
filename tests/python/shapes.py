"""Compares values with botocore's shapes: what has to be there, types, enumerations, lengths, ranges, patterns."""

import datetime
import re

TYPES = {
    "string": str,
    "character": str,
    "integer": int,
    "long": int,
    "float": (int, float),
    "double": (int, float),
    "boolean": bool,
    "timestamp": datetime.datetime,
    "blob": object,
    "list": list,
    "map": dict,
    "structure": dict,
}


# What Java's regular expressions have and Python's have not.
JAVA = {"\\p{L}": "\\w", "\\p{N}": "\\d", "\\p{Z}": "\\s", "\\p{LC}": "\\w", "\\p{ASCII}": "[\\x00-\\x7f]"}


def differences(value, shape, path=""):
    """How a value differs from a shape, as lines."""
    if shape is None:
        return [f"{path}: there should be nothing"] if value else []
    kind = shape.type_name
    wrong_type = not isinstance(value, TYPES[kind]) or isinstance(value, bool) and kind not in ("boolean", "blob")
    if wrong_type:
        return [] if getattr(shape, "is_document_type", False) else [f"{path or 'it'} is {type(value).__name__} {str(value)[:60]!r}, not {kind}"]
    lines = []
    if kind == "structure":
        if getattr(shape, "is_document_type", False):
            return []
        lines += [f"{path}.{name} is missing" for name in shape.required_members if name not in value]
        for name, item in value.items():
            if name in shape.members:
                lines += differences(item, shape.members[name], f"{path}.{name}")
            elif name != "SDK_UNKNOWN_MEMBER":
                lines.append(f"{path}.{name} is no member")
        if getattr(shape, "is_tagged_union", False) and len(value) != 1:
            lines.append(f"{path} has {len(value)} members of a union")
    elif kind == "list":
        lines += [line for index, item in enumerate(value) for line in differences(item, shape.member, f"{path}[{index}]")]
        lines += limits(len(value), shape, path, "items")
    elif kind == "map":
        for key, item in value.items():
            lines += differences(key, shape.key, f"{path}{{{key}}}") + differences(item, shape.value, f"{path}{{{key}}}")
        lines += limits(len(value), shape, path, "entries")
    elif kind == "string":
        if shape.enum and value not in shape.enum:
            lines.append(f"{path} is {value!r}, not one of {', '.join(shape.enum)}"[:200])
        lines += limits(len(value), shape, path, "characters")
        lines += pattern(value, shape, path)
    elif kind in ("integer", "long", "float", "double"):
        lines += limits(value, shape, path, "")
    elif kind == "blob" and isinstance(value, (bytes, bytearray)):
        lines += limits(len(value), shape, path, "bytes")
    return lines


def limits(number, shape, path, of_what):
    """Whether a number is within a shape's limits."""
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and number < least or most is not None and number > most:
        return [f"{path} has {number} {of_what}, not {least} to {most}".replace("has", "is" if not of_what else "has")]
    return []


def pattern(value, shape, path):
    """Whether a text follows a shape's pattern. Some patterns are of another kind of regular expression; those say nothing."""
    written = shape.metadata.get("pattern")
    if not written:
        return []
    for java, python in JAVA.items():
        written = written.replace(java, python)
    try:
        matches = re.search(f"^(?:{written})$", value, re.DOTALL)
    except re.error:
        return []
    return [] if matches else [f"{path} is {value[:60]!r}, which {shape.metadata['pattern'][:60]!r} does not match"]
