//===- Grad.cpp - nnc grad ------------------------------------------------===//

#include "Inspect.h"
#include "nnc/Formats/AtomicFile.h"
#include <sstream>

using namespace nnc;
using namespace nnc::tool;

int nnc::tool::run_grad(Context &context) {
  Expected<int64_t> order = context.args.number("order", 1, 1);
  if (!order)
    return context.fail(order.error());
  if (*order > 2)
    return context.fail(makeError(ErrorCode::badOptionValue, "--order",
                                  "1 or 2", fmt::format("{}", *order)));
  std::vector<std::string> wrt;
  std::istringstream globs(context.args.value("wrt").value_or(""));
  for (std::string glob; std::getline(globs, glob, ',');)
    wrt.push_back(glob);
  int status = 0;
  std::optional<Inspection> inspection = inspect(context, status);
  if (!inspection)
    return status;
  bool explain = context.args.has("explain");
  Expected<std::string> text = inspection->compiler->gradient(
      inspection->model.source, inspection->options, wrt,
      static_cast<int>(*order), explain);
  if (!text)
    return context.fail(text.error());
  std::optional<std::string> output = context.args.value("out");
  if (!output || *output == "-") {
    nlohmann::ordered_json object;
    object[explain ? "derivation" : "graph"] = *text;
    if (context.isJson())
      context.print(object);
    else
      context.print(*text);
    return 0;
  }
  Expected<void> written = writeFile(*output, *text);
  return written ? 0 : context.fail(written.error());
}
