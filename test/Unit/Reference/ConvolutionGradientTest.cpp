//===- ConvolutionGradientTest.cpp - Rules against differences ------------===//
//
// First and second derivatives of convolutions and pools, evaluated by the
// reference, against central differences.
//
//===----------------------------------------------------------------------===//

#include "ReferenceTest.h"
#include "nnc/Dialect/NN/Transforms/Differentiate.h"
#include "nnc/Reference/GradientCheck.h"
#include <random>

using namespace mlir;
using namespace nnc;
using namespace nnc::reference;

namespace {
class ConvolutionGradient : public ReferenceTest {
protected:
  /// Makes \p function return \p values.
  static void giveBack(func::FuncOp function, ArrayRef<mlir::Value> values) {
    function.getBody().front().getTerminator()->setOperands(values);
    function.setFunctionType(
        FunctionType::get(function.getContext(), function.getArgumentTypes(),
                          mlir::ValueRange(values).getTypes()));
  }

  /// The gradients of \p y, emitted at the end of \p function.
  static SmallVector<mlir::Value> gradientsOf(func::FuncOp function,
                                              mlir::Value y) {
    Operation *end = function.getBody().front().getTerminator();
    OpBuilder builder(end);
    SmallVector<mlir::Value> wrt(function.getArguments()), gradients;
    EXPECT_TRUE(succeeded(nn::differentiate(builder, y, wrt, gradients)));
    return gradients;
  }

  /// Compares \p gradients of the sum of \p function's result.
  void compare(func::FuncOp function, ArrayRef<Tensor> arguments,
               func::FuncOp gradients, ArrayRef<bool> present,
               const std::string &what) {
    auto values = evaluate(gradients, arguments);
    ASSERT_TRUE(succeeded(values)) << diagnostics;
    SmallVector<std::optional<Tensor>> given;
    size_t next = 0;
    for (bool is : present)
      given.push_back(is ? std::optional((*values)[next++]) : std::nullopt);
    auto errors = checkGradients(
        [&](ArrayRef<Tensor> at) { return evaluateSum(function, at); },
        arguments, given);
    ASSERT_TRUE(succeeded(errors)) << diagnostics;
    for (const GradientError &error : *errors) {
      // Differences with a step of 1e-6 carry rounding of about 1e-10.
      EXPECT_LT(error.worst, 1e-6) << what << ", argument " << error.argument
                                   << ", element " << error.element;
      EXPECT_GT(error.checked, 0) << what;
    }
  }

  /// Checks the gradients of f of \p text, and those of the sum of their
  /// squares.
  void check(const std::string &text, ArrayRef<Tensor> arguments) {
    auto first = parse(text), second = parse(text);
    ASSERT_TRUE(first && second);
    auto resultOf = [](func::FuncOp function) {
      return function.getBody().front().getTerminator()->getOperand(0);
    };
    SmallVector<mlir::Value> gradients = gradientsOf(first, resultOf(first));
    SmallVector<bool> all(arguments.size(), true);
    ASSERT_TRUE(llvm::all_of(gradients, [](mlir::Value g) { return !!g; }));
    giveBack(first, gradients);
    compare(parse(text), arguments, first, all, "first");

    mlir::Value total;
    for (mlir::Value gradient : gradientsOf(second, resultOf(second))) {
      OpBuilder builder(second.getBody().front().getTerminator());
      Location loc = second.getLoc();
      mlir::Value square = nn::MulOp::create(builder, loc, gradient, gradient);
      mlir::Value sum = nn::ReduceSumOp::create(
          builder, loc, square,
          llvm::to_vector(llvm::seq<int64_t>(
              0, cast<RankedTensorType>(square.getType()).getRank())));
      total = total ? nn::AddOp::create(builder, loc, total, sum) : sum;
    }
    giveBack(second, total);
    func::FuncOp squares = second.clone();
    SmallVector<mlir::Value> present;
    SmallVector<bool> isPresent;
    for (mlir::Value gradient : gradientsOf(second, total)) {
      isPresent.push_back(!!gradient);
      if (gradient)
        present.push_back(gradient);
    }
    giveBack(second, present);
    compare(squares, arguments, second, isPresent, "second");
    squares.erase();
  }

  Tensor random(ArrayRef<int64_t> shape) {
    Tensor tensor(ElementKind::floating, shape);
    std::uniform_real_distribution<double> uniform(-1, 1);
    for (double &value : tensor.floats())
      value = uniform(generator);
    return tensor;
  }
  std::mt19937 generator{5};
};
} // namespace

TEST_F(ConvolutionGradient, ConvolutionWithAllAttributes) {
  check(R"(
    func.func @f(%x: tensor<2x4x6x7xf64>, %w: tensor<6x2x3x2xf64>)
        -> tensor<2x6x4x7xf64> {
      %y = nn.conv2d %x, %w strides = [2, 1] padding = [2, 1, 1, 1] dilations = [1, 2] groups = 2
          : (tensor<2x4x6x7xf64>, tensor<6x2x3x2xf64>) -> tensor<2x6x4x7xf64>
      %t = nn.tanh %y : tensor<2x6x4x7xf64>
      return %t : tensor<2x6x4x7xf64>
    })",
        {random({2, 4, 6, 7}), random({6, 2, 3, 2})});
}

TEST_F(ConvolutionGradient, PoolsOfConvolutions) {
  check(R"(
    func.func @f(%x: tensor<1x2x7x7xf64>, %w: tensor<3x2x2x2xf64>)
        -> tensor<1x3x2x2xf64> {
      %y = nn.conv2d %x, %w strides = [1, 1] padding = [0, 0, 0, 0] dilations = [1, 1] groups = 1
          : (tensor<1x2x7x7xf64>, tensor<3x2x2x2xf64>) -> tensor<1x3x6x6xf64>
      %t = nn.tanh %y : tensor<1x3x6x6xf64>
      %m, %i = nn.max_pool2d %t kernel = [3, 3] strides = [2, 2] padding = [1, 1, 0, 1]
          : (tensor<1x3x6x6xf64>) -> (tensor<1x3x3x3xf64>, tensor<1x3x3x3xi32>)
      %s = nn.mul %m, %m : tensor<1x3x3x3xf64>
      %a = nn.avg_pool2d %s kernel = [2, 2] strides = [1, 1] padding = [0, 0, 0, 0]
          : (tensor<1x3x3x3xf64>) -> tensor<1x3x2x2xf64>
      %b = nn.mul %a, %a : tensor<1x3x2x2xf64>
      return %b : tensor<1x3x2x2xf64>
    })",
        {random({1, 2, 7, 7}), random({3, 2, 2, 2})});
}
