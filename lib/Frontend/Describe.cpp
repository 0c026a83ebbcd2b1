//===- Describe.cpp - What a model consists of ----------------------------===//

#include "ProgramBuilder.h"
#include "nnc/Dialect/NN/IR/NN.h"
#include "nnc/Frontend/Frontend.h"
#include "nnc/Graph/MLIRGraph.h"
#include <map>

using namespace nnc;
using namespace nnc::frontend;

namespace {
/// FLOP of the products of a graph, of one sample: 2 a multiply-add.
class FlopCount {
public:
  FlopCount(const Graph &graph, std::map<std::string, int64_t> sizes)
      : graph(graph), sizes(std::move(sizes)) {
    // One sample, whatever the capacity.
    this->sizes["batch"] = 1;
  }

  int64_t of(mlir::Operation &op) const {
    auto product = llvm::dyn_cast<nn::MatmulOp>(op);
    if (!product)
      return 0;
    std::vector<Dim> a = tensorOf(graph, product.getA()).shape();
    std::vector<Dim> y = tensorOf(graph, product.getY()).shape();
    Dim inner = a[a.size() - (product.getTransposeA() ? 2 : 1)];
    Dim flop = (nnc::product(y) * inner * 2).evaluate(sizes);
    return flop.isConstant() ? flop.constant() : 0;
  }

  int64_t total() const {
    int64_t sum = 0;
    for (mlir::Operation &op : operations())
      sum += of(op);
    return sum;
  }

  /// By the path of the layer that the op belongs to.
  std::map<std::string, int64_t> byPath() const {
    std::map<std::string, int64_t> result;
    for (mlir::Operation &op : operations())
      if (int64_t flop = of(op))
        result[pathOf(op.getLoc())] += flop;
    return result;
  }

private:
  mlir::Block &operations() const {
    return *builderOf(graph).getInsertionBlock();
  }
  static std::string pathOf(mlir::Location loc) {
    auto name = llvm::dyn_cast<mlir::NameLoc>(loc);
    return name ? name.getName().str() : "";
  }

  const Graph &graph;
  std::map<std::string, int64_t> sizes;
};

/// What the description collects, model function by model function.
class Description {
public:
  Description(ModelInfo &info, const CompileOptions &options)
      : info(info), sizes(options.sizes) {}

  void add(Graph &graph, bool isDefault);

private:
  Argument argumentOf(const std::string &name, Role role,
                      const Tensor &tensor) const;
  void addArguments(Graph &graph, bool isDefault);
  void addLayers(Graph &graph);

  ModelInfo &info;
  std::map<std::string, int64_t> sizes;
  std::map<std::string, bool> known;
};
} // namespace

Argument Description::argumentOf(const std::string &name, Role role,
                                 const Tensor &tensor) const {
  Argument argument;
  argument.name = name;
  argument.role = role;
  argument.type = tensor.elementType();
  std::vector<Dim> shape = tensor.shape();
  for (const Dim &size : shape) {
    Dim known = size.evaluate(sizes);
    argument.shape.push_back(known.isConstant() ? known.constant() : -1);
  }
  if (!shape.empty()) {
    Dim rows = shape.front().evaluate({{"batch", 1}});
    std::vector<std::string> names = shape.front().names();
    argument.batched = names == std::vector<std::string>{"batch"} &&
                       shape.front() == batch * rows;
    if (argument.batched && rows.isConstant())
      argument.rowsPerSample = rows.constant();
  }
  return argument;
}

void Description::addArguments(Graph &graph, bool isDefault) {
  const std::vector<GraphArgument> &arguments = argumentsOf(graph);
  for (unsigned i = 0; i < arguments.size(); ++i) {
    const GraphArgument &own = arguments[i];
    Tensor tensor = argumentTensor(graph, i);
    if (own.role == "input") {
      if (isDefault)
        info.inputs.push_back(argumentOf(own.name, Role::input, tensor));
      continue;
    }
    bool isParameter = own.role == "parameter";
    if ((!isParameter && own.role != "state") ||
        !known.emplace(own.name, true).second)
      continue;
    Argument argument = argumentOf(
        own.name, isParameter ? Role::parameter : Role::state, tensor);
    argument.initializer = own.initializer;
    (isParameter ? info.parameters : info.states).push_back(argument);
  }
  if (isDefault)
    for (const GraphOutput &output : outputsOf(graph))
      info.outputs.push_back(
          argumentOf(output.name, Role::output, tensorOf(graph, output.value)));
}

void Description::addLayers(Graph &graph) {
  std::map<std::string, int64_t> flop = FlopCount(graph, sizes).byPath();
  std::map<std::string, int64_t> parameters;
  const std::vector<GraphArgument> &arguments = argumentsOf(graph);
  for (unsigned i = 0; i < arguments.size(); ++i)
    if (arguments[i].role == "parameter")
      parameters[arguments[i].layer] +=
          product(argumentTensor(graph, i).shape()).constant();
  for (const GraphLayer &layer : layersOf(graph)) {
    bool isBuiltin =
        findBuiltin(BuiltinKind::Layer, layer.kind) && layer.kind != "chain";
    bool matters =
        isBuiltin || parameters.count(layer.path) || flop.count(layer.path);
    if (!matters || !layer.result ||
        !known.emplace("layer " + layer.path, true).second)
      continue;
    LayerInfo row;
    row.name = layer.path;
    row.kind = layer.kind;
    for (const Dim &size : tensorOf(graph, layer.result).shape())
      row.output.push_back(size.str());
    row.parameters = parameters[layer.path];
    row.flop = flop[layer.path];
    info.layers.push_back(std::move(row));
  }
}

void Description::add(Graph &graph, bool isDefault) {
  addArguments(graph, isDefault);
  addLayers(graph);
  if (isDefault)
    info.flopForward = FlopCount(graph, sizes).total();
}

/// FLOP of a training step: the forward pass and the gradients of its first
/// float output by all parameters.
static int64_t countTrainStep(Graph &graph, const CompileOptions &options) {
  std::vector<Tensor> parameters;
  const std::vector<GraphArgument> &arguments = argumentsOf(graph);
  for (unsigned i = 0; i < arguments.size(); ++i)
    if (arguments[i].role == "parameter")
      parameters.push_back(argumentTensor(graph, i));
  for (const GraphOutput &output : outputsOf(graph)) {
    Tensor tensor = tensorOf(graph, output.value);
    bool isFloat = tensor.elementType() == ElementType::f32 ||
                   tensor.elementType() == ElementType::f64;
    if (!isFloat || parameters.empty())
      continue;
    // A sum of squares stands for the loss: its gradient is a full tensor.
    gradient(sum(square(tensor)), parameters);
    break;
  }
  return FlopCount(graph, options.sizes).total();
}

Expected<ModelInfo> nnc::describeModel(mlir::MLIRContext &context,
                                       const ModelSource &source,
                                       const CompileOptions &options,
                                       std::vector<Error> &warnings) {
  if (source.kind == ModelSource::Kind::mlir)
    return fail(ErrorCode::unsupported, "describing a module in MLIR");
  ProgramBuilder builder(context, source, options);
  ModelInfo info;
  Description description(info, options);
  const ast::Function *entry =
      builder.load() ? builder.defaultFunction() : nullptr;
  std::vector<const ast::Function *> functions;
  if (entry) {
    functions = builder.functions();
    info.name = builder.model().name.text;
  }
  for (const ast::Function *function : functions) {
    std::optional<Graph> graph =
        builder.buildForward(*function, GraphMode::predict);
    if (graph)
      description.add(*graph, function == entry);
  }
  if (entry && !builder.diagnostics.hasErrors())
    if (std::optional<Graph> graph =
            builder.buildForward(*entry, GraphMode::training))
      info.flopTrainStep = countTrainStep(*graph, options);
  if (entry)
    builder.checkRest();
  appendWarnings(builder.diagnostics, warnings);
  if (!entry || builder.diagnostics.hasErrors())
    return fail(joinErrors(builder.diagnostics));
  return info;
}
