//===- ReferenceTest.h - What the tests of the reference share --*- C++ -*-===//

#ifndef NNC_TEST_UNIT_REFERENCE_REFERENCETEST_H
#define NNC_TEST_UNIT_REFERENCE_REFERENCETEST_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Parser/Parser.h"
#include "nnc/Dialect/NN/IR/NN.h"
#include "nnc/Reference/Evaluate.h"
#include <cmath>
#include <gtest/gtest.h>

namespace nnc::reference {

/// Shows a tensor in messages of failed expectations.
inline void PrintTo(const Tensor &tensor, std::ostream *os) {
  *os << "[";
  for (int64_t extent : tensor.shape())
    *os << extent << " ";
  *os << "] {";
  for (int64_t i = 0; i < tensor.size(); ++i)
    *os << (i ? ", " : "") << tensor.number(i);
  *os << "}";
}

/// A context with the dialect and its models, and graphs in it.
class ReferenceTest : public testing::Test {
protected:
  ReferenceTest() {
    mlir::DialectRegistry registry;
    registry.insert<nn::NNDialect, mlir::func::FuncDialect>();
    registerReferenceModels(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
    context.printOpOnDiagnostic(false);
    handler = context.getDiagEngine().registerHandler(
        [this](mlir::Diagnostic &diagnostic) {
          diagnostics += diagnostic.str() + "\n";
          return mlir::success();
        });
  }

  /// The function called f of \p text, which stays alive as long as the test.
  mlir::func::FuncOp parse(const std::string &text) {
    modules.push_back(mlir::parseSourceString<mlir::ModuleOp>(text, &context));
    EXPECT_TRUE(modules.back()) << diagnostics << text;
    if (!modules.back())
      return {};
    auto function = modules.back()->lookupSymbol<mlir::func::FuncOp>("f");
    EXPECT_TRUE(function) << text;
    return function;
  }

  /// The results of the function f of \p text.
  llvm::SmallVector<Tensor> run(const std::string &text,
                                llvm::ArrayRef<Tensor> arguments = {}) {
    mlir::func::FuncOp function = parse(text);
    if (!function)
      return {};
    llvm::FailureOr<llvm::SmallVector<Tensor>> results =
        evaluate(function, arguments);
    EXPECT_TRUE(succeeded(results)) << diagnostics << text;
    return succeeded(results) ? *results : llvm::SmallVector<Tensor>();
  }

  /// A vector.
  static Tensor vector(std::vector<double> values) {
    int64_t size = values.size();
    return Tensor({size}, std::move(values));
  }

  mlir::MLIRContext context;
  /// The messages so far.
  std::string diagnostics;

private:
  mlir::DiagnosticEngine::HandlerID handler;
  std::vector<mlir::OwningOpRef<mlir::ModuleOp>> modules;
};

/// \p found equals \p expected to \p tolerance, absolute or relative, whichever
/// is larger; NaN and infinities equal themselves.
inline void expectNear(const Tensor &found, llvm::ArrayRef<double> expected,
                       double tolerance, const std::string &what = "") {
  ASSERT_EQ(found.size(), static_cast<int64_t>(expected.size())) << what;
  for (int64_t i = 0; i < found.size(); ++i) {
    double value = found.number(i);
    if (std::isnan(expected[i]))
      EXPECT_TRUE(std::isnan(value))
          << what << " element " << i << ": " << value;
    else if (std::isinf(expected[i]))
      EXPECT_EQ(value, expected[i]) << what << " element " << i;
    else
      EXPECT_NEAR(value, expected[i],
                  tolerance * std::max(1.0, std::fabs(expected[i])))
          << what << " element " << i;
  }
}

} // namespace nnc::reference

#endif // NNC_TEST_UNIT_REFERENCE_REFERENCETEST_H
