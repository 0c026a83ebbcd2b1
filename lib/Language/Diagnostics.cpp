//===- Diagnostics.cpp - The errors of one run over a file ----------------===//

#include "nnc/Language/Diagnostics.h"
#include <algorithm>

using namespace nnc;

void Diagnostics::sortFrom(size_t first) {
  std::sort(all.begin() + static_cast<ptrdiff_t>(first), all.end(),
            [](const Error &a, const Error &b) {
              return std::pair(a.position.line, a.position.column) <
                     std::pair(b.position.line, b.position.column);
            });
}
