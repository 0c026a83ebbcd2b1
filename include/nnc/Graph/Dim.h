//===- Dim.h - Sizes of tensors, known or named -----------------*- C++ -*-===//
//
// A size is a number or an expression of named sizes such as `batch`, kept in
// one canonical form, so that equal expressions compare equal.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_GRAPH_DIM_H
#define NNC_GRAPH_DIM_H

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace nnc {

/// A size. Expressions are polynomials of named sizes and of quotients that do
/// not divide evenly; coefficients are 64-bit integers. What does not fit (an
/// overflow, more than 64 terms, a division by zero) is invalid, and so is all
/// that is computed from it.
class Dim {
public:
  Dim(int64_t size = 0);
  Dim(int size) : Dim(static_cast<int64_t>(size)) {}

  /// The size called \p name, unknown until run time.
  static Dim named(const std::string &name);

  bool isValid() const { return valid; }
  /// True for a known number.
  bool isConstant() const;
  bool isConstant(int64_t size) const;
  /// The number; only if isConstant().
  int64_t constant() const;

  /// The size with numbers in place of the names; names that \p sizes lacks
  /// stay.
  Dim evaluate(const std::map<std::string, int64_t> &sizes) const;
  /// The names that occur, each once, sorted.
  std::vector<std::string> names() const;
  /// As in messages: "2*batch + 1", "(n - 2)//2".
  std::string str() const;

  Dim operator-() const;
  friend Dim operator+(const Dim &a, const Dim &b);
  friend Dim operator-(const Dim &a, const Dim &b);
  friend Dim operator*(const Dim &a, const Dim &b);
  /// The quotient rounded towards minus infinity.
  friend Dim floorDiv(const Dim &a, const Dim &b);
  /// The remainder of floorDiv.
  friend Dim floorMod(const Dim &a, const Dim &b);
  /// Equality as expressions; an invalid size equals nothing.
  friend bool operator==(const Dim &a, const Dim &b);

  /// One factor of a term: a name, or a quotient or remainder of two sizes.
  struct Factor {
    enum class Kind : uint8_t { Name, Quotient, Remainder };
    Kind kind = Kind::Name;
    /// The name, or the printed quotient; factors are ordered by it.
    std::string key;
    std::shared_ptr<const Dim> lhs, rhs;

    bool operator<(const Factor &other) const { return key < other.key; }
    bool operator==(const Factor &other) const { return key == other.key; }
  };
  /// Sorted factors, with repetitions; empty for the constant term.
  using Term = std::vector<Factor>;

  /// Terms with their coefficients, none of which is 0.
  const std::map<Term, int64_t> &termMap() const { return terms; }

private:
  static Dim invalid();
  static Dim ofFactor(Factor factor);
  void add(const Term &term, int64_t coefficient);

  std::map<Term, int64_t> terms;
  bool valid = true;
};

Dim floorDiv(const Dim &a, const Dim &b);
Dim floorMod(const Dim &a, const Dim &b);

/// The size of a batch: the number of samples, open until run time.
inline const Dim batch = Dim::named("batch");

/// "[batch, 64]".
std::string str(const std::vector<Dim> &shape);

/// The product of all sizes.
Dim product(const std::vector<Dim> &shape);

} // namespace nnc

#endif // NNC_GRAPH_DIM_H
