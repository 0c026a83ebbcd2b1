//===- ProfileReport.h - Kernels' times as a table and a picture -*- C++ -*-==//

#ifndef NNC_TOOLS_NNC_PROFILEREPORT_H
#define NNC_TOOLS_NNC_PROFILEREPORT_H

#include "nnc/Runtime/Compiler.h"
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace nnc::tool {

/// What one kernel took, with the further phases of its work.
struct KernelTime {
  KernelInfo info;
  double microseconds = 0;
  double share = 0;                 ///< Of the whole step.
  double gflops = 0, gigabytes = 0; ///< A second.
  /// The least time that the machine's peaks allow for its arithmetic and its
  /// bytes, divided by its time.
  double roofline = 0;
};

struct Profile {
  std::string model, mode;
  int64_t batch = 1;
  unsigned threads = 1;
  /// The machine's peaks: GFLOP/s, and GB/s for data of `workingSet` bytes.
  double peakGflops = 0, peakGigabytes = 0;
  int64_t workingSet = 0;
  double microseconds = 0;         ///< A step.
  std::vector<KernelTime> kernels; ///< In the order in which they run.
};

/// The machine and a line a kernel, the slowest first.
std::string profileTable(const Profile &profile);
nlohmann::ordered_json profileJson(const Profile &profile);
/// A page with the step as a row of boxes as wide as the kernels' times, under
/// the layers that they belong to, and the table.
std::string profileHtml(const Profile &profile);

} // namespace nnc::tool

#endif // NNC_TOOLS_NNC_PROFILEREPORT_H
