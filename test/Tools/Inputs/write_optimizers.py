"""Writes a model for each optimiser: write_optimizers.py FOLDER."""

import pathlib
import sys

OPTIMIZERS = [
    "sgd(learning_rate = 0.1)",
    "sgd(learning_rate = 0.1, momentum = 0.9)",
    "sgd(learning_rate = 0.1, momentum = 0.9, dampening = 0.5)",
    "sgd(learning_rate = 0.1, momentum = 0.9, nesterov = true)",
    "adam(learning_rate = 1e-3)",
    "adam(learning_rate = 1e-3, amsgrad = true)",
    "adamw(learning_rate = 1e-3, weight_decay = 0.1)",
    "nadam(learning_rate = 1e-3)",
    "adabound(learning_rate = 1e-3)",
    "adagrad(learning_rate = 1e-2)",
    "adadelta(learning_rate = 1.0)",
    "rmsprop(learning_rate = 1e-3)",
    "rmsprop(learning_rate = 1e-3, centered = true, momentum = 0.9)",
]
MODEL = """nnc 1
model m(x: f32[batch, 7]) -> f32[batch, 3] {{
  return dense(dense(x, 18, activation = tanh), 3)
}}

train m {{
  loss = mse
  optimizer = {}
  batch_size = 5
}}
"""

folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
for number, optimizer in enumerate(OPTIMIZERS):
    (folder / f"{number}.nn").write_text(MODEL.format(optimizer))
