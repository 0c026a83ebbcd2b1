//===- Oracle.h - Reads figures of test/Inputs/oracles ----------*- C++ -*-===//

#ifndef NNC_TEST_UNIT_DIALECT_ORACLE_H
#define NNC_TEST_UNIT_DIALECT_ORACLE_H

#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <string>

namespace nnc::test {

/// The oracle called \p name; a test failure and null if it cannot be read.
inline nlohmann::json readOracle(const std::string &name) {
  const char *source = std::getenv("NNC_SOURCE_DIR");
  std::string path = std::string(source ? source : ".") +
                     "/test/Inputs/oracles/" + name + ".json";
  std::ifstream file(path);
  nlohmann::json oracle = nlohmann::json::parse(file, nullptr, false);
  if (!oracle.is_discarded())
    return oracle;
  ADD_FAILURE() << "cannot read " << path;
  return nullptr;
}

} // namespace nnc::test

#endif // NNC_TEST_UNIT_DIALECT_ORACLE_H
