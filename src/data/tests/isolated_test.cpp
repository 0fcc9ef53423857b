#include "../isolated.hpp"

#include <sys/resource.h>

#include <csignal>

#include "test_files.hpp"

namespace snac::data {
namespace {

void nothing(PipeReader&) {}

TEST(Isolated, numbers_texts_and_blocks_arrive_in_order) {
  std::vector<float> block(1'000'000), got(block.size());
  for (std::size_t i = 0; i < block.size(); ++i) block[i] = static_cast<float>(i);
  std::uint64_t number = 0;
  std::vector<std::string> texts;
  run_isolated(
      [&](PipeWriter& out) {
        out.number(42);
        out.texts({"a", "", "c"});
        out.bytes(block.data(), block.size() * sizeof(float));
      },
      [&](PipeReader& in) {
        number = in.number();
        texts = in.texts();
        in.bytes(got.data(), got.size() * sizeof(float));
      },
      10, "here");
  EXPECT_EQ(number, 42u);
  EXPECT_EQ(texts, (std::vector<std::string>{"a", "", "c"}));
  EXPECT_EQ(got, block);
}

TEST(Isolated, an_error_of_the_child_is_thrown_here_with_its_class_and_text) {
  const auto fail = [](PipeWriter& out) {
    out.number(1);
    throw ConfigError("summary", {.where = "w", .found = "f", .expected = "e", .hint = "h"});
  };
  const auto receive = [](PipeReader& in) {
    in.number();
    in.number();
  };
  try {
    run_isolated(fail, receive, 10, "here");
    FAIL() << "no error";
  } catch (const ConfigError& error) {
    EXPECT_EQ(error.summary(), "summary");
    EXPECT_EQ(error.text().hint, "h");
  }
}

TEST(Isolated, a_crash_of_the_child_is_a_data_error) {
  for (const int signal : {SIGSEGV, SIGABRT, SIGBUS}) {
    const std::string text = message_of([&] { run_isolated([signal](PipeWriter&) { std::raise(signal); }, nothing, 10, "file"); });
    expect_parts(text, {"where:    file", "crashes", std::to_string(signal)});
  }
}

TEST(Isolated, a_child_that_runs_in_circles_is_stopped) {
  const auto run = [] {
    run_isolated(
        [](PipeWriter&) {
          volatile bool forever = true;
          while (forever) {
          }
        },
        nothing, 1, "file");
  };
  expect_parts(message_of(run), {"file", "does not come to an end"});
}

TEST(Isolated, a_child_that_sends_too_little_or_too_much_is_not_believed) {
  expect_parts(message_of([] { run_isolated([](PipeWriter& out) { out.number(1); }, [](PipeReader& in) { in.texts(); }, 10, "file"); }),
               {"file"});
  const auto lie = [](PipeWriter& out) { out.number(std::uint64_t{1} << 60); };
  expect_parts(message_of([&] {
                 run_isolated(
                     lie, [](PipeReader& in) { in.text(); }, 10, "file");
               }),
               {"file"});
}

TEST(Isolated, a_failing_receiver_ends_the_child) {
  const auto send_much = [](PipeWriter& out) {
    const std::vector<char> block(1 << 22);
    out.bytes(block.data(), block.size());
  };
  EXPECT_THROW(run_isolated(
                   send_much, [](PipeReader&) { throw DataError("stop"); }, 10, "file"),
               DataError);
}

}  // namespace
}  // namespace snac::data
