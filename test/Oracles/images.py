#!/usr/bin/env python3
"""Writes test/Inputs/oracles/images.json, in f64.

`cases`, in the form of layers.py: convolutions and pools against PyTorch. See
docs/Testing.md for how to run this.
"""

import torch
import torch.nn.functional as F
from layers import case, draw
from oracle import write_oracle

torch.set_default_dtype(torch.float64)


def convolutions():
    image = {"x": draw(2, 4, 5, 6)}
    line = {"x": draw(2, 3, 7)}

    def weights(*shape):
        return {"weight": draw(*shape), "bias": draw(shape[0])}

    yield case("conv2d", "conv2d(x, 3, 3)", F.conv2d, image, weights(3, 4, 3, 3))
    yield case(
        "conv2d, kernel 3 by 2, ReLU, without bias",
        "conv2d(x, 5, [3, 2], activation = relu, bias = false)",
        lambda x, w: F.relu(F.conv2d(x, w)),
        image,
        {"weight": draw(5, 4, 3, 2)},
    )
    yield case(
        "conv2d, strides and padding",
        "conv2d(x, 3, 3, stride = [2, 1], padding = [1, 2])",
        lambda x, w, b: F.conv2d(x, w, b, stride=(2, 1), padding=(1, 2)),
        image,
        weights(3, 4, 3, 3),
    )
    yield case(
        "conv2d, dilation",
        "conv2d(x, 2, [2, 3], dilation = [3, 2], padding = 1)",
        lambda x, w, b: F.conv2d(x, w, b, dilation=(3, 2), padding=1),
        image,
        weights(2, 4, 2, 3),
    )
    yield case(
        "conv2d, groups",
        "conv2d(x, 6, 3, groups = 2, stride = 2)",
        lambda x, w, b: F.conv2d(x, w, b, groups=2, stride=2),
        image,
        weights(6, 2, 3, 3),
    )
    yield case(
        "conv2d, a filter a channel",
        "conv2d(x, 4, 3, groups = 4)",
        lambda x, w, b: F.conv2d(x, w, b, groups=4),
        image,
        weights(4, 1, 3, 3),
    )
    # The odd zero stands behind.
    yield case(
        "conv2d, same, of an even kernel",
        'conv2d(x, 2, [2, 4], padding = "same")',
        lambda x, w, b: F.conv2d(F.pad(x, (1, 2, 0, 1)), w, b),
        image,
        weights(2, 4, 2, 4),
    )
    yield case(
        "conv_transpose2d",
        "conv_transpose2d(x, 3, 3)",
        F.conv_transpose2d,
        image,
        {"weight": draw(4, 3, 3, 3), "bias": draw(3)},
    )
    yield case(
        "conv_transpose2d, strides, padding and more behind",
        "conv_transpose2d(x, 2, [3, 2], stride = [3, 2], padding = [1, 0], "
        "output_padding = [2, 1])",
        lambda x, w, b: F.conv_transpose2d(
            x, w, b, stride=(3, 2), padding=(1, 0), output_padding=(2, 1)
        ),
        image,
        {"weight": draw(4, 2, 3, 2), "bias": draw(2)},
    )
    yield case(
        "conv_transpose2d, groups, tanh, without bias",
        "conv_transpose2d(x, 6, 2, groups = 2, activation = tanh, bias = false)",
        lambda x, w: torch.tanh(F.conv_transpose2d(x, w, groups=2)),
        image,
        {"weight": draw(4, 3, 2, 2)},
    )
    yield case(
        "conv_transpose1d",
        "conv_transpose1d(x, 4, 4, stride = 2, padding = 1)",
        lambda x, w, b: F.conv_transpose1d(x, w, b, stride=2, padding=1),
        line,
        {"weight": draw(3, 4, 4), "bias": draw(4)},
    )
    yield case(
        "conv1d",
        "conv1d(x, 4, 3, stride = 2, padding = 1)",
        lambda x, w, b: F.conv1d(x, w, b, stride=2, padding=1),
        line,
        weights(4, 3, 3),
    )


def pools():
    image = {"x": draw(2, 2, 5, 7)}
    line = {"x": draw(2, 3, 8)}
    yield case(
        "max_pool2d", "max_pool2d(x, 2)", lambda x: F.max_pool2d(x, 2), image
    )
    yield case(
        "max_pool2d, overlapping and padded",
        "max_pool2d(x, 3, stride = 2, padding = 1)",
        lambda x: F.max_pool2d(x, 3, 2, 1),
        image,
    )
    yield case(
        "max_pool2d, 1 by 3",
        "max_pool2d(x, [1, 3], stride = [2, 1])",
        lambda x: F.max_pool2d(x, (1, 3), (2, 1)),
        image,
    )
    yield case(
        "max_pool1d", "max_pool1d(x, 3)", lambda x: F.max_pool1d(x, 3), line
    )
    yield case(
        "avg_pool2d",
        "avg_pool2d(x, [2, 3])",
        lambda x: F.avg_pool2d(x, (2, 3)),
        image,
    )
    for count in (False, True):
        yield case(
            f"avg_pool2d, padded, count_padding = {count}",
            "avg_pool2d(x, 3, stride = 2, padding = 1, "
            f"count_padding = {str(count).lower()})",
            lambda x, c=count: F.avg_pool2d(x, 3, 2, 1, count_include_pad=c),
            image,
        )
    yield case(
        "avg_pool1d",
        "avg_pool1d(x, 3, stride = 2)",
        lambda x: F.avg_pool1d(x, 3, 2),
        line,
    )
    yield case("global_max_pool", "global_max_pool(x)", lambda x: x.amax((2, 3)), image)
    yield case("global_avg_pool", "global_avg_pool(x)", lambda x: x.mean((2, 3)), image)


if __name__ == "__main__":
    write_oracle("images.json", {"cases": [*convolutions(), *pools()]})
