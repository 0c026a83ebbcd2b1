#!/usr/bin/env python3
"""Writes test/Inputs/oracles/{activations,losses}.json, all in f64.

activations.json: `elementwise` has functions of one number, with value, first
and second derivative at each of `points` (which avoid kinks); `rowwise` has
functions of a row of a matrix, with value and the gradient of
sum(cotangent * f(x)).

losses.json: a case has a loss as an expression of the nnc language, its
arguments by index in `arrays` (prediction, target), its value for each
reduction over the batch, and the gradient of the mean by the prediction.
See docs/Testing.md for how to run this.
"""

import math

import torch
import torch.nn.functional as F
from oracle import write_oracle

torch.set_default_dtype(torch.float64)

POINTS = [-30.0, -5.5, -2.25, -1.5, -0.7, -0.125, -1e-3, 1e-3, 0.1, 0.6, 1.25, 2.5]
POINTS += [4.75, 8.0, 30.0]
POSITIVE = [1e-6, 1e-3, 0.125, 0.6, 1.25, 2.5, 4.75, 30.0, 1e4]

# (name in the nnc language, function, points)
ELEMENTWISE = [
    ("identity", lambda x: 1 * x, POINTS),
    ("sigmoid", torch.sigmoid, POINTS),
    ("tanh", torch.tanh, POINTS),
    ("relu", F.relu, POINTS),
    ("leaky_relu", lambda x: F.leaky_relu(x, 0.01), POINTS),
    ("leaky_relu(slope = 0.2)", lambda x: F.leaky_relu(x, 0.2), POINTS),
    ("elu", F.elu, POINTS),
    ("elu(alpha = 0.5)", lambda x: F.elu(x, 0.5), POINTS),
    ("selu", F.selu, POINTS),
    ("gelu", F.gelu, POINTS),
    ("gelu(approximate = true)", lambda x: F.gelu(x, approximate="tanh"), POINTS),
    ("silu", lambda x: x * torch.sigmoid(x), POINTS),
    # PyTorch's own softplus is linear above 20.
    ("softplus", lambda x: F.softplus(x, threshold=1e9), POINTS),
    ("softsign", F.softsign, POINTS),
    ("hard_sigmoid", lambda x: torch.clamp(x / 6 + 0.5, 0, 1), POINTS),
    (
        "mish",
        lambda x: x * torch.tanh(F.softplus(x, threshold=1e9)),
        POINTS,
    ),
    ("heaviside", lambda x: (x > 0).double() + 0 * x, POINTS),
    ("sign", lambda x: torch.sign(x) + 0 * x, POINTS),
    ("exp", torch.exp, POINTS),
    ("expm1", torch.expm1, POINTS),
    ("log", torch.log, POSITIVE),
    ("log1p", torch.log1p, POSITIVE),
    ("sqrt", torch.sqrt, POSITIVE),
    ("rsqrt", torch.rsqrt, POSITIVE),
    ("reciprocal", torch.reciprocal, POINTS),
    ("sin", torch.sin, POINTS),
    ("cos", torch.cos, POINTS),
    ("arctan", torch.arctan, POINTS),
    ("erf", torch.erf, POINTS),
    ("abs", torch.abs, POINTS),
    ("square", torch.square, POINTS),
]

ROWS = [
    [3.0, 1.0, -3.0, 0.25],
    [1000.0, 1001.0, 1002.0, -1000.0],
    [0.0, 0.0, 0.0, 0.0],
]
COTANGENT = [
    [0.5, -1.0, 2.0, 0.25],
    [1.0, 0.5, -0.75, 2.0],
    [1.0, -2.0, 0.5, 0.25],
]
ROWWISE = [
    ("softmax", lambda x: torch.softmax(x, -1)),
    ("log_softmax", lambda x: torch.log_softmax(x, -1)),
    ("logsumexp", lambda x: torch.logsumexp(x, -1, keepdim=True)),
]


def elementwise_case(name, function, points):
    x = torch.tensor(points, requires_grad=True)
    y = function(x)
    (first,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    second = torch.zeros_like(x)
    if first.requires_grad:
        (found,) = torch.autograd.grad(first.sum(), x, allow_unused=True)
        second = second if found is None else second + found
    return {
        "function": name,
        "points": points,
        "values": y.tolist(),
        "first": first.tolist(),
        "second": second.tolist(),
    }


def rowwise_case(name, function):
    x = torch.tensor(ROWS, requires_grad=True)
    y = function(x)
    cotangent = torch.tensor(COTANGENT)[:, : y.shape[1]]
    (y * cotangent).sum().backward()
    return {"function": name, "values": y.tolist(), "gradient": x.grad.tolist()}


ARRAYS = {
    "logits": [
        [3.0, 1.0, -3.0],
        [-0.5, 0.25, 0.125],
        [1000.0, 0.0, -1000.0],
        [0.0, 0.0, 0.0],
    ],
    "classes": [0, 2, 0, 1],
    "one_hot": [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]],
    "shares": [[0.7, 0.2, 0.1], [0.0, 0.5, 0.5], [1.0, 0.0, 0.0], [0.25, 0.5, 0.25]],
    # A zero stands only where one_hot and shares are zero too.
    "probabilities": [
        [0.9, 0.08, 0.02],
        [0.1, 0.3, 0.6],
        [1.0, 0.0, 0.0],
        [0.2, 0.5, 0.3],
    ],
    "numbers": [
        [1.0, 2.0, 3.0],
        [-0.5, 0.25, 4.0],
        [0.0, -1.5, 2.0],
        [1.5, 1.0, -0.25],
    ],
    "targets": [
        [2.0, 2.0, 1.0],
        [-0.25, 0.75, 1.5],
        [1.0, -1.0, 2.5],
        [1.0, 3.0, -2.0],
    ],
    "bits": [[1.0, 0.0, 1.0], [0.0, 0.0, 1.0], [1.0, 1.0, 0.0], [0.0, 1.0, 0.0]],
    "signs": [
        [-1.0, -1.0, 1.0],
        [-1.0, -1.0, 1.0],
        [1.0, 1.0, -1.0],
        [-1.0, -1.0, 1.0],
    ],
    "moderate": [
        [2.0, -1.0, 0.5],
        [-100.0, 0.25, 100.0],
        [0.1, -3.0, 1.5],
        [0.0, 5.0, -5.0],
    ],
    "other_probabilities": [
        [0.5, 0.25, 0.25],
        [0.1, 0.8, 0.1],
        [0.3, 0.3, 0.4],
        [0.2, 0.5, 0.3],
    ],
    "open_probabilities": [
        [0.9, 0.08, 0.52],
        [0.1, 0.3, 0.6],
        [0.99, 0.01, 0.5],
        [0.2, 0.5, 0.3],
    ],
}


def per_output(loss):
    """Averages what a loss gives each output, to one number a sample."""
    return lambda y, t: loss(y, t).mean(-1)


def per_sample(loss):
    """Sums what a loss gives each output, to one number a sample."""
    return lambda y, t: loss(y, t).sum(-1)


def x_log_y(t, y):
    """t log y, where a term with t = 0 is 0 and has no gradient."""
    return torch.where(t == 0, 0.0, t * torch.log(torch.where(t == 0, 1.0, y)))


def smoothed(logits, t):
    return F.cross_entropy(logits, t, reduction="none", label_smoothing=0.1)


def focal(logits, t):
    log_p = torch.log_softmax(logits, -1).gather(1, t[:, None])[:, 0]
    return -((1 - log_p.exp()) ** 2) * log_p


def bce(y, t):
    return -(t * torch.log(y) + (1 - t) * torch.log1p(-y))


def sigmoid_bce(y, t):
    return F.binary_cross_entropy_with_logits(y, t, reduction="none")


# (loss in the nnc language, one number a sample, prediction, target)
LOSSES = [
    (
        "softmax_cross_entropy",
        lambda z, t: F.cross_entropy(z, t, reduction="none"),
        "logits",
        "classes",
    ),
    (
        "softmax_cross_entropy",
        lambda z, t: F.cross_entropy(z, t, reduction="none"),
        "logits",
        "one_hot",
    ),
    (
        "softmax_cross_entropy",
        lambda z, t: F.cross_entropy(z, t, reduction="none"),
        "logits",
        "shares",
    ),
    ("softmax_cross_entropy(label_smoothing = 0.1)", smoothed, "moderate", "classes"),
    (
        "categorical_cross_entropy",
        lambda y, t: -x_log_y(t, y).sum(-1),
        "probabilities",
        "one_hot",
    ),
    (
        "categorical_cross_entropy",
        lambda y, t: -x_log_y(t, y).sum(-1),
        "open_probabilities",
        "shares",
    ),
    ("sigmoid_cross_entropy", per_output(sigmoid_bce), "moderate", "bits"),
    ("binary_cross_entropy", per_output(bce), "open_probabilities", "bits"),
    ("mse", per_output(lambda y, t: (y - t) ** 2), "numbers", "targets"),
    ("squared_error", per_sample(lambda y, t: (y - t) ** 2), "numbers", "targets"),
    (
        "half_squared_error",
        per_sample(lambda y, t: (y - t) ** 2 / 2),
        "numbers",
        "targets",
    ),
    ("mae", per_output(lambda y, t: (y - t).abs()), "numbers", "targets"),
    ("absolute_error", per_sample(lambda y, t: (y - t).abs()), "numbers", "targets"),
    (
        "huber",
        lambda y, t: F.huber_loss(y, t, reduction="none").mean(-1),
        "numbers",
        "targets",
    ),
    (
        "huber(delta = 0.6)",
        lambda y, t: F.huber_loss(y, t, reduction="none", delta=0.6).mean(-1),
        "numbers",
        "targets",
    ),
    (
        "hinge",
        lambda y, t: torch.clamp(1 - y * t, min=0).mean(-1),
        "numbers",
        "signs",
    ),
    (
        "kl_divergence",
        lambda p, q: (p * (torch.log(p) - torch.log(q))).sum(-1),
        "open_probabilities",
        "other_probabilities",
    ),
    (
        "cosine_loss",
        lambda y, t: 1 - F.cosine_similarity(y, t, -1),
        "numbers",
        "targets",
    ),
    (
        "nll",
        lambda y, t: F.nll_loss(y, t, reduction="none"),
        "numbers",
        "classes",
    ),
    ("focal", focal, "moderate", "classes"),
]


def loss_case(name, loss, prediction, target):
    y = torch.tensor(ARRAYS[prediction], requires_grad=True)
    values = loss(y, torch.tensor(ARRAYS[target]))
    values.mean().backward()
    assert all(math.isfinite(v) for v in y.grad.flatten().tolist()), name
    return {
        "loss": name,
        "prediction": prediction,
        "target": target,
        "none": values.tolist(),
        "sum": values.sum().item(),
        "mean": values.mean().item(),
        "gradient": y.grad.tolist(),
    }


def main():
    write_oracle(
        "activations.json",
        {
            "elementwise": [elementwise_case(*case) for case in ELEMENTWISE],
            "rows": ROWS,
            "cotangent": COTANGENT,
            "rowwise": [rowwise_case(*case) for case in ROWWISE],
        },
    )
    write_oracle(
        "losses.json",
        {"arrays": ARRAYS, "cases": [loss_case(*case) for case in LOSSES]},
    )


if __name__ == "__main__":
    main()
