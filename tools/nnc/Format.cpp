//===- Format.cpp - nnc format --------------------------------------------===//

#include "Context.h"
#include "nnc/Formats/AtomicFile.h"
#include "nnc/Language/Parser.h"
#include "nnc/Language/Printer.h"

using namespace nnc;
using namespace nnc::tool;

int nnc::tool::run_format(Context &context) {
  const std::string &path = context.args.operands[0];
  Expected<std::string> text =
      readFile(path == "-" ? "/dev/stdin" : path, maxSourceBytes + 1);
  if (!text)
    return context.fail(text.error());
  auto source = std::make_shared<SourceFile>(path, *text);
  Diagnostics diagnostics;
  std::optional<std::string> formatted = formatSource(source, diagnostics);
  if (int status = context.fail(diagnostics); !formatted)
    return status;
  if (context.args.has("check")) {
    if (*formatted == *text)
      return 0;
    return context.fail(makeError(ErrorCode::notFormatted, path));
  }
  if (!context.args.has("in-place") || path == "-") {
    context.print(*formatted);
    return 0;
  }
  if (*formatted == *text)
    return 0;
  Expected<void> written = writeFile(path, *formatted);
  return written ? 0 : context.fail(written.error());
}
