//===- CompiledFunction.h - Functions as text, compiled ---------*- C++ -*-===//

#ifndef NNC_TEST_UNIT_CONVERSION_COMPILEDFUNCTION_H
#define NNC_TEST_UNIT_CONVERSION_COMPILEDFUNCTION_H

#include "mlir/Parser/Parser.h"
#include "nnc/Execution/ProgramCompiler.h"
#include "nnc/InitAll.h"
#include "nnc/Pipelines/KernelsToLLVM.h"
#include "nnc/Runtime/Executable.h"
#include "gtest/gtest.h"
#include <cstring>

namespace nnc::test {

using Numbers = std::vector<double>;

/// One argument or result: its type and, of arguments, its numbers.
struct Operand {
  std::string name, type;
  Numbers numbers = {};
};

/// Functions as text, compiled and run.
class CompiledFunctionTest : public testing::Test {
protected:
  CompiledFunctionTest() : context(mlir::MLIRContext::Threading::DISABLED) {
    mlir::DialectRegistry registry;
    registerAllDialects(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
    loadKernelDialects(context);
  }

  static std::string functionOf(const std::vector<Operand> &arguments,
                                const std::string &body,
                                const std::vector<Operand> &results) {
    std::string given, types, values;
    for (const Operand &argument : arguments)
      given +=
          (given.empty() ? "%" : ", %") + argument.name + ": " + argument.type;
    for (const Operand &result : results) {
      types += (types.empty() ? "" : ", ") + result.type;
      values += (values.empty() ? "%" : ", %") + result.name;
    }
    return "func.func @f(" + given + ") -> (" + types + ") {\n" + body +
           "return " + values + " : " + types + "\n}";
  }

  mlir::OwningOpRef<mlir::ModuleOp> parse(const std::vector<Operand> &arguments,
                                          const std::string &body,
                                          const std::vector<Operand> &results) {
    return mlir::parseSourceString<mlir::ModuleOp>(
        functionOf(arguments, body, results), &context);
  }

  /// Compiles, runs on 1 to 4 threads, fused and not, expects the same bits
  /// and returns the numbers of all results. \p batch is the capacity.
  template <typename T>
  std::vector<Numbers> run(const std::vector<Operand> &arguments,
                           const std::string &body,
                           const std::vector<Operand> &results,
                           int64_t samples = 1, int64_t batch = 8) {
    std::vector<Numbers> first;
    for (int level : {2, 0}) {
      auto module = parse(arguments, body, results);
      if (!module) {
        ADD_FAILURE() << functionOf(arguments, body, results);
        return {};
      }
      ProgramOptions options;
      options.graph.sizes["batch"] = batch;
      options.graph.optimizationLevel = level;
      options.target = target;
      auto program = compileProgram(*module, options);
      if (!program) {
        ADD_FAILURE() << render(program.error());
        return {};
      }
      Executable executable(std::move(*program));
      for (unsigned threads : {1u, 2u, 3u, 4u}) {
        std::vector<Numbers> found =
            runOnce<T>(executable, arguments, samples, threads);
        if (first.empty())
          first = found;
        for (size_t i = 0; i < found.size(); ++i)
          EXPECT_EQ(std::memcmp(found[i].data(), first[i].data(),
                                first[i].size() * sizeof(double)),
                    0)
              << "level " << level << ", threads " << threads;
      }
    }
    return first;
  }

  template <typename T>
  std::vector<Numbers>
  runOnce(Executable &executable, const std::vector<Operand> &arguments,
          int64_t samples, unsigned threads, bool sameParameters = false) {
    std::vector<AlignedBuffer> buffers;
    std::vector<ArgumentView> views;
    for (const Argument &argument : executable.signature().arguments) {
      int64_t bytes = argument.byteCount();
      buffers.emplace_back(bytes);
      std::memset(buffers.back().data(), 0, bytes);
      if (views.size() < arguments.size()) {
        const Numbers &numbers = arguments[views.size()].numbers;
        auto *values = static_cast<T *>(buffers.back().data());
        std::copy(numbers.begin(), numbers.end(), values);
      }
      views.push_back({buffers.back().data(), bytes});
    }
    EXPECT_TRUE(executable.run(views, samples, threads, sameParameters));
    std::vector<Numbers> results;
    for (size_t i = arguments.size(); i < views.size(); ++i) {
      const Argument &argument = executable.signature().arguments[i];
      Numbers &numbers = results.emplace_back();
      for (int64_t at = 0; at < argument.elementCount(); ++at)
        numbers.push_back(
            argument.type == ElementType::i32
                ? double(static_cast<int32_t *>(views[i].data)[at])
                : double(static_cast<T *>(views[i].data)[at]));
    }
    return results;
  }

  mlir::MLIRContext context;
  /// What run() compiles for.
  TargetDescription target = *TargetDescription::host();
};

/// A tensor type without named sizes.
inline std::string typeText(const std::vector<int64_t> &shape,
                            const std::string &element) {
  std::string text = "tensor<";
  for (int64_t size : shape)
    text += std::to_string(size) + "x";
  return text + element + ">";
}

} // namespace nnc::test

#endif // NNC_TEST_UNIT_CONVERSION_COMPILEDFUNCTION_H
