//===- TrainReport.h - A page about a training ------------------*- C++ -*-===//

#ifndef NNC_TOOLS_NNC_TRAINREPORT_H
#define NNC_TOOLS_NNC_TRAINREPORT_H

#include "nnc/Training/Trainer.h"

namespace nnc::tool {

/// A page with a curve for each figure over the epochs, that of validation
/// beside that of training, and a table of all. \p text stands below the
/// title.
std::string trainReportHtml(const std::string &title, const std::string &text,
                            const std::vector<EpochRecord> &epochs);

} // namespace nnc::tool

#endif // NNC_TOOLS_NNC_TRAINREPORT_H
