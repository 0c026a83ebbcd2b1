//===- ExpressionText.h - Ops as expressions --------------------*- C++ -*-===//
//
// Writes nn ops as a person would: in the nnc language, or as formulas.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_LIB_COMPILERLIBRARY_EXPRESSIONTEXT_H
#define NNC_LIB_COMPILERLIBRARY_EXPRESSIONTEXT_H

#include "nnc/Dialect/NN/IR/NN.h"
#include <optional>
#include <string>

namespace nnc {

/// An expression and how tightly it binds.
struct ExpressionText {
  enum Binding {
    disjunction,
    conjunction,
    comparison,
    sum,
    product,
    sign,
    power,
    atom
  };
  std::string text;
  Binding binding = atom;
  /// Whether it is a number or a size, without an element type of its own.
  bool isNumber = false;

  /// In brackets where it binds less than \p least.
  std::string within(Binding least) const {
    return binding < least ? "(" + text + ")" : text;
  }
};

enum class ExpressionStyle {
  /// The nnc language: what is written parses and means the same.
  language,
  /// For people: repetitions and changes of type are left out, neutral terms
  /// and factors too; every op has a form.
  formula,
};

/// The sizes of \p type as a list of the language, e.g. "[batch, 64]".
std::string sizesText(mlir::RankedTensorType type);

/// The type as the language writes it, e.g. "f32[batch, 64]".
std::string typeText(mlir::Type type);

/// \p op, of one result, in terms of its operands' texts. Nothing if the
/// language cannot say it.
std::optional<ExpressionText>
expressionOf(mlir::Operation *op, llvm::ArrayRef<ExpressionText> operands,
             ExpressionStyle style);

} // namespace nnc

#endif // NNC_LIB_COMPILERLIBRARY_EXPRESSIONTEXT_H
