//===- main.cpp - The command-line tool -----------------------------------===//

#include "Context.h"
#include <csignal>
#include <cstdio>

using namespace nnc;
using namespace nnc::tool;

static int dispatch(Context &context) {
#define NNC_VERB(NAME, OPERANDS, LEAST, MOST, SUMMARY, OPTIONS)                \
  if (context.args.verb == #NAME)                                              \
    return run_##NAME(context);
#include "Options.def"
  return static_cast<int>(ExitStatus::internal);
}

int main(int argc, char **argv) {
  // A reader that leaves is an error of writing, not the end.
  std::signal(SIGPIPE, SIG_IGN);
  Expected<Invocation> invocation =
      parseCommandLine(std::vector<std::string>(argv + 1, argv + argc));
  if (!invocation)
    return Context({}).fail(invocation.error());
  Context context(std::move(*invocation));
  int status = dispatch(context);
  if (context.args.has("time-report"))
    std::fputs(context.times.text().c_str(), stderr);
  if (std::fflush(stdout) != 0 || std::ferror(stdout)) {
    int written = context.fail(
        makeError(ErrorCode::fileWrite, "standard output", "it was closed"));
    return status ? status : written;
  }
  return status;
}
