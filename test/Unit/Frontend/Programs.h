//===- Programs.h - Programs of models given as text ------------*- C++ -*-===//
//
// What the tests of the frontend share.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_TEST_UNIT_FRONTEND_PROGRAMS_H
#define NNC_TEST_UNIT_FRONTEND_PROGRAMS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "nnc/Dialect/NN/IR/NN.h"
#include "nnc/Frontend/Frontend.h"
#include "llvm/Support/raw_ostream.h"
#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

namespace nnc::test {

inline std::string readFile(const std::string &path) {
  std::ifstream stream(path, std::ios::binary);
  EXPECT_TRUE(stream) << path;
  std::stringstream text;
  text << stream.rdbuf();
  return text.str();
}

/// The path of \p name in the source tree.
inline std::string sourcePath(const std::string &name) {
  const char *root = std::getenv("NNC_SOURCE_DIR");
  return std::string(root ? root : ".") + "/" + name;
}

/// One program of a model, built when asked for.
struct TestProgram {
  explicit TestProgram(std::string text, std::string path = "test.nn")
      : context(mlir::MLIRContext::Threading::DISABLED) {
    source.text = std::move(text);
    source.path = std::move(path);
    options.train.loss = "softmax_cross_entropy";
    options.train.optimizer = "sgd";
  }

  /// Builds the program; false with `error` set if it is wrong.
  bool build(ProgramKind kind = ProgramKind::predict) {
    options.kind = kind;
    warnings.clear();
    module = nullptr;
    auto result = buildProgram(context, source, options, warnings);
    if (!result) {
      error = std::move(result.error());
      return false;
    }
    module = std::move(*result);
    return true;
  }

  std::string text() {
    std::string result;
    llvm::raw_string_ostream stream(result);
    module->print(stream);
    return result;
  }

  mlir::func::FuncOp function() {
    return *module->getOps<mlir::func::FuncOp>().begin();
  }

  /// "name[sizes]" of the arguments of \p role, joined by blanks.
  std::string arguments(llvm::StringRef role) {
    std::string result;
    mlir::func::FuncOp entry = function();
    for (unsigned i = 0; i < entry.getNumArguments(); ++i) {
      if (entry.getArgAttrOfType<mlir::StringAttr>(i, "nn.role") != role)
        continue;
      if (!result.empty())
        result += " ";
      result += entry.getArgAttrOfType<mlir::StringAttr>(i, "nn.name").str();
      result += nn::printSizes(
          llvm::cast<mlir::RankedTensorType>(entry.getArgument(i).getType()));
    }
    return result;
  }

  /// The same of the results, with "=>ARGUMENT" where one is updated.
  std::string results() {
    std::string result;
    mlir::func::FuncOp entry = function();
    for (unsigned i = 0; i < entry.getNumResults(); ++i) {
      if (!result.empty())
        result += " ";
      auto updates =
          entry.getResultAttrOfType<mlir::StringAttr>(i, "nn.updates");
      result +=
          updates
              ? "=>" + updates.str()
              : entry.getResultAttrOfType<mlir::StringAttr>(i, "nn.name").str();
      result += nn::printSizes(
          llvm::cast<mlir::RankedTensorType>(entry.getResultTypes()[i]));
    }
    return result;
  }

  int count(llvm::StringRef op) {
    int number = 0;
    module->walk([&](mlir::Operation *other) {
      number += other->getName().getStringRef() == op;
    });
    return number;
  }

  mlir::MLIRContext context;
  ModelSource source;
  CompileOptions options;
  std::vector<Error> warnings;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  Error error{ErrorCode::internal, ""};
};

} // namespace nnc::test

#endif // NNC_TEST_UNIT_FRONTEND_PROGRAMS_H
