#!/usr/bin/env python3
"""Writes test/Inputs/oracles/schedules.json: the learning rate of each of the
first twelve epochs, by PyTorch's schedulers. See docs/Testing.md for how to run
this.
"""

import math

import torch
from oracle import write_oracle

LR = torch.optim.lr_scheduler
# (schedule in the nnc language, first rate, PyTorch's scheduler)
CASES = [
    ("constant(0.1)", 0.1, lambda o: LR.ConstantLR(o, factor=1.0)),
    (
        "inverse_sqrt(0.1)",
        0.1,
        lambda o: LR.LambdaLR(o, lambda t: 1 / math.sqrt(t + 1)),
    ),
    ("step_decay(0.1, 5, 0.5)", 0.1, lambda o: LR.StepLR(o, 5, 0.5)),
    ("step_decay(0.1, 1, 0.9)", 0.1, lambda o: LR.StepLR(o, 1, 0.9)),
    ("exponential(0.1, 0.8)", 0.1, lambda o: LR.ExponentialLR(o, 0.8)),
    ("cosine(0.1, 12)", 0.1, lambda o: LR.CosineAnnealingLR(o, 12)),
    (
        "cosine(0.1, 12, final = 0.01)",
        0.1,
        lambda o: LR.CosineAnnealingLR(o, 12, eta_min=0.01),
    ),
    # Reaches the final rate after 8 epochs and keeps it.
    ("linear(0.1, 0.02, 8)", 0.1, lambda o: LR.LinearLR(o, 1.0, 0.2, 8)),
]


def rates(first, make):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=first)
    scheduler = make(optimizer)
    found = []
    for _ in range(12):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return found


def main():
    write_oracle(
        "schedules.json",
        {
            "schedules": [
                {"schedule": text, "rates": rates(first, make)}
                for text, first, make in CASES
            ]
        },
    )


if __name__ == "__main__":
    main()
