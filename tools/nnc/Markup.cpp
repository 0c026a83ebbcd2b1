//===- Markup.cpp - Text for XML and HTML ---------------------------------===//

#include "Markup.h"

std::string nnc::tool::escapeMarkup(const std::string &text) {
  std::string safe;
  for (char c : text)
    switch (c) {
    case '&':
      safe += "&amp;";
      break;
    case '<':
      safe += "&lt;";
      break;
    case '>':
      safe += "&gt;";
      break;
    case '"':
      safe += "&quot;";
      break;
    default:
      safe += c;
    }
  return safe;
}
