//===- Graph.cpp - nnc graph ----------------------------------------------===//

#include "GraphDrawing.h"
#include "Inspect.h"
#include "nnc/Formats/AtomicFile.h"

using namespace nnc;
using namespace nnc::tool;

int nnc::tool::run_graph(Context &context) {
  std::optional<std::string> output = context.args.value("out");
  if (!output)
    return context.fail(makeError(ErrorCode::optionMissing, "nnc graph",
                                  "-o OUT.svg, .html or .dot"));
  auto *draw = output->ends_with(".svg")    ? drawSvg
               : output->ends_with(".html") ? drawHtml
               : output->ends_with(".dot")  ? drawDot
                                            : nullptr;
  if (!draw)
    return context.fail(makeError(ErrorCode::badOptionValue, "-o",
                                  "a .svg, .html or .dot file", *output));
  int status = 0;
  std::optional<Inspection> inspection = inspect(context, status);
  if (!inspection)
    return status;
  std::string phase = context.args.value("after").value_or("graph");
  // Later phases know all sizes.
  if (phase != "graph" && phase != "differentiate")
    inspection->options.sizes.emplace("batch", 1);
  Expected<GraphInfo> graph = inspection->compiler->graph(
      inspection->model.source, inspection->options, phase);
  if (!graph)
    return context.fail(graph.error());
  const std::string &name = inspection->model.source.model;
  Expected<void> written =
      writeFile(*output, draw(*graph, name.empty() ? "graph" : name));
  if (!written)
    return context.fail(written.error());
  if (context.isJson())
    context.print(nlohmann::ordered_json::object(
        {{"file", *output}, {"nodes", graph->nodes.size()}}));
  context.say(fmt::format("wrote {} ({} nodes)", *output, graph->nodes.size()));
  return 0;
}
