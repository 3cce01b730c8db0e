"""A small convolutional network for images, made for machines without an accelerator."""

from collections import OrderedDict

from torch import nn

_WIDTHS = (32, 64)  # Channels after each stage; further stages keep the last.
_GROUPS = 8
_LAST_SIDE = 4  # Stages go on while a side is larger than this.


def small_cnn(side: int, labels: int) -> nn.Module:
    """Return the network for images [n, 1, side, side]: stages that halve the side, a maximum, logits.

    A stage is a 4 × 4 convolution of stride 2, GroupNorm and ReLU. Strides instead of pooling make a step
    four times as fast on a CPU. The maximum over places, one for each channel, asks whether something is in
    the image at all, as labels do. GroupNorm (Wu and He, 2018) normalises each image by itself and keeps no
    running statistics, so that clients whose labels differ have nothing of that kind to average.
    """
    stages: OrderedDict[str, nn.Module] = OrderedDict()
    channels = 1
    while side > _LAST_SIDE or not stages:
        width = _WIDTHS[min(len(stages), len(_WIDTHS) - 1)]
        stages[f"stage{len(stages) + 1}"] = _stage(channels, width)
        channels, side = width, side // 2
    stages["maximum"] = nn.AdaptiveMaxPool2d(1)
    stages["flat"] = nn.Flatten()
    stages["out"] = nn.Linear(channels, labels)
    return nn.Sequential(stages)


def _stage(channels: int, width: int) -> nn.Module:
    layers: OrderedDict[str, nn.Module] = OrderedDict(
        conv=nn.Conv2d(channels, width, 4, stride=2, padding=1, bias=False),
        norm=nn.GroupNorm(_GROUPS, width),
        relu=nn.ReLU(inplace=True),
    )
    return nn.Sequential(layers)
