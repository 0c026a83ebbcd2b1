//===- Evaluate.h - Values of expressions in signatures ---------*- C++ -*-===//

#ifndef NNC_LIB_TRAINING_EVALUATE_H
#define NNC_LIB_TRAINING_EVALUATE_H

#include "nnc/Language/Settings.h"
#include "nnc/Support/Error.h"
#include <string>

namespace nnc {

/// The value of the expression \p text, of one of \p kinds; \p setting is what
/// it is for and \p place stands for its file in messages.
Expected<SettingValue> evaluateText(const std::string &text,
                                    const std::string &setting, KindSet kinds,
                                    const std::string &place);

} // namespace nnc

#endif // NNC_LIB_TRAINING_EVALUATE_H
