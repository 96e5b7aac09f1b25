"""On which line of a YAML document a value is.

It needs a YAML parser, which is an extra.
"""

from collections.abc import Sequence

from credpool.config.yaml_tree import Items, Node, Pairs, Scalar, compose


def line_at(text: str, path: Sequence[str | int]) -> int | None:
    """Return the line on which the value at a path begins, or the deepest one on the way there.

    Raises:
        BadConfig: the document cannot be read.
    """
    node, line = compose(text), None
    for step in path:
        found = _step(node, step) if node is not None else None
        if found is None:
            break
        begins, node = found
        line = begins.at.line
    return line


def _step(node: Node, step: str | int) -> tuple[Node, Node] | None:
    """Return where the next step begins, and what is there."""
    match node:
        case Items(items=items) if isinstance(step, int) and step < len(items):
            return items[step], items[step]
        case Pairs(pairs=pairs):
            named = ((k, v) for k, v in pairs if isinstance(k, Scalar) and k.text == step)
            merged = (_step(v, step) for k, v in pairs if isinstance(k, Scalar) and k.text == "<<")
            return next(named, None) or next((pair for pair in merged if pair is not None), None)
        case _:
            return None
