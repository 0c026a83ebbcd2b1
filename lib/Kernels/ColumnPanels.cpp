//===- ColumnPanels.cpp - Matrices laid out for products ------------------===//

#include "KernelBuilder.h"
#include "nnc/Kernels/Contraction.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::kernels;

/// Vectors below which a further thread costs more than it gains.
static constexpr int64_t grain = 512;

static int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

Expected<Kernels> kernels::emitColumnPanels(ModuleOp module,
                                            const TargetDescription &target,
                                            const ColumnPanelsSpec &spec) {
  Type element = spec.element;
  int64_t lanes = target.lanes(storageBytes(element));
  int64_t width = spec.panel / spec.gates, ofGate = spec.n / spec.gates;
  if (spec.panel % spec.gates != 0 || width % lanes != 0)
    return fail(ErrorCode::unsupported,
                "a matrix in panels of other than whole vectors");
  int64_t panels = ceilDiv(ofGate, width), vectors = width / lanes;
  std::vector<Buffer> buffers{{element, spec.k * spec.n},
                              {element, panels * spec.k * spec.panel}};
  KernelBuilder kernel(module, target, spec.name, buffers, false);
  Value matrix = kernel.function.getArgument(0);
  Value result = kernel.function.getArgument(1);
  int64_t step = spec.transposed ? 1 : spec.n;
  int64_t columnStep = spec.transposed ? spec.k : 1;

  // One vector of all gates in each row of a panel.
  int64_t items = panels * vectors * spec.k;
  auto [low, high] = kernel.share(kernel.constant(items), items, 1, grain);
  kernel.loop(low, high, 1, [&](Value number) {
    Value depth = kernel.constant(spec.k);
    Value k = kernel.rem(number, depth), block = kernel.div(number, depth);
    Value column = kernel.mul(block, lanes);
    Lanes live{lanes};
    if (ofGate % width != 0)
      live =
          kernel.firstLanes(kernel.sub(kernel.constant(ofGate), column), lanes);
    Value from =
        kernel.add(kernel.mul(k, step), kernel.mul(column, columnStep));
    Value perPanel = kernel.constant(vectors);
    Value row = kernel.add(kernel.mul(kernel.div(block, perPanel), spec.k), k);
    Value to = kernel.add(kernel.mul(row, spec.panel),
                          kernel.mul(kernel.rem(block, perPanel), lanes));
    for (int64_t gate = 0; gate < spec.gates; ++gate)
      kernel.store(kernel.load(matrix, element,
                               kernel.add(from, gate * ofGate * columnStep),
                               live, columnStep),
                   result, kernel.add(to, gate * width), Lanes{lanes});
  });
  if (auto finished = kernel.finish(); !finished)
    return fail(finished.error());
  return Kernels{{kernel.function}, 0};
}
