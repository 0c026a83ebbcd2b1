//===- GradientsTest.cpp - Sums over all paths ----------------------------===//
//
// Gradients of graphs that the API builds, evaluated by the reference: joining
// paths, shared weights, second derivatives, and graphs of many ops.
//
//===----------------------------------------------------------------------===//

#include "mlir/Pass/PassManager.h"
#include "nnc/Graph/MLIRGraph.h"
#include "nnc/InitAll.h"
#include "nnc/Pipelines/KernelsToLLVM.h"
#include "nnc/Pipelines/Pipelines.h"
#include "nnc/Reference/Evaluate.h"
#include "nnc/nnc.h"
#include <gtest/gtest.h>
#include <pthread.h>
#include <random>

using namespace nnc;

namespace {

using Numbers = std::vector<double>;

class Gradients : public testing::Test {
protected:
  Gradients()
      : context(mlir::MLIRContext::Threading::DISABLED),
        graph(makeContextGraph()) {}

  Graph makeContextGraph() {
    mlir::DialectRegistry registry;
    registerAllDialects(registry);
    reference::registerReferenceModels(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
    loadKernelDialects(context);
    return makeGraph(context, "gradients", GraphMode::predict);
  }

  /// An input of \p shape whose elements are \p numbers.
  Tensor input(std::vector<Dim> shape, Numbers numbers) {
    llvm::SmallVector<int64_t> extents;
    for (const Dim &size : shape)
      extents.push_back(size.constant());
    arguments.emplace_back(extents, std::move(numbers));
    return graph.input("x" + std::to_string(arguments.size()), shape,
                       ElementType::f64);
  }
  Tensor number(double x) { return input({}, {x}); }

  /// The ops of the graph so far.
  size_t ops() {
    mlir::Block &block = *builderOf(graph).getInsertionBlock();
    return std::distance(block.begin(), block.end());
  }

  /// The elements of \p tensors, evaluated. Ends the graph.
  std::vector<Numbers> evaluate(const std::vector<Tensor> &tensors) {
    std::vector<Numbers> result;
    for (size_t i = 0; i < tensors.size(); ++i)
      graph.output("y" + std::to_string(i), tensors[i]);
    auto module = finish(std::move(graph));
    EXPECT_TRUE(module.has_value()) << render(module.error());
    if (!module)
      return result;
    auto function = *(**module).getOps<mlir::func::FuncOp>().begin();
    auto values = reference::evaluate(function, arguments);
    EXPECT_TRUE(llvm::succeeded(values));
    if (llvm::succeeded(values))
      for (const reference::Tensor &value : *values)
        result.emplace_back(value.floats().begin(), value.floats().end());
    return result;
  }

  mlir::MLIRContext context;
  Graph graph;
  std::vector<reference::Tensor> arguments;
};

} // namespace

TEST_F(Gradients, twoPaths) {
  Tensor x = number(3);
  Tensor a = pow(x, 2), b = 2 * x;
  EXPECT_EQ(evaluate({gradient(a * b, {x})[0]}), std::vector<Numbers>{{54}});
}

// 2^60 paths: one sweep from the back takes as many steps as there are nodes.
TEST_F(Gradients, aLadderOfJoinsTakesLinearTime) {
  constexpr size_t levels = 60;
  Tensor x = number(1), z = x;
  for (size_t i = 0; i < levels; ++i)
    z = z + z;
  size_t before = ops();
  Tensor slope = gradient(z, {x})[0];
  // One op to start, and at most the two edges and their sum at each level.
  EXPECT_LE(ops() - before, 3 * levels + 2);
  EXPECT_EQ(evaluate({slope}), std::vector<Numbers>{{1152921504606846976.0}});
}

TEST_F(Gradients, diamondsMultiply) {
  Tensor x = number(0.3), z = x;
  double value = 0.3, slope = 1;
  for (int i = 0; i < 20; ++i) {
    z = sin(z) + 0.5 * cos(z);
    slope *= std::cos(value) - 0.5 * std::sin(value);
    value = std::sin(value) + 0.5 * std::cos(value);
  }
  std::vector<Numbers> y = evaluate({z, gradient(z, {x})[0]});
  EXPECT_NEAR(y[0][0], value, 1e-14);
  EXPECT_NEAR(y[1][0] / slope, 1, 1e-13);
}

// The theorem itself: the sum over all paths of the products of the local
// derivatives, path by path.
TEST_F(Gradients, equalTheSumOverAllPaths) {
  std::mt19937 random(1);
  std::vector<Tensor> roots, slopes;
  std::vector<double> expected;
  for (int round = 0; round < 20; ++round) {
    struct Node {
      double value;
      std::vector<std::pair<size_t, double>> edges; // To operands: derivative.
    };
    double start = 0.2 + 0.05 * round;
    std::vector<Node> nodes = {{start, {}}};
    std::vector<Tensor> tensors = {number(start)};
    while (nodes.size() < 12) {
      size_t a = random() % nodes.size(), b = random() % nodes.size();
      double x = nodes[a].value, y = nodes[b].value;
      switch (random() % 4) {
      case 0:
        nodes.push_back({x * y, {{a, y}, {b, x}}});
        tensors.push_back(tensors[a] * tensors[b]);
        break;
      case 1:
        nodes.push_back({x - 2 * y, {{a, 1}, {b, -2}}});
        tensors.push_back(tensors[a] - 2 * tensors[b]);
        break;
      case 2:
        nodes.push_back({std::sin(x), {{a, std::cos(x)}}});
        tensors.push_back(sin(tensors[a]));
        break;
      case 3:
        nodes.push_back({std::tanh(x), {{a, 1 - std::tanh(x) * std::tanh(x)}}});
        tensors.push_back(tanh(tensors[a]));
        break;
      }
    }
    std::function<double(size_t)> overPaths = [&](size_t node) {
      double sum = node == 0 ? 1 : 0;
      for (const auto &[operand, derivative] : nodes[node].edges)
        sum += derivative * overPaths(operand);
      return sum;
    };
    expected.push_back(overPaths(nodes.size() - 1));
    slopes.push_back(gradient(tensors.back(), {tensors.front()})[0]);
  }
  std::vector<Numbers> y = evaluate(slopes);
  for (size_t i = 0; i < expected.size(); ++i)
    EXPECT_NEAR(y[i][0], expected[i], 1e-10 * std::max(1.0, expected[i])) << i;
}

TEST_F(Gradients, visitOnlyWhatMatters) {
  Tensor x = number(0.5);
  Tensor y = exp(x);
  // Depends on x and does not reach the loss; reaches it and is no use for x.
  Tensor unused = sin(y), constant = cos(number(2));
  Tensor loss = y * constant;
  size_t before = ops();
  Tensor slope = gradient(loss, {x})[0];
  // The start, the product's rule and the exponential's.
  EXPECT_LE(ops() - before, 4u);
  EXPECT_NEAR(evaluate({slope})[0][0], std::exp(0.5) * std::cos(2), 1e-15);
  EXPECT_TRUE(unused.isValid());
}

TEST_F(Gradients, whatDoesNotReachTheLossGetsZeros) {
  Tensor x = input({2}, {1, 2}), y = input({2}, {3, 4});
  std::vector<Tensor> slopes = gradient(sum(square(x)), {x, y});
  EXPECT_EQ(evaluate(slopes), (std::vector<Numbers>{{2, 4}, {0, 0}}));
}

TEST_F(Gradients, partsOfATensorAreJoinedAgain) {
  Tensor x = input({4}, {1, 2, 3, 4});
  // The middle part is not used.
  std::vector<Tensor> parts = split(x, std::vector<int64_t>{1, 2, 1}, 0);
  Tensor loss = sum(square(parts[0])) + 3 * sum(parts[2]);
  EXPECT_EQ(evaluate({gradient(loss, {x})[0]}),
            (std::vector<Numbers>{{2, 0, 0, 3}}));
}

TEST_F(Gradients, sharedWeightsAddUp) {
  Tensor x = input({1, 2}, {1, 2}), w = input({2, 2}, {1, -1, 2, 0.5});
  // y = x W W; dL/dW = x^T (1 W^T) + (x W)^T 1 for L = sum y.
  Tensor loss = sum(matmul(matmul(x, w), w));
  // W^T 1 = (0, 2.5), x W = (5, 0).
  EXPECT_EQ(evaluate({gradient(loss, {w})[0]}),
            (std::vector<Numbers>{{0 + 5, 2.5 + 5, 0 + 0, 5 + 0}}));
}

TEST_F(Gradients, secondDerivatives) {
  Tensor x = number(0.7);
  auto second = [&](const Tensor &y) {
    return gradient(gradient(y, {x})[0], {x})[0];
  };
  double t = std::tanh(0.7), s = 1 / (1 + std::exp(-0.7));
  std::vector<Numbers> y =
      evaluate({second(pow(x, 3)), second(tanh(x)), second(sigmoid(x)),
                second(exp(sin(x))), second(gradient(pow(x, 4), {x})[0])});
  EXPECT_NEAR(y[0][0], 6 * 0.7, 1e-14);
  EXPECT_NEAR(y[1][0], -2 * t * (1 - t * t), 1e-14);
  EXPECT_NEAR(y[2][0], s * (1 - s) * (1 - 2 * s), 1e-14);
  EXPECT_NEAR(y[3][0],
              std::exp(std::sin(0.7)) *
                  (std::cos(0.7) * std::cos(0.7) - std::sin(0.7)),
              1e-14);
  EXPECT_NEAR(y[4][0], 24 * 0.7, 1e-13);
}

// The Hessian of softmax cross-entropy is diag(p) - p p^T, whatever the class.
TEST_F(Gradients, hessianOfSoftmaxCrossEntropy) {
  Tensor z = input({1, 3}, {3, 1, -3}), t = input({1, 3}, {1, 0, 0});
  Tensor slope = gradient(softmaxCrossEntropy(z, t), {z})[0];
  std::vector<Tensor> rows = {softmax(z)};
  for (int64_t i = 0; i < 3; ++i)
    rows.push_back(gradient(sum(slice(slope, 1, i, i + 1)), {z})[0]);
  std::vector<Numbers> y = evaluate(rows);
  const Numbers &p = y[0];
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 3; ++j)
      EXPECT_NEAR(y[i + 1][j], (i == j ? p[i] : 0) - p[i] * p[j], 1e-15);
}

// A Hessian times a vector needs no Hessian: the gradient of slope . v.
TEST_F(Gradients, hessianTimesVector) {
  Tensor x = input({2}, {2, 3}), v = input({2}, {1, -1});
  auto parts = split(x, 2, 0);
  Tensor f = sum(square(parts[0]) * parts[1]); // a^2 b
  Tensor product = gradient(sum(gradient(f, {x})[0] * v), {x})[0];
  // The Hessian is (2b, 2a; 2a, 0).
  EXPECT_EQ(evaluate({product}), (std::vector<Numbers>{{6 - 4, 4}}));
}

//===----------------------------------------------------------------------===//
// Many ops
//===----------------------------------------------------------------------===//

namespace {
/// Runs \p work on a thread whose stack has 1 MiB.
void runOnSmallStack(std::function<void()> work) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  ASSERT_EQ(pthread_attr_setstacksize(&attributes, 1 << 20), 0);
  pthread_t thread;
  auto start = [](void *work) -> void * {
    (*static_cast<std::function<void()> *>(work))();
    return nullptr;
  };
  ASSERT_EQ(pthread_create(&thread, &attributes, start, &work), 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
}
} // namespace

// 20,000 ops one after the other: built, differentiated, evaluated and
// simplified without recursion from op to op.
TEST_F(Gradients, twentyThousandOps) {
  runOnSmallStack([&] {
    constexpr int levels = 10000;
    Tensor x = input({8}, Numbers(8, 1.0)), z = x;
    for (int i = 0; i < levels; ++i)
      z = sin(z) + x;
    EXPECT_GE(ops(), 2u * levels);
    graph.output("y", z);
    graph.output("slope", gradient(sum(z), {x})[0]);
    double value = 1, slope = 1;
    for (int i = 0; i < levels; ++i) {
      slope = slope * std::cos(value) + 1;
      value = std::sin(value) + 1;
    }
    auto module = finish(std::move(graph));
    ASSERT_TRUE(module.has_value()) << render(module.error());
    auto function = *(**module).getOps<mlir::func::FuncOp>().begin();
    auto values = reference::evaluate(function, arguments);
    ASSERT_TRUE(llvm::succeeded(values));
    EXPECT_NEAR((*values)[0].floats()[0], value, 1e-9);
    EXPECT_NEAR((*values)[1].floats()[7], slope, 1e-9);

    mlir::PassManager passes(&context);
    buildSimplifyPipeline(passes, {});
    ASSERT_TRUE(llvm::succeeded(passes.run(**module)));
    values = reference::evaluate(function, arguments);
    ASSERT_TRUE(llvm::succeeded(values));
    EXPECT_NEAR((*values)[1].floats()[0], slope, 1e-9);
  });
}
