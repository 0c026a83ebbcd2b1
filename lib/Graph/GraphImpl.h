//===- GraphImpl.h - The inside of a graph ----------------------*- C++ -*-===//
//
// A module with one function under construction, what its arguments are for,
// and where the caller is.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_LIB_GRAPH_GRAPHIMPL_H
#define NNC_LIB_GRAPH_GRAPHIMPL_H

#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "nnc/Dialect/NN/IR/NN.h"
#include "nnc/Graph/MLIRGraph.h"
#include "nnc/Graph/Ops.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

namespace nnc {

struct GraphImpl {
  GraphImpl(mlir::MLIRContext &context, const std::string &name,
            GraphMode mode);

  /// Set if no caller gave a context. Destroyed last.
  std::unique_ptr<mlir::MLIRContext> ownContext;
  mlir::MLIRContext *context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  mlir::func::FuncOp function;
  mlir::Block *block;
  mlir::OpBuilder builder;
  nn::NNDialect *dialect;
  GraphMode mode;

  /// One a block argument.
  std::vector<GraphArgument> arguments;
  llvm::StringMap<unsigned> argumentByName;
  std::vector<GraphOutput> outputs;
  /// New values of arguments, in the order of the first updates.
  llvm::MapVector<unsigned, mlir::Value> updates;
  std::vector<mlir::Value> penalties;
  std::vector<GraphLayer> layers;

  std::optional<Error> error;

  /// The path of layers, joined by points.
  std::string path;
  /// Inside a scope that may be entered again.
  bool shared = false;
  /// The next scope is a shared one.
  bool shareNext = false;
  /// Paths entered so far, in the present pass through a shared scope.
  llvm::StringSet<> entered;
  /// The layer of a path, an index of `layers`.
  llvm::StringMap<unsigned> layerByPath;
  /// The last number of unnamed layers, by path and kind.
  llvm::StringMap<unsigned> counters;
  /// Random ops so far, by path.
  llvm::StringMap<unsigned> randomCounters;

  /// The place of a .nn file, if the frontend builds.
  std::optional<SourcePosition> position;
  /// The outermost call's place in C++, while one is under way.
  std::optional<std::source_location> place;

  mlir::Location location();
  SourcePosition currentPosition() const;

  Tensor fail(Error error);
  template <typename... Args> Tensor fail(ErrorCode code, Args &&...args) {
    return fail(makeError(code, std::forward<Args>(args)...));
  }

  Tensor tensor(mlir::Value value) {
    return Tensor(this, value.getAsOpaquePointer());
  }
  mlir::Type type(ElementType element);
  mlir::RankedTensorType type(ElementType element,
                              const std::vector<Dim> &shape);
  mlir::AffineExpr affine(const Dim &dim);
  Dim dim(mlir::AffineExpr size);
  /// A scalar constant of \p element.
  mlir::Value constant(mlir::Type element, double value);
  mlir::Value full(mlir::RankedTensorType type, double value);

  /// The argument \p argument of \p type, made at the first call.
  Tensor addArgument(GraphArgument argument, mlir::RankedTensorType type);

  /// The name \p name within the current path.
  std::string qualified(const std::string &name) const;
  /// The stream of the next random op, a hash of its path.
  uint32_t nextStream();
};

/// While it lives, errors and locations point at the C++ caller of the
/// outermost function.
class Call {
public:
  Call(GraphImpl *graph, const std::source_location &place) : graph(graph) {
    if (graph && !graph->place) {
      graph->place = place;
      outermost = true;
    }
  }
  Call(const Call &) = delete;
  Call &operator=(const Call &) = delete;
  ~Call() {
    if (outermost)
      graph->place.reset();
  }

private:
  GraphImpl *graph;
  bool outermost = false;
};

/// The operands of one call of \p name, checked and converted together.
class Operands {
public:
  Operands(std::string name, std::initializer_list<const Operand *> operands);

  /// False if an operand is poisoned or an error was reported.
  bool ok() const { return good; }
  GraphImpl *graph() const { return impl; }
  mlir::Value operator[](size_t i) const { return values[i]; }
  mlir::RankedTensorType type(size_t i) const;
  mlir::Type element(size_t i) const;
  int64_t rank(size_t i) const { return type(i).getRank(); }
  std::vector<Dim> shape(size_t i) const;
  Tensor tensor(size_t i) const { return impl->tensor(values[i]); }
  const std::string &name() const { return functionName; }

  /// Turns numbers into scalars of \p i's element type, or of the first
  /// tensor's.
  bool convertNumbers();
  /// Requires a kind of element of operand \p i; \p expected is for the
  /// message, e.g. "f32[..., n]".
  bool requireFloat(size_t i);
  bool requireNumber(size_t i);
  bool requireInteger(size_t i);
  bool requireBool(size_t i);
  bool requireRank(size_t i, int64_t atLeast, const char *expected);
  /// Requires equal element types of operands \p a and \p b.
  bool requireSameElement(size_t a, size_t b);
  /// Broadcasts the operands to a common shape.
  bool broadcastTogether(llvm::ArrayRef<size_t> which);
  /// \p axis counted from the front, if it lies within operand \p i, or
  /// within its rank plus \p extra.
  std::optional<int64_t> axis(size_t i, int64_t axis, int64_t extra = 0);
  /// Sorted axes of a reduction.
  std::optional<llvm::SmallVector<int64_t>> axes(size_t i, const Axes &axes);

  Tensor poison() const { return Tensor(impl, nullptr); }
  template <typename... Args> Tensor fail(ErrorCode code, Args &&...args) {
    good = false;
    return impl->fail(makeError(code, std::forward<Args>(args)...));
  }

  llvm::SmallVector<mlir::Value, 4> values;

private:
  bool expect(size_t i, bool condition, const char *expected);

  std::string functionName;
  GraphImpl *impl = nullptr;
  llvm::SmallVector<const Operand *, 4> given;
  std::optional<Call> call;
  bool good = true;
};

/// \p value repeated to \p shape by NumPy's rules, which must allow it.
mlir::Value broadcastTo(GraphImpl &graph, mlir::Value value,
                        const std::vector<Dim> &shape);
/// \p value in another shape of as many elements.
mlir::Value reshapeTo(GraphImpl &graph, mlir::Value value,
                      const std::vector<Dim> &shape);
/// The common shape of \p a and \p b, or the two sizes that differ.
struct CommonShape {
  std::vector<Dim> shape;
  std::optional<std::pair<Dim, Dim>> differing;
};
CommonShape commonShape(const std::vector<Dim> &a, const std::vector<Dim> &b);

/// A parameter or state (\p role) of the current scope, as Graph::parameter
/// and Graph::state make it.
Tensor declareParameter(GraphImpl &graph, const std::string &name,
                        const std::string &role, const std::vector<Dim> &shape,
                        const ParameterOptions &options, ElementType type);
/// Graph::update.
void updateState(GraphImpl &graph, const Tensor &state, const Operand &value);
/// Uniform numbers of [0, 1), and normal ones, of \p like's type.
Tensor randomLike(GraphImpl &graph, const Tensor &like);
Tensor normalLike(GraphImpl &graph, const Tensor &like);

inline mlir::Value valueOf(const Tensor &tensor) {
  return mlir::Value::getFromOpaquePointer(tensor.value);
}
inline mlir::RankedTensorType typeOf(mlir::Value value) {
  return llvm::cast<mlir::RankedTensorType>(value.getType());
}
ElementType elementTypeOf(mlir::Type type);
std::vector<Dim> shapeOf(GraphImpl &graph, mlir::Value value);

} // namespace nnc

#endif // NNC_LIB_GRAPH_GRAPHIMPL_H
