// What every database behind Store must do.
#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <thread>

#include "backends.hpp"
#include "snac/core/error.hpp"
#include "snac/core/rng.hpp"

namespace snac::store {
namespace {

using Conformance = BackendTest;
INSTANTIATE_TEST_SUITE_P(Backends, Conformance, testing::ValuesIn(all_backends()));

std::string identity(int i) { return "id-" + std::to_string(i); }

TEST_P(Conformance, a_study_is_created_once_and_found_again) {
  {
    const auto store = open();
    EXPECT_FALSE(store->find_study("jets").has_value());
    EXPECT_EQ(store->open_study(jets()), jets());
  }
  const auto store = open();
  EXPECT_EQ(store->find_study("jets"), jets());
  StudyInfo later = jets();
  later.provenance = {{"version", "0.2"}};
  EXPECT_EQ(store->open_study(later), jets()) << "the first provenance stands";
  store->open_study({.name = "another", .config_hash = "", .config = nullptr, .provenance = nullptr});
  EXPECT_EQ(store->studies(), (std::vector<std::string>{"jets", "another"}));
}

/// Two parameters, the second of which exists only if the first is "tanh"; two objectives.
StudyInfo described() {
  return {.name = "jets",
          .config_hash = "abc",
          .config = {{"search", {{"trials", 500}}}},
          .provenance = {{"version", "0.1"}},
          .parameters = {{.name = "activation", .choices = {"relu", "tanh"}, .conditions = {}},
                         {.name = "width", .choices = {16, 32}, .conditions = {{.parameter = 0, .allowed = {1}}}}},
          .objectives = {{.name = "accuracy", .maximise = true}, {.name = "lut", .maximise = false}}};
}

TEST_P(Conformance, a_described_study_comes_back_with_its_space_and_objectives) {
  const auto store = open();
  EXPECT_EQ(store->open_study(described()), described());
  EXPECT_EQ(open()->open_study(described()), described());
  EXPECT_EQ(open()->find_study("jets"), described());
}

TEST_P(Conformance, a_study_stored_without_its_space_is_described_later) {
  const auto store = open_with_study();
  store->claim("jets", {0, 0}, "a");
  store->finish("jets", {.number = 0,
                         .state = TrialState::complete,
                         .genome = {},
                         .identity = {},
                         .values = {{"accuracy", 1}, {"lut", 2}},
                         .attributes = {},
                         .reason = {}});
  const auto before = store->trials("jets");
  EXPECT_EQ(open()->open_study(described()), described());
  EXPECT_EQ(store->trials("jets"), before);
}

TEST_P(Conformance, genomes_and_figures_that_do_not_fit_the_description_are_defects_and_leave_nothing_behind) {
  const auto store = open();
  store->open_study(described());
  EXPECT_THROW(store->claim("jets", {1}, "a"), std::logic_error);
  EXPECT_THROW(store->claim("jets", {1, 2}, "a"), std::logic_error);
  EXPECT_TRUE(store->trials("jets").empty());
  EXPECT_EQ(store->claim("jets", {1, 1}, "a"), 0);
  Trial trial{
      .number = 0, .state = TrialState::complete, .genome = {}, .identity = {}, .values = {{"lut", 1}}, .attributes = {}, .reason = {}};
  EXPECT_THROW(store->finish("jets", trial), std::logic_error);
  EXPECT_EQ(store->find_trial("jets", "a")->state, TrialState::running);
  EXPECT_TRUE(store->find_trial("jets", "a")->values.empty());
  trial.state = TrialState::failed;
  store->finish("jets", trial);
  EXPECT_EQ(store->find_trial("jets", "a")->state, TrialState::failed);
}

TEST_P(Conformance, a_study_is_kept_by_one_store_until_it_ends) {
  auto first = open_with_study();
  const auto second = open();
  StudyInfo other = jets();
  other.name = "other";
  second->open_study(other);
  EXPECT_TRUE(first->reserve("jets"));
  EXPECT_FALSE(second->reserve("jets"));
  EXPECT_TRUE(second->reserve("other"));
  first.reset();
  bool taken = false;  // a server notices the end of a connection a moment later
  for (int i = 0; i < 100 && !taken; ++i) {
    taken = second->reserve("jets");
    if (!taken) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_TRUE(taken);
}

TEST_P(Conformance, another_configuration_is_refused_with_the_difference_and_a_way_out) {
  const auto store = open_with_study();
  StudyInfo wanted = jets();
  wanted.config_hash = "abd";
  wanted.config["search"]["trials"] = 300;
  wanted.config["seed"] = 7;
  try {
    store->open_study(wanted);
    FAIL() << "expected a ConfigError";
  } catch (const ConfigError& error) {
    EXPECT_NE(error.text().where.find("study 'jets'"), std::string::npos);
    EXPECT_NE(error.text().found.find("search.trials: 500, now 300"), std::string::npos);
    EXPECT_NE(error.text().found.find("seed: absent, now 7"), std::string::npos);
    EXPECT_NE(error.text().expected.find("abc"), std::string::npos);
    EXPECT_NE(error.text().hint.find("another study name or output folder"), std::string::npos);
  }
  EXPECT_EQ(store->find_study("jets"), jets());
}

TEST_P(Conformance, an_unknown_study_is_an_error_that_suggests_a_known_one) {
  const auto store = open_with_study();
  const std::vector<std::function<void()>> calls{
      [&] { store->claim("jest", {1}, "x"); },
      [&] {
        store->finish("jest", {.state = TrialState::complete, .genome = {}, .identity = {}, .values = {}, .attributes = {}, .reason = {}});
      },
      [&] { store->release_running("jest"); },
      [&] { store->trials("jest"); },
      [&] { store->find_trial("jest", "x"); },
      [&] { store->put_record("jest", "s", "k", 1); },
      [&] { store->find_record("jest", "s", "k"); },
      [&] { store->records("jest", "s"); },
  };
  for (const auto& call : calls) {
    try {
      call();
      FAIL() << "expected a ConfigError";
    } catch (const ConfigError& error) {
      EXPECT_NE(error.text().found.find("jest"), std::string::npos);
      EXPECT_NE(error.text().hint.find("'jets'"), std::string::npos);
    }
  }
}

TEST_P(Conformance, claims_count_from_zero_and_a_known_candidate_is_not_claimed_again) {
  const auto store = open_with_study();
  EXPECT_EQ(store->claim("jets", {0, 1}, "a"), 0);
  EXPECT_EQ(store->claim("jets", {0, 2}, "b"), 1);
  EXPECT_FALSE(store->claim("jets", {0, 1}, "a").has_value()) << "running";
  store->finish("jets",
                {.number = 0, .state = TrialState::failed, .genome = {}, .identity = "a", .values = {}, .attributes = {}, .reason = "NaN"});
  EXPECT_FALSE(store->claim("jets", {0, 1}, "a").has_value()) << "failed";
  StudyInfo other = jets();
  other.name = "other";
  store->open_study(other);
  EXPECT_EQ(store->claim("other", {0, 1}, "a"), 0) << "studies do not share candidates";
}

TEST_P(Conformance, an_ended_trial_can_be_amended) {
  const auto store = open_with_study();
  store->claim("jets", {0, 1}, "a");
  Trial trial{.number = 0,
              .state = TrialState::complete,
              .genome = {0, 1},
              .identity = "a",
              .values = {{"accuracy", 0.5}, {"lut", 100}},
              .attributes = {{"source", "guess"}},
              .reason = ""};
  EXPECT_THROW(store->amend("jets", trial), std::logic_error) << "running";
  store->finish("jets", trial);
  trial.values = {{"accuracy", 0.5}, {"ff", 30}};
  trial.attributes = {{"source", "circuit"}};
  store->amend("jets", trial);
  EXPECT_EQ(store->find_trial("jets", "a"), trial);
  trial.number = 7;
  EXPECT_THROW(store->amend("jets", trial), std::logic_error) << "unknown";
}

TEST_P(Conformance, a_trial_comes_back_as_it_was_stored) {
  const Trial wanted{.number = 0,
                     .state = TrialState::complete,
                     .genome = {0, 5, -1, 2147483647, -2147483647 - 1},
                     .identity = "4|64,32|\xc3\xa9'\";--",
                     .values = {{"accuracy", 0.1 + 0.2}, {"lut", 12345}, {"", -0.0}},
                     .attributes = {{"z", 1},
                                    {"a", {1.5, "text", nullptr, true}},
                                    {"big", 18446744073709551615ull},
                                    {"small", -9223372036854775807ll - 1}},
                     .reason = ""};
  {
    const auto store = open_with_study();
    ASSERT_EQ(store->claim("jets", wanted.genome, wanted.identity), 0);
    const auto running = store->find_trial("jets", wanted.identity);
    ASSERT_TRUE(running.has_value());
    EXPECT_EQ(running->state, TrialState::running);
    EXPECT_EQ(running->genome, wanted.genome);
    store->finish("jets", wanted);
  }
  const auto store = open();
  EXPECT_EQ(store->find_trial("jets", wanted.identity), wanted);
  EXPECT_EQ(store->trials("jets"), std::vector{wanted});
  EXPECT_FALSE(store->find_trial("jets", "unknown").has_value());
  EXPECT_TRUE(std::signbit(store->trials("jets")[0].values.at("")));
  EXPECT_EQ(store->trials("jets")[0].attributes.dump(), wanted.attributes.dump()) << "keys keep their order";
}

TEST_P(Conformance, doubles_keep_every_bit) {
  const auto store = open_with_study();
  Trial trial{.number = 0, .state = TrialState::complete, .genome = {}, .identity = {}, .values = {}, .attributes = {}, .reason = {}};
  using Limits = std::numeric_limits<double>;
  for (const double value : {0.0, -0.0, 1.0, -3.0, 0.1, 1.0 / 3, 1e15, 9007199254740993.0, 1e19, 1e308, Limits::max(), Limits::lowest(),
                             Limits::min(), Limits::denorm_min(), Limits::epsilon(), Limits::infinity(), -Limits::infinity()}) {
    trial.values[std::to_string(trial.values.size())] = value;
  }
  Rng rng(1);
  while (trial.values.size() < 2000) {
    const auto value = std::bit_cast<double>(rng.next());
    if (!std::isnan(value)) trial.values[std::to_string(trial.values.size())] = value;
  }
  store->claim("jets", {}, "a");
  store->finish("jets", trial);
  const auto stored = store->find_trial("jets", "a")->values;
  ASSERT_EQ(stored.size(), trial.values.size());
  for (const auto& [name, value] : trial.values) {
    EXPECT_EQ(std::bit_cast<std::uint64_t>(stored.at(name)), std::bit_cast<std::uint64_t>(value)) << value;
  }
}

TEST_P(Conformance, numbers_that_are_no_numbers_are_refused_and_leave_the_trial_running) {
  const auto store = open_with_study();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  store->claim("jets", {}, "a");
  Trial trial{.number = 0,
              .state = TrialState::complete,
              .genome = {},
              .identity = {},
              .values = {{"ok", 1}, {"accuracy", nan}},
              .attributes = {},
              .reason = {}};
  try {
    store->finish("jets", trial);
    FAIL() << "expected a DataError";
  } catch (const DataError& error) {
    EXPECT_EQ(error.text().where, "accuracy");
  }
  trial.values = {};
  trial.attributes = {{"times", {1.0, nan}}};
  try {
    store->finish("jets", trial);
    FAIL() << "expected a DataError";
  } catch (const DataError& error) {
    EXPECT_NE(error.text().where.find("times.1"), std::string::npos);
  }
  EXPECT_THROW(store->put_record("jets", "s", "k", {{"x", std::numeric_limits<double>::infinity()}}), DataError);
  EXPECT_EQ(store->find_trial("jets", "a")->state, TrialState::running);
  EXPECT_TRUE(store->find_trial("jets", "a")->values.empty());
  EXPECT_TRUE(store->records("jets", "s").empty());
}

TEST_P(Conformance, names_that_databases_cannot_hold_are_refused) {
  const auto store = open_with_study();
  for (const std::string& bad : {std::string("a\0b", 3), std::string("\xff\xfe"), std::string("cut \xc3")}) {
    StudyInfo study = jets();
    study.name = bad;
    EXPECT_THROW(store->open_study(study), DataError);
    EXPECT_THROW(store->claim("jets", {}, bad), DataError);
    EXPECT_THROW(store->put_record("jets", bad, "k", 1), DataError);
    EXPECT_THROW(store->put_record("jets", "s", bad, 1), DataError);
    EXPECT_THROW(store->put_record("jets", "s", "k", {{"text", bad.substr(0, 1) == "a" ? "\xff" : bad}}), DataError);
  }
  StudyInfo nameless = jets();
  nameless.name = "";
  EXPECT_THROW(store->open_study(nameless), ConfigError);
  EXPECT_TRUE(store->trials("jets").empty());
  EXPECT_EQ(store->studies().size(), 1u);
}

TEST_P(Conformance, any_reason_of_failure_can_be_stored) {
  const auto store = open_with_study();
  store->claim("jets", {}, "a");
  store->finish("jets", {.number = 0,
                         .state = TrialState::failed,
                         .genome = {},
                         .identity = {},
                         .values = {},
                         .attributes = {},
                         .reason = std::string("tool said \xff\0!", 13)});
  EXPECT_EQ(store->find_trial("jets", "a")->reason, "tool said \xef\xbf\xbd !");
}

TEST_P(Conformance, only_a_running_trial_can_be_finished) {
  const auto store = open_with_study();
  Trial trial{
      .number = 0, .state = TrialState::complete, .genome = {}, .identity = {}, .values = {{"x", 1}}, .attributes = {}, .reason = {}};
  EXPECT_THROW(store->finish("jets", trial), std::logic_error) << "never claimed";
  store->claim("jets", {}, "a");
  trial.identity = "b";
  EXPECT_THROW(store->finish("jets", trial), std::logic_error) << "another candidate";
  trial.identity = "a";
  trial.state = TrialState::running;
  EXPECT_THROW(store->finish("jets", trial), std::logic_error) << "running is no end";
  trial.state = TrialState::complete;
  store->finish("jets", trial);
  trial.values["x"] = 2;
  EXPECT_THROW(store->finish("jets", trial), std::logic_error) << "ended already";
  EXPECT_EQ(store->find_trial("jets", "a")->values.at("x"), 1);
}

TEST_P(Conformance, released_trials_are_claimed_again_under_their_numbers) {
  const auto store = open_with_study();
  for (int i = 0; i < 6; ++i) ASSERT_EQ(store->claim("jets", {i}, identity(i)), i);
  for (const int i : {0, 2, 3}) {
    store->finish("jets",
                  {.number = i, .state = TrialState::complete, .genome = {}, .identity = {}, .values = {}, .attributes = {}, .reason = {}});
  }
  EXPECT_EQ(store->release_running("jets"), 3);
  EXPECT_EQ(store->release_running("jets"), 0);
  EXPECT_EQ(store->trials("jets").size(), 3u);
  EXPECT_FALSE(store->claim("jets", {2}, identity(2)).has_value());
  EXPECT_EQ(store->claim("jets", {1}, identity(1)), 1);
  EXPECT_EQ(store->claim("jets", {4}, identity(4)), 4);
  EXPECT_EQ(store->claim("jets", {7}, identity(7)), 5);
  EXPECT_EQ(store->claim("jets", {8}, identity(8)), 6);
  const auto trials = store->trials("jets");
  ASSERT_EQ(trials.size(), 7u);
  for (std::size_t i = 0; i < trials.size(); ++i) EXPECT_EQ(trials[i].number, static_cast<std::int64_t>(i));
}

TEST_P(Conformance, release_touches_no_other_study) {
  const auto store = open_with_study();
  StudyInfo other = jets();
  other.name = "other";
  store->open_study(other);
  store->claim("jets", {}, "a");
  store->claim("other", {}, "a");
  EXPECT_EQ(store->release_running("jets"), 1);
  EXPECT_EQ(store->trials("other").size(), 1u);
}

TEST_P(Conformance, records_keep_the_order_of_first_writing_and_can_be_replaced) {
  const auto store = open_with_study();
  store->put_record("jets", "local", "b", {{"v", 1}});
  store->put_record("jets", "local", "a", 2);
  store->put_record("jets", "synth", "b", "three");
  store->put_record("jets", "local", "b", {{"v", 4}});
  const std::vector<std::pair<std::string, Json>> expected{{"b", {{"v", 4}}}, {"a", 2}};
  EXPECT_EQ(store->records("jets", "local"), expected);
  EXPECT_EQ(store->find_record("jets", "synth", "b"), Json("three"));
  EXPECT_FALSE(store->find_record("jets", "synth", "a").has_value());
  EXPECT_TRUE(store->records("jets", "unknown").empty());
}

TEST_P(Conformance, artefacts_are_found_by_their_hash_and_keep_every_byte) {
  std::string all_bytes;
  for (int i = 0; i < 256; ++i) all_bytes += static_cast<char>(i);
  std::string large;
  while (large.size() < 3'000'000) large += all_bytes + std::to_string(large.size());
  std::vector<std::string> keys;
  const std::vector<std::string> contents{"", std::string("\0", 1), all_bytes, large};
  {
    const auto store = open();
    for (const std::string& bytes : contents) keys.push_back(store->put_artefact(bytes));
    EXPECT_EQ(store->put_artefact(all_bytes), keys[2]) << "the same bytes again";
  }
  EXPECT_EQ(keys[0], sha256(""));
  const auto store = open();
  for (std::size_t i = 0; i < contents.size(); ++i) EXPECT_EQ(store->artefact(keys[i]), contents[i]);
  EXPECT_THROW(store->artefact(sha256("missing")), DataError);
  EXPECT_THROW(store->artefact("x' OR 1=1"), DataError);
}

TEST_P(Conformance, a_transaction_is_all_or_nothing) {
  const auto store = open_with_study();
  const auto observer = open();
  store->transaction([&] {
    store->claim("jets", {1}, "a");
    store->put_record("jets", "s", "k", 1);
    EXPECT_EQ(store->trials("jets").size(), 1u) << "sees its own writes";
    EXPECT_TRUE(observer->trials("jets").empty()) << "others see nothing before the end";
  });
  EXPECT_EQ(observer->trials("jets").size(), 1u);
  EXPECT_THROW(store->transaction([&] {
    store->claim("jets", {2}, "b");
    store->finish(
        "jets",
        {.number = 0, .state = TrialState::complete, .genome = {}, .identity = {}, .values = {{"x", 1}}, .attributes = {}, .reason = {}});
    store->put_artefact("bytes");
    throw std::runtime_error("stop");
  }),
               std::runtime_error);
  ASSERT_EQ(observer->trials("jets").size(), 1u);
  EXPECT_EQ(observer->trials("jets")[0].state, TrialState::running);
  EXPECT_THROW(observer->artefact(sha256("bytes")), DataError);
  EXPECT_EQ(store->claim("jets", {2}, "b"), 1) << "usable afterwards";
}

TEST_P(Conformance, nested_transactions_join_the_outer_one) {
  const auto store = open_with_study();
  const auto observer = open();
  EXPECT_THROW(store->transaction([&] {
    store->transaction([&] { store->claim("jets", {1}, "a"); });
    EXPECT_TRUE(observer->trials("jets").empty());
    throw std::runtime_error("stop");
  }),
               std::runtime_error);
  EXPECT_TRUE(observer->trials("jets").empty()) << "the inner one was not final";

  store->transaction([&] {
    store->claim("jets", {1}, "a");
    EXPECT_THROW(store->transaction([&] {
      store->claim("jets", {2}, "b");
      store->transaction([&] { store->claim("jets", {3}, "c"); });
      throw std::runtime_error("inner");
    }),
                 std::runtime_error);
    EXPECT_EQ(store->trials("jets").size(), 1u) << "the inner body was undone";
    store->claim("jets", {4}, "d");
  });
  const auto trials = observer->trials("jets");
  ASSERT_EQ(trials.size(), 2u);
  EXPECT_EQ(trials[0].identity, "a");
  EXPECT_EQ(trials[1].identity, "d");
}

TEST_P(Conformance, a_failed_call_inside_a_transaction_leaves_the_rest_intact) {
  const auto store = open_with_study();
  store->transaction([&] {
    store->claim("jets", {1}, "a");
    EXPECT_THROW(
        store->finish(
            "jets",
            {.number = 9, .state = TrialState::complete, .genome = {}, .identity = {}, .values = {}, .attributes = {}, .reason = {}}),
        std::logic_error);
    EXPECT_THROW(store->claim("unknown", {1}, "a"), ConfigError);
  });
  EXPECT_EQ(store->trials("jets").size(), 1u);
}

}  // namespace
}  // namespace snac::store
