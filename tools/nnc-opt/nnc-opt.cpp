//===- nnc-opt.cpp - The pass tester --------------------------------------===//

#include "nnc/InitAll.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  nnc::registerAllPasses();
  mlir::DialectRegistry registry;
  nnc::registerAllDialects(registry);
  return mlir::asMainReturnCode(mlir::MlirOptMain(
      argc, argv, "nnc pass tester: runs passes on nn modules\n", registry));
}
