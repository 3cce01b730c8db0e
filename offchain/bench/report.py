"""Measurements for people: tables in Markdown, and a picture."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from offchain.bench.play import LEARNING, PARTS, Measurement
from offchain.bench.turns import Cost
from offchain.bench.updates import UPDATES, UpdateSpeed
from offchain.picture_file import write_picture

_COLOURS = ("#2a6fbb", "#c8442f", "#3c8d5a", "#8a6bbf", "#d99a2b", "#8a8a8a")
_MIB, _GB = 2**20, 1e9


def rounds_table(measurements: Sequence[Measurement]) -> str:
    """Return a table with a line for each case: milliseconds, and peak memory."""
    heads = ("case", "members", "voters", "rows", "parameters", "policy", "sent by", *PARTS, "round", "MiB")
    lines = [_line(heads), _line(["---", *["---:"] * 4, "---", "---", *["---:"] * (len(PARTS) + 2)])]
    for m in measurements:
        case = m.case
        sent = "memory" if case.engine == "reference" else "relay" if case.relay else "clients"
        what = (
            case.subject,
            f"{case.clients:,}",
            f"{case.committee or 'all'}",
            f"{case.rows:,}",
            f"{m.parameters:,}",
            case.policy,
            sent,
        )
        times = (_ms(seconds) for seconds in (*(m.work[part] for part in PARTS), m.round))
        lines.append(_line([*what, *times, f"{m.memory / _MIB:.0f}"]))
    return "\n".join(lines)


def ratios_table(measurements: Sequence[Measurement], flower: Mapping[int, float]) -> str:
    """Return how a round compares with plain PyTorch and with Flower, for the cases that have them."""
    heads = (
        "rows",
        "policy",
        "sent by",
        "round, ms",
        "plain PyTorch, ms",
        "× plain",
        "Flower, ms",
        "Flower / round",
    )
    lines = [_line(heads), _line(["---:", "---", "---", *["---:"] * 5])]
    for m in measurements:
        if m.plain is None:
            continue
        other = flower.get(m.case.rows)
        lines.append(
            _line(
                [
                    f"{m.case.rows:,}",
                    m.case.policy,
                    "relay" if m.case.relay else "clients",
                    _ms(m.round),
                    _ms(m.plain),
                    f"{m.round / m.plain:.2f}",
                    _ms(other) if other else "–",
                    f"{other / m.round:.1f}" if other else "–",
                ]
            )
        )
    return "\n".join(lines)


def learning_table(measurements: Sequence[Measurement], peer: Mapping[int, float]) -> str:
    """Return how the learning of a round compares with a peer's round without chain; the chain's part beside.

    Learning is training, scores of voters, and the next model with its scores on test rows; what of it is
    done beside transactions is counted too.

    Args:
        measurements: Of these the paper's round by policy `aggregate` is compared, which is what peers learn.
        peer: Seconds of a round by rows of a client.
    """
    heads = (
        "rows",
        "sent by",
        "learning, ms",
        "chain, ms",
        "round, ms",
        "pfl, ms",
        "pfl / learning",
        "pfl / round",
    )
    lines = [_line(heads), _line(["---:", "---", *["---:"] * 6])]
    for m in measurements:
        other = peer.get(m.case.rows)
        if m.plain is None or m.case.policy != "aggregate" or other is None:
            continue
        learning = sum(m.work[part] for part in LEARNING)
        times = (_ms(seconds) for seconds in (learning, m.work["chain"], m.round, other))
        ratios = (f"{other / seconds:.2f}" for seconds in (learning, m.round))
        lines.append(_line([f"{m.case.rows:,}", "relay" if m.case.relay else "clients", *times, *ratios]))
    return "\n".join(lines)


def costs_table(costs: Sequence[Cost]) -> str:
    """Return what rounds by each policy took, and as a multiple of the first's."""
    first = costs[0].policy
    heads = ("rows", "policy", "round, ms", f"× {first}", "processor, ms", f"× {first}")
    lines = [_line(heads), _line(["---:", "---", *["---:"] * 4])]
    for cost in costs:
        times = _ms(cost.round), f"{cost.ratio:.2f}", _ms(cost.processor), f"{cost.processor_ratio:.2f}"
        lines.append(_line([f"{cost.rows:,}", cost.policy, *times]))
    return "\n".join(lines)


def updates_table(speeds: Sequence[UpdateSpeed]) -> str:
    """Return the milliseconds of an update's way, by size, against copying memory."""
    heads = ("parameters", "encode", "digest", f"average of {UPDATES}", "copying, GB/s", "share of copying")
    lines = [_line(heads), _line(["---:"] * len(heads))]
    for s in speeds:
        times = (f"{1000 * seconds:.2f}" for seconds in (s.encode, s.digest, s.average))
        lines.append(_line([f"{s.parameters:,}", *times, f"{s.copy / _GB:.1f}", f"{s.share_of_copy:.0%}"]))
    return "\n".join(lines)


def plot(path: Path, measurements: Sequence[Measurement]) -> None:
    """Write a PNG: for each subject, where the time of its cases' rounds goes."""
    from matplotlib.figure import Figure

    subjects = list(dict.fromkeys(m.case.subject for m in measurements))
    figure = Figure(figsize=(10, 2.6 * len(subjects)), layout="constrained")
    for axes, subject in zip(figure.subplots(len(subjects), 1, squeeze=False).ravel(), subjects, strict=True):
        chosen = [m for m in measurements if m.case.subject == subject]
        names = [_name(m) for m in chosen]
        left = [0.0] * len(chosen)
        for part, colour in zip(PARTS, _COLOURS, strict=True):
            widths = [1000 * m.work[part] for m in chosen]
            axes.barh(names, widths, left=left, color=colour, label=part)
            left = [a + b for a, b in zip(left, widths, strict=True)]
        axes.plot([1000 * m.round for m in chosen], names, "k|", markersize=16, label="round")
        axes.set_title(subject, loc="left", fontsize="medium")
        axes.invert_yaxis()
        axes.spines[["top", "right"]].set_visible(False)
    axes.set_xlabel("milliseconds of work a round; parts beside transactions overlap")
    figure.axes[0].legend(frameon=False, fontsize="small", loc="upper left", bbox_to_anchor=(1, 1))
    write_picture(path, figure)


def _name(m: Measurement) -> str:
    case = m.case
    if case.subject.startswith("members"):
        return f"{case.clients:,} members"
    if case.subject == "proposers":
        return f"{min(16, round(case.clients * case.proposer_bps / 10_000))} proposers"
    if case.subject == "model size":
        return f"{m.parameters:,} parameters"
    return f"{case.rows:,} rows, {case.policy}{', relay' if case.relay else ''}"


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:,.0f}" if seconds >= 0.01 else f"{1000 * seconds:.1f}"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
