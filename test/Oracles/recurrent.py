#!/usr/bin/env python3
"""Writes test/Inputs/oracles/recurrent.json, in f64.

`cases`, in the form of layers.py: rnn, lstm and gru against torch.nn, and what
PyTorch lacks (peepholes, masks, the reset gate before the product) against its
formulas written out. See docs/Testing.md for how to run this.
"""

import torch
from layers import case, draw
from oracle import write_oracle

torch.set_default_dtype(torch.float64)
BATCH, TIME, INPUTS, UNITS = 2, 4, 3, 2
GATES = {"rnn": 1, "lstm": 4, "gru": 3}


def weights_of(kind, bias_h=False, prefix=""):
    width = GATES[kind] * UNITS
    weights = {
        prefix + "weight_x": draw(INPUTS, width),
        prefix + "weight_h": draw(UNITS, width),
        prefix + "bias_x": draw(width),
    }
    if bias_h:
        weights[prefix + "bias_h"] = draw(width)
    return weights


def torch_layer(kind, x, forward, backward=None, initial=None, relu=False):
    """torch.nn's layer as a function of its weights, all of them leaves."""
    factory = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}
    settings = {"nonlinearity": "relu"} if relu else {}
    layer = factory[kind](
        INPUTS,
        UNITS,
        batch_first=True,
        bidirectional=backward is not None,
        **settings,
    )
    values = {}
    for weights, suffix in ((forward, ""), (backward, "_reverse")):
        if weights is None:
            continue
        w, u, b, *c = weights
        values["weight_ih_l0" + suffix] = w.T
        values["weight_hh_l0" + suffix] = u.T
        values["bias_ih_l0" + suffix] = b
        values["bias_hh_l0" + suffix] = c[0] if c else torch.zeros_like(b)
    arguments = (x,) if initial is None else (x, initial)
    return torch.func.functional_call(layer, values, arguments)


def against_torch():
    x = {"x": draw(BATCH, TIME, INPUTS)}
    for kind in GATES:
        default = ", recurrent_bias = false" if kind == "gru" else ""
        yield case(
            f"{kind}, sequence",
            f"{kind}(x, {UNITS}{default})",
            lambda x, *w, k=kind: torch_layer(k, x, w)[0],
            x,
            weights_of(kind),
        )
        yield case(
            f"{kind}, last, with recurrent_bias",
            f'{kind}(x, {UNITS}, output = "last", recurrent_bias = true)',
            lambda x, *w, k=kind: torch_layer(k, x, w)[0][:, -1],
            x,
            weights_of(kind, bias_h=True),
        )
        both = {
            **weights_of(kind, True, "forward."),
            **weights_of(kind, True, "backward."),
        }
        yield case(
            f"{kind}, both directions",
            f'{kind}(x, {UNITS}, direction = "both", recurrent_bias = true)',
            lambda x, *w, k=kind: torch_layer(k, x, w[:4], w[4:])[0],
            x,
            both,
        )
    yield case(
        "rnn with ReLU",
        f"rnn(x, {UNITS}, activation = relu)",
        lambda x, *w: torch_layer("rnn", x, w, relu=True)[0],
        x,
        weights_of("rnn"),
    )
    start = {**x, "h": draw(BATCH, UNITS), "c": draw(BATCH, UNITS)}
    yield case(
        "lstm with initial states",
        f"lstm(x, {UNITS}, initial = [h, c])",
        lambda x, h, c, *w: torch_layer("lstm", x, w, None, (h[None], c[None]))[0],
        start,
        weights_of("lstm"),
    )


def lstm_step(z, c, peephole=None, forget_bias=0.0):
    i, f, g, o = z.chunk(4, -1)
    if peephole is not None:
        pi, pf, po = peephole.chunk(3)
        i, f = i + pi * c, f + pf * c
    c = torch.sigmoid(f + forget_bias) * c + torch.sigmoid(i) * torch.tanh(g)
    if peephole is not None:
        o = o + po * c
    return torch.sigmoid(o) * torch.tanh(c), c


def run_lstm(x, w, u, b, peephole=None, forget_bias=0.0, mask=None, steps=None):
    h = c = x.new_zeros(x.shape[0], UNITS)
    outputs = [None] * x.shape[1]
    for t in steps or range(x.shape[1]):
        new_h, new_c = lstm_step(x[:, t] @ w + h @ u + b, c, peephole, forget_bias)
        if mask is None:
            h, c = new_h, new_c
        else:
            m = mask[:, t, None]
            h, c = torch.where(m, new_h, h), torch.where(m, new_c, c)
        outputs[t] = h
    return torch.stack(outputs, 1)


def run_gru_before(x, w, u, b):
    h = x.new_zeros(x.shape[0], UNITS)
    for t in range(x.shape[1]):
        xr, xz, xn = (x[:, t] @ w + b).chunk(3, -1)
        ur, uz, un = u.chunk(3, -1)
        r, z = torch.sigmoid(xr + h @ ur), torch.sigmoid(xz + h @ uz)
        n = torch.tanh(xn + (r * h) @ un)
        h = (1 - z) * n + z * h
    return h


def written_out():
    x = {"x": draw(BATCH, TIME, INPUTS)}
    yield case(
        "lstm with peepholes and forget_bias",
        f"lstm(x, {UNITS}, peepholes = true, forget_bias = 1.0)",
        lambda x, w, u, b, p: run_lstm(x, w, u, b, p, 1.0),
        x,
        {**weights_of("lstm"), "peephole": draw(3 * UNITS)},
    )
    yield case(
        "lstm, backward",
        f'lstm(x, {UNITS}, direction = "backward")',
        lambda x, w, u, b: run_lstm(x, w, u, b, steps=range(TIME - 1, -1, -1)),
        x,
        weights_of("lstm"),
    )
    mask = torch.tensor([[True, True, False, False], [True, True, True, False]])
    yield case(
        "lstm with a mask",
        f'lstm(x, {UNITS}, mask = mask, output = "last")',
        lambda x, w, u, b, m: run_lstm(x, w, u, b, mask=m)[:, -1],
        x,
        weights_of("lstm"),
        {"mask": mask},
    )
    yield case(
        "gru, reset before the product",
        f'gru(x, {UNITS}, output = "last", reset_after = false, recurrent_bias = false)',
        run_gru_before,
        x,
        weights_of("gru"),
    )


if __name__ == "__main__":
    write_oracle("recurrent.json", {"cases": [*against_torch(), *written_out()]})
