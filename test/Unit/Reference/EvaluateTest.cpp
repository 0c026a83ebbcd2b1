//===- EvaluateTest.cpp - Evaluation of whole functions -------------------===//

#include "ReferenceTest.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::reference;

using EvaluateTest = ReferenceTest;

// Whoever adds an op adds its reference model.
TEST_F(EvaluateTest, EveryOpHasAModel) {
  unsigned count = 0;
  for (RegisteredOperationName name : context.getRegisteredOperations()) {
    if (name.getDialectNamespace() != "nn" ||
        name.hasTrait<OpTrait::IsTerminator>())
      continue;
    ++count;
    EXPECT_TRUE(name.hasInterface<nn::ReferenceOpInterface>())
        << name.getStringRef().str() << " has no reference model";
  }
  EXPECT_GE(count, 60u);
}

TEST_F(EvaluateTest, NamedSizesComeFromArguments) {
  const char *text = R"(
    func.func @f(%x: tensor<?x2xf32, #nn.dims<batch, 2>>)
        -> (tensor<?xf32, #nn.dims<batch * 2>>, tensor<f32>) {
      %n = nn.dim_size <batch * 3> : tensor<f32>
      %y = nn.reshape %x : tensor<?x2xf32, #nn.dims<batch, 2>> -> tensor<?xf32, #nn.dims<batch * 2>>
      return %y, %n : tensor<?xf32, #nn.dims<batch * 2>>, tensor<f32>
    })";
  SmallVector<Tensor> results =
      run(text, {Tensor({3, 2}, std::vector<double>{1, 2, 3, 4, 5, 6})});
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(results[0], vector({1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(results[1], Tensor(9.0));
}

// The extent is below the capacity, as in a last short batch.
TEST_F(EvaluateTest, ExtentsBelowTheCapacity) {
  const char *text = R"(
    func.func @f(%x: tensor<8xf32, #nn.dims<batch>>) -> tensor<f32> {
      %y = nn.reduce_sum %x axes = [0] : tensor<8xf32, #nn.dims<batch>> -> tensor<f32>
      return %y : tensor<f32>
    })";
  EXPECT_EQ(run(text, {vector({1, 2, 3})})[0], Tensor(6.0));
  EXPECT_TRUE(failed(evaluate(parse(text), {vector(std::vector<double>(9))})));
  EXPECT_NE(diagnostics.find("extent 9 exceeds the capacity 8"),
            std::string::npos);
}

TEST_F(EvaluateTest, SizesThatNoArgumentHas) {
  const char *text = R"(
    func.func @f() -> tensor<?xi32, #nn.dims<n>> {
      %y = nn.iota axis = 0 : tensor<?xi32, #nn.dims<n>>
      return %y : tensor<?xi32, #nn.dims<n>>
    })";
  FailureOr<SmallVector<Tensor>> results =
      evaluate(parse(text), {}, {{"n", 3}});
  ASSERT_TRUE(succeeded(results));
  EXPECT_EQ((*results)[0], Tensor({3}, std::vector<int64_t>{0, 1, 2}));
  EXPECT_TRUE(failed(evaluate(parse(text), {})));
  EXPECT_NE(diagnostics.find("are not all known"), std::string::npos);
}

TEST_F(EvaluateTest, ArgumentsMustFit) {
  func::FuncOp function = parse(R"(
    func.func @f(%x: tensor<?xf32, #nn.dims<n>>, %y: tensor<?xf32, #nn.dims<n>>)
        -> tensor<?xf32, #nn.dims<n>> {
      %z = nn.add %x, %y : tensor<?xf32, #nn.dims<n>>
      return %z : tensor<?xf32, #nn.dims<n>>
    })");
  Tensor two = vector({1, 2}), three = vector({1, 2, 3});
  auto expectError = [&](ArrayRef<Tensor> arguments, const char *text) {
    diagnostics.clear();
    EXPECT_TRUE(failed(evaluate(function, arguments)));
    EXPECT_NE(diagnostics.find(text), std::string::npos) << diagnostics;
  };
  expectError({two}, "has 2 arguments, got 1");
  expectError({two, three}, "has the size 3 for 'n', which is 2");
  expectError({two, Tensor(1.0)}, "has rank 0, expected 1");
  expectError({two, Tensor({2}, std::vector<int64_t>{1, 2})},
              "does not hold elements of");
}

TEST_F(EvaluateTest, StaticShapesMustFit) {
  func::FuncOp function = parse("func.func @f(%x: tensor<2xf32>) -> "
                                "tensor<2xf32> { return %x : tensor<2xf32> }");
  EXPECT_TRUE(failed(evaluate(function, {vector({1, 2, 3})})));
  EXPECT_NE(diagnostics.find("has the shape [3], expected [2]"),
            std::string::npos)
      << diagnostics;
}

// Too large for memory: an error, no crash.
TEST_F(EvaluateTest, HugeTensorsAreRefused) {
  func::FuncOp function = parse(R"(
    func.func @f(%x: tensor<f32>) -> tensor<1000000x1000000x1000000x1000000xf32> {
      %y = nn.broadcast %x dimensions = [] : tensor<f32> -> tensor<1000000x1000000x1000000x1000000xf32>
      return %y : tensor<1000000x1000000x1000000x1000000xf32>
    })");
  EXPECT_TRUE(failed(evaluate(function, {Tensor(1.0)})));
  EXPECT_NE(diagnostics.find("has more than"), std::string::npos);
}

TEST_F(EvaluateTest, OpsOfOtherDialectsHaveNoModel) {
  context.loadDialect<arith::ArithDialect>();
  func::FuncOp function = parse(R"(
    func.func @f(%x: tensor<2xf32>) -> tensor<2xf32> {
      %y = arith.negf %x : tensor<2xf32>
      return %y : tensor<2xf32>
    })");
  EXPECT_TRUE(failed(evaluate(function, {vector({1, 2})})));
  EXPECT_NE(diagnostics.find("has no reference evaluation"), std::string::npos);
}

// Values used twice, returned twice, or not at all.
TEST_F(EvaluateTest, ValuesLiveUntilTheirLastUse) {
  SmallVector<Tensor> results = run(R"(
    func.func @f(%x: tensor<2xf64>) -> (tensor<2xf64>, tensor<2xf64>, tensor<2xf64>) {
      %a = nn.add %x, %x : tensor<2xf64>
      %unused = nn.exp %a : tensor<2xf64>
      %b = nn.mul %a, %a : tensor<2xf64>
      %c = nn.add %a, %b : tensor<2xf64>
      return %c, %c, %x : tensor<2xf64>, tensor<2xf64>, tensor<2xf64>
    })",
                                    {vector({1, 3})});
  ASSERT_EQ(results.size(), 3u);
  EXPECT_EQ(results[0], vector({6, 42}));
  EXPECT_EQ(results[1], vector({6, 42}));
  EXPECT_EQ(results[2], vector({1, 3}));
}

// Deep graphs do not exhaust the stack: 2^-20000 underflows to 0 exactly.
TEST_F(EvaluateTest, TwentyThousandOps) {
  std::string text = "func.func @f(%x0: tensor<f64>) -> tensor<f64> {\n"
                     "%h = nn.constant dense<0.5> : tensor<f64>\n";
  for (int i = 0; i < 20000; ++i)
    text += "%x" + std::to_string(i + 1) + " = nn.mul %x" + std::to_string(i) +
            ", %h : tensor<f64>\n";
  text += "return %x20000 : tensor<f64>\n}";
  EXPECT_EQ(run(text, {Tensor(1.0)})[0], Tensor(0.0));
}

// f32 values are not rounded, but for casts and constants.
TEST_F(EvaluateTest, RoundingHappensInCastsOnly) {
  SmallVector<Tensor> results = run(R"(
    func.func @f(%x: tensor<f32>) -> (tensor<f32>, tensor<bf16>, tensor<f32>) {
      %y = nn.add %x, %x : tensor<f32>
      %b = nn.cast %y : tensor<f32> to tensor<bf16>
      %c = nn.constant dense<0.1> : tensor<f32>
      return %y, %b, %c : tensor<f32>, tensor<bf16>, tensor<f32>
    })",
                                    {Tensor(0.1)});
  EXPECT_EQ(results[0], Tensor(0.2));
  EXPECT_EQ(results[1], Tensor(0.2001953125));
  EXPECT_EQ(results[2], Tensor(double(0.1f)));
}

TEST_F(EvaluateTest, Groups) {
  SmallVector<Tensor> results = run(R"(
    func.func @f(%x: tensor<2xf64>) -> tensor<2xf64> {
      %y = nn.fusion map (%x) : (tensor<2xf64>) -> tensor<2xf64> {
      ^bb0(%a: tensor<2xf64>):
        %e = nn.neg %a : tensor<2xf64>
        %m = nn.mul %e, %a : tensor<2xf64>
        nn.yield %m : tensor<2xf64>
      }
      return %y : tensor<2xf64>
    })",
                                    {vector({2, -3})});
  EXPECT_EQ(results[0], vector({-4, -9}));
}

TEST_F(EvaluateTest, ConstantsRoundOnTheWayBack) {
  Tensor tensor = vector({0.1, 0.1});
  auto type = RankedTensorType::get({2}, Float32Type::get(&context));
  DenseElementsAttr attribute = tensor.toAttribute(type);
  EXPECT_TRUE(attribute.isSplat());
  EXPECT_EQ(*Tensor::fromAttribute(attribute),
            vector({double(0.1f), double(0.1f)}));
}
