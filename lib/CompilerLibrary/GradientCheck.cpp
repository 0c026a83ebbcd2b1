//===- GradientCheck.cpp - Gradients against central differences ----------===//

#include "GradientCheck.h"
#include "nnc/Runtime/Executable.h"
#include "nnc/Support/Philox.h"
#include <algorithm>
#include <cmath>
#include <map>

using namespace nnc;

namespace {
/// A gradient program with buffers for all its arguments.
class CheckedProgram {
public:
  CheckedProgram(Program program, uint64_t seed)
      : executable(std::move(program)),
        random(seed, RandomPurpose::initializer, /*step=*/1) {
    for (const Argument &argument : executable.signature().arguments) {
      buffers.emplace_back(argument.byteCount());
      views.push_back({buffers.back().data(), argument.byteCount()});
      if (argument.role != Role::output)
        fill(argument, buffers.back());
    }
  }

  /// The loss at the parameters' present values.
  Expected<double> loss() {
    if (auto run =
            executable.run(views, executable.signature().batch, /*threads=*/1);
        !run)
      return fail(std::move(run).error());
    return *values("loss", Role::output);
  }

  double *values(const std::string &name, Role role) {
    int index = executable.signature().indexOf(role, name);
    return index < 0 ? nullptr : static_cast<double *>(views[index].data);
  }

  const Signature &signature() const { return executable.signature(); }
  RandomStream &generator() { return random; }

private:
  void fill(const Argument &argument, AlignedBuffer &buffer) {
    int64_t count = argument.elementCount();
    if (argument.type == ElementType::f64) {
      auto *numbers = static_cast<double *>(buffer.data());
      for (int64_t i = 0; i < count; ++i)
        numbers[i] =
            argument.name == "learning_rate" ? 1e-3 : random.uniform() - 0.5;
    } else if (argument.type == ElementType::i32) {
      // Class numbers; the smallest networks have two classes.
      auto *numbers = static_cast<int32_t *>(buffer.data());
      for (int64_t i = 0; i < count; ++i)
        numbers[i] = static_cast<int32_t>(random.below(2));
    } else if (argument.type == ElementType::i64) {
      auto *numbers = static_cast<int64_t *>(buffer.data());
      for (int64_t i = 0; i < count; ++i)
        numbers[i] = 1;
    } else if (argument.type == ElementType::boolean) {
      auto *bytes = static_cast<uint8_t *>(buffer.data());
      for (int64_t i = 0; i < count; ++i)
        bytes[i] = random.below(2);
    }
  }

  Executable executable;
  RandomStream random;
  std::vector<AlignedBuffer> buffers;
  std::vector<ArgumentView> views;
};
} // namespace

Expected<std::vector<Compiler::CheckResult>>
nnc::checkGradients(Program program, double tolerance, uint64_t seed) {
  constexpr double shift = 1e-6, smallest = 1e-3;
  constexpr int64_t mostElements = 24;
  CheckedProgram checked(std::move(program), seed);
  if (auto start = checked.loss(); !start)
    return fail(std::move(start).error());
  // Each run writes the gradients anew, so they are kept before any value is
  // shifted.
  std::map<std::string, std::vector<double>> gradients;
  for (const Argument &argument : checked.signature().arguments)
    if (double *gradient =
            checked.values("gradient." + argument.name, Role::output);
        gradient && argument.role == Role::parameter &&
        argument.type == ElementType::f64)
      gradients[argument.name].assign(gradient,
                                      gradient + argument.elementCount());
  std::vector<Compiler::CheckResult> results;
  for (const Argument &argument : checked.signature().arguments) {
    auto found = gradients.find(argument.name);
    if (argument.role != Role::parameter || found == gradients.end())
      continue;
    int64_t count = argument.elementCount();
    const std::vector<double> &symbolic = found->second;
    double scale = smallest;
    for (double value : symbolic)
      scale = std::max(scale, std::abs(value));
    double *values = checked.values(argument.name, Role::parameter);
    Compiler::CheckResult result{argument.name, 0, true};
    for (int64_t i = 0; i < std::min(count, mostElements); ++i) {
      int64_t element =
          count <= mostElements ? i : checked.generator().below(count);
      double old = values[element];
      values[element] = old + shift;
      auto above = checked.loss();
      values[element] = old - shift;
      auto below = checked.loss();
      values[element] = old;
      if (!above || !below)
        return fail((above ? below : above).error());
      double difference = (*above - *below) / (2 * shift);
      double error = std::abs(difference - symbolic[element]) / scale;
      // Not a number is never within the tolerance.
      if (!(error <= result.worst))
        result.worst = error;
    }
    result.passed = result.worst <= tolerance;
    results.push_back(result);
  }
  return results;
}
