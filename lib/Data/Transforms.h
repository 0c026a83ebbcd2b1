//===- Transforms.h - Fixed transforms of a source --------------*- C++ -*-===//
//
// The transforms that change a data set once, when it is loaded.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_LIB_DATA_TRANSFORMS_H
#define NNC_LIB_DATA_TRANSFORMS_H

#include "nnc/Data/DataRequest.h"

namespace nnc {

/// Applies the transforms of \p request that are no augmentations to both
/// parts of \p source. Errors: transformInput (no field that it applies to, or
/// an impossible amount), those of oneHotRows.
Expected<void> applyTransforms(const DataRequest &request, DataSource &source);

/// Makes the features of \p dataset 1 above \p threshold and 0 elsewhere, and
/// notes it there. Error: transformInput.
Expected<void> binarize(Dataset &dataset, double threshold);

} // namespace nnc

#endif // NNC_LIB_DATA_TRANSFORMS_H
