//===- ContractionPlan.h - How a matrix product is tiled --------*- C++ -*-===//

#ifndef NNC_LIB_KERNELS_CONTRACTIONPLAN_H
#define NNC_LIB_KERNELS_CONTRACTIONPLAN_H

#include "nnc/Kernels/Contraction.h"

namespace nnc::kernels {

/// How one product is tiled. Rows go in tiles, columns in panels; a tile times
/// a panel is kept in registers while k runs.
struct ContractionPlan {
  enum class Method : uint8_t {
    tiled,   ///< Register tiles of rows and vectors of columns.
    dot,     ///< Few rows, right operand transposed: vectors run along k.
    inlined, ///< Few steps of k: summed where the result is written.
  } method = Method::tiled;
  /// How register tiles come by a panel of the right operand.
  enum class Packing : uint8_t {
    none,       ///< It is read where it lies.
    rows,       ///< The first tile copies what it reads to the stack.
    elements,   ///< Element by element before the first tile.
    transposed, ///< Block by block before the first tile.
  } packing = Packing::none;
  int64_t lanes = 0;
  /// Rows of a tile, and vectors of a panel's width (tiled) or columns of a
  /// tile (dot).
  int64_t tileRows = 0, tileColumns = 0;
  /// Columns of a panel, how many panels cover n, and the columns of each gate
  /// in a panel: gates lie side by side.
  int64_t panelColumns = 0, panels = 0, gateColumns = 0;
  /// Steps of k that one packed panel holds, and whether k needs several.
  int64_t chunk = 0;
  bool severalChunks = false;
  /// Tiles whose sums wait on the stack for the write-back.
  int64_t blockTiles = 1;
  /// A first kernel lays the left operand out in tiles, in scratch.
  bool leftInTiles = false;
  /// Parts of vectors of the operands are read under a mask.
  bool masksRight = false;
  /// Tiles of rows at capacity.
  int64_t tiles = 0;

  /// \p givenRows, if not 0, are the rows of tiles of a product whose right
  /// operand lies in panels.
  ContractionPlan(const ContractionSpec &spec, const TargetDescription &target,
                  int64_t givenRows = 0);

  /// Where in a row of the right operand vector \p vector of a panel begins,
  /// from the panel's first column.
  int64_t columnOf(const ContractionSpec &spec, int64_t vector) const {
    int64_t ofGate = gateColumns / lanes;
    return vector / ofGate * spec.n.capacity + vector % ofGate * lanes;
  }

private:
  void chooseTile(const ContractionSpec &spec, const TargetDescription &target);
  void chooseTileOfAllRows(const ContractionSpec &spec,
                           const TargetDescription &target);
  void choosePacking(const ContractionSpec &spec,
                     const TargetDescription &target);
};

} // namespace nnc::kernels

#endif // NNC_LIB_KERNELS_CONTRACTIONPLAN_H
