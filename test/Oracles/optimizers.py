#!/usr/bin/env python3
"""Writes test/Inputs/oracles/optimizers.json: ten steps of every optimiser.

A vector of five f64 elements starts at `initial` and takes the ten gradients
of `gradients`, whatever its value is. A trace has the optimiser as an
expression of the nnc language, and the vector after each step. PyTorch's
optimisers make the traces; AdaBound, which PyTorch lacks, is written out here.
See docs/Testing.md for how to run this.
"""

import math

import numpy as np
import torch
from oracle import write_oracle

# PyTorch keeps NAdam's product of momenta in the default type.
torch.set_default_dtype(torch.float64)

INITIAL = [1.0, -0.5, 0.25, 2.0, -1.5]
# Signs change, one element's gradient is often 0, the sizes span 1e-4 to 1e2,
# and the first gradients are the largest (which AMSGrad must remember).
GRADIENTS = [
    [0.5, -1.25, 0.0, 100.0, 1e-4],
    [1.0, 0.75, 0.0, -20.0, 2e-4],
    [0.01, -0.5, 0.3, 10.0, -1e-4],
    [0.01, 0.25, -0.3, 0.0, 3e-4],
    [-0.2, -0.125, 0.0, 5.0, 1e-4],
    [0.3, 0.5, 0.0, -1.0, 0.0],
    [-0.4, -1.0, 2.0, 0.5, -2e-4],
    [0.1, 0.125, 0.0, 0.25, 1e-4],
    [0.2, -0.25, -0.1, -0.125, 5e-4],
    [-0.05, 0.375, 0.2, 0.0625, -3e-4],
]


def torch_trace(make):
    """The vector after each step of the PyTorch optimiser make([parameter])."""
    parameter = torch.tensor(INITIAL, dtype=torch.float64, requires_grad=True)
    optimizer = make([parameter])
    trace = []
    for gradient in GRADIENTS:
        parameter.grad = torch.tensor(gradient, dtype=torch.float64)
        optimizer.step()
        trace.append(parameter.detach().tolist())
    return trace


def adabound_trace(
    learning_rate=1e-3,
    beta1=0.9,
    beta2=0.999,
    epsilon=1e-8,
    final_learning_rate=0.1,
    gamma=1e-3,
    weight_decay=0.0,
):
    """AdaBound of Luo, Xiong, Liu and Sun (2019), algorithm 2, with Adam's
    bias correction and epsilon and without the factor 1/sqrt(t) that only the
    convergence proof needs, so that the rate tends to final_learning_rate."""
    x = np.array(INITIAL)
    m = np.zeros_like(x)
    v = np.zeros_like(x)
    trace = []
    for t, gradient in enumerate(GRADIENTS, start=1):
        g = np.array(gradient) + weight_decay * x
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g * g
        step = learning_rate * math.sqrt(1 - beta2**t) / (1 - beta1**t)
        lower = final_learning_rate * (1 - 1 / (gamma * t + 1))
        upper = final_learning_rate * (1 + 1 / (gamma * t))
        x = x - np.clip(step / (np.sqrt(v) + epsilon), lower, upper) * m
        trace.append(x.tolist())
    return trace


SGD = torch.optim.SGD
ADAM = torch.optim.Adam
ADAMW = torch.optim.AdamW
NADAM = torch.optim.NAdam
ADAGRAD = torch.optim.Adagrad
ADADELTA = torch.optim.Adadelta
RMSPROP = torch.optim.RMSprop

# (the optimiser in the nnc language, PyTorch's class, its settings)
CASES = [
    ("sgd", SGD, dict(lr=0.01)),
    ("sgd(learning_rate = 0.1)", SGD, dict(lr=0.1)),
    (
        "sgd(learning_rate = 0.1, weight_decay = 0.01)",
        SGD,
        dict(lr=0.1, weight_decay=0.01),
    ),
    ("sgd(learning_rate = 0.1, maximize = true)", SGD, dict(lr=0.1, maximize=True)),
    ("sgd(learning_rate = 0.1, momentum = 0.9)", SGD, dict(lr=0.1, momentum=0.9)),
    (
        "sgd(learning_rate = 0.1, momentum = 0.9, dampening = 0.5)",
        SGD,
        dict(lr=0.1, momentum=0.9, dampening=0.5),
    ),
    (
        "sgd(learning_rate = 0.1, momentum = 0.9, nesterov = true)",
        SGD,
        dict(lr=0.1, momentum=0.9, nesterov=True),
    ),
    (
        "sgd(learning_rate = 0.1, momentum = 0.9, nesterov = true, weight_decay = 0.01)",
        SGD,
        dict(lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    ),
    ("adam", ADAM, dict(lr=1e-3)),
    (
        "adam(learning_rate = 0.1, beta1 = 0.8, beta2 = 0.9, epsilon = 1e-3)",
        ADAM,
        dict(lr=0.1, betas=(0.8, 0.9), eps=1e-3),
    ),
    (
        "adam(learning_rate = 0.1, weight_decay = 0.01)",
        ADAM,
        dict(lr=0.1, weight_decay=0.01),
    ),
    ("adam(learning_rate = 0.1, maximize = true)", ADAM, dict(lr=0.1, maximize=True)),
    (
        "adam(learning_rate = 0.1, amsgrad = true)",
        ADAM,
        dict(lr=0.1, amsgrad=True),
    ),
    (
        "adam(learning_rate = 0.1, beta2 = 0.5, amsgrad = true)",
        ADAM,
        dict(lr=0.1, betas=(0.9, 0.5), amsgrad=True),
    ),
    ("adamw", ADAMW, dict(lr=1e-3, weight_decay=0.01)),
    (
        "adamw(learning_rate = 0.1, weight_decay = 0.1)",
        ADAMW,
        dict(lr=0.1, weight_decay=0.1),
    ),
    ("nadam", NADAM, dict(lr=2e-3)),
    (
        "nadam(learning_rate = 0.1, weight_decay = 0.01)",
        NADAM,
        dict(lr=0.1, weight_decay=0.01),
    ),
    ("adagrad", ADAGRAD, dict(lr=0.01, eps=1e-10)),
    (
        "adagrad(learning_rate = 0.1, initial_accumulator = 0.5, weight_decay = 0.01)",
        ADAGRAD,
        dict(lr=0.1, initial_accumulator_value=0.5, eps=1e-10, weight_decay=0.01),
    ),
    ("adadelta", ADADELTA, dict(lr=1.0, rho=0.95, eps=1e-6)),
    (
        "adadelta(learning_rate = 0.5, rho = 0.9, epsilon = 1e-4, weight_decay = 0.01)",
        ADADELTA,
        dict(lr=0.5, rho=0.9, eps=1e-4, weight_decay=0.01),
    ),
    ("rmsprop", RMSPROP, dict(lr=0.01, alpha=0.9, eps=1e-8)),
    (
        "rmsprop(learning_rate = 0.1, alpha = 0.99, weight_decay = 0.01)",
        RMSPROP,
        dict(lr=0.1, alpha=0.99, eps=1e-8, weight_decay=0.01),
    ),
    (
        "rmsprop(learning_rate = 0.1, momentum = 0.9)",
        RMSPROP,
        dict(lr=0.1, alpha=0.9, eps=1e-8, momentum=0.9),
    ),
    (
        "rmsprop(learning_rate = 0.1, centered = true)",
        RMSPROP,
        dict(lr=0.1, alpha=0.9, eps=1e-8, centered=True),
    ),
    (
        "rmsprop(learning_rate = 0.1, momentum = 0.9, centered = true)",
        RMSPROP,
        dict(lr=0.1, alpha=0.9, eps=1e-8, momentum=0.9, centered=True),
    ),
]


def main():
    traces = [
        {
            "optimizer": text,
            "parameters": torch_trace(
                lambda p, make=make, settings=settings: make(p, **settings)
            ),
        }
        for text, make, settings in CASES
    ]
    for text, settings in [
        ("adabound", {}),
        (
            "adabound(learning_rate = 0.1, final_learning_rate = 0.01, gamma = 0.1)",
            dict(learning_rate=0.1, final_learning_rate=0.01, gamma=0.1),
        ),
        (
            "adabound(learning_rate = 0.1, weight_decay = 0.01)",
            dict(learning_rate=0.1, weight_decay=0.01),
        ),
    ]:
        traces.append({"optimizer": text, "parameters": adabound_trace(**settings)})
    write_oracle(
        "optimizers.json",
        {"initial": INITIAL, "gradients": GRADIENTS, "traces": traces},
    )


if __name__ == "__main__":
    main()
