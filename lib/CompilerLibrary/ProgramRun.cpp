//===- ProgramRun.cpp - Programs on drawn arguments -----------------------===//

#include "ProgramRun.h"
#include "nnc/Execution/FirstError.h"
#include "nnc/Support/Philox.h"
#include <cmath>

using namespace mlir;
using namespace nnc;
using reference::ElementKind;

std::string nnc::argumentText(func::FuncOp function, unsigned index,
                              StringRef name) {
  auto attribute = function.getArgAttrOfType<StringAttr>(index, name);
  return attribute ? attribute.getValue().str() : std::string();
}

std::string nnc::resultName(func::FuncOp function, unsigned index) {
  for (const char *key : {"nn.updates", "nn.name"})
    if (auto name = function.getResultAttrOfType<StringAttr>(index, key))
      return name.str();
  return "result " + std::to_string(index);
}

SmallVector<Operation *> nnc::returnEverything(func::FuncOp function) {
  SmallVector<Operation *> ops;
  SmallVector<Value> values;
  SmallVector<Type> types;
  for (Operation &op : function.getBody().front().without_terminator()) {
    if (isa<nn::ConstantOp>(op))
      continue;
    for (Value value : op.getResults()) {
      ops.push_back(&op);
      values.push_back(value);
      types.push_back(value.getType());
    }
  }
  function.getBody().front().getTerminator()->setOperands(values);
  function.removeResAttrsAttr();
  function.setFunctionType(FunctionType::get(
      function.getContext(), function.getArgumentTypes(), types));
  return ops;
}

std::string nnc::layerName(Operation *op) {
  std::string name = op->getName().getStringRef().str();
  if (auto layer =
          dyn_cast_or_null<NameLoc>(op->getLoc()->findInstanceOf<NameLoc>()))
    name += " of '" + layer.getName().str() + "'";
  return name;
}

//===----------------------------------------------------------------------===//
// Drawing
//===----------------------------------------------------------------------===//

void nnc::chooseSizes(func::FuncOp function,
                      std::map<std::string, int64_t> &sizes) {
  auto *dialect = function.getContext()->getLoadedDialect<nn::NNDialect>();
  // More than one, and no multiples of a vector's width or of each other.
  int64_t next = 4;
  for (Type type : function.getArgumentTypes())
    for (AffineExpr size : nn::sizesOf(cast<RankedTensorType>(type)))
      size.walk([&](AffineExpr part) {
        auto symbol = dyn_cast<AffineSymbolExpr>(part);
        if (!symbol)
          return;
        std::string name = dialect->dimensionName(symbol.getPosition());
        if (sizes.try_emplace(name, name == "batch" ? 3 : next).second &&
            name != "batch")
          ++next;
      });
}

/// The number of a training step: not the first, whose states are all 0.
static constexpr double laterStep = 3;

/// What values of the integer argument \p argument select from: the smallest
/// axis that an op which reads it takes them for; 2 if there is none.
static int64_t integerBound(BlockArgument argument,
                            const reference::Sizes &sizes) {
  int64_t bound = 0;
  auto limit = [&](Value value, int64_t axis) {
    auto type = cast<RankedTensorType>(value.getType());
    std::optional<int64_t> size = sizes.evaluate(
        nn::sizesOf(type)[axis < 0 ? axis + type.getRank() : axis]);
    if (size && *size > 0)
      bound = bound == 0 ? *size : std::min(bound, *size);
  };
  SmallVector<Value> pending{argument};
  while (!pending.empty()) {
    for (Operation *user : pending.pop_back_val().getUsers()) {
      if (auto oneHot = dyn_cast<nn::OneHotOp>(user))
        limit(oneHot.getResult(), -1);
      else if (auto gather = dyn_cast<nn::GatherOp>(user))
        limit(gather.getOperand(0), 0);
      else if (auto scatter = dyn_cast<nn::ScatterAddOp>(user))
        limit(scatter.getOperand(0), 0);
      else if (isa<nn::ReshapeOp, nn::BroadcastOp, nn::CastOp>(user))
        pending.push_back(user->getResult(0));
    }
  }
  return bound == 0 ? 2 : bound;
}

/// The products that a unit sums which the weight of \p type belongs to.
static int64_t fanIn(ArrayRef<int64_t> shape) {
  int64_t count = 1;
  for (int64_t size : shape.drop_back(shape.empty() ? 0 : 1))
    count *= size;
  return shape.size() < 2 ? 1 : std::max<int64_t>(1, count);
}

Expected<SmallVector<reference::Tensor>>
nnc::drawArguments(func::FuncOp function,
                   const std::map<std::string, int64_t> &sizeValues,
                   uint64_t seed) {
  FirstError errors(function.getContext());
  reference::Sizes sizes(sizeValues);
  RandomStream random(seed, RandomPurpose::initializer, /*step=*/1);
  SmallVector<reference::Tensor> arguments;
  for (BlockArgument argument : function.getArguments()) {
    auto type = cast<RankedTensorType>(argument.getType());
    std::string role =
        argumentText(function, argument.getArgNumber(), "nn.role");
    std::string name =
        argumentText(function, argument.getArgNumber(), "nn.name");
    FailureOr<SmallVector<int64_t>> shape =
        sizes.shapeOf(type, [&] { return function.emitOpError(); });
    if (failed(shape))
      return errors.take("a shape is not known");
    reference::Tensor tensor(reference::kindOf(type.getElementType()), *shape);
    auto draw = [&]() -> double {
      if (role == "scalar")
        return name == "learning_rate" ? 1e-2 : name == "step" ? laterStep : 1;
      if (tensor.kind() == ElementKind::boolean)
        return random.below(2);
      if (tensor.kind() == ElementKind::integer)
        return random.below(integerBound(argument, sizes));
      if (role == "optimizer")
        return 0.3 + 0.2 * random.uniform();
      double range = role == "parameter"
                         ? std::min(0.5, std::sqrt(3.0 / fanIn(*shape)))
                         : 0.5;
      return range * (2 * random.uniform() - 1);
    };
    if (name == "seed" && role == "scalar")
      tensor.fill(static_cast<double>(seed % 1000));
    else
      tensor.visit([&](auto &elements) {
        for (auto &element : elements)
          element = draw();
      });
    if (tensor.kind() == ElementKind::floating)
      for (double &element : tensor.floats())
        element = reference::roundTo(element, type.getElementType());
    arguments.push_back(std::move(tensor));
  }
  return arguments;
}

//===----------------------------------------------------------------------===//
// Running
//===----------------------------------------------------------------------===//

/// Calls \p function with a pointer to elements of \p type.
template <typename Function>
static Expected<void> withElements(ElementType type, void *data,
                                   Function function) {
  switch (type) {
  case ElementType::f32:
    function(static_cast<float *>(data));
    return {};
  case ElementType::f64:
    function(static_cast<double *>(data));
    return {};
  case ElementType::i32:
    function(static_cast<int32_t *>(data));
    return {};
  case ElementType::i64:
    function(static_cast<int64_t *>(data));
    return {};
  case ElementType::boolean:
    function(static_cast<uint8_t *>(data));
    return {};
  default:
    return fail(ErrorCode::unsupported,
                fmt::format("checking elements of {}", nameOf(type)));
  }
}

static ElementKind kindOf(ElementType type) {
  if (type == ElementType::boolean)
    return ElementKind::boolean;
  return type == ElementType::f32 || type == ElementType::f64
             ? ElementKind::floating
             : ElementKind::integer;
}

Expected<std::unique_ptr<ProgramRun>>
ProgramRun::create(ModuleOp module, const ProgramOptions &options) {
  OwningOpRef<ModuleOp> copy = module.clone();
  func::FuncOp function = *copy->getOps<func::FuncOp>().begin();
  std::vector<std::string> updated;
  for (unsigned i = 0; i < function.getNumResults(); ++i) {
    auto name = function.getResultAttrOfType<StringAttr>(i, "nn.updates");
    updated.push_back(name ? name.str() : "");
  }
  auto program = compileProgram(*copy, options);
  if (!program)
    return fail(std::move(program).error());
  std::unique_ptr<ProgramRun> run(new ProgramRun(std::move(*program)));
  const Signature &signature = run->executable.signature();
  for (const Argument &argument : signature.arguments) {
    run->buffers.emplace_back(argument.byteCount());
    run->views.push_back({run->buffers.back().data(), argument.byteCount()});
  }
  // The arguments in order, then the results that replace none of them.
  int nextOutput = function.getNumArguments();
  for (const std::string &name : updated) {
    int index = nextOutput;
    if (name.empty()) {
      ++nextOutput;
    } else {
      for (index = 0; signature.arguments[index].name != name;)
        ++index;
    }
    run->resultIndex.push_back(index);
  }
  return run;
}

Expected<reference::Tensor>
ProgramRun::argument(size_t index, std::span<const std::byte> bytes) const {
  const Argument &argument = executable.signature().arguments[index];
  if (static_cast<int64_t>(bytes.size()) < argument.byteCount())
    return fail(ErrorCode::badArguments,
                fmt::format("'{}' needs {} bytes, got {}", argument.name,
                            argument.byteCount(), bytes.size()));
  reference::Tensor tensor(kindOf(argument.type), argument.shape);
  // Only read.
  auto *data = const_cast<std::byte *>(bytes.data());
  auto copied = withElements(argument.type, data, [&](auto *elements) {
    tensor.visit([&](auto &values) {
      std::copy_n(elements, values.size(), values.begin());
    });
  });
  if (!copied)
    return fail(std::move(copied).error());
  return tensor;
}

Expected<SmallVector<reference::Tensor>>
ProgramRun::run(ArrayRef<reference::Tensor> arguments) {
  const Signature &signature = executable.signature();
  for (auto [i, tensor] : llvm::enumerate(arguments)) {
    auto copied = withElements(
        signature.arguments[i].type, views[i].data, [&](auto *data) {
          tensor.visit([&](const auto &elements) {
            std::copy(elements.begin(), elements.end(), data);
          });
        });
    if (!copied)
      return fail(std::move(copied).error());
  }
  if (auto ran = executable.run(views, signature.batch, /*threads=*/1); !ran)
    return fail(std::move(ran).error());
  SmallVector<reference::Tensor> results;
  for (int index : resultIndex) {
    const Argument &argument = signature.arguments[index];
    reference::Tensor tensor(kindOf(argument.type), argument.shape);
    auto copied =
        withElements(argument.type, views[index].data, [&](auto *data) {
          tensor.visit([&](auto &elements) {
            std::copy_n(data, elements.size(), elements.begin());
          });
        });
    if (!copied)
      return fail(std::move(copied).error());
    results.push_back(std::move(tensor));
  }
  return results;
}
