//===- ContractionPlan.cpp - How a matrix product is tiled ----------------===//

#include "ContractionPlan.h"
#include "KernelBuilder.h"

using namespace nnc;
using namespace nnc::kernels;

/// Bytes of a packed panel: it streams from the second-level cache.
static constexpr int64_t panelBytes = 96 << 10;
/// Rows of sums on the stack.
static constexpr int64_t blockRows = 256;
/// Sums of no more steps are not kept in registers.
static constexpr int64_t fewSteps = 4;
/// Columns of a panel of such sums.
static constexpr int64_t inlinedColumns = 1024;
/// Longer tiles only lengthen the code.
static constexpr int64_t longestTile = 16;

static int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// Rows that fit the registers beside \p vectors of the panel, those vectors
/// and one broadcast element.
static int64_t mostRows(const TargetDescription &target, int64_t vectors) {
  return std::min(longestTile,
                  (target.vectorRegisters - 1 - vectors) / vectors);
}

/// Picks the register tile with the least time for all of the product: two
/// multiply-adds or two loads a cycle, four cycles of latency.
void ContractionPlan::chooseTile(const ContractionSpec &spec,
                                 const TargetDescription &target) {
  int64_t rows = spec.m.capacity, columns = spec.n.capacity;
  double least = 0;
  for (int64_t vectors = 1; vectors <= 4; ++vectors) {
    int64_t most = mostRows(target, vectors);
    if (most < 1)
      continue;
    int64_t tile = ceilDiv(rows, ceilDiv(rows, most));
    double step = std::max({tile * vectors / 2.0, (tile + vectors) / 2.0, 4.0});
    int64_t across = ceilDiv(columns, vectors * lanes);
    double cost = across * (ceilDiv(rows, tile) * step + 2.0 * vectors);
    if (least == 0 || cost < least) {
      least = cost;
      tileRows = tile;
      tileColumns = vectors;
    }
  }
}

ContractionPlan::ContractionPlan(const ContractionSpec &spec,
                                 const TargetDescription &target) {
  lanes = target.lanes(storageBytes(spec.element));
  int64_t rows = std::max<int64_t>(1, spec.m.capacity);
  int64_t columns = std::max<int64_t>(1, spec.n.capacity);
  int64_t depth = std::max<int64_t>(1, spec.k.capacity);
  bool exactDepth = spec.k.isStatic() && depth % lanes == 0;

  bool contiguous =
      !spec.rhs.transposed || (spec.rhs.rowStride == 1 && spec.k.capacity == 1);
  if (depth <= fewSteps && contiguous &&
      (target.maskedWords || columns % lanes == 0)) {
    method = Method::inlined;
    tileRows = tileColumns = 1;
    panelColumns = std::min(ceilDiv(columns, lanes) * lanes, inlinedColumns);
  } else if (spec.rhs.transposed && !spec.lhs.transposed && spec.m.isStatic() &&
             rows <= 4 && depth >= lanes &&
             (target.maskedWords || exactDepth)) {
    method = Method::dot;
    tileRows = rows;
    tileColumns = std::min({columns, lanes, rows <= 2 ? int64_t(8) : 4});
    panelColumns = lanes;
  } else if (!spec.rhs.transposed && spec.m.isStatic() &&
             rows <= mostRows(target, 2) &&
             (target.maskedWords || columns % lanes == 0)) {
    method = Method::direct;
    tileRows = rows;
    // One row multiplies the panel's vectors as it reads them: long stretches
    // of each row suit the memory.
    int64_t widest = rows == 1 ? 8 : 4;
    tileColumns = std::min(widest, ceilDiv(columns, lanes));
    while (tileRows > 1 && tileRows > mostRows(target, tileColumns))
      --tileColumns;
    panelColumns = tileColumns * lanes;
  } else {
    chooseTile(spec, target);
    panelColumns = tileColumns * lanes;
    int64_t most = panelBytes / (panelColumns * storageBytes(spec.element));
    int64_t chunks = ceilDiv(depth, most);
    severalChunks = chunks > 1;
    chunk = ceilDiv(ceilDiv(depth, chunks), lanes) * lanes;
  }
  panels = ceilDiv(columns, panelColumns);
  tiles = ceilDiv(rows, tileRows);
  blockTiles = std::max<int64_t>(1, std::min(tiles, blockRows / tileRows));
}
