#!/usr/bin/env python3
"""Writes test/Inputs/oracles/convolutions.json, all in f64.

`convolutions` has images x and filters w with the attributes of nn.conv2d,
their convolution y, a gradient dy, and the gradients dx and dw of sum(dy * y).
`max_pools` has images x, attributes, y, the index of the largest within its
image, dy and dx; `avg_pools` the same without the index. Tensors are flat,
with their shapes. Numbers are multiples of 1/8, so that all sums are exact.
See docs/Testing.md for how to run this.
"""

import torch
import torch.nn.functional as F
from oracle import write_oracle

torch.set_default_dtype(torch.float64)
torch.manual_seed(7)

# x, w, strides, padding (above, below, left, right), dilations, groups
CONVOLUTIONS = [
    ((2, 1, 5, 7), (3, 1, 3, 3), (1, 1), (0, 0, 0, 0), (1, 1), 1),
    ((3, 4, 9, 8), (5, 4, 3, 3), (1, 1), (1, 1, 1, 1), (1, 1), 1),
    ((2, 3, 11, 10), (7, 3, 5, 3), (2, 2), (2, 2, 1, 1), (1, 1), 1),
    ((1, 4, 12, 13), (6, 2, 3, 3), (1, 2), (2, 1, 0, 3), (2, 2), 2),
    ((2, 6, 6, 6), (6, 1, 3, 3), (1, 1), (1, 1, 1, 1), (1, 1), 6),
    ((3, 5, 4, 4), (9, 5, 1, 1), (1, 1), (0, 0, 0, 0), (1, 1), 1),
    ((2, 3, 7, 7), (4, 3, 1, 1), (2, 2), (1, 1, 1, 1), (1, 1), 1),
    ((2, 2, 1, 40), (3, 2, 1, 4), (1, 3), (0, 0, 3, 0), (1, 2), 1),
    ((1, 2, 9, 9), (2, 2, 7, 7), (2, 2), (3, 3, 3, 3), (1, 1), 1),
    ((2, 1, 6, 5), (1, 1, 2, 2), (3, 3), (0, 0, 0, 0), (1, 1), 1),
    ((1, 5, 13, 13), (11, 5, 3, 3), (1, 1), (0, 0, 0, 0), (1, 1), 1),
]

# x, kernel, strides, padding (rows, columns), count_padding
POOLS = [
    ((2, 3, 6, 8), (2, 2), (2, 2), (0, 0), False),
    ((1, 2, 7, 9), (3, 3), (2, 2), (1, 1), False),
    ((2, 1, 5, 5), (3, 2), (1, 1), (1, 0), True),
    ((1, 1, 7, 7), (2, 2), (3, 3), (0, 0), False),
    ((1, 2, 1, 33), (1, 4), (1, 2), (0, 1), True),
    ((1, 1, 8, 40), (2, 2), (2, 2), (0, 0), False),
]


def numbers(shape):
    return torch.randint(-8, 9, shape).double() / 8


def described(**tensors):
    result = {}
    for name, tensor in tensors.items():
        result[name] = tensor.detach().flatten().tolist()
        result[name + "_shape"] = list(tensor.shape)
    return result


def convolution(x_shape, w_shape, strides, padding, dilations, groups):
    x = numbers(x_shape).requires_grad_()
    w = numbers(w_shape).requires_grad_()
    above, below, left, right = padding
    y = F.conv2d(
        F.pad(x, (left, right, above, below)),
        w,
        stride=strides,
        dilation=dilations,
        groups=groups,
    )
    dy = numbers(y.shape)
    dx, dw = torch.autograd.grad(y, (x, w), dy)
    return {
        "strides": list(strides),
        "padding": list(padding),
        "dilations": list(dilations),
        "groups": groups,
        **described(x=x, w=w, y=y, dy=dy, dx=dx, dw=dw),
    }


def pool(x_shape, kernel, strides, padding, count_padding, largest):
    # Distinct numbers: the winner is then one.
    count = torch.Size(x_shape).numel()
    x = (torch.randperm(count).double() / 8).reshape(x_shape).requires_grad_()
    attributes = {
        "kernel": list(kernel),
        "strides": list(strides),
        "padding": [padding[0], padding[0], padding[1], padding[1]],
        "count_padding": count_padding,
    }
    if largest:
        y, index = F.max_pool2d(x, kernel, strides, padding, return_indices=True)
        extra = {"index": index.flatten().tolist()}
    else:
        y = F.avg_pool2d(x, kernel, strides, padding, count_include_pad=count_padding)
        extra = {}
    dy = numbers(y.shape)
    (dx,) = torch.autograd.grad(y, x, dy)
    return {**attributes, **described(x=x, y=y, dy=dy, dx=dx), **extra}


write_oracle(
    "convolutions.json",
    {
        "convolutions": [convolution(*case) for case in CONVOLUTIONS],
        "max_pools": [pool(*case, largest=True) for case in POOLS],
        "avg_pools": [pool(*case, largest=False) for case in POOLS],
    },
)
