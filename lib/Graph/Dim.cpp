//===- Dim.cpp - Sizes of tensors, known or named -------------------------===//

#include "nnc/Graph/Dim.h"
#include <algorithm>
#include <cassert>
#include <set>

using namespace nnc;

/// More terms than a person writes; bounds what hostile input can cost.
static constexpr size_t maxTerms = 64;
static constexpr size_t maxKeyLength = 1024;
/// Coefficients are smaller, so that quotients of them cannot overflow.
static constexpr int64_t maxCoefficient = int64_t(1) << 62;

static bool isTooLarge(int64_t coefficient) {
  return coefficient >= maxCoefficient || coefficient <= -maxCoefficient;
}

static int64_t floorQuotient(int64_t a, int64_t b) {
  int64_t quotient = a / b;
  return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}

Dim::Dim(int64_t size) : valid(!isTooLarge(size)) {
  if (valid && size != 0)
    terms[{}] = size;
}

Dim Dim::invalid() {
  Dim dim;
  dim.valid = false;
  return dim;
}

Dim Dim::ofFactor(Factor factor) {
  if (factor.key.size() > maxKeyLength)
    return invalid();
  Dim dim;
  dim.terms[{std::move(factor)}] = 1;
  return dim;
}

Dim Dim::named(const std::string &name) {
  return ofFactor({Factor::Kind::Name, name, nullptr, nullptr});
}

bool Dim::isConstant() const {
  return valid &&
         (terms.empty() || (terms.size() == 1 && terms.begin()->first.empty()));
}

bool Dim::isConstant(int64_t size) const {
  return isConstant() && constant() == size;
}

int64_t Dim::constant() const {
  assert(isConstant() && "the size is not known");
  return terms.empty() ? 0 : terms.begin()->second;
}

void Dim::add(const Term &term, int64_t coefficient) {
  int64_t &sum = terms[term];
  sum += coefficient;
  if (isTooLarge(sum))
    valid = false;
  if (sum == 0)
    terms.erase(term);
  if (terms.size() > maxTerms)
    valid = false;
  if (!valid)
    terms.clear();
}

Dim Dim::operator-() const { return Dim(-1) * *this; }

namespace nnc {

Dim operator+(const Dim &a, const Dim &b) {
  if (!a.valid || !b.valid)
    return Dim::invalid();
  Dim sum = a;
  for (const auto &[term, coefficient] : b.terms)
    sum.add(term, coefficient);
  return sum;
}

Dim operator-(const Dim &a, const Dim &b) { return a + -b; }

Dim operator*(const Dim &a, const Dim &b) {
  if (!a.valid || !b.valid)
    return Dim::invalid();
  Dim result;
  for (const auto &[termA, coefficientA] : a.terms)
    for (const auto &[termB, coefficientB] : b.terms) {
      Dim::Term term = termA;
      term.insert(term.end(), termB.begin(), termB.end());
      std::sort(term.begin(), term.end());
      int64_t coefficient;
      if (term.size() > maxTerms ||
          __builtin_mul_overflow(coefficientA, coefficientB, &coefficient) ||
          isTooLarge(coefficient))
        return Dim::invalid();
      result.add(term, coefficient);
      if (!result.valid)
        return result;
    }
  return result;
}

bool operator==(const Dim &a, const Dim &b) {
  return a.valid && b.valid && a.terms == b.terms;
}

/// Takes the terms that \p divisor, one term, divides evenly out of \p rest
/// and returns their quotient.
static Dim takeMultiples(Dim &rest, const Dim &divisor) {
  const auto &[factors, divisorCoefficient] = *divisor.termMap().begin();
  Dim quotient;
  const Dim all = rest;
  for (const auto &[term, coefficient] : all.termMap()) {
    if (coefficient % divisorCoefficient != 0 ||
        !std::includes(term.begin(), term.end(), factors.begin(),
                       factors.end()))
      continue;
    Dim part(coefficient / divisorCoefficient), whole(coefficient);
    Dim::Term left;
    std::set_difference(term.begin(), term.end(), factors.begin(),
                        factors.end(), std::back_inserter(left));
    auto multiply = [](Dim dim, const Dim::Term &by) {
      for (const Dim::Factor &factor : by)
        dim = dim * (factor.kind == Dim::Factor::Kind::Name
                         ? Dim::named(factor.key)
                     : factor.kind == Dim::Factor::Kind::Quotient
                         ? floorDiv(*factor.lhs, *factor.rhs)
                         : floorMod(*factor.lhs, *factor.rhs));
      return dim;
    };
    quotient = quotient + multiply(part, left);
    rest = rest - multiply(whole, term);
  }
  return quotient;
}

static std::string bracketed(const Dim &dim) {
  std::string text = dim.str();
  return text.find_first_of(" *") == std::string::npos ? text
                                                       : "(" + text + ")";
}

Dim floorDiv(const Dim &a, const Dim &b) {
  if (!a.valid || !b.valid || b.terms.empty())
    return Dim::invalid();
  if (a.isConstant() && b.isConstant())
    return floorQuotient(a.constant(), b.constant());
  if (a == b)
    return 1;
  Dim rest = a, whole;
  // a = whole * b + rest, so that the quotient of the rest is what remains.
  if (b.terms.size() == 1)
    whole = takeMultiples(rest, b);
  if (!rest.isConstant() || !b.isConstant()) {
    if (!rest.terms.empty() || !rest.valid)
      whole = whole +
              Dim::ofFactor({Dim::Factor::Kind::Quotient,
                             "(" + bracketed(rest) + "//" + bracketed(b) + ")",
                             std::make_shared<Dim>(rest),
                             std::make_shared<Dim>(b)});
    return rest.valid ? whole : Dim::invalid();
  }
  return whole + floorQuotient(rest.constant(), b.constant());
}

Dim floorMod(const Dim &a, const Dim &b) {
  if (!a.valid || !b.valid || b.terms.empty())
    return Dim::invalid();
  if (a.isConstant() && b.isConstant())
    return a.constant() -
           floorQuotient(a.constant(), b.constant()) * b.constant();
  if (a == b)
    return 0;
  Dim rest = a;
  if (b.terms.size() == 1)
    takeMultiples(rest, b);
  if (rest.isConstant() && b.isConstant())
    return floorMod(rest, b);
  if (rest.terms.empty() || !rest.valid)
    return rest;
  return Dim::ofFactor({Dim::Factor::Kind::Remainder,
                        "(" + bracketed(rest) + "%" + bracketed(b) + ")",
                        std::make_shared<Dim>(rest), std::make_shared<Dim>(b)});
}

} // namespace nnc

Dim Dim::evaluate(const std::map<std::string, int64_t> &sizes) const {
  if (!valid || isConstant())
    return *this;
  Dim result;
  for (const auto &[term, coefficient] : terms) {
    Dim value(coefficient);
    for (const Factor &factor : term) {
      Dim factorValue;
      if (factor.kind == Factor::Kind::Name) {
        auto it = sizes.find(factor.key);
        factorValue = it == sizes.end() ? named(factor.key) : Dim(it->second);
      } else {
        Dim lhs = factor.lhs->evaluate(sizes),
            rhs = factor.rhs->evaluate(sizes);
        factorValue = factor.kind == Factor::Kind::Quotient
                          ? floorDiv(lhs, rhs)
                          : floorMod(lhs, rhs);
      }
      value = value * factorValue;
    }
    result = result + value;
  }
  return result;
}

std::vector<std::string> Dim::names() const {
  std::set<std::string> found;
  for (const auto &[term, coefficient] : terms)
    for (const Factor &factor : term) {
      if (factor.kind == Factor::Kind::Name) {
        found.insert(factor.key);
        continue;
      }
      for (const std::string &name : factor.lhs->names())
        found.insert(name);
      for (const std::string &name : factor.rhs->names())
        found.insert(name);
    }
  return {found.begin(), found.end()};
}

std::string Dim::str() const {
  if (!valid)
    return "?";
  if (isConstant())
    return std::to_string(constant());
  std::string text;
  auto append = [&](const Term &term, int64_t coefficient) {
    bool first = text.empty();
    if (!first)
      text += coefficient < 0 ? " - " : " + ";
    else if (coefficient < 0)
      text += "-";
    std::string magnitude = std::to_string(coefficient);
    if (coefficient < 0)
      magnitude.erase(0, 1);
    bool showNumber = term.empty() || magnitude != "1";
    if (showNumber)
      text += magnitude;
    for (const Factor &factor : term) {
      if (showNumber || &factor != &term.front())
        text += "*";
      text += factor.key;
    }
  };
  for (const auto &[term, coefficient] : terms)
    if (!term.empty())
      append(term, coefficient);
  if (auto constantTerm = terms.find({}); constantTerm != terms.end())
    append({}, constantTerm->second);
  return text;
}

std::string nnc::str(const std::vector<Dim> &shape) {
  std::string text = "[";
  for (const Dim &dim : shape) {
    if (text.size() > 1)
      text += ", ";
    text += dim.str();
  }
  return text + "]";
}

Dim nnc::product(const std::vector<Dim> &shape) {
  Dim result(1);
  for (const Dim &dim : shape)
    result = result * dim;
  return result;
}
