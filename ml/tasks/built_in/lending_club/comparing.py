"""Whether a member's loans look like those that the founders' encoding was fitted on."""

from ml.data.checks import insisted, unknown_values, unlike
from ml.data.table import Table
from ml.tasks.built_in.lending_club.common_encoding import CommonEncoding


def compare(encoding: CommonEncoding, loans: Table, insist: bool = True) -> list[str]:
    """Return a sentence on each column whose rows look unlike those that the encoding was fitted on.

    Args:
        encoding: The founders'.
        loans: A client's own rows.
        insist: Whether to refuse rows that are so unlike that their columns must mean something else.

    Raises:
        DataError: When it insists, and most rows have a category that the encoding lacks, or a column of
            numbers lies far off or spreads otherwise.
    """
    told: list[str] = []
    grave: list[str] = []
    for name, values in encoding.categories.items():
        is_grave, sentences = unknown_values(name, loans.categories[name], values)
        (grave if is_grave else told).extend(sentences)
    for name, spread in encoding.numbers.items():
        grave += unlike(name, loans.numbers[name], spread)
    return insisted(grave, told, insist)
