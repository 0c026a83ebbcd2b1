//===- GraphDrawing.h - Pictures of graphs ----------------------*- C++ -*-===//

#ifndef NNC_TOOLS_NNC_GRAPHDRAWING_H
#define NNC_TOOLS_NNC_GRAPHDRAWING_H

#include "nnc/Runtime/Compiler.h"
#include <string>

namespace nnc::tool {

/// \p graph in the language of Graphviz.
std::string drawDot(const GraphInfo &graph, const std::string &title);

/// \p graph as a picture: a layer of nodes for each length of the longest path
/// from an input, ordered within a layer by the mean place of their
/// neighbours (Sugiyama, Tagawa, Toda 1981).
std::string drawSvg(const GraphInfo &graph, const std::string &title);

/// A page with the picture.
std::string drawHtml(const GraphInfo &graph, const std::string &title);

} // namespace nnc::tool

#endif // NNC_TOOLS_NNC_GRAPHDRAWING_H
