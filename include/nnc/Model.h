//===- Model.h - Training and running models --------------------*- C++ -*-===//
//
// What the command line does with model files, for C++ programs.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_MODEL_H
#define NNC_MODEL_H

#include "nnc/Data/Dataset.h"
#include "nnc/Formats/Array.h"
#include "nnc/Support/Error.h"
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace nnc {

/// The data set \p source: "digits", "xor", a path, or an expression of the
/// language such as `csv("d.csv", target = "price")`. Relative paths start from
/// the working directory. Errors: those of the sources.
Expected<DataSource> load(const std::string &source);

/// Named figures in the order of the command line: "loss", "accuracy", ….
using Figures = std::vector<std::pair<std::string, double>>;

/// One epoch of a training.
struct Epoch {
  int64_t number = 0; ///< From 1.
  Figures figures;
  double seconds = 0;
};

/// How to train. What is left empty is what the model's train block says, else
/// the language's default.
struct TrainOptions {
  /// Texts of the language: `softmax_cross_entropy`,
  /// `adam(learning_rate = 1e-3)`, `accuracy`.
  std::string loss, optimizer;
  std::vector<std::string> metrics;
  std::optional<int64_t> batchSize, epochs, steps, seed;
  /// Data that are not trained on; without them `validationShare` of the
  /// training data is held out.
  std::optional<Dataset> validation;
  std::optional<double> validationShare;
  /// Any other setting of a train block: {"patience", "5"}.
  std::vector<std::pair<std::string, std::string>> settings;
  /// Threads at most; 0: what affinity and quota allow.
  unsigned threads = 0;
  /// Called after each epoch.
  std::function<void(const Epoch &)> onEpoch;
};

/// How a training went.
struct History {
  std::vector<Epoch> epochs;
  int64_t steps = 0;
  /// Of the epoch whose weights the model has.
  Figures figures;
  bool stoppedEarly = false;
};

/// The loss and the metrics on some data.
struct Evaluation {
  int64_t samples = 0;
  double loss = 0; ///< Mean over the samples.
  Figures metrics;
};

/// A model with its weights. Not safe to use from two threads at once. What
/// `evaluate` and `predict` compile, and what they prepare from the weights,
/// stays in memory for further calls until the model is trained.
class Model {
public:
  /// Opens a .nn or .nnm file. Errors: the first of the file's.
  static Expected<Model> open(const std::string &path);
  /// The model that \p text, in the nnc language, describes.
  static Expected<Model> fromText(const std::string &text);

  Model(Model &&);
  Model &operator=(Model &&);
  ~Model();

  /// Trains on \p data; a trained model goes on from its weights. Errors: those
  /// of settings, of compiling and of binding data; diverged.
  Expected<History> train(const Dataset &data,
                          const TrainOptions &options = {});

  /// The loss and metrics of the model's training, or \p metrics, on \p data.
  Expected<Evaluation> evaluate(const Dataset &data,
                                const std::vector<std::string> &metrics = {});

  /// The first output for each sample of \p data: [samples, ...].
  Expected<Array> predict(const Dataset &data);

  /// Writes the trained model as .nnm. Errors: fileWrite; unsupported if it was
  /// not trained.
  Expected<void> save(const std::string &path) const;

private:
  struct Implementation;
  explicit Model(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation;
};

} // namespace nnc

#endif // NNC_MODEL_H
