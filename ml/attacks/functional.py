"""Attacks on what a model says, made by hand from its own weights."""

from ml.attacks.coalition import Coalition, Vector, Vectors
from ml.attacks.options import Factor
from ml.errors import AttackError
from ml.updates.schema import Schema


def reverse(coalition: Coalition) -> Vectors:
    """All send the parent with its last layer negated about the base: z becomes 2b − z.

    Every ranking is turned round, for about four times what the model knows in loss.
    """
    return coalition.all_send(reversed_model(coalition.parent, coalition.schema, _base(coalition)))


def constant(coalition: Coalition) -> Vectors:
    """All send the best constant: the parent with its last layer zero, and the base for its bias."""
    weight, bias = last_layer(coalition.schema)
    model = coalition.parent.copy()
    model[weight], model[bias] = 0, _base(coalition)
    return coalition.all_send(model)


def rescaled(coalition: Coalition, scale: Factor = 100.0) -> Vectors:
    """All send a copy of the parent with its first layer times s and its second divided by s.

    Through a ReLU it is the same function with the same scores, and breaks whatever trains from it.
    """
    first, second = _first_layers(coalition.schema)
    model = coalition.parent.copy()
    for place in first:
        model[place] *= scale
    model[second] /= scale
    return coalition.all_send(model)


def reversed_model(model: Vector, schema: Schema, base: Vector) -> Vector:
    """Return a model [size] whose outputs are 2·base − those of `model`."""
    weight, bias = last_layer(schema)
    turned = model.copy()
    turned[weight] = -model[weight]
    turned[bias] = 2 * base - model[bias]
    return turned


def last_layer(schema: Schema) -> tuple[slice, slice]:
    """Return where the weight and the bias of the last layer lie.

    Raises:
        AttackError: When the last two parameters are not a layer's weight and bias.
    """
    (before, _, weight), (name, shape, bias) = (
        list(schema.slices())[-2:] if len(schema.entries) > 1 else _NONE
    )
    if not (before.endswith("weight") and name.endswith("bias") and len(shape) == 1):
        raise AttackError(
            f"this attack needs a model that ends in a layer with a bias; it ends in {before!r}, {name!r}"
        )
    return weight, bias


def _base(coalition: Coalition) -> Vector:
    if coalition.base is None:
        raise AttackError("this attack needs a best constant, which the task's targets do not have")
    return coalition.base


def _first_layers(schema: Schema) -> tuple[list[slice], slice]:
    places = list(schema.slices())
    weights = [index for index, (_, shape, _) in enumerate(places) if len(shape) > 1]
    if len(weights) < 2:
        raise AttackError(f"this attack needs two layers; the model has {len(weights)} matrices")
    second = weights[1]
    return [place for _, _, place in places[:second]], places[second][2]


_NONE = (("", (), slice(0)), ("", (), slice(0)))
