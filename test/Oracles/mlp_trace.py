#!/usr/bin/env python3
"""PyTorch's losses in the first steps of a multi-layer perceptron's training.

    mlp_trace.py --weights W.npz --batches B.npz [--activation relu] [--loss
                 softmax_cross_entropy] [--optimizer adam] [--learning-rate X]
                 [--precision f32] [--steps N]
    mlp_trace.py --regenerate MNIST

The first form prints one loss a line, each before the update of its step. The
weights are an .npz or .safetensors with a matrix [n, units] and a vector [units]
a layer, in the order of the layers; the batches are x [steps, batch, n] and
y [steps, batch] (classes), taken in order. The second form writes
test/Inputs/oracles/mlp_trace.json, from the inputs that mlp_inputs.py makes.
"""

import argparse
import os
import tempfile

import mlp_inputs
import numpy as np
import torch
from oracle import write_oracle

OPTIMIZERS = {
    "sgd": (torch.optim.SGD, 0.01),
    "adam": (torch.optim.Adam, 1e-3),
    "adamw": (torch.optim.AdamW, 1e-3),
    "rmsprop": (lambda p, lr: torch.optim.RMSprop(p, lr, alpha=0.9), 0.01),
}
ACTIVATIONS = {"relu": torch.relu, "sigmoid": torch.sigmoid, "tanh": torch.tanh}
LOSSES = {
    "softmax_cross_entropy": torch.nn.functional.cross_entropy,
    # Of the softmax of the outputs, as the experiments of the lectures do.
    "mse": lambda z, t: torch.nn.functional.mse_loss(
        torch.softmax(z, 1),
        torch.nn.functional.one_hot(t, z.shape[1]).to(z.dtype),
    ),
}


def load_weights(path):
    """[(matrix, vector)] in the order of the layers."""
    if path.endswith(".safetensors"):
        from safetensors.numpy import load_file

        arrays = list(load_file(path).values())
    else:
        with np.load(path) as file:
            arrays = [file[name] for name in file.files]
    matrices = [a for a in arrays if a.ndim == 2]
    vectors = [a for a in arrays if a.ndim == 1]
    layers = list(zip(matrices, vectors))
    if len(matrices) != len(vectors) or any(w.shape[1:] != b.shape for w, b in layers):
        raise SystemExit(f"{path}: not one matrix and one vector a layer")
    return layers


def losses(arguments):
    dtype = torch.float64 if arguments.precision == "f64" else torch.float32
    layers = [
        tuple(torch.tensor(a, dtype=dtype, requires_grad=True) for a in layer)
        for layer in load_weights(arguments.weights)
    ]
    with np.load(arguments.batches) as file:
        x, y = file["x"], file["y"]
    make, rate = OPTIMIZERS[arguments.optimizer]
    parameters = [a for layer in layers for a in layer]
    optimizer = make(parameters, lr=arguments.learning_rate or rate)
    found = []
    for images, classes in list(zip(x, y))[: arguments.steps]:
        values = torch.tensor(images.reshape(len(images), -1), dtype=dtype)
        for weight, bias in layers[:-1]:
            values = ACTIVATIONS[arguments.activation](values @ weight + bias)
        logits = values @ layers[-1][0] + layers[-1][1]
        loss = LOSSES[arguments.loss](logits, torch.tensor(classes, dtype=torch.int64))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        found.append(loss.item())
    return found


# The committed traces: (name, settings of mlp_inputs.py, of this script)
CASES = [
    ("random", "--widths 64,128,10 --batch-size 32", ""),
    ("random-sgd", "--widths 64,128,10 --batch-size 32", "--optimizer sgd"),
    ("mnist", "--widths 784,500,500,10 --batch-size 128 --mnist MNIST", ""),
]


def regenerate(parser, mnist):
    cases = []
    for name, inputs, training in CASES:
        with tempfile.TemporaryDirectory() as folder:
            words = [w.replace("MNIST", mnist) for w in inputs.split()]
            mlp_inputs.write_inputs(mlp_inputs.parse([*words, "--out", folder]))
            case = {"name": name, "inputs": inputs, "training": training}
            for precision in ("f32", "f64"):
                words = ["--weights", os.path.join(folder, "weights.npz")]
                words += ["--batches", os.path.join(folder, "batches.npz")]
                words += ["--precision", precision, *training.split()]
                case[precision] = losses(parser.parse_args(words))
        cases.append(case)
    write_oracle("mlp_trace.json", {"cases": cases})


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--weights")
    parser.add_argument("--batches")
    parser.add_argument("--activation", default="relu", choices=ACTIVATIONS)
    parser.add_argument("--loss", default="softmax_cross_entropy", choices=LOSSES)
    parser.add_argument("--optimizer", default="adam", choices=OPTIMIZERS)
    parser.add_argument("--learning-rate", type=float)
    parser.add_argument("--precision", default="f32", choices=("f32", "f64"))
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--regenerate", metavar="MNIST")
    arguments = parser.parse_args()
    if arguments.regenerate:
        regenerate(parser, arguments.regenerate)
    elif arguments.weights and arguments.batches:
        print(*losses(arguments), sep="\n")
    else:
        parser.error("--weights and --batches are needed, or --regenerate")


if __name__ == "__main__":
    main()
