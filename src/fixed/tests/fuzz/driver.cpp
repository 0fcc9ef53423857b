// Runs a libFuzzer target without libFuzzer: mutates the files of a corpus with a seeded generator, for a number of runs or seconds.
//   fixed_fuzz [--runs N] [--seconds S] [--seed N] [--save FILE] corpus...
// --save keeps the input at hand in a file before each run, so that a crash leaves its input behind. A file as the only argument
// with --runs 0 replays it.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "snac/core/files.hpp"
#include "snac/core/rng.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using snac::Rng;

constexpr const char* kTokens[] = {"0",
                                   "1",
                                   "-1",
                                   "2",
                                   "63",
                                   "64",
                                   "62",
                                   "61",
                                   "20",
                                   "21",
                                   "-2048",
                                   "2049",
                                   "1000000",
                                   "2147483647",
                                   "-2147483648",
                                   "4294967296",
                                   "9223372036854775807",
                                   "-9223372036854775808",
                                   "18446744073709551615",
                                   "1e9",
                                   "1e999",
                                   "0.5",
                                   "null",
                                   "true",
                                   "[]",
                                   "{}",
                                   "\"\"",
                                   "\"fixed<63,512>\"",
                                   "\"ufixed<1,-512,RND_CONV,SAT_SYM>\"",
                                   "\"ufixed<20,20,TRN,SAT>\"",
                                   "\"dense\"",
                                   "\"cast\"",
                                   "\"relu\"",
                                   "\"table\"",
                                   "\"argmax\"",
                                   "\"softmax\"",
                                   "\"exponential\"",
                                   "\"\\u0000\"",
                                   "\"\xff\"",
                                   ",",
                                   ":",
                                   "[[[["};

/// A span that reads like one JSON value or word.
std::pair<std::size_t, std::size_t> word_at(const std::string& text, std::size_t at) {
  const auto is_word = [&](std::size_t i) { return std::string_view(" \n,:[]{}").find(text[i]) == std::string_view::npos; };
  std::size_t begin = at, end = at;
  while (begin > 0 && is_word(begin - 1)) --begin;
  while (end < text.size() && is_word(end)) ++end;
  return {begin, end};
}

/// From an opening bracket to its partner, or nothing.
std::pair<std::size_t, std::size_t> bracket_at(const std::string& text, std::size_t at) {
  const std::size_t begin = text.find_first_of("[{", at);
  if (begin == std::string::npos) return {at, at};
  int depth = 0;
  for (std::size_t i = begin; i < text.size(); ++i) {
    if (text[i] == '[' || text[i] == '{') ++depth;
    if ((text[i] == ']' || text[i] == '}') && --depth == 0) return {begin, i + 1};
  }
  return {at, at};
}

void mutate(std::string& text, const std::string& other, Rng& rng) {
  if (text.empty()) text = "{}";
  const std::size_t at = rng.below(text.size());
  const auto [begin, end] = rng.chance(0.7) ? word_at(text, at) : bracket_at(text, at);
  switch (rng.below(7)) {
    case 0:
      text[at] = static_cast<char>(rng.below(256));
      return;
    case 1:
      text.erase(at, 1 + rng.below(12));
      return;
    case 2:
      text.erase(begin, end - begin);
      return;
    case 3:
      text.replace(begin, end - begin, kTokens[rng.below(std::size(kTokens))]);
      return;
    case 4: {  // the same value once more: longer lists
      const std::string copy = text.substr(begin, end - begin);
      text.insert(end, "," + copy);
      return;
    }
    case 5: {  // a value of another place or file
      const std::string& source = rng.chance(0.5) || other.empty() ? text : other;
      const auto [from, to] = rng.chance(0.5) ? word_at(source, rng.below(source.size())) : bracket_at(source, rng.below(source.size()));
      const std::string piece = source.substr(from, to - from);
      text.replace(begin, end - begin, piece);
      return;
    }
    default: {  // a digit
      const std::size_t digit = text.find_first_of("0123456789", at);
      if (digit != std::string::npos) text[digit] = static_cast<char>('0' + rng.below(10));
      return;
    }
  }
}

void add_files(const std::filesystem::path& path, std::vector<std::string>& corpus) {
  if (!std::filesystem::is_directory(path)) {
    corpus.push_back(snac::read_file(path));
    return;
  }
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(path)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());  // the order of a folder is the file system's mood
  for (const auto& file : files) add_files(file, corpus);
}

void run(const std::string& text) { LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()); }

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t runs = 2000, seed = 1;
  double seconds = 0;
  std::string save;
  std::vector<std::string> corpus;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto value = [&] { return std::string(i + 1 < argc ? argv[++i] : "0"); };
    if (word == "--runs") {
      runs = std::stoull(value());
    } else if (word == "--seconds") {
      seconds = std::stod(value());
    } else if (word == "--seed") {
      seed = std::stoull(value());
    } else if (word == "--save") {
      save = value();
    } else {
      add_files(word, corpus);
    }
  }
  if (corpus.empty()) {
    std::fprintf(stderr, "no corpus\n");
    return 2;
  }
  for (const std::string& text : corpus) run(text);
  const auto start = std::chrono::steady_clock::now();
  const auto over = [&](std::uint64_t done) {
    if (seconds > 0) return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() > seconds;
    return done >= runs;
  };
  std::uint64_t done = 0;
  for (; !over(done); ++done) {
    Rng rng = Rng::stream(seed, "fuzz", done);
    std::string text = corpus[rng.below(corpus.size())];
    const std::string& other = corpus[rng.below(corpus.size())];
    for (std::uint64_t changes = 1 + rng.below(4); changes > 0; --changes) mutate(text, other, rng);
    if (!save.empty()) snac::write_file_atomically(save, text);
    run(text);
  }
  std::printf("%llu inputs from %zu files, none of them a failure\n", static_cast<unsigned long long>(done), corpus.size());
  return 0;
}
