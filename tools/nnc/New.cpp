//===- New.cpp - nnc new --------------------------------------------------===//

#include "Context.h"
#include "nnc/Formats/AtomicFile.h"

using namespace nnc;
using namespace nnc::tool;

namespace {
struct Starter {
  const char *name, *summary, *text;
};

constexpr Starter starters[] = {
    {"mlp", "a classifier with hidden layers", R"(nnc 1

# A perceptron that tells handwritten digits. Try it:
#   nnc train FILE.nn -o digits.nnm && nnc evaluate digits.nnm --data digits

model digits(image: f32[batch, 64]) -> (logits: f32[batch, 10]) {
  hidden = dense(image, 128, activation = relu)
  kept   = dropout(hidden, rate = 0.2)  # in training only
  return dense(kept, 10)  # scores; the loss takes the softmax
}

train digits {
  data       = "digits"  # or csv("d.csv"), idx("folder"), npz("d.npz")
  validation = 0.1  # the share held out to watch
  loss       = softmax_cross_entropy
  optimizer  = adam(learning_rate = 1e-3)
  metrics    = [accuracy]
  batch_size = 32
  epochs     = 20
}
)"},
    {"regression", "numbers from the columns of a table", R"(nnc 1

# Predicts a number from the other columns of a table:
#   nnc train FILE.nn --data d.csv

model table(features: f32[batch, 8]) -> (value: f32[batch, 1]) {
  first  = dense(features, 64, activation = relu)
  second = dense(first, 64, activation = relu)
  return dense(second, 1)
}

train table {
  # The target is the last column unless one is named; `scale` gives every
  # input column mean 0 and variance 1, and is kept for predicting.
  data       = csv("d.csv", scale = "standard")
  validation = 0.2
  loss       = mse
  optimizer  = adam(learning_rate = 1e-3)
  metrics    = [mae]
  batch_size = 32
  epochs     = 200
  early_stopping = patience(20)
}
)"},
    {"binary", "yes or no", R"(nnc 1

# Tells whether a sample belongs to a class, on the four rows of exclusive or.

model gate(features: f32[batch, 2]) -> (logit: f32[batch, 1]) {
  hidden = dense(features, 8, activation = tanh)
  return dense(hidden, 1)
}

train gate {
  data       = "xor"
  loss       = sigmoid_cross_entropy  # the target is 0 or 1
  optimizer  = adam(learning_rate = 0.05)
  metrics    = [accuracy]
  batch_size = 0  # all samples at once
  epochs     = 200
}
)"},
    {"autoencoder", "the input through a narrow layer", R"(nnc 1

# Learns to give its input back through 16 numbers a sample.

model autoencoder(image: f32[batch, 64]) -> (again: f32[batch, 64]) {
  narrow = dense(dense(image, 32, activation = relu), 16, activation = relu)
  return dense(dense(narrow, 32, activation = relu), 64, activation = sigmoid)
}

train autoencoder {
  data       = "digits"
  target     = "image"  # the target is the input itself
  loss       = mse
  optimizer  = adam(learning_rate = 1e-3)
  batch_size = 32
  epochs     = 30
}
)"},
    {"cnn", "a classifier of images by convolutions", R"(nnc 1

# Two blocks of convolution and pooling, then two dense layers, for images of
# 28 x 28 with one channel.

layer block(
  x: f32[batch, c, h, w],
  filters: int
) -> f32[batch, filters, (h - 2) // 2, (w - 2) // 2] {
  return max_pool2d(conv2d(x, filters, kernel = 3, activation = relu), 2)
}

model images(image: f32[batch, 1, 28, 28]) -> (logits: f32[batch, 10]) {
  first  = block(image, 25)
  second = block(first, 50)
  hidden = dense(flatten(second), 100, activation = relu)
  return dense(hidden, 10)
}

train images {
  data       = idx("mnist")  # a folder with the four IDX files
  validation = 0.1
  loss       = softmax_cross_entropy
  metrics    = [accuracy]
  batch_size = 128
  epochs     = 5
  early_stopping = patience(3)
}
)"},
    {"layer", "a layer of your own, repeated", R"(nnc 1

# A layer is a function of tensors and settings; each use has parameters of its
# own. This one passes a share of its input through (a highway).

layer highway(x: f32[..., n], gate_bias: float = -1.0) -> f32[..., n] {
  gate = dense(x, n, activation = sigmoid, bias_initializer = constant(gate_bias))
  path = dense(x, n, activation = relu)
  return gate * path + (1 - gate) * x
}

model deep(image: f32[batch, 64]) -> (logits: f32[batch, 10]) {
  first = dense(image, 32)
  # Unrolled when compiled: body.0.h.gate.weight, body.1.h.gate.weight, ...
  body = repeat (h = first; i in range(10)) { next h = highway(h) }
  return dense(body, 10)
}

train deep {
  data       = "digits"
  validation = 0.1
  loss       = softmax_cross_entropy
  metrics    = [accuracy]
}
)"},
    {"expression", "an expression to minimise, without data", R"(nnc 1

# Finds the least value of a function of two parameters.

model valley {
  param x: f64[] = constant(-1.0)
  param y: f64[] = constant(1.0)
  fn height() -> f64[] { return (1 - x) ** 2 + 10 * (y - x ** 2) ** 2 }
}

train valley {
  loss      = height
  optimizer = adam(learning_rate = 0.05)
  steps     = 500
}
)"},
};
} // namespace

int nnc::tool::run_new(Context &context) {
  std::string list;
  std::vector<std::string> names;
  for (const Starter &starter : starters) {
    list += fmt::format("  {:<12} {}\n", starter.name, starter.summary);
    names.emplace_back(starter.name);
  }
  if (context.args.operands.empty()) {
    context.print("kinds:\n" + list);
    return 0;
  }
  const std::string &kind = context.args.operands[0];
  for (const Starter &starter : starters) {
    if (kind != starter.name)
      continue;
    std::optional<std::string> output = context.args.value("out");
    if (!output || *output == "-") {
      context.print(std::string(starter.text));
      return 0;
    }
    Expected<void> written = writeFile(*output, starter.text);
    return written ? 0 : context.fail(written.error());
  }
  return context.fail(
      makeError(ErrorCode::unknownKind, kind, suggestion(kind, names)));
}
