//===- FakeCompiler.h - Programs written by hand ----------------*- C++ -*-===//
//
// A compiler that knows one model: result = x @ weight + bias, with one of two
// losses, trained by gradient descent with momentum. It stands in for the
// compiling half where the loop around the programs is what is tested.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_TEST_UNIT_TRAINING_FAKECOMPILER_H
#define NNC_TEST_UNIT_TRAINING_FAKECOMPILER_H

#include "nnc/Runtime/Compiler.h"
#include <cmath>
#include <cstring>

namespace nnc::test {

/// x [batch, In] to result [batch, Out]. Class: softmax cross-entropy with
/// class numbers; else the mean of squared errors.
template <int In, int Out, bool IsClass> struct LinearModel {
  // Arguments of both programs, in order; those from `velocity` on are the
  // training program's alone.
  enum { x, target, weight, bias, seen, loss, result, velocity, rate, step };

  /// Loss of one row, and its gradient by the results.
  static double lossOf(const float *results, const void *targets, int64_t row,
                       float *gradient) {
    if constexpr (IsClass) {
      int32_t right = static_cast<const int32_t *>(targets)[row];
      float largest = results[0];
      for (int j = 1; j < Out; ++j)
        largest = std::max(largest, results[j]);
      double sum = 0;
      for (int j = 0; j < Out; ++j)
        sum += std::exp(results[j] - largest);
      for (int j = 0; j < Out; ++j)
        gradient[j] = static_cast<float>(std::exp(results[j] - largest) / sum -
                                         (j == right));
      return std::log(sum) + largest - results[right];
    } else {
      double loss = 0;
      for (int j = 0; j < Out; ++j) {
        float difference =
            results[j] - static_cast<const float *>(targets)[row * Out + j];
        gradient[j] = 2 * difference / Out;
        loss += difference * difference / Out;
      }
      return loss;
    }
  }

  static double forward(void *const *args, int64_t samples,
                        std::vector<float> &gradients) {
    auto *input = static_cast<const float *>(args[x]);
    auto *w = static_cast<const float *>(args[weight]);
    auto *b = static_cast<const float *>(args[bias]);
    auto *results = static_cast<float *>(args[result]);
    gradients.resize(samples * Out);
    double sum = 0;
    for (int64_t row = 0; row < samples; ++row) {
      for (int j = 0; j < Out; ++j) {
        float value = b[j];
        for (int k = 0; k < In; ++k)
          value += input[row * In + k] * w[k * Out + j];
        results[row * Out + j] = value;
      }
      sum +=
          lossOf(results + row * Out, args[target], row, &gradients[row * Out]);
    }
    return sum;
  }

  static void evaluate(void *const *args, void *, const int64_t *extents,
                       int64_t index, int64_t, const nnc_rt_team *) {
    std::vector<float> gradients;
    if (index == 0)
      *static_cast<double *>(args[loss]) = forward(args, extents[0], gradients);
  }

  static void train(void *const *args, void *, const int64_t *extents,
                    int64_t index, int64_t, const nnc_rt_team *) {
    if (index != 0)
      return;
    int64_t samples = extents[0];
    std::vector<float> gradients;
    *static_cast<double *>(args[loss]) =
        forward(args, samples, gradients) / static_cast<double>(samples);
    auto *input = static_cast<const float *>(args[x]);
    auto *w = static_cast<float *>(args[weight]);
    auto *b = static_cast<float *>(args[bias]);
    auto *v = static_cast<float *>(args[velocity]);
    float learningRate = *static_cast<const float *>(args[rate]);
    // A little that depends on the step, as dropout would.
    float noise =
        1 + 0.01f * static_cast<float>(
                        *static_cast<const int64_t *>(args[step]) % 7);
    for (int k = 0; k < In; ++k)
      for (int j = 0; j < Out; ++j) {
        float sum = 0;
        for (int64_t row = 0; row < samples; ++row)
          sum += input[row * In + k] * gradients[row * Out + j];
        float &speed = v[k * Out + j];
        speed = 0.5f * speed + noise * sum / static_cast<float>(samples);
        w[k * Out + j] -= learningRate * speed;
      }
    for (int j = 0; j < Out; ++j)
      for (int64_t row = 0; row < samples; ++row)
        b[j] -= learningRate * gradients[row * Out + j] /
                static_cast<float>(samples);
    *static_cast<float *>(args[seen]) += static_cast<float>(samples);
  }

  static Argument argument(const char *name, Role role, ElementType type,
                           std::vector<int64_t> shape,
                           const char *initializer = "") {
    Argument made;
    made.name = name;
    made.role = role;
    made.type = type;
    made.shape = std::move(shape);
    made.batched = role == Role::input || std::string(name) == "logits";
    made.initializer = initializer;
    return made;
  }

  static Program compile(const std::string &input,
                         const CompileOptions &options) {
    int64_t batch = options.sizes.at("batch");
    Program program;
    Signature &signature = program.signature;
    signature.model = "linear";
    signature.target = "by hand";
    signature.batch = batch;
    ElementType f32 = ElementType::f32;
    signature.arguments = {
        argument(input.c_str(), Role::input, f32, {batch, In}),
        IsClass ? argument("target", Role::input, ElementType::i32, {batch})
                : argument("target", Role::input, f32, {batch, Out}),
        argument("weight", Role::parameter, f32, {In, Out}, "glorot_uniform"),
        argument("bias", Role::parameter, f32, {Out}, "zeros"),
        argument("seen", Role::state, f32, {1}, "zeros"),
        argument("loss", Role::output, ElementType::f64, {}),
        argument("logits", Role::output, f32, {batch, Out})};
    program.entry = evaluate;
    if (options.kind == ProgramKind::trainStep) {
      program.entry = train;
      Argument speed =
          argument("velocity.weight", Role::optimizer, f32, {In, Out});
      speed.owner = "weight";
      signature.arguments.push_back(std::move(speed));
      signature.arguments.push_back(
          argument("learning_rate", Role::scalar, f32, {}));
      signature.arguments.push_back(
          argument("step", Role::scalar, ElementType::i64, {}));
    }
    program.compileMilliseconds = 1;
    return program;
  }
};

/// Compiles every model to a LinearModel by the shape of its only input.
class FakeCompiler : public Compiler {
public:
  Expected<Program> compile(const ModelSource &,
                            const CompileOptions &options) override {
    requests.push_back(options);
    for (const auto &[name, field] : options.fields) {
      if (name == "target")
        continue;
      if (field.sampleShape == std::vector<int64_t>{64})
        return LinearModel<64, 10, true>::compile(name, options);
      return LinearModel<2, 1, false>::compile(name, options);
    }
    return fail(ErrorCode::unsupported, "a model without inputs");
  }
  Expected<ModelInfo> describe(const ModelSource &, const CompileOptions &,
                               std::vector<Error> &) override {
    return fail(ErrorCode::unsupported, "describing");
  }
  Expected<std::string> emit(const ModelSource &, const CompileOptions &,
                             const EmitRequest &) override {
    return fail(ErrorCode::unsupported, "emitting");
  }
  Expected<GraphInfo> graph(const ModelSource &, const CompileOptions &,
                            const std::string &) override {
    return fail(ErrorCode::unsupported, "drawing");
  }
  Expected<FusionInfo> fusion(const ModelSource &,
                              const CompileOptions &) override {
    return fail(ErrorCode::unsupported, "fusing");
  }
  Expected<MemoryInfo> memory(const ModelSource &,
                              const CompileOptions &) override {
    return fail(ErrorCode::unsupported, "describing memory");
  }
  Expected<std::string> gradient(const ModelSource &, const CompileOptions &,
                                 const std::vector<std::string> &, int,
                                 bool) override {
    return fail(ErrorCode::unsupported, "differentiating");
  }
  Expected<std::vector<CheckResult>> check(const ModelSource &,
                                           const CompileOptions &, bool, bool,
                                           double, uint64_t) override {
    return fail(ErrorCode::unsupported, "checking");
  }
  std::string buildId() override { return "fake"; }

  /// What was asked for, in order.
  std::vector<CompileOptions> requests;
};

} // namespace nnc::test

#endif // NNC_TEST_UNIT_TRAINING_FAKECOMPILER_H
