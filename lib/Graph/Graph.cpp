//===- Graph.cpp - Graphs and the tensors in them -------------------------===//

#include "nnc/Graph/Graph.h"
#include "GraphImpl.h"
#include "mlir/IR/Verifier.h"

using namespace mlir;
using namespace nnc;

//===----------------------------------------------------------------------===//
// Element types and sizes
//===----------------------------------------------------------------------===//

Type GraphImpl::type(nnc::ElementType element) {
  switch (element) {
  case nnc::ElementType::f32:
    return builder.getF32Type();
  case nnc::ElementType::f64:
    return builder.getF64Type();
  case nnc::ElementType::f16:
    return builder.getF16Type();
  case nnc::ElementType::bf16:
    return builder.getBF16Type();
  case nnc::ElementType::i64:
    return builder.getI64Type();
  case nnc::ElementType::i32:
    return builder.getI32Type();
  case nnc::ElementType::boolean:
    return builder.getI1Type();
  case nnc::ElementType::i16:
  case nnc::ElementType::i8:
  case nnc::ElementType::u8:
    return {};
  }
  return {};
}

nnc::ElementType nnc::elementTypeOf(Type type) {
  if (type.isF32())
    return nnc::ElementType::f32;
  if (type.isF64())
    return nnc::ElementType::f64;
  if (type.isF16())
    return nnc::ElementType::f16;
  if (type.isBF16())
    return nnc::ElementType::bf16;
  if (type.isInteger(64))
    return nnc::ElementType::i64;
  if (type.isInteger(32))
    return nnc::ElementType::i32;
  return nnc::ElementType::boolean;
}

AffineExpr GraphImpl::affine(const Dim &dim) {
  AffineExpr sum = getAffineConstantExpr(0, context);
  for (const auto &[term, coefficient] : dim.termMap()) {
    AffineExpr product = getAffineConstantExpr(1, context);
    for (const Dim::Factor &factor : term) {
      AffineExpr value;
      if (factor.kind == Dim::Factor::Kind::Name)
        value = dialect->dimensionSymbol(factor.key);
      else if (factor.kind == Dim::Factor::Kind::Quotient)
        value = affine(*factor.lhs).floorDiv(affine(*factor.rhs));
      else
        value = affine(*factor.lhs) % affine(*factor.rhs);
      product = product * value;
    }
    sum = sum + product * coefficient;
  }
  return sum;
}

Dim GraphImpl::dim(AffineExpr size) {
  if (auto constant = dyn_cast<AffineConstantExpr>(size))
    return constant.getValue();
  if (auto symbol = dyn_cast<AffineSymbolExpr>(size))
    return Dim::named(dialect->dimensionName(symbol.getPosition()));
  auto binary = cast<AffineBinaryOpExpr>(size);
  Dim lhs = dim(binary.getLHS()), rhs = dim(binary.getRHS());
  switch (binary.getKind()) {
  case AffineExprKind::Add:
    return lhs + rhs;
  case AffineExprKind::Mul:
    return lhs * rhs;
  case AffineExprKind::FloorDiv:
    return floorDiv(lhs, rhs);
  case AffineExprKind::CeilDiv:
    return -floorDiv(-lhs, rhs);
  default:
    return floorMod(lhs, rhs);
  }
}

RankedTensorType GraphImpl::type(nnc::ElementType element,
                                 const std::vector<Dim> &shape) {
  SmallVector<AffineExpr> sizes;
  for (const Dim &size : shape)
    sizes.push_back(affine(size));
  return nn::tensorType(type(element), sizes);
}

std::vector<Dim> nnc::shapeOf(GraphImpl &graph, Value value) {
  std::vector<Dim> shape;
  for (AffineExpr size : nn::sizesOf(value))
    shape.push_back(graph.dim(size));
  return shape;
}

//===----------------------------------------------------------------------===//
// Tensor
//===----------------------------------------------------------------------===//

nnc::ElementType Tensor::elementType() const {
  return elementTypeOf(typeOf(nnc::valueOf(*this)).getElementType());
}

std::vector<Dim> Tensor::shape() const {
  return shapeOf(*graph, nnc::valueOf(*this));
}

int64_t Tensor::rank() const { return typeOf(nnc::valueOf(*this)).getRank(); }

Dim Tensor::size(int64_t axis) const {
  return shape()[axis < 0 ? axis + rank() : axis];
}

std::string Tensor::str() const {
  if (!isValid())
    return "a poisoned tensor";
  return std::string(nameOf(elementType())) + nnc::str(shape());
}

//===----------------------------------------------------------------------===//
// GraphImpl
//===----------------------------------------------------------------------===//

GraphImpl::GraphImpl(MLIRContext &context, const std::string &name,
                     GraphMode mode)
    : context(&context), builder(&context), mode(mode) {
  context.loadDialect<func::FuncDialect, nn::NNDialect>();
  dialect = context.getLoadedDialect<nn::NNDialect>();
  Location unknown = builder.getUnknownLoc();
  module = ModuleOp::create(unknown);
  builder.setInsertionPointToEnd(module->getBody());
  function = func::FuncOp::create(builder, unknown, name,
                                  builder.getFunctionType({}, {}));
  block = function.addEntryBlock();
  builder.setInsertionPointToEnd(block);
}

SourcePosition GraphImpl::currentPosition() const {
  if (position)
    return *position;
  if (!place)
    return {};
  return {place->file_name(), place->line(), place->column(), ""};
}

Location GraphImpl::location() {
  SourcePosition where = currentPosition();
  Location file = where.file.empty()
                      ? Location(builder.getUnknownLoc())
                      : FileLineColLoc::get(builder.getStringAttr(where.file),
                                            where.line, where.column);
  if (path.empty())
    return file;
  return NameLoc::get(builder.getStringAttr(path), file);
}

Tensor GraphImpl::fail(Error failure) {
  if (failure.position.file.empty())
    failure.position = currentPosition();
  if (!error)
    error = std::move(failure);
  return Tensor(this, nullptr);
}

Value GraphImpl::constant(Type element, double value) {
  if (element.isInteger(1)) {
    auto type = RankedTensorType::get({}, element);
    return nn::ConstantOp::create(builder, location(),
                                  DenseElementsAttr::get(type, value != 0));
  }
  return nn::createScalar(builder, location(), element, value);
}

Value GraphImpl::full(RankedTensorType type, double value) {
  Value scalar = constant(type.getElementType(), value);
  if (type.getRank() == 0)
    return scalar;
  return nn::BroadcastOp::create(builder, location(), type, scalar,
                                 ArrayRef<int64_t>{});
}

Tensor GraphImpl::addArgument(GraphArgument argument, RankedTensorType type) {
  auto [it, isNew] =
      argumentByName.try_emplace(argument.name, arguments.size());
  if (!isNew)
    return tensor(block->getArgument(it->second));
  arguments.push_back(std::move(argument));
  return tensor(block->addArgument(type, location()));
}

std::string GraphImpl::qualified(const std::string &name) const {
  return path.empty() ? name : path + "." + name;
}

uint32_t GraphImpl::nextStream() {
  unsigned number = randomCounters[path]++;
  std::string key = number == 0 ? path : path + "#" + std::to_string(number);
  // FNV-1a: short, fixed for ever, and good enough to tell paths apart.
  uint32_t hash = 2166136261u;
  for (unsigned char byte : key)
    hash = (hash ^ byte) * 16777619u;
  return hash;
}

//===----------------------------------------------------------------------===//
// Graph
//===----------------------------------------------------------------------===//

Graph::Graph(std::unique_ptr<GraphImpl> impl) : impl(std::move(impl)) {}
Graph::Graph(Graph &&) = default;
Graph &Graph::operator=(Graph &&) = default;
Graph::~Graph() = default;

Graph::Graph(const std::string &name, GraphMode mode) {
  auto context =
      std::make_unique<MLIRContext>(MLIRContext::Threading::DISABLED);
  impl = std::make_unique<GraphImpl>(*context, name, mode);
  impl->ownContext = std::move(context);
}

const std::string &Graph::path() const { return impl->path; }

bool Graph::isTraining() const { return impl->mode == GraphMode::training; }

const Error *Graph::error() const {
  return impl->error ? &*impl->error : nullptr;
}

std::optional<Error> Graph::takeError() {
  return std::exchange(impl->error, std::nullopt);
}

Tensor Graph::fail(Error error) { return impl->fail(std::move(error)); }

/// Checks the element type and sizes of an argument called \p name.
static bool checkType(GraphImpl &graph, const std::string &name,
                      nnc::ElementType type, const std::vector<Dim> &shape,
                      bool mustBeConstant) {
  if (!graph.type(type)) {
    graph.fail(ErrorCode::tensorExpected, "'" + name + "'",
               "a tensor of f32, f64, f16, bf16, i32, i64 or bool",
               nameOf(type));
    return false;
  }
  for (const Dim &size : shape) {
    if (!size.isValid() || (size.isConstant() && size.constant() < 0)) {
      graph.fail(ErrorCode::sizeOutOfRange, name, str(shape));
      return false;
    }
    if (mustBeConstant && !size.isConstant()) {
      graph.fail(ErrorCode::openSize, name, size.str(), str(shape));
      return false;
    }
  }
  if (!product(shape).isValid()) {
    graph.fail(ErrorCode::sizeOutOfRange, name, str(shape));
    return false;
  }
  return true;
}

/// Adds an argument whose name must be new, unless the scope is shared.
static Tensor declare(GraphImpl &graph, GraphArgument argument,
                      const std::vector<Dim> &shape, nnc::ElementType type,
                      bool mayExist) {
  std::string name = argument.name;
  bool mustBeConstant = argument.role != "input";
  if (!checkType(graph, name, type, shape, mustBeConstant))
    return Tensor(&graph, nullptr);
  RankedTensorType wanted = graph.type(type, shape);
  bool exists = graph.argumentByName.count(name) != 0;
  if (exists && !mayExist)
    return graph.fail(ErrorCode::declaredTwice, name);
  std::string role = argument.role;
  Tensor result = graph.addArgument(std::move(argument), wanted);
  if (exists && (typeOf(valueOf(result)) != wanted ||
                 graph.arguments[graph.argumentByName[name]].role != role))
    return graph.fail(ErrorCode::sharedParameter, name, result.str(),
                      std::string(nameOf(type)) + str(shape));
  return result;
}

Tensor Graph::input(const std::string &name, const std::vector<Dim> &shape,
                    nnc::ElementType type, std::source_location place) {
  Call call(impl.get(), place);
  GraphArgument argument;
  argument.name = name;
  argument.role = "input";
  return declare(*impl, std::move(argument), shape, type, false);
}

Tensor nnc::declareParameter(GraphImpl &graph, const std::string &name,
                             const std::string &role,
                             const std::vector<Dim> &shape,
                             const ParameterOptions &options,
                             nnc::ElementType type) {
  GraphArgument argument;
  argument.name = graph.qualified(name);
  argument.role = role;
  argument.initializer = options.initializer.text;
  argument.layer = graph.path;
  argument.regularizer = options.regularizer;
  argument.constraint = options.constraint;
  Tensor result =
      declare(graph, std::move(argument), shape, type, graph.shared);
  if (!result.isValid())
    return result;
  unsigned index = cast<BlockArgument>(nnc::valueOf(result)).getArgNumber();
  auto it = graph.updates.find(index);
  return it == graph.updates.end() ? result : graph.tensor(it->second);
}

Tensor Graph::parameter(const std::string &name, const std::vector<Dim> &shape,
                        const ParameterOptions &options, nnc::ElementType type,
                        std::source_location place) {
  Call call(impl.get(), place);
  return declareParameter(*impl, name, "parameter", shape, options, type);
}

Tensor Graph::state(const std::string &name, const std::vector<Dim> &shape,
                    const Initializer &initializer, nnc::ElementType type,
                    std::source_location place) {
  Call call(impl.get(), place);
  return declareParameter(*impl, name, "state", shape, {initializer}, type);
}

/// The argument that \p state, as Graph::state gave it, stands for.
static std::optional<unsigned> stateIndex(GraphImpl &graph, Value state) {
  if (auto argument = dyn_cast<BlockArgument>(state))
    if (graph.arguments[argument.getArgNumber()].role == "state")
      return argument.getArgNumber();
  for (auto [index, value] : graph.updates)
    if (value == state)
      return index;
  return std::nullopt;
}

void Graph::update(const Tensor &state, const Operand &value) {
  updateState(*impl, state, value);
}

/// Fails unless \p value, which outlives the step, is computed once a step.
static bool checkOutsideLoops(GraphImpl &graph, mlir::Value value) {
  if (value.getParentRegion() == &graph.function.getBody())
    return true;
  graph.fail(ErrorCode::unsupported,
             "a state's new value or a penalty inside a loop");
  return false;
}

void nnc::updateState(GraphImpl &graph, const Tensor &state,
                      const Operand &value) {
  Call call(&graph, value.place);
  Operand like(state);
  Operands operands("update", {&like, &value});
  if (!operands.ok() || !operands.convertNumbers())
    return;
  std::optional<unsigned> index = stateIndex(graph, nnc::valueOf(state));
  if (!index) {
    graph.fail(ErrorCode::tensorExpected, "update", "a state", state.str());
    return;
  }
  if (operands.type(0) != operands.type(1)) {
    graph.fail(ErrorCode::tensorExpected,
               "'" + graph.arguments[*index].name + "'",
               operands.tensor(0).str(), operands.tensor(1).str());
    return;
  }
  if (!checkOutsideLoops(graph, operands[1]))
    return;
  // An op of its own, so that the value stands for this state alone.
  if (graph.mode == GraphMode::training)
    graph.updates[*index] = nn::StopGradientOp::create(
        graph.builder, graph.location(), operands[1]);
}

Tensor Graph::scalar(const std::string &name, nnc::ElementType type,
                     std::source_location place) {
  Call call(impl.get(), place);
  GraphArgument argument;
  argument.name = name;
  argument.role = "scalar";
  return declare(*impl, std::move(argument), {}, type, true);
}

void Graph::addPenalty(const Operand &value) {
  Call call(impl.get(), value.place);
  Operands operands("penalty", {&value});
  if (!operands.ok())
    return;
  if (operands.rank(0) != 0 || !isa<FloatType>(operands.element(0))) {
    impl->fail(ErrorCode::tensorExpected, "penalty", "a float scalar, f32[]",
               operands.tensor(0).str());
    return;
  }
  if (checkOutsideLoops(*impl, operands[0]))
    impl->penalties.push_back(operands[0]);
}

void Graph::output(const std::string &name, const Operand &value) {
  Call call(impl.get(), value.place);
  Operands operands("output", {&value});
  if (!operands.ok())
    return;
  for (const GraphOutput &output : impl->outputs)
    if (output.name == name) {
      impl->fail(ErrorCode::declaredTwice, name);
      return;
    }
  impl->outputs.push_back({name, "", operands[0]});
}

//===----------------------------------------------------------------------===//
// Scopes
//===----------------------------------------------------------------------===//

/// A new pass through a shared scope enters the same scopes inside, and finds
/// the same unnamed layers.
static void forgetInside(GraphImpl &graph, llvm::StringRef inside) {
  SmallVector<llvm::StringRef> paths;
  for (const auto &path : graph.entered)
    if (path.getKey().starts_with(inside))
      paths.push_back(path.getKey());
  for (llvm::StringRef path : paths)
    graph.entered.erase(path);
  for (auto &counter : graph.counters)
    if (counter.getKey().starts_with(inside))
      counter.second = 0;
}

LayerScope::LayerScope(GraphImpl *graph, std::string_view kind,
                       const std::string &name, Use use)
    : graph(graph) {
  if (!graph)
    return;
  previousLength = graph->path.size();
  wasShared = graph->shared;
  std::string part = name;
  if (part.empty()) {
    std::string key = graph->qualified(std::string(kind));
    part = std::string(kind) + "_" + std::to_string(++graph->counters[key]);
  }
  graph->path = graph->qualified(part);
  bool isShared = use == Use::Shared || std::exchange(graph->shareNext, false);
  graph->shared |= isShared;
  if (isShared)
    forgetInside(*graph, graph->path + ".");
  if (!graph->entered.insert(graph->path).second && !isShared)
    graph->fail(ErrorCode::declaredTwice, graph->path);
  auto [entry, isNew] =
      graph->layerByPath.try_emplace(graph->path, graph->layers.size());
  if (isNew)
    graph->layers.push_back({graph->path, std::string(kind), nullptr});
  layer = static_cast<int>(entry->second);
}

LayerScope::~LayerScope() {
  if (!graph)
    return;
  graph->path.resize(previousLength);
  graph->shared = wasShared;
}

Tensor LayerScope::finish(const Tensor &result) {
  if (graph && layer >= 0 && result.isValid() && !graph->layers[layer].result)
    graph->layers[layer].result = nnc::valueOf(result);
  return result;
}

PathScope::PathScope(Graph &graph, std::string path)
    : graph(&graph.implementation()),
      previous(std::exchange(this->graph->path, std::move(path))),
      wasShared(std::exchange(this->graph->shared, false)) {}

PathScope::~PathScope() {
  graph->path = std::move(previous);
  graph->shared = wasShared;
}

SharedScope::SharedScope(Graph &graph) : graph(&graph.implementation()) {
  this->graph->shareNext = true;
}

SharedScope::~SharedScope() { graph->shareNext = false; }

PlaceScope::PlaceScope(Graph &graph, SourcePosition position)
    : graph(&graph.implementation()),
      previous(std::move(this->graph->position)) {
  this->graph->position = std::move(position);
}

PlaceScope::~PlaceScope() { graph->position = std::move(previous); }

//===----------------------------------------------------------------------===//
// Graphs as modules
//===----------------------------------------------------------------------===//

Graph nnc::makeGraph(MLIRContext &context, const std::string &name,
                     GraphMode mode) {
  return Graph(std::make_unique<GraphImpl>(context, name, mode));
}

OpBuilder nnc::builderOf(const Graph &graph) {
  return graph.implementation().builder;
}

Value nnc::valueOf(const Graph &, const Tensor &tensor) {
  return valueOf(tensor);
}

Tensor nnc::tensorOf(const Graph &graph, Value value) {
  return graph.implementation().tensor(value);
}

void nnc::nameTensor(Graph &graph, const Tensor &tensor,
                     const std::string &name) {
  GraphImpl &impl = graph.implementation();
  Operation *op = tensor.isValid() ? valueOf(tensor).getDefiningOp() : nullptr;
  if (!op || op->getNumResults() != 1 || !nameAt(op->getLoc()).empty())
    return;
  op->setLoc(FusedLoc::get(impl.context, {op->getLoc()},
                           impl.builder.getStringAttr(impl.qualified(name))));
}

std::string nnc::nameAt(Location location) {
  if (auto fused = dyn_cast<FusedLoc>(location))
    if (auto name = dyn_cast_or_null<StringAttr>(fused.getMetadata()))
      return name.str();
  return {};
}

const std::vector<GraphArgument> &nnc::argumentsOf(const Graph &graph) {
  return graph.implementation().arguments;
}

Tensor nnc::argumentTensor(const Graph &graph, unsigned index) {
  GraphImpl &impl = graph.implementation();
  return impl.tensor(impl.block->getArgument(index));
}

const std::vector<GraphLayer> &nnc::layersOf(const Graph &graph) {
  return graph.implementation().layers;
}

const std::vector<GraphOutput> &nnc::outputsOf(const Graph &graph) {
  return graph.implementation().outputs;
}

std::vector<Tensor> nnc::penaltiesOf(Graph &graph) {
  GraphImpl &impl = graph.implementation();
  std::vector<Tensor> penalties;
  for (Value penalty : impl.penalties)
    penalties.push_back(impl.tensor(penalty));
  for (auto [i, argument] : llvm::enumerate(impl.arguments)) {
    Tensor weight = argumentTensor(graph, i);
    const Regularizer &regularizer = argument.regularizer;
    if (regularizer.l1 != 0)
      penalties.push_back(sum(abs(weight)) * regularizer.l1);
    if (regularizer.l2 != 0)
      penalties.push_back(sum(square(weight)) * regularizer.l2);
  }
  return penalties;
}

Tensor nnc::addOptimizerState(Graph &graph, const std::string &name,
                              const std::string &owner, const Tensor &like,
                              const std::string &initializer) {
  GraphArgument argument;
  argument.name = name;
  argument.role = "optimizer";
  argument.owner = owner;
  argument.initializer = initializer;
  return declare(graph.implementation(), std::move(argument), like.shape(),
                 like.elementType(), false);
}

void nnc::addUpdate(Graph &graph, unsigned index, const Tensor &value) {
  graph.implementation().updates[index] = valueOf(value);
}

Expected<OwningOpRef<ModuleOp>> nnc::finish(Graph &&graph) {
  GraphImpl &impl = graph.implementation();
  if (impl.error)
    return nnc::fail(*impl.error);

  std::vector<GraphOutput> results = impl.outputs;
  for (auto [index, value] : impl.updates) {
    const std::string &name = impl.arguments[index].name;
    results.push_back({name, name, value});
  }
  OpBuilder &builder = impl.builder;
  SmallVector<Value> values;
  SmallVector<Type> types;
  for (const GraphOutput &result : results) {
    values.push_back(result.value);
    types.push_back(result.value.getType());
  }
  builder.setInsertionPointToEnd(impl.block);
  func::ReturnOp::create(builder, builder.getUnknownLoc(), values);
  impl.function.setType(
      builder.getFunctionType(impl.block->getArgumentTypes(), types));

  for (auto [i, argument] : llvm::enumerate(impl.arguments)) {
    auto set = [&, i = i](const char *name, const std::string &text) {
      if (!text.empty())
        impl.function.setArgAttr(i, name, builder.getStringAttr(text));
    };
    set("nn.name", argument.name);
    set("nn.role", argument.role);
    set("nn.initializer", argument.initializer);
    set("nn.owner", argument.owner);
    set("nn.layer", argument.layer);
  }
  for (auto [i, result] : llvm::enumerate(results)) {
    impl.function.setResultAttr(i, "nn.name",
                                builder.getStringAttr(result.name));
    if (!result.updates.empty())
      impl.function.setResultAttr(i, "nn.updates",
                                  builder.getStringAttr(result.updates));
  }
  std::string message;
  ScopedDiagnosticHandler handler(impl.context, [&](Diagnostic &diagnostic) {
    if (message.empty())
      message = diagnostic.str();
    return success();
  });
  if (failed(verify(*impl.module)))
    return nnc::fail(ErrorCode::internal, message);
  return std::move(impl.module);
}
