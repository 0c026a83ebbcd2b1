//===- ContractionPlan.cpp - How a matrix product is tiled ----------------===//

#include "ContractionPlan.h"
#include "KernelBuilder.h"

using namespace nnc;
using namespace nnc::kernels;

/// A packed panel streams from the second-level cache, of which it takes a
/// quarter within these limits (in bytes).
static constexpr int64_t leastPanel = 96 << 10, mostPanel = 256 << 10;
/// Bytes of sums on the stack where k needs several panels.
static constexpr int64_t sumBytes = 112 << 10;
/// Sums of no more steps are not kept in registers.
static constexpr int64_t fewSteps = 4;
/// Columns of a panel of such sums.
static constexpr int64_t inlinedColumns = 1024;
/// So many panels are worth another layout of what all of them read.
static constexpr int64_t fewPanels = 4;
/// Longer tiles only lengthen the code.
static constexpr int64_t longestTile = 16;
/// Steps of k that lie a multiple of so many bytes apart share few sets of the
/// first-level cache.
static constexpr int64_t sameSets = 1024;

static int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// Rows that fit the registers beside \p vectors of the panel, those vectors,
/// one broadcast element and, if \p masked, the mask of the last vector.
static int64_t mostRows(const TargetDescription &target, int64_t vectors,
                        bool masked = false) {
  // Masks of bytes come with registers for masks.
  int64_t masks = masked && !target.maskedBytes;
  return std::min(longestTile,
                  (target.vectorRegisters - 1 - masks - vectors) / vectors);
}

/// Picks the register tile with the least time for all of the product: two
/// multiply-adds or two loads a cycle, four cycles of latency.
void ContractionPlan::chooseTile(const ContractionSpec &spec,
                                 const TargetDescription &target) {
  int64_t rows = spec.m.capacity, columns = spec.n.capacity;
  double least = 0;
  for (int64_t vectors = spec.gates; vectors <= 4; vectors += spec.gates) {
    if (spec.rhs.panelColumns && spec.rhs.panelColumns != vectors * lanes)
      continue;
    bool masked = !spec.rhs.panelColumns && !spec.rhs.transposed &&
                  columns <= vectors / spec.gates * lanes &&
                  columns % lanes != 0;
    int64_t most = mostRows(target, vectors, masked);
    if (most < 1)
      continue;
    int64_t tile = ceilDiv(rows, ceilDiv(rows, most));
    double step = std::max({tile * vectors / 2.0, (tile + vectors) / 2.0, 4.0});
    int64_t across = ceilDiv(columns, vectors / spec.gates * lanes);
    double cost = across * (ceilDiv(rows, tile) * step + 2.0 * vectors);
    if (least == 0 || cost < least) {
      least = cost;
      tileRows = tile;
      tileColumns = vectors;
    }
  }
}

/// One tile for all rows. One row multiplies the panel's vectors as it reads
/// them: long stretches of each row suit the memory.
void ContractionPlan::chooseTileOfAllRows(const ContractionSpec &spec,
                                          const TargetDescription &target) {
  tileRows = std::max<int64_t>(1, spec.m.capacity);
  int64_t columns = std::max<int64_t>(1, spec.n.capacity);
  int64_t widest = tileRows == 1 ? 8 : 4;
  int64_t vectors = std::min(widest / spec.gates, ceilDiv(columns, lanes));
  while (tileRows > 1 &&
         tileRows > mostRows(target, vectors * spec.gates, true))
    --vectors;
  tileColumns = vectors * spec.gates;
}

void ContractionPlan::choosePacking(const ContractionSpec &spec,
                                    const TargetDescription &target) {
  if (spec.rhs.panelColumns)
    packing = Packing::none;
  else if (spec.rhs.transposed)
    packing = Packing::transposed;
  else if (spec.n.capacity < gateColumns && spec.n.capacity % lanes != 0 &&
           !masksRight)
    packing = Packing::elements;
  else if (panels == 1 || tiles == 1)
    packing = Packing::none;
  else
    packing = Packing::rows;
}

ContractionPlan::ContractionPlan(const ContractionSpec &spec,
                                 const TargetDescription &target,
                                 int64_t givenRows) {
  int64_t bytes = storageBytes(spec.element);
  lanes = target.lanes(bytes);
  int64_t rows = std::max<int64_t>(1, spec.m.capacity);
  int64_t columns = std::max<int64_t>(1, spec.n.capacity);
  int64_t depth = std::max<int64_t>(1, spec.k.capacity);
  bool exactDepth = spec.k.isStatic() && depth % lanes == 0;
  bool inPanels = spec.rhs.panelColumns != 0;
  masksRight = storageBytes(spec.buffers[spec.rhs.buffer].element) < 4
                   ? target.maskedBytes
                   : target.maskedWords;

  bool contiguous =
      !spec.rhs.transposed || (spec.rhs.rowStride == 1 && spec.k.capacity == 1);
  if (givenRows > 0) {
    tileRows = givenRows;
    panelColumns = spec.rhs.panelColumns;
    tileColumns = panelColumns / lanes;
  } else if (depth <= fewSteps && contiguous && !inPanels &&
             (masksRight || columns % lanes == 0)) {
    method = Method::inlined;
    tileRows = tileColumns = 1;
    panelColumns = std::min(ceilDiv(columns, lanes) * lanes, inlinedColumns);
  } else if (spec.rhs.transposed && !spec.lhs.transposed && spec.m.isStatic() &&
             rows <= 4 && depth >= lanes && (masksRight || exactDepth)) {
    method = Method::dot;
    tileRows = rows;
    tileColumns = std::min({columns, lanes, rows <= 2 ? int64_t(8) : 4});
    panelColumns = lanes;
  } else if (!spec.rhs.transposed && !inPanels &&
             rows <= mostRows(target, std::max<int64_t>(2, spec.gates), true) &&
             (masksRight || columns % lanes == 0)) {
    chooseTileOfAllRows(spec, target);
    panelColumns = tileColumns * lanes;
  } else if (inPanels && rows == 1) {
    tileRows = 1;
    panelColumns = spec.rhs.panelColumns;
    tileColumns = panelColumns / lanes;
  } else {
    chooseTile(spec, target);
    panelColumns = tileColumns * lanes;
  }
  // Sums where the result is written take no panel's room.
  gateColumns =
      method == Method::inlined ? panelColumns : panelColumns / spec.gates;
  panels = ceilDiv(columns, gateColumns);
  tiles = ceilDiv(rows, tileRows);
  if (method != Method::tiled)
    return;
  choosePacking(spec, target);
  // Worth a barrier and a copy where several panels read it.
  leftInTiles = spec.lhs.transposed && spec.m.isStatic() && tiles > 1 &&
                panels >= fewPanels &&
                spec.lhs.rowStride * bytes % sameSets == 0;
  chunk = depth;
  if (packing == Packing::none && tiles == 1)
    return;
  int64_t panelBytes = std::clamp(target.l2Bytes / 4, leastPanel, mostPanel);
  int64_t chunks = ceilDiv(depth, panelBytes / (panelColumns * bytes));
  severalChunks = chunks > 1;
  chunk = ceilDiv(ceilDiv(depth, chunks), lanes) * lanes;
  if (severalChunks)
    blockTiles =
        std::clamp(sumBytes / (tileRows * panelColumns * bytes), 1L, tiles);
}

int64_t kernels::panelColumns(const ContractionSpec &spec,
                              const TargetDescription &target) {
  ContractionSpec inRows(spec);
  inRows.rhs.panelColumns = 0;
  ContractionPlan plan(inRows, target);
  if (plan.method == ContractionPlan::Method::tiled)
    return std::min(plan.tileColumns, int64_t(4)) * plan.lanes;
  return plan.lanes;
}
