"""Two values that are both known, held against one another."""

import re


def compare_values(left: object, operator: str, right: object) -> bool:
    """Hold two values that are both known against one another; on a list, does one element fit?"""
    if isinstance(left, list) and operator in ("equals", "one_of", "starts_with"):
        return any(compare_values(element, operator, right) for element in left)
    if isinstance(left, list) and operator == "is_not":
        return all(compare_values(element, operator, right) for element in left)
    if operator in ("equals", "same_as"):
        return left == right
    if operator == "differs_from":
        return left != right
    if operator == "one_of":
        return left in right
    if operator == "is_not":
        return left not in (right if isinstance(right, tuple) else (right,))
    if operator in ("less_than", "before"):
        return left < right
    if operator in ("more_than", "after"):
        return left > right
    if operator == "at_most":
        return left <= right
    if operator == "at_least":
        return left >= right
    if operator == "starts_with":
        return str(left).startswith(right)
    if operator == "matches":
        return re.fullmatch(right, str(left)) is not None
    raise AssertionError(f"no such operator: {operator}")
