//===- ContractionAMX.h - Products of bf16 by tiles of AMX ------*- C++ -*-===//

#ifndef NNC_LIB_KERNELS_CONTRACTIONAMX_H
#define NNC_LIB_KERNELS_CONTRACTIONAMX_H

#include "ContractionPairs.h"
#include "KernelBuilder.h"

namespace nnc::kernels {

/// Rows and steps in pairs of a tile of the left operand, rows and columns of
/// one of the sums: 16 rows of 64 bytes.
inline constexpr int64_t amxRows = 16, amxPairs = 16, amxColumns = 16;

/// The product of pairs that \p spec is by tiles: its steps are filled up with
/// 0 to whole tiles, its right operand lies in panels in scratch, and the left
/// one there too unless its rows are whole tiles. Nothing for other types and
/// targets, and for products that are too small for tiles.
std::optional<Pairing> amxPairing(const ContractionSpec &spec,
                                  const TargetDescription &target);

/// Adds the kernels that fill the scratch of \p pairing, that of \p spec. They
/// may run at the same time.
llvm::SmallVector<mlir::func::FuncOp, 2>
emitAMXOperands(mlir::ModuleOp module, const TargetDescription &target,
                const ContractionSpec &spec, const Pairing &pairing);

/// Emits into \p tile, a helper (left, right, unused, sums, steps in pairs),
/// the sums of a tile of \p rows rows and \p columns columns, whole tiles of
/// AMX. Rows of the left operand are \p leftPitch pairs apart, those of the
/// right one \p columns, those of the sums \p sumPitch numbers. If \p onto they
/// are added to what the sums are.
void emitAMXTile(KernelBuilder &tile, int64_t rows, int64_t columns,
                 int64_t leftPitch, int64_t sumPitch, bool onto);

} // namespace nnc::kernels

#endif // NNC_LIB_KERNELS_CONTRACTIONAMX_H
