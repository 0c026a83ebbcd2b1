#!/usr/bin/env python3
"""Writes test/Inputs/oracles/layers.json, in f64.

`cases`: a model file's text, the values of its parameters and inputs, the loss
and its gradient by every parameter. In all of them the loss is
sum(cotangent * layer(x)) with parameters x and cotangent, so that the gradient
by the cotangent is the layer's result. `running`: a batch normalisation over
several batches: the running statistics after each, and what the layer then
gives in evaluation. See docs/Testing.md for how to run this.
"""

import torch
import torch.nn.functional as F
from oracle import write_oracle

torch.set_default_dtype(torch.float64)
RANDOM = torch.Generator().manual_seed(20240607)


def draw(*shape):
    """Numbers of three decimals, which read well and avoid kinks at 0."""
    values = torch.randn(shape, generator=RANDOM)
    rounded = torch.round(values * 1000) / 1000
    return torch.where(rounded == 0, torch.full_like(rounded, 0.001), rounded)


def type_of(value):
    names = {torch.float64: "f64", torch.int32: "i32", torch.bool: "bool"}
    return f"{names[value.dtype]}[{', '.join(map(str, value.shape))}]"


def as_json(value):
    numbers = value.int() if value.dtype == torch.bool else value
    return {"shape": list(value.shape), "values": numbers.flatten().tolist()}


def case(name, call, function, tensors, weights=None, inputs=None):
    """`call` in the language is `function` of the tensors, which the file
    declares as parameters, then of the layer's own `weights`, whose names stand
    under "y.", then of the inputs."""
    weights = weights or {}
    inputs = inputs or {}
    given = {**tensors, **{"y." + k: v for k, v in weights.items()}}
    leaves = {k: v.clone().requires_grad_() for k, v in given.items()}
    y = function(*leaves.values(), *inputs.values())
    cotangent = draw(*y.shape).requires_grad_()
    loss = (y * cotangent).sum()
    loss.backward()
    declared = {**tensors, "cotangent": cotangent}
    params = "".join(
        f"  param {k}: {type_of(v)} = zeros\n" for k, v in declared.items()
    )
    formals = ", ".join(f"{k}: {type_of(v)}" for k, v in inputs.items())
    model = (
        f"model m {{\n{params}"
        f"  fn f({formals}) -> f64[] {{\n    y = {call}\n"
        "    return sum(y * cotangent)\n  }\n}\n"
    )
    leaves["cotangent"] = cotangent
    return {
        "name": name,
        "model": model,
        "parameters": {k: as_json(v.detach()) for k, v in leaves.items()},
        "inputs": {k: as_json(v) for k, v in inputs.items()},
        "loss": loss.item(),
        "gradients": {
            k: (torch.zeros_like(v) if v.grad is None else v.grad).flatten().tolist()
            for k, v in leaves.items()
        },
    }


def affine(*shape):
    return {"scale": draw(*shape), "shift": draw(*shape)}


def normalisations():
    x = {"x": draw(4, 3)}
    images = {"x": draw(2, 4, 2, 3)}
    yield case(
        "layer_norm",
        "layer_norm(x)",
        lambda x, s, b: F.layer_norm(x, (3,), s, b),
        x,
        affine(3),
    )
    yield case(
        "layer_norm of two axes",
        "layer_norm(x, axes = [-2, -1], epsilon = 0.01)",
        lambda x, s, b: F.layer_norm(x, (2, 3), s, b, eps=0.01),
        images,
        affine(2, 3),
    )
    yield case(
        "layer_norm without scale and shift",
        "layer_norm(x, affine = false)",
        lambda x: F.layer_norm(x, (3,)),
        images,
    )
    yield case(
        "batch_norm of rows",
        "batch_norm(x)",
        lambda x, s, b: F.batch_norm(x, None, None, s, b, training=True),
        x,
        affine(3),
    )
    yield case(
        "batch_norm of images",
        "batch_norm(x, epsilon = 0.001)",
        lambda x, s, b: F.batch_norm(x, None, None, s, b, training=True, eps=0.001),
        images,
        affine(4),
    )
    yield case(
        "batch_norm of the last axis",
        "batch_norm(x, axis = -1, affine = false)",
        lambda x: F.batch_norm(
            x.movedim(-1, 1), None, None, training=True
        ).movedim(1, -1),
        images,
    )
    yield case(
        "group_norm",
        "group_norm(x, 2)",
        lambda x, s, b: F.group_norm(x, 2, s, b),
        images,
        affine(4),
    )
    yield case(
        "instance_norm",
        "instance_norm(x)",
        lambda x, s, b: F.instance_norm(x, weight=s, bias=b),
        images,
        affine(4),
    )


def heads_of(x, heads):
    b, t, d = x.shape
    return x.reshape(b, t, heads, d // heads).transpose(1, 2)


def attend(q, k, v, scale=None, causal=False, mask=None):
    scores = q @ k.transpose(-1, -2) * (scale or q.shape[-1] ** -0.5)
    visible = torch.ones(scores.shape[-2:], dtype=torch.bool)
    if causal:
        visible = visible.tril()
    if mask is not None:
        visible = visible & mask
    shares = torch.softmax(scores.masked_fill(~visible, -1e30), -1)
    # A row that sees nothing gives zeros.
    return torch.where(visible, shares, 0.0) @ v


def multi_head(q, k, v, out_weight, out_bias, heads, causal=False, mask=None):
    mixed = attend(
        heads_of(q, heads),
        heads_of(k, heads),
        heads_of(v, heads),
        causal=causal,
        mask=mask,
    )
    b, h, t, d = mixed.shape
    mixed = mixed.transpose(1, 2).reshape(b, t, h * d)
    return mixed @ out_weight + out_bias


def attentions():
    qkv = {"q": draw(2, 3, 4), "k": draw(2, 5, 4), "v": draw(2, 5, 2)}
    mask = torch.tensor(
        [[1, 1, 0, 1, 0], [0, 1, 1, 1, 1], [1, 0, 0, 0, 1]], dtype=torch.bool
    )
    yield case(
        "attention", "attention(q, k, v)", F.scaled_dot_product_attention, qkv
    )
    yield case(
        "attention with a scale, causal",
        "attention(q, k, v, scale = 0.3, causal = true)",
        lambda q, k, v: attend(q, k, v, 0.3, True),
        qkv,
    )
    yield case(
        "attention with a mask",
        "attention(q, k, v, mask = visible)",
        lambda q, k, v, m: F.scaled_dot_product_attention(q, k, v, attn_mask=m),
        qkv,
        inputs={"visible": mask},
    )
    yield case(
        "attention with a row that sees nothing",
        "attention(q, k, v, mask = visible)",
        lambda q, k, v, m: attend(q, k, v, mask=m),
        qkv,
        inputs={"visible": mask & torch.tensor([[True], [True], [False]])},
    )
    x = {"x": draw(2, 3, 4)}
    projection = {
        "weight_qkv": draw(4, 12),
        "bias_qkv": draw(12),
        "weight_out": draw(4, 4),
        "bias_out": draw(4),
    }

    def self_attention(x, w, b, wo, bo, causal=False):
        return multi_head(*(x @ w + b).chunk(3, -1), wo, bo, 2, causal)

    yield case(
        "multi_head_attention",
        "multi_head_attention(x, x, x, heads = 2)",
        self_attention,
        x,
        projection,
    )
    yield case(
        "multi_head_attention, causal",
        "multi_head_attention(x, x, x, heads = 2, causal = true)",
        lambda *given: self_attention(*given, causal=True),
        x,
        projection,
    )
    yield case(
        "multi_head_attention of three tensors",
        "multi_head_attention(q, k, v, heads = 3, units = 6)",
        lambda q, k, v, wq, bq, wk, bk, wv, bv, wo, bo: multi_head(
            q @ wq + bq, k @ wk + bk, v @ wv + bv, wo, bo, 3
        ),
        qkv,
        {
            "weight_q": draw(4, 6),
            "bias_q": draw(6),
            "weight_k": draw(4, 6),
            "bias_k": draw(6),
            "weight_v": draw(2, 6),
            "bias_v": draw(6),
            "weight_out": draw(6, 6),
            "bias_out": draw(6),
        },
    )


def other_layers():
    ids = torch.tensor([[1, 4, 1], [0, 2, 4]], dtype=torch.int32)
    yield case(
        "embedding",
        "embedding(ids, 5, 2)",
        lambda w, ids: F.embedding(ids, w),
        {},
        {"weight": draw(5, 2)},
        {"ids": ids},
    )
    x = {"x": draw(3, 4)}
    yield case(
        "prelu a channel", "prelu(x)", lambda x, s: F.prelu(x, s), x, {"slope": draw(4)}
    )
    yield case(
        "prelu of all",
        'prelu(x, per = "all")',
        lambda x, s: F.prelu(x, s),
        x,
        {"slope": draw(1)},
    )
    yield case(
        "maxout",
        "maxout(x, 2, 3)",
        lambda x, w, b: (x @ w + b).reshape(3, 2, 3).amax(-1),
        x,
        {"weight": draw(4, 6), "bias": draw(6)},
    )


def functions():
    x = {"x": draw(3, 4)}
    images = {"x": draw(2, 3, 4, 2)}
    yield case("tile", "tile(x, [2, 3])", lambda x: x.repeat(2, 3), x)
    yield case(
        "pad",
        "pad(x, [[0, 1], [2, 0]], value = 1.5)",
        lambda x: F.pad(x, (2, 0, 0, 1), value=1.5),
        x,
    )
    yield case("flip", "flip(x, 1)", lambda x: x.flip(1), x)
    yield case("cumsum", "cumsum(x, 1)", lambda x: x.cumsum(1), x)
    yield case(
        "take_last",
        "take_last(x, lengths)",
        lambda x, n: x[torch.arange(2), n.long() - 1],
        images,
        inputs={"lengths": torch.tensor([3, 1], dtype=torch.int32)},
    )
    yield case(
        "gather",
        "gather(x, places, axis = 1)",
        lambda x, i: x[:, i],
        x,
        inputs={"places": torch.tensor([[3, 0], [3, 1]], dtype=torch.int32)},
    )
    yield case(
        "scatter_add",
        "scatter_add(x, places, u, axis = 1)",
        lambda x, u, i: x.index_add(1, i, u),
        {**x, "u": draw(3, 3)},
        inputs={"places": torch.tensor([3, 0, 3], dtype=torch.int32)},
    )
    for factors, python in ((2, 2), ([3, 1], (3, 1)), ([1, 4], (1, 4))):
        for mode, torch_mode in (("nearest", "nearest"), ("linear", "bilinear")):
            yield case(
                f"upsample, {mode}, {factors}",
                f'upsample(x, {factors}, mode = "{mode}")',
                lambda x, p=python, m=torch_mode: F.interpolate(
                    x, scale_factor=p, mode=m
                ),
                images,
            )
    yield case(
        "upsample of sequences",
        'upsample(x, 3, mode = "linear")',
        lambda x: F.interpolate(x, scale_factor=3, mode="linear"),
        {"x": draw(2, 3, 4)},
    )
    pairs = [
        ("ij,jk->ik", (3, 4), (4, 2)),
        ("ij,kj->ki", (3, 4), (2, 4)),
        ("bij,bjk->bik", (2, 3, 4), (2, 4, 2)),
        ("bhqd,bhkd->bhqk", (2, 3, 2, 4), (2, 3, 5, 4)),
        ("bqhd,bkhd->bhqk", (2, 2, 3, 4), (2, 5, 3, 4)),
        ("ij,ij->ij", (3, 4), (3, 4)),
        ("ij,ij->", (3, 4), (3, 4)),
        ("i,j->ji", (3,), (4,)),
        ("ij,k->j", (3, 4), (2,)),
        ("bii,bi->b", (2, 3, 3), (2, 3)),
        ("...i,ij->...j", (2, 3, 4), (4, 5)),
        ("...ij,...jk->...ik", (3, 4), (2, 4, 2)),
        ("ij,jk", (3, 4), (4, 2)),
        ("ba,ca", (3, 4), (2, 4)),
    ]
    for equation, a, b in pairs:
        yield case(
            f"einsum {equation}",
            f'einsum("{equation}", a, b)',
            lambda a, b, e=equation: torch.einsum(e, a, b),
            {"a": draw(*a), "b": draw(*b)},
        )
    two = {"a": draw(3, 4), "b": draw(3, 4)}
    yield case(
        "l2_distance",
        "l2_distance(a, b)",
        lambda a, b: torch.linalg.vector_norm(a - b, dim=-1),
        two,
    )
    yield case(
        "cosine_similarity",
        "cosine_similarity(a, b)",
        lambda a, b: F.cosine_similarity(a, b, -1),
        two,
    )
    yield case("outer", "outer(a, b)", lambda a, b: a[..., None] * b[..., None, :], two)
    yield case("prod", "prod(x, axis = 1)", lambda x: x.prod(1), x)
    yield case(
        "variance",
        "variance(x, axis = 0, unbiased = true)",
        lambda x: x.var(0, unbiased=True),
        x,
    )


def running():
    """Three batches through a batch normalisation of images, momentum 0.8."""
    norm = torch.nn.BatchNorm2d(2, eps=0.01, momentum=0.2)
    scale, shift = draw(2), draw(2)
    norm.weight.data, norm.bias.data = scale.clone(), shift.clone()
    steps = []
    for _ in range(3):
        x = 2 * draw(3, 2, 2, 2) + 0.5
        y = norm(x)
        steps.append(
            {
                "x": as_json(x),
                "y": as_json(y.detach()),
                "mean": as_json(norm.running_mean),
                "variance": as_json(norm.running_var),
            }
        )
    norm.eval()
    x = draw(3, 2, 2, 2)
    return {
        "scale": as_json(scale),
        "shift": as_json(shift),
        "steps": steps,
        "evaluation": {"x": as_json(x), "y": as_json(norm(x).detach())},
    }


if __name__ == "__main__":
    write_oracle(
        "layers.json",
        {
            "cases": [
                *normalisations(),
                *attentions(),
                *other_layers(),
                *functions(),
            ],
            "running": running(),
        },
    )
