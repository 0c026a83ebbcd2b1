//===- Options.cpp - The command line -------------------------------------===//
//
// The only file that knows CLI11, and the only one where exceptions pass.
//
//===----------------------------------------------------------------------===//

#include "Options.h"
#include "nnc/Support/ByteSize.h"
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <charconv>
#include <sstream>

using namespace nnc;
using namespace nnc::tool;

namespace {
struct VerbInfo {
  const char *name, *operands;
  size_t least, most;
  const char *summary, *options;
};
constexpr VerbInfo verbs[] = {
#define NNC_VERB(NAME, OPERANDS, LEAST, MOST, SUMMARY, OPTIONS)                \
  {#NAME, OPERANDS, LEAST, MOST, SUMMARY, OPTIONS},
#include "Options.def"
};

enum class OptionKind { one, many, absent };
struct OptionInfo {
  const char *name, *value;
  OptionKind kind;
  const char *summary;
};
constexpr OptionInfo options[] = {
#define NNC_OPTION(NAME, VALUE, KIND, SUMMARY)                                 \
  {#NAME, VALUE, OptionKind::KIND, SUMMARY},
#include "Options.def"
};

constexpr const char *commonOptions =
    "optimization threads verbose quiet json message-format color cache "
    "time-report print-after stop-after model fn";

/// More threads than this are a slip of the keyboard; systems refuse them.
constexpr int64_t mostThreads = 1024;

/// Names on the command line that are not "--" and the option's name.
constexpr std::pair<std::string_view, std::string_view> spellings[] = {
    {"out", "-o"},
    {"optimization", "-O"},
    {"verbose", "-v,--verbose"},
    {"quiet", "-q,--quiet"},
    {"in-place", "-i,--in-place"},
    {"memory-plan", "--memory"}};
} // namespace

static std::vector<std::string> wordsOf(const char *text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;)
    words.push_back(word);
  return words;
}

static const OptionInfo &optionNamed(const std::string &name) {
  for (const OptionInfo &option : options)
    if (name == option.name)
      return option;
  // The table's own lists name only what it holds; a test walks them.
  return options[0];
}

static const VerbInfo *findVerb(const std::string &name) {
  for (const VerbInfo &verb : verbs)
    if (name == verb.name)
      return &verb;
  return nullptr;
}

static std::string didYouMean(const std::string &word,
                              const std::vector<std::string> &candidates) {
  std::string nearest = nearestName(word, candidates);
  return nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest);
}

static Error unknownVerb(const std::string &word) {
  std::vector<std::string> names;
  for (const VerbInfo &verb : verbs)
    names.emplace_back(verb.name);
  return makeError(ErrorCode::unknownVerb, word, didYouMean(word, names));
}

/// All names that CLI11 is to know an option by, separated by commas.
static std::string namesOf(const std::string &option) {
  for (const auto &[name, spelling] : spellings)
    if (name == option)
      return std::string(spelling);
  return "--" + option;
}

std::string nnc::tool::spellingOf(const std::string &option) {
  std::string names = namesOf(option);
  return names.substr(0, names.find(','));
}

//===----------------------------------------------------------------------===//
// Parsing
//===----------------------------------------------------------------------===//

std::optional<std::string> Invocation::value(const std::string &name) const {
  auto found = options.find(name);
  if (found == options.end())
    return std::nullopt;
  return found->second.back();
}

std::vector<std::string> Invocation::values(const std::string &name) const {
  auto found = options.find(name);
  return found == options.end() ? std::vector<std::string>() : found->second;
}

Expected<int64_t> Invocation::number(const std::string &name, int64_t otherwise,
                                     int64_t least) const {
  std::optional<std::string> text = value(name);
  if (!text)
    return otherwise;
  int64_t number = 0;
  auto [end, error] =
      std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc() || end != text->data() + text->size() ||
      number < least)
    return fail(ErrorCode::badOptionValue, spellingOf(name),
                fmt::format("a whole number of at least {}", least), *text);
  return number;
}

Expected<double> Invocation::real(const std::string &name,
                                  double otherwise) const {
  std::optional<std::string> text = value(name);
  if (!text)
    return otherwise;
  double number = 0;
  auto [end, error] =
      std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc() || end != text->data() + text->size())
    return fail(ErrorCode::badOptionValue, spellingOf(name), "a number", *text);
  return number;
}

/// The names of \p verb's options and of the common ones.
static std::vector<std::string> optionsOf(const VerbInfo &verb) {
  std::vector<std::string> names = wordsOf(verb.options);
  for (std::string &name : wordsOf(commonOptions))
    names.push_back(std::move(name));
  return names;
}

/// What is wrong with the words that no option or operand took.
static Error extraWord(const VerbInfo &verb, const std::string &word) {
  if (!word.starts_with("-") || word == "-")
    return makeError(ErrorCode::operandCount, verb.name,
                     *verb.operands ? verb.operands : "no operands", word);
  std::string name = word.substr(0, word.find('='));
  std::vector<std::string> known;
  for (const std::string &option : optionsOf(verb)) {
    std::istringstream names(namesOf(option));
    for (std::string one; std::getline(names, one, ',');)
      known.push_back(one);
  }
  return makeError(ErrorCode::unknownOption, name, verb.name,
                   didYouMean(name, known));
}

static Expected<void> checkChoices(const Invocation &invocation) {
  auto check = [&](const char *option,
                   std::vector<std::string> choices) -> Expected<void> {
    std::optional<std::string> value = invocation.value(option);
    if (!value ||
        std::find(choices.begin(), choices.end(), *value) != choices.end())
      return {};
    return fail(ErrorCode::badOptionValue, spellingOf(option),
                optionNamed(option).value, *value);
  };
  if (auto good = check("message-format", {"text", "json"}); !good)
    return good;
  if (auto good = check("color", {"auto", "always", "never"}); !good)
    return good;
  if (auto good = check("optimization", {"0", "1", "2", "3"}); !good)
    return good;
  auto threads = invocation.number("threads", 1, 1);
  if (!threads)
    return fail(std::move(threads.error()));
  if (*threads > mostThreads)
    return fail(ErrorCode::badOptionValue, "--threads",
                fmt::format("at most {} threads", mostThreads),
                *invocation.value("threads"));
  // Of nnc show the option stands for itself too.
  for (const char *option : {"memory", "memory-plan"})
    if (std::optional<std::string> size = invocation.value(option);
        size && !parseByteSize(*size) &&
        (*size != "true" || option == std::string_view("memory")))
      return fail(ErrorCode::badOptionValue, spellingOf(option),
                  "a size of memory as 300MB or 1GiB", *size);
  for (const char *option : {"out", "checkpoint", "log", "weights"})
    if (invocation.value(option) == "")
      return fail(ErrorCode::optionValue, spellingOf(option));
  return {};
}

/// Joins the size behind a --memory that may stand alone to it.
static void joinMemorySize(std::vector<std::string> &words) {
  for (size_t i = 0; i + 1 < words.size(); ++i)
    if (words[i] == "--memory" && parseByteSize(words[i + 1])) {
      words[i] += "=" + words[i + 1];
      words.erase(words.begin() + static_cast<std::ptrdiff_t>(i) + 1);
    }
}

/// Parses what stands behind the verb. CLI11 reports by exceptions.
static Expected<Invocation> parseVerb(const VerbInfo &verb,
                                      std::vector<std::string> words) {
  Invocation invocation;
  invocation.verb = verb.name;
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  std::vector<std::pair<std::string, CLI::Option *>> known;
  for (const std::string &name : optionsOf(verb)) {
    CLI::Option *option = nullptr;
    if (*optionNamed(name).value)
      // Values are taken as they stand: brackets and commas are the language's.
      option = app.add_option(namesOf(name))
                   ->expected(1)
                   ->allow_extra_args(false)
                   ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    else
      option = app.add_flag(namesOf(name))
                   ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    known.emplace_back(name, option);
  }
  if (std::string_view(verb.options).find("memory-plan") !=
      std::string_view::npos)
    joinMemorySize(words);
  try {
    std::reverse(words.begin(), words.end());
    app.parse(words);
  } catch (const CLI::Error &error) {
    std::string text = error.what();
    return fail(ErrorCode::optionValue, text.substr(0, text.find(':')));
  }
  for (const auto &[name, option] : known) {
    if (option->count() == 0)
      continue;
    if (optionNamed(name).kind == OptionKind::absent)
      return fail(ErrorCode::unsupported,
                  fmt::format("the option {}", spellingOf(name)));
    invocation.options[name] = option->results();
  }
  for (const std::string &word : app.remaining()) {
    bool isOperand = !word.starts_with("-") || word == "-";
    if (!isOperand || invocation.operands.size() == verb.most)
      return fail(extraWord(verb, word));
    invocation.operands.push_back(word);
  }
  return invocation;
}

Expected<Invocation>
nnc::tool::parseCommandLine(const std::vector<std::string> &words) {
  if (words.empty() || words[0] == "-h" || words[0] == "--help") {
    Invocation help;
    help.verb = "help";
    return help;
  }
  std::string name = words[0] == "--version" ? "version" : words[0];
  const VerbInfo *verb = findVerb(name);
  if (!verb)
    return fail(unknownVerb(words[0]));
  for (size_t i = 1; i < words.size(); ++i)
    if (words[i] == "-h" || words[i] == "--help") {
      Invocation help;
      help.verb = "help";
      help.operands = {name};
      return help;
    }
  Expected<Invocation> invocation =
      parseVerb(*verb, {words.begin() + 1, words.end()});
  if (!invocation)
    return invocation;
  if (invocation->operands.size() < verb->least)
    return fail(ErrorCode::operandMissing, verb->name, verb->operands);
  if (auto good = checkChoices(*invocation); !good)
    return fail(std::move(good.error()));
  return invocation;
}

//===----------------------------------------------------------------------===//
// Help
//===----------------------------------------------------------------------===//

std::string nnc::tool::helpText() {
  std::string text =
      "usage: nnc VERB ... (nnc help VERB tells its options)\n\n";
  for (const VerbInfo &verb : verbs)
    text += fmt::format("  {:<9} {:<8}  {}\n", verb.name, verb.operands,
                        verb.summary);
  return text;
}

static void appendOptions(std::string &text,
                          const std::vector<std::string> &names) {
  for (const std::string &name : names) {
    const OptionInfo &option = optionNamed(name);
    std::string head = namesOf(name);
    if (size_t comma = head.find(','); comma != std::string::npos)
      head.replace(comma, 1, ", ");
    if (*option.value)
      head += (name == "optimization" ? "" : " ") + std::string(option.value);
    text += fmt::format(
        "  {:<28}  {}{}\n", head, option.summary,
        option.kind == OptionKind::absent ? " (not supported yet)" : "");
  }
}

Expected<std::string> nnc::tool::helpText(const std::string &name) {
  const VerbInfo *verb = findVerb(name);
  if (!verb)
    return fail(unknownVerb(name));
  std::string text =
      fmt::format("usage: nnc {}{}{} [options]\n\n{}\n", verb->name,
                  *verb->operands ? " " : "", verb->operands, verb->summary);
  if (*verb->options) {
    text += "\noptions:\n";
    appendOptions(text, wordsOf(verb->options));
  }
  text += "\ncommon options:\n";
  appendOptions(text, wordsOf(commonOptions));
  return text;
}
