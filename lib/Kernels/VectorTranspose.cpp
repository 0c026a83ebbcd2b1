//===- VectorTranspose.cpp - Square tiles turned in registers -------------===//

#include "KernelBuilder.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::kernels;

/// Lanes of two vectors in \p order, which counts units of \p unit lanes: those
/// of the first from 0, of the second from \p units.
static SmallVector<int64_t> unitLanes(ArrayRef<int64_t> order, int64_t unit) {
  SmallVector<int64_t> lanes;
  for (int64_t at : order)
    for (int64_t lane = 0; lane < unit; ++lane)
      lanes.push_back(at * unit + lane);
  return lanes;
}

SmallVector<Value> KernelBuilder::transpose(SmallVector<Value> rows) {
  int64_t lanes = rows.size();
  Type element = getElementTypeOrSelf(rows[0]);
  int64_t group = std::min<int64_t>(lanes, 16 / storageBytes(element));
  // Inside groups of 16 bytes: interleave halves of each group, in units of 1,
  // then 2 lanes.
  auto interleave = [&](Value a, Value b, int64_t unit, bool high) {
    SmallVector<int64_t> order;
    int64_t perGroup = group / unit;
    for (int64_t first = 0; first < lanes / unit; first += perGroup)
      for (int64_t at = 0; at < perGroup / 2; ++at) {
        int64_t from = first + at + (high ? perGroup / 2 : 0);
        order.append({from, from + lanes / unit});
      }
    return shuffle(a, b, unitLanes(order, unit));
  };
  for (int64_t first = 0; first < lanes; first += group) {
    MutableArrayRef<Value> four = MutableArrayRef(rows).slice(first, group);
    if (group == 2) {
      Value low = interleave(four[0], four[1], 1, false);
      four[1] = interleave(four[0], four[1], 1, true);
      four[0] = low;
    } else if (group == 4) {
      Value a = interleave(four[0], four[1], 1, false);
      Value b = interleave(four[0], four[1], 1, true);
      Value c = interleave(four[2], four[3], 1, false);
      Value d = interleave(four[2], four[3], 1, true);
      four[0] = interleave(a, c, 2, false);
      four[1] = interleave(a, c, 2, true);
      four[2] = interleave(b, d, 2, false);
      four[3] = interleave(b, d, 2, true);
    }
  }
  // Then whole groups: even ones of two vectors, odd ones of two vectors.
  int64_t groups = lanes / group;
  auto pick = [&](Value a, Value b, int64_t parity) {
    SmallVector<int64_t> order;
    for (int64_t at = parity; at < 2 * groups; at += 2)
      order.push_back(at);
    return shuffle(a, b, unitLanes(order, group));
  };
  SmallVector<Value> result(lanes);
  for (int64_t in = 0; in < group; ++in) {
    auto row = [&](int64_t at) { return rows[at * group + in]; };
    auto out = [&](int64_t at) -> Value & { return result[at * group + in]; };
    if (groups == 1) {
      out(0) = row(0);
    } else if (groups == 2) {
      out(0) = pick(row(0), row(1), 0);
      out(1) = pick(row(0), row(1), 1);
    } else {
      Value even0 = pick(row(0), row(1), 0), even1 = pick(row(2), row(3), 0);
      Value odd0 = pick(row(0), row(1), 1), odd1 = pick(row(2), row(3), 1);
      out(0) = pick(even0, even1, 0);
      out(1) = pick(odd0, odd1, 0);
      out(2) = pick(even0, even1, 1);
      out(3) = pick(odd0, odd1, 1);
    }
  }
  return result;
}
