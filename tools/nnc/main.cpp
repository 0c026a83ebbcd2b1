//===- main.cpp - The command-line tool -----------------------------------===//

#include "Context.h"
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <poll.h>
#include <unistd.h>

using namespace nnc;
using namespace nnc::tool;

static int dispatch(Context &context) {
#define NNC_VERB(NAME, OPERANDS, LEAST, MOST, SUMMARY, OPTIONS)                \
  if (context.args.verb == #NAME)                                              \
    return run_##NAME(context);
#include "Options.def"
  return static_cast<int>(ExitStatus::internal);
}

/// How to speak of a command line that cannot be parsed: as the words of it
/// that can be told say.
static Invocation speech(const std::vector<std::string> &words) {
  Invocation invocation;
  for (const char *name : {"color", "message-format"}) {
    std::string option = "--" + std::string(name);
    for (size_t i = 0; i < words.size(); ++i) {
      if (words[i].starts_with(option + "="))
        invocation.options[name] = {words[i].substr(option.size() + 1)};
      else if (words[i] == option && i + 1 < words.size())
        invocation.options[name] = {words[i + 1]};
    }
  }
  return invocation;
}

int main(int argc, char **argv) {
  // A reader that leaves is an error of writing, not the end.
  std::signal(SIGPIPE, SIG_IGN);
  std::vector<std::string> words(argv + 1, argv + argc);
  Expected<Invocation> invocation = parseCommandLine(words);
  if (!invocation)
    return Context(speech(words)).fail(invocation.error());
  Context context(std::move(*invocation));
  int status = dispatch(context);
  if (context.args.has("time-report"))
    std::fputs(context.times.text().c_str(), stderr);
  errno = 0;
  if (std::fflush(stdout) != 0 || std::ferror(stdout)) {
    int number = errno;
    // A reader that has seen enough, as head, need not be told.
    struct pollfd output = {STDOUT_FILENO, POLLOUT, 0};
    if (::poll(&output, 1, 0) == 1 && (output.revents & POLLERR))
      return status ? status : static_cast<int>(ExitStatus::fileProblem);
    int written = context.fail(
        makeError(ErrorCode::fileWrite, "standard output",
                  number ? std::strerror(number) : "it was closed"));
    return status ? status : written;
  }
  return status;
}
