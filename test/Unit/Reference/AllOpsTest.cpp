//===- AllOpsTest.cpp - What every op of the dialect must have ------------===//
//
// Walks all registered nn ops. Each has a case here and with it: a reference
// evaluation, compiled code that agrees with it on odd sizes, and a gradient
// rule whose first and second derivatives agree with central differences, or
// the trait that says it has none. An op without a case fails.
//
//===----------------------------------------------------------------------===//

#include "ReferenceTest.h"
#include "nnc/Dialect/NN/Transforms/Differentiate.h"
#include "nnc/Execution/ProgramCompiler.h"
#include "nnc/InitAll.h"
#include "nnc/Pipelines/KernelsToLLVM.h"
#include "nnc/Reference/GradientCheck.h"
#include "nnc/Runtime/Executable.h"
#include "nnc/Support/Philox.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::reference;

namespace {

/// One function `f` of one op and how its arguments are drawn.
struct Case {
  std::string op;
  /// `(%x: tensor<3xf64>) -> tensor<3xf64>`: the function's type.
  std::string type;
  /// Defines %y.
  std::string body;
  /// The range of floating-point arguments, and the bound of integers.
  double low = -1.7, high = 1.9;
  int64_t bound = 3;
};

/// Groups are made by fusion of the others and tested with them; yield is part
/// of a group, next of a scan.
bool isPartOfOthers(StringRef op) {
  return op == "nn.fusion" || op == "nn.yield" || op == "nn.next";
}

constexpr const char *shapes[] = {"tensor<f64>", "tensor<7xf64>",
                                  "tensor<3x5xf64>", "tensor<2x3x11xf64>"};

void addElementwise(std::vector<Case> &cases) {
  auto unary = [&](const char *op, double low = -1.7, double high = 1.9) {
    for (std::string type : shapes)
      cases.push_back({op, "(%x: " + type + ") -> " + type,
                       "%y = nn." + std::string(op) + " %x : " + type, low,
                       high});
  };
  for (const char *op : {"neg", "abs", "exp", "expm1", "sin", "cos", "arctan",
                         "erf", "tanh", "sigmoid", "softplus", "relu", "sign",
                         "floor", "ceil", "round", "stop_gradient"})
    unary(op);
  for (const char *op : {"log", "sqrt", "rsqrt"})
    unary(op, 0.3, 2.5);
  unary("log1p", -0.7, 2.5);
  auto binary = [&](const char *op, double low = -1.7, double high = 1.9) {
    for (std::string type : shapes)
      cases.push_back({op, "(%a: " + type + ", %b: " + type + ") -> " + type,
                       "%y = nn." + std::string(op) + " %a, %b : " + type, low,
                       high});
  };
  for (const char *op : {"add", "sub", "mul", "maximum", "minimum"})
    binary(op);
  for (const char *op : {"div", "pow", "floor_div", "mod"})
    binary(op, 0.4, 2.3);
  for (const char *predicate : {"eq", "ne", "lt", "le", "gt", "ge"})
    cases.push_back(
        {"compare",
         "(%a: tensor<3x5xf64>, %b: tensor<3x5xf64>) -> tensor<3x5xi1>",
         "%y = nn.compare " + std::string(predicate) +
             ", %a, %b : tensor<3x5xf64>"});
  for (const char *op : {"and", "or"})
    cases.push_back(
        {op, "(%a: tensor<3x5xi1>, %b: tensor<3x5xi1>) -> tensor<3x5xi1>",
         "%y = nn." + std::string(op) + " %a, %b : tensor<3x5xi1>"});
  cases.push_back({"not", "(%x: tensor<3x5xi1>) -> tensor<3x5xi1>",
                   "%y = nn.not %x : tensor<3x5xi1>"});
  cases.push_back({"select",
                   "(%c: tensor<3x5xi1>, %a: tensor<3x5xf64>, "
                   "%b: tensor<3x5xf64>) -> tensor<3x5xf64>",
                   "%y = nn.select %c, %a, %b : tensor<3x5xi1>, "
                   "tensor<3x5xf64>"});
  cases.push_back({"cast", "(%x: tensor<3x5xf64>) -> tensor<3x5xi32>",
                   "%y = nn.cast %x : tensor<3x5xf64> to tensor<3x5xi32>"});
  cases.push_back({"cast", "(%x: tensor<3x5xi32>) -> tensor<3x5xf64>",
                   "%y = nn.cast %x : tensor<3x5xi32> to tensor<3x5xf64>"});
  cases.push_back({"cast", "(%x: tensor<3x5xi1>) -> tensor<3x5xf64>",
                   "%y = nn.cast %x : tensor<3x5xi1> to tensor<3x5xf64>"});
  for (const char *op : {"is_nan", "is_inf"})
    cases.push_back({op, "(%x: tensor<3x5xf64>) -> tensor<3x5xi1>",
                     "%y = nn." + std::string(op) + " %x : tensor<3x5xf64>"});
  cases.push_back({"sigmoid_cross_entropy",
                   "(%z: tensor<3x5xf64>, %t: tensor<3x5xf64>) -> "
                   "tensor<3x5xf64>",
                   "%y = nn.sigmoid_cross_entropy %z, %t : tensor<3x5xf64>"});
}

void addReductions(std::vector<Case> &cases) {
  struct Axes {
    const char *axes, *result;
  };
  for (Axes each : {Axes{"[0]", "5x7"},
                    {"[1]", "3x7"},
                    {"[2]", "3x5"},
                    {"[0, 2]", "5"},
                    {"[0, 1, 2]", ""}}) {
    std::string shape = each.result;
    auto tensor = [&](const char *element) {
      return "tensor<" + (shape.empty() ? "" : shape + "x") + element + ">";
    };
    for (std::string op :
         {"reduce_sum", "reduce_max", "reduce_min", "reduce_prod"})
      cases.push_back({op, "(%x: tensor<3x5x7xf64>) -> " + tensor("f64"),
                       "%y = nn." + op + " %x axes = " + each.axes +
                           " : tensor<3x5x7xf64> -> " + tensor("f64"),
                       0.4, 1.6});
    for (std::string op : {"reduce_all", "reduce_any"})
      cases.push_back({op, "(%x: tensor<3x5x7xi1>) -> " + tensor("i1"),
                       "%y = nn." + op + " %x axes = " + each.axes +
                           " : tensor<3x5x7xi1> -> " + tensor("i1")});
  }
  for (std::string axis : {"0", "1"}) {
    for (std::string reverse : {"", " reverse"})
      cases.push_back({"cumsum", "(%x: tensor<4x7xf64>) -> tensor<4x7xf64>",
                       "%y = nn.cumsum %x axis = " + axis + reverse +
                           " : tensor<4x7xf64>"});
    std::string result = axis == "0" ? "tensor<7xi32>" : "tensor<4xi32>";
    for (std::string op : {"argmax", "argmin"})
      cases.push_back({op, "(%x: tensor<4x7xf64>) -> " + result,
                       "%y = nn." + op + " %x axis = " + axis +
                           " : tensor<4x7xf64> -> " + result});
  }
}

void addLinear(std::vector<Case> &cases) {
  for (std::string batch : {"", "2x"})
    for (bool a : {false, true})
      for (bool b : {false, true}) {
        std::string left = "tensor<" + batch + (a ? "5x3" : "3x5") + "xf64>";
        std::string right = "tensor<" + batch + (b ? "7x5" : "5x7") + "xf64>";
        std::string result = "tensor<" + batch + "3x7xf64>";
        cases.push_back(
            {"matmul", "(%a: " + left + ", %b: " + right + ") -> " + result,
             std::string("%y = nn.matmul %a, %b") + (a ? " transpose_a" : "") +
                 (b ? " transpose_b" : "") + " : (" + left + ", " + right +
                 ") -> " + result});
      }
  std::string panels = "tensor<3x5x16xf64>";
  for (bool turned : {false, true}) {
    std::string w = turned ? "tensor<37x5xf64>" : "tensor<5x37xf64>";
    cases.push_back({"column_panels", "(%w: " + w + ") -> " + panels,
                     "%y = nn.column_panels %w panel = 16 gates = 1" +
                         std::string(turned ? " transposed" : "") + " : (" + w +
                         ") -> " + panels});
  }
  cases.push_back(
      {"panel_matmul",
       "(%a: tensor<3x5xf64>, %p: " + panels + ") -> tensor<3x37xf64>",
       "%y = nn.panel_matmul %a, %p columns = 37 gates = 1 : "
       "(tensor<3x5xf64>, " +
           panels + ") -> tensor<3x37xf64>"});
  for (std::string type :
       {"tensor<7xf64>", "tensor<3x5xf64>", "tensor<2x3x5xf64>"})
    for (std::string op : {"softmax", "log_softmax"})
      cases.push_back({op, "(%x: " + type + ") -> " + type,
                       "%y = nn." + op + " %x : " + type});
  cases.push_back(
      {"softmax_cross_entropy",
       "(%z: tensor<3x5xf64>, %t: tensor<3x5xf64>) -> tensor<3xf64>",
       "%y = nn.softmax_cross_entropy %z, %t : tensor<3x5xf64> -> "
       "tensor<3xf64>",
       0.1, 1.5});
}

void addShapes(std::vector<Case> &cases) {
  auto one = [&](const char *op, const char *operand, const char *result,
                 const char *settings) {
    cases.push_back(
        {op, std::string("(%x: ") + operand + ") -> " + result,
         std::string("%y = nn.") + op + " %x " + settings + " : " + operand +
             (std::string(op) == "reverse" ? ""
                                           : std::string(" -> ") + result)});
  };
  one("broadcast", "tensor<f64>", "tensor<3x5xf64>", "dimensions = []");
  one("broadcast", "tensor<5xf64>", "tensor<3x5xf64>", "dimensions = [1]");
  one("broadcast", "tensor<3xf64>", "tensor<3x5xf64>", "dimensions = [0]");
  one("broadcast", "tensor<2x5xf64>", "tensor<2x3x5xf64>",
      "dimensions = [0, 2]");
  one("reshape", "tensor<4x6xf64>", "tensor<3x8xf64>", "");
  one("transpose", "tensor<2x3x5xf64>", "tensor<5x2x3xf64>",
      "permutation = [2, 0, 1]");
  one("transpose", "tensor<3x5xf64>", "tensor<5x3xf64>",
      "permutation = [1, 0]");
  one("slice", "tensor<7x9xf64>", "tensor<3x4xf64>",
      "starts = [1, 2] steps = [2, 1]");
  one("pad", "tensor<2x3xf64>", "tensor<6x8xf64>",
      "value = 5.000000e-01 low = [1, 0] high = [2, 3] interior = [1, 1]");
  one("reverse", "tensor<3x5xf64>", "tensor<3x5xf64>", "axes = [0, 1]");
  cases.push_back({"concat",
                   "(%a: tensor<2x3xf64>, %b: tensor<2x5xf64>) -> "
                   "tensor<2x8xf64>",
                   "%y = nn.concat %a, %b axis = 1 : (tensor<2x3xf64>, "
                   "tensor<2x5xf64>) -> tensor<2x8xf64>"});
  cases.push_back({"constant", "(%x: tensor<3xf64>) -> tensor<3xf64>",
                   "%y = nn.constant dense<[1.0, -2.5, 3.0]> : tensor<3xf64>"});
  cases.push_back({"dim_size",
                   "(%x: tensor<?x2xf64, #nn.dims<batch, 2>>) -> tensor<f64>",
                   "%y = nn.dim_size <batch> : tensor<f64>"});
  for (std::string axis : {"0", "1"})
    cases.push_back({"iota", "(%x: tensor<1xf64>) -> tensor<3x5xi32>",
                     "%y = nn.iota axis = " + axis + " : tensor<3x5xi32>"});
  cases.push_back({"one_hot", "(%i: tensor<7xi32>) -> tensor<7x3xf64>",
                   "%y = nn.one_hot %i : tensor<7xi32> -> tensor<7x3xf64>"});
  cases.push_back({"gather",
                   "(%x: tensor<3x5xf64>, %i: tensor<2x4xi32>) -> "
                   "tensor<2x4x5xf64>",
                   "%y = nn.gather %x, %i : (tensor<3x5xf64>, "
                   "tensor<2x4xi32>) -> tensor<2x4x5xf64>"});
  cases.push_back({"scatter_add",
                   "(%x: tensor<3x5xf64>, %i: tensor<4xi32>, "
                   "%u: tensor<4x5xf64>) -> tensor<3x5xf64>",
                   "%y = nn.scatter_add %x, %i, %u : tensor<3x5xf64>, "
                   "tensor<4xi32>, tensor<4x5xf64>"});
  for (std::string op : {"random_uniform", "random_normal"})
    cases.push_back({op,
                     "(%s: tensor<i64>, %t: tensor<i64>) -> tensor<3x7xf64>",
                     "%y = nn." + op + " %s, %t stream = 5 : tensor<3x7xf64>"});
}

/// The new parameter and the new states of each optimiser.
void addOptimizers(std::vector<Case> &cases) {
  struct Optimizer {
    const char *op, *attributes;
    int states, scalars;
  };
  for (Optimizer each :
       {Optimizer{"sgd", "", 0, 0},
        {"sgd", "momentum = 9.0e-01 : f64, nesterov", 1, 0},
        {"adam", "", 2, 0},
        {"adam", "amsgrad, decoupled, weight_decay = 1.0e-01 : f64", 3, 0},
        {"nadam", "", 2, 1},
        {"adabound", "", 2, 0},
        {"adagrad", "", 1, 0},
        {"adadelta", "", 2, 0},
        {"rmsprop", "", 1, 0},
        {"rmsprop", "centered, momentum = 5.0e-01 : f64", 3, 0}}) {
    std::string formals = "%w: tensor<5xf64>, %g: tensor<5xf64>";
    std::string operands = "%w, %g", types = "tensor<5xf64>, tensor<5xf64>";
    std::string results = "tensor<5xf64>";
    for (int i = 0; i < each.states + each.scalars; ++i) {
      const char *type = i < each.states ? "tensor<5xf64>" : "tensor<f64>";
      formals += ", %s" + std::to_string(i) + ": " + type;
      operands += ", %s" + std::to_string(i);
      types += std::string(", ") + type;
      results += std::string(", ") + type;
    }
    std::string count = std::to_string(1 + each.states + each.scalars);
    // The first result stands for all: the others feed it in the next step.
    cases.push_back(
        {each.op,
         "(" + formals +
             ", %lr: tensor<f64>, %t: tensor<i64>) -> tensor<5xf64>",
         "%r:" + count + " = \"nn." + each.op + "\"(" + operands +
             ", %lr, %t) <{" + each.attributes + "}> : (" + types +
             ", tensor<f64>, tensor<i64>) -> (" + results +
             ")\n%y = nn.neg %r#0 : tensor<5xf64>",
         0.3, 0.5});
  }
}

std::string imagesOf(int64_t channels, int64_t height, int64_t width,
                     const char *element = "f64") {
  return "tensor<2x" + std::to_string(channels) + "x" + std::to_string(height) +
         "x" + std::to_string(width) + "x" + element + ">";
}

void addConvolutions(std::vector<Case> &cases) {
  struct Window {
    int64_t channels, filters, groups, height, width, rows, columns;
    const char *settings;
  };
  for (const Window &each :
       {Window{3, 5, 1, 5, 7, 3, 5,
               "strides = [1, 1] padding = [0, 0, 0, 0] dilations = [1, 1]"},
        {1, 1, 1, 5, 7, 3, 7,
         "strides = [2, 1] padding = [1, 1, 1, 1] dilations = [1, 1]"},
        {4, 6, 2, 5, 8, 2, 2,
         "strides = [1, 3] padding = [1, 0, 0, 1] dilations = [2, 2]"}}) {
    std::string x = imagesOf(each.channels, each.height, each.width);
    std::string y = imagesOf(each.filters, each.rows, each.columns);
    std::string kernel = std::to_string(each.filters) + "x" +
                         std::to_string(each.channels / each.groups) +
                         "x3x3xf64>";
    std::string w = "tensor<" + kernel;
    std::string settings = std::string(each.settings) +
                           " groups = " + std::to_string(each.groups) + " : ";
    auto add = [&](const std::string &op, const std::string &a,
                   const std::string &b, const std::string &extra,
                   const std::string &result) {
      cases.push_back({op, "(%a: " + a + ", %b: " + b + ") -> " + result,
                       "%y = nn." + op + " %a, %b " + extra + settings + "(" +
                           a + ", " + b + ") -> " + result});
    };
    add("conv2d", x, w, "", y);
    add("conv2d_data_gradient", y, w,
        "size = [" + std::to_string(each.height) + ", " +
            std::to_string(each.width) + "] ",
        x);
    add("conv2d_weight_gradient", x, y, "kernel = [3, 3] ", w);
    add("conv2d_weight_parts", x, y, "parts = 2 kernel = [3, 3] ",
        "tensor<2x" + kernel);
  }
}

void addWinograd(std::vector<Case> &cases) {
  for (int64_t tile : {2, 4})
    for (bool adjoint : {false, true}) {
      std::string w =
          adjoint ? "tensor<17x18x3x3xf64>" : "tensor<18x17x3x3xf64>";
      std::string u =
          "tensor<" + std::to_string((tile + 2) * (tile + 2)) + "x2x17x16xf64>";
      std::string x = imagesOf(17, 5, 8), y = imagesOf(18, 6, 6);
      std::string size = " tile = " + std::to_string(tile);
      cases.push_back({"winograd_weights", "(%w: " + w + ") -> " + u,
                       "%y = nn.winograd_weights %w" + size + " panel = 16" +
                           (adjoint ? " adjoint" : "") + " : (" + w + ") -> " +
                           u});
      cases.push_back(
          {"winograd_conv2d", "(%x: " + x + ", %u: " + u + ") -> " + y,
           "%y = nn.winograd_conv2d %x, %u outputs = 18" + size +
               " padding = [1, 2, 0, 0] : (" + x + ", " + u + ") -> " + y});
    }
}

void addPools(std::vector<Case> &cases) {
  std::string x = imagesOf(3, 5, 7), y = imagesOf(3, 3, 3);
  std::string index = imagesOf(3, 3, 3, "i32");
  std::string window = "kernel = [2, 3] strides = [2, 2] padding = "
                       "[1, 0, 0, 0] ";
  cases.push_back({"max_pool2d", "(%x: " + x + ") -> " + y,
                   "%y, %i = nn.max_pool2d %x " + window + ": (" + x +
                       ") -> (" + y + ", " + index + ")"});
  cases.push_back({"max_unpool2d", "(%v: " + y + ", %i: " + index + ") -> " + x,
                   "%y = nn.max_unpool2d %v, %i size = [5, 7] : (" + y + ", " +
                       index + ") -> " + x,
                   -1.7, 1.9, 35});
  cases.push_back(
      {"gather_pooled2d", "(%x: " + x + ", %i: " + index + ") -> " + y,
       "%y = nn.gather_pooled2d %x, %i : (" + x + ", " + index + ") -> " + y,
       -1.7, 1.9, 35});
  for (std::string count : {"", "count_padding "}) {
    cases.push_back(
        {"avg_pool2d", "(%x: " + x + ") -> " + y,
         "%y = nn.avg_pool2d %x " + window + count + ": (" + x + ") -> " + y});
    cases.push_back({"avg_unpool2d", "(%v: " + y + ") -> " + x,
                     "%y = nn.avg_unpool2d %v size = [5, 7] " + window + count +
                         ": (" + y + ") -> " + x});
  }
}

/// A recurrence with a weight, of which the states or the last one are wanted.
void addScans(std::vector<Case> &cases) {
  for (std::string reverse : {"", "reverse "})
    for (bool last : {false, true}) {
      std::string x = "tensor<3x4x2xf64>", h = "tensor<3x2xf64>",
                  w = "tensor<2x2xf64>";
      std::string states = last ? "%s, %y" : "%y, %h1";
      cases.push_back(
          {"scan",
           "(%x: " + x + ", %h: " + h + ", %w: " + w + ") -> " + (last ? h : x),
           states + " = nn.scan " + reverse +
               "steps = <4> sources (%x) axes = [1] initial (%h) invariants "
               "(%w) stack_axes = [1] : (" +
               x + ", " + h + ", " + w + ") -> (" + x + ", " + h +
               ") {\n^bb0(%row: " + h + ", %old: " + h + ", %u: " + w +
               "):\n%p = nn.matmul %old, %u : (" + h + ", " + w + ") -> " + h +
               "\n%q = nn.add %p, %row : " + h + "\n%new = nn.tanh %q : " + h +
               "\nnn.next %new, %new : " + h + ", " + h + "\n}"});
    }
}

std::vector<Case> allCases() {
  std::vector<Case> cases;
  addElementwise(cases);
  addReductions(cases);
  addLinear(cases);
  addShapes(cases);
  addOptimizers(cases);
  addConvolutions(cases);
  addWinograd(cases);
  addPools(cases);
  addScans(cases);
  return cases;
}

/// Adds compiling to what the tests of the reference have.
class AllOpsTest : public ReferenceTest {
protected:
  AllOpsTest() {
    DialectRegistry registry;
    registerAllDialects(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
    loadKernelDialects(context);
    sizes["batch"] = 5;
  }

  func::FuncOp parseCase(const Case &c) {
    size_t arrow = c.type.find("-> ");
    return parse("func.func @f" + c.type + " {\n" + c.body +
                 "\nreturn %y : " + c.type.substr(arrow + 3) + "\n}");
  }

  SmallVector<Tensor> draw(func::FuncOp function, const Case &c) {
    RandomStream random(17, RandomPurpose::initializer);
    SmallVector<Tensor> arguments;
    for (Type type : function.getArgumentTypes()) {
      auto tensorType = cast<RankedTensorType>(type);
      auto shape = Sizes(sizes).shapeOf(tensorType,
                                        [&] { return function.emitOpError(); });
      Tensor tensor(kindOf(tensorType.getElementType()), *shape);
      tensor.visit([&](auto &elements) {
        for (auto &element : elements) {
          if (tensor.kind() == ElementKind::floating)
            element = c.low + (c.high - c.low) * random.uniform();
          else if (tensor.kind() == ElementKind::integer)
            // Numbers of steps, from 1, are scalars.
            element = shape->empty() ? 3 : random.below(c.bound);
          else
            element = random.below(2);
        }
      });
      arguments.push_back(std::move(tensor));
    }
    return arguments;
  }

  void expectCompiledAgrees(const Case &c);
  void expectGradientsAgree(const Case &c);

  std::map<std::string, int64_t> sizes;
};

/// Copies \p tensor to or from memory of a program's argument.
template <typename Function>
void withMemory(nnc::ElementType type, void *data, Function function) {
  switch (type) {
  case nnc::ElementType::f64:
    return function(static_cast<double *>(data));
  case nnc::ElementType::i32:
    return function(static_cast<int32_t *>(data));
  case nnc::ElementType::i64:
    return function(static_cast<int64_t *>(data));
  default:
    return function(static_cast<uint8_t *>(data));
  }
}

void AllOpsTest::expectCompiledAgrees(const Case &c) {
  func::FuncOp function = parseCase(c);
  ASSERT_TRUE(function);
  SmallVector<Tensor> arguments = draw(function, c);
  auto expected = evaluate(function, arguments, sizes);
  ASSERT_TRUE(succeeded(expected)) << diagnostics;
  ProgramOptions options;
  options.graph.sizes = sizes;
  options.target = *TargetDescription::host();
  auto program = compileProgram(function->getParentOfType<ModuleOp>(), options);
  ASSERT_TRUE(program.has_value()) << render(program.error());
  Executable executable(std::move(*program));
  const auto &list = executable.signature().arguments;
  std::vector<AlignedBuffer> buffers;
  std::vector<ArgumentView> views;
  for (auto [i, argument] : llvm::enumerate(list)) {
    buffers.emplace_back(argument.byteCount());
    views.push_back({buffers.back().data(), argument.byteCount()});
    if (i < arguments.size())
      withMemory(argument.type, views.back().data, [&](auto *data) {
        arguments[i].visit([&](const auto &elements) {
          std::copy(elements.begin(), elements.end(), data);
        });
      });
  }
  auto ran = executable.run(views, executable.signature().batch, 2);
  ASSERT_TRUE(ran.has_value()) << render(ran.error());
  Tensor found(expected->front().kind(), expected->front().shape());
  withMemory(list.back().type, views.back().data, [&](auto *data) {
    found.visit([&](auto &elements) {
      std::copy_n(data, elements.size(), elements.begin());
    });
  });
  // Sums of at most 105 terms and functions exact to a few units of 1e-16.
  // Minimal filtering takes differences of sums as large as the largest result.
  double largest = 0;
  for (int64_t i = 0; i < found.size(); ++i)
    largest = std::max(largest, std::fabs(expected->front().number(i)));
  bool cancels = c.op == "winograd_conv2d";
  for (int64_t i = 0; i < found.size(); ++i) {
    double size = cancels ? largest : std::fabs(expected->front().number(i));
    EXPECT_NEAR(found.number(i), expected->front().number(i),
                1e-13 * std::max(1.0, size))
        << "element " << i;
  }
}

/// Makes \p function return the sum of \p values times numbers that differ from
/// element to element; the gradient of a plain sum would hide transpositions.
Value weightedSum(OpBuilder &builder, ArrayRef<Value> values) {
  Value total;
  double number = 0.3;
  for (Value value : values) {
    auto type = cast<RankedTensorType>(value.getType());
    SmallVector<double> numbers;
    for (int64_t i = 0; i < type.getNumElements(); ++i) {
      number = std::fmod(number * 3.7 + 0.41, 2.0);
      numbers.push_back(number - 0.9);
    }
    Location loc = value.getLoc();
    Value weights = nn::ConstantOp::create(
        builder, loc, DenseElementsAttr::get(type, ArrayRef<double>(numbers)));
    Value product = nn::MulOp::create(builder, loc, value, weights);
    if (type.getRank() > 0)
      product = nn::ReduceSumOp::create(
          builder, loc, product,
          llvm::to_vector(llvm::seq<int64_t>(0, type.getRank())));
    total = total ? nn::AddOp::create(builder, loc, total, product).getY()
                  : product;
  }
  return total;
}

/// Makes \p values the results of \p function.
void setResults(func::FuncOp function, ArrayRef<Value> values) {
  function.front().getTerminator()->setOperands(values);
  function.setFunctionType(
      FunctionType::get(function.getContext(), function.getArgumentTypes(),
                        llvm::to_vector(ValueRange(values).getTypes())));
}

void AllOpsTest::expectGradientsAgree(const Case &c) {
  func::FuncOp function = parseCase(c);
  ASSERT_TRUE(function);
  SmallVector<Tensor> arguments = draw(function, c);
  SmallVector<Value> wrt;
  for (Value argument : function.getArguments())
    if (isa<FloatType>(getElementTypeOrSelf(argument.getType())))
      wrt.push_back(argument);
  if (wrt.empty())
    return;
  Operation *terminator = function.front().getTerminator();
  OpBuilder builder(terminator);
  SmallVector<Value> values(terminator->getOperands());
  for (int order = 1; order <= 2; ++order) {
    SCOPED_TRACE("order " + std::to_string(order));
    Value sum = weightedSum(builder, values);
    setResults(function, sum);
    OwningOpRef<func::FuncOp> objective = function.clone();
    SmallVector<Value> gradients;
    ASSERT_TRUE(succeeded(nn::differentiate(builder, sum, wrt, gradients)))
        << diagnostics;
    values.clear();
    for (auto [argument, gradient] : llvm::zip(wrt, gradients)) {
      if (!gradient)
        gradient =
            nn::createFull(builder, function.getLoc(),
                           cast<RankedTensorType>(argument.getType()), 0);
      values.push_back(gradient);
    }
    setResults(function, values);
    auto results = evaluate(function, arguments, sizes);
    ASSERT_TRUE(succeeded(results)) << diagnostics;
    SmallVector<std::optional<Tensor>> given(arguments.size());
    for (auto [argument, result] : llvm::zip(wrt, *results))
      given[cast<BlockArgument>(argument).getArgNumber()] = result;
    GradientCheckOptions options;
    // Truncation and rounding both are about 1e-10 of the function's value.
    options.step = 1e-5;
    auto errors = checkGradients(
        [&](ArrayRef<Tensor> at) { return evaluateSum(*objective, at, sizes); },
        arguments, given, options);
    ASSERT_TRUE(succeeded(errors)) << diagnostics;
    for (const GradientError &error : *errors)
      EXPECT_LT(error.worst, 1e-6)
          << "argument " << error.argument << " element " << error.element
          << ": " << error.given << ", difference " << error.difference;
  }
}

TEST_F(AllOpsTest, EveryOpHasWhatItNeeds) {
  llvm::StringSet<> covered;
  for (const Case &c : allCases())
    covered.insert("nn." + c.op);
  unsigned count = 0;
  for (RegisteredOperationName op :
       context.getRegisteredOperationsByDialect("nn")) {
    StringRef name = op.getStringRef();
    if (isPartOfOthers(name))
      continue;
    ++count;
    EXPECT_TRUE(covered.contains(name)) << name.str() << " has no case here";
    EXPECT_TRUE(op.hasInterface<nn::ReferenceOpInterface>()) << name.str();
    // Loops are unrolled before fusion; ScanGradient.cpp has their rule.
    if (name == "nn.scan") {
      covered.erase(name);
      continue;
    }
    EXPECT_TRUE(op.hasInterface<nn::DifferentiableOpInterface>() ||
                op.hasInterface<nn::CompositeOpInterface>() ||
                op.hasTrait<nn::NonDifferentiable>())
        << name.str() << " has no gradient rule";
    EXPECT_TRUE(op.hasInterface<nn::FusionOpInterface>() ||
                op.hasInterface<nn::CompositeOpInterface>())
        << name.str() << " is in no fusion class";
    covered.erase(name);
  }
  EXPECT_GT(count, 60u);
  for (const auto &left : covered)
    ADD_FAILURE() << left.getKey().str() << " is no op";
}

TEST_F(AllOpsTest, CompiledOpsAgreeWithTheReference) {
  for (const Case &c : allCases()) {
    SCOPED_TRACE(c.op + " " + c.type + "\n" + c.body);
    expectCompiledAgrees(c);
  }
}

TEST_F(AllOpsTest, RulesAgreeWithCentralDifferences) {
  for (const Case &c : allCases()) {
    RegisteredOperationName op =
        *RegisteredOperationName::lookup("nn." + c.op, &context);
    if (op.hasTrait<nn::NonDifferentiable>() || c.op == "constant" ||
        !StringRef(c.type).ends_with("f64>"))
      continue;
    SCOPED_TRACE(c.op + " " + c.type + "\n" + c.body);
    expectGradientsAgree(c);
  }
}

} // namespace
