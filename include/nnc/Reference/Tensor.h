//===- Tensor.h - Values of the reference evaluation ------------*- C++ -*-===//
//
// Tensors in double precision, and numbers for named sizes.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_REFERENCE_TENSOR_H
#define NNC_REFERENCE_TENSOR_H

#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace nnc::reference {

/// What the elements of a tensor are.
enum class ElementKind {
  floating, ///< double, whatever the width of the type it stands for.
  integer,  ///< int64_t, within the range of the type it stands for.
  boolean,  ///< 0 or 1.
};

/// The kind that stands for \p elementType, one of the nn dialect's.
ElementKind kindOf(mlir::Type elementType);

/// A dense tensor in row-major order, by value.
///
/// Values of all floating-point types are doubles and keep their precision:
/// only `nn.cast` to a narrower type and constants of one are rounded. So the
/// evaluation of a graph of f32 tells what exact arithmetic on its inputs
/// would, to double precision, and overflows where doubles do.
class Tensor {
public:
  /// A floating scalar 0.
  Tensor() : Tensor(ElementKind::floating, {}) {}
  /// Zeros.
  Tensor(ElementKind kind, llvm::ArrayRef<int64_t> shape);
  /// \p values must have as many elements as \p shape says.
  Tensor(llvm::ArrayRef<int64_t> shape, std::vector<double> values);
  Tensor(llvm::ArrayRef<int64_t> shape, std::vector<int64_t> values);
  Tensor(llvm::ArrayRef<int64_t> shape, std::vector<uint8_t> values);
  /// A scalar.
  explicit Tensor(double value) : Tensor({}, std::vector<double>{value}) {}

  llvm::ArrayRef<int64_t> shape() const { return extents; }
  int64_t rank() const { return extents.size(); }
  /// The number of elements.
  int64_t size() const;
  ElementKind kind() const { return ElementKind(elements.index()); }

  /// The elements, which must be of the kind asked for.
  llvm::ArrayRef<double> floats() const {
    return std::get<std::vector<double>>(elements);
  }
  llvm::MutableArrayRef<double> floats() {
    return std::get<std::vector<double>>(elements);
  }
  llvm::ArrayRef<int64_t> integers() const {
    return std::get<std::vector<int64_t>>(elements);
  }
  llvm::MutableArrayRef<int64_t> integers() {
    return std::get<std::vector<int64_t>>(elements);
  }
  llvm::ArrayRef<uint8_t> booleans() const {
    return std::get<std::vector<uint8_t>>(elements);
  }
  llvm::MutableArrayRef<uint8_t> booleans() {
    return std::get<std::vector<uint8_t>>(elements);
  }

  /// Calls \p function with the vector of elements, whatever its kind.
  template <typename Function> decltype(auto) visit(Function function) const {
    return std::visit(function, elements);
  }
  template <typename Function> decltype(auto) visit(Function function) {
    return std::visit(function, elements);
  }

  /// Element \p index as a double; large integers are rounded.
  double number(int64_t index) const;
  /// Sets all elements to \p value, converted to the kind.
  void fill(double value);

  /// The value of \p attribute; no value if it is no dense list of elements.
  static std::optional<Tensor> fromAttribute(mlir::ElementsAttr attribute);
  /// The elements as a constant of \p type, which has this shape and kind and
  /// is static; numbers are rounded to its element type once, to nearest even.
  mlir::DenseElementsAttr toAttribute(mlir::RankedTensorType type) const;
  /// Element \p index as an attribute of \p elementType, rounded likewise.
  mlir::Attribute elementAttribute(int64_t index, mlir::Type elementType) const;

private:
  llvm::SmallVector<int64_t, 4> extents;
  std::variant<std::vector<double>, std::vector<int64_t>, std::vector<uint8_t>>
      elements;
};

/// Whether both have the same kind, shape and elements; NaN equals NaN, 0.0
/// equals -0.0.
bool operator==(const Tensor &a, const Tensor &b);

/// \p value rounded to the floating-point type \p elementType, to nearest,
/// ties to even.
double roundTo(double value, mlir::Type elementType);

/// \p value reduced to the range of the integer type \p elementType, modulo
/// two to the power of its width.
int64_t wrapTo(uint64_t value, mlir::Type elementType);

/// Numbers for named sizes.
class Sizes {
public:
  Sizes() = default;
  explicit Sizes(std::map<std::string, int64_t> values)
      : values(std::move(values)) {}

  /// Learns from a tensor of \p shape that stands for \p type: each dimension
  /// that is a name alone gives its size. Fails through \p emitError where a
  /// name already has another size, or rank or static extents differ.
  llvm::LogicalResult
  bind(mlir::RankedTensorType type, llvm::ArrayRef<int64_t> shape,
       llvm::function_ref<mlir::InFlightDiagnostic()> emitError);

  /// The value of \p expression; none where a name has no size or the value
  /// does not exist.
  std::optional<int64_t> evaluate(mlir::AffineExpr expression) const;

  /// The shape that \p type has with these sizes. Fails through \p emitError
  /// where a size is left open or negative, exceeds the type's capacity, or
  /// the tensor would have more than maximumElements.
  llvm::FailureOr<llvm::SmallVector<int64_t>>
  shapeOf(mlir::RankedTensorType type,
          llvm::function_ref<mlir::InFlightDiagnostic()> emitError) const;

  /// The largest tensor the reference evaluates: 2 GiB of doubles.
  static constexpr int64_t maximumElements = int64_t(1) << 28;

private:
  std::map<std::string, int64_t> values;
};

} // namespace nnc::reference

#endif // NNC_REFERENCE_TENSOR_H
