//===- InitAll.h - Registers all that the compiler is made of ---*- C++ -*-===//

#ifndef NNC_INITALL_H
#define NNC_INITALL_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace nnc {

/// Adds every dialect that nnc reads or makes, and the external models of the
/// nn ops' interfaces.
void registerAllDialects(mlir::DialectRegistry &registry);

/// Makes every nnc pass and pipeline, and MLIR's general ones (canonicalize,
/// cse, …), known by name.
void registerAllPasses();

} // namespace nnc

#endif // NNC_INITALL_H
