// Several threads and processes on one database, and processes that are killed.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <set>
#include <thread>

#include "backends.hpp"
#include "snac/core/rng.hpp"

namespace snac::store {
namespace {

using Concurrency = BackendTest;
INSTANTIATE_TEST_SUITE_P(Backends, Concurrency, testing::ValuesIn(all_backends()));

std::string identity(int i) { return "id-" + std::to_string(i); }

Trial ended(std::int64_t number, int i) {
  return {.number = number,
          .state = i % 5 ? TrialState::complete : TrialState::failed,
          .genome = {},
          .identity = identity(i),
          .values = {{"index", i}, {"tenth", i / 10.0}, {"third", i / 3.0}},
          .attributes = {{"i", i}},
          .reason = i % 5 ? "" : "by design"};
}

/// Claims and finishes candidates [0, count) in an order of its own. @returns how many were its own.
int work(Store& store, int count, std::uint64_t seed) {
  std::vector<int> order;
  for (int i = 0; i < count; ++i) order.push_back(i);
  Rng rng(seed);
  rng.shuffle(std::span(order));
  int own = 0;
  for (const int i : order) {
    if (const auto number = store.claim("jets", {i}, identity(i))) {
      store.finish("jets", ended(*number, i));
      ++own;
    }
  }
  return own;
}

void expect_each_once(const Store& store, int count) {
  const auto trials = store.trials("jets");
  ASSERT_EQ(trials.size(), static_cast<std::size_t>(count));
  std::set<std::string> identities;
  for (std::size_t n = 0; n < trials.size(); ++n) {
    Trial expected = ended(static_cast<std::int64_t>(n), trials[n].genome.at(0));
    expected.genome = trials[n].genome;
    EXPECT_EQ(trials[n], expected);
    identities.insert(trials[n].identity);
  }
  EXPECT_EQ(identities.size(), trials.size());
}

/// Runs `body` in a child process. It ends by _exit: the test's own objects are not the child's to destroy.
pid_t in_child(const std::function<int()>& body) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  int code = 99;
  try {
    code = body();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "child: %s\n", error.what());
  }
  ::_exit(code);
}

int exit_code(pid_t child) {
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_P(Concurrency, threads_with_one_store_neither_lose_nor_repeat_a_trial) {
  const auto store = open_with_study();
  std::atomic<int> own = 0;
  std::vector<std::thread> threads;
  for (std::uint64_t t = 0; t < 4; ++t) threads.emplace_back([&, t] { own += work(*store, 60, t); });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(own, 60);
  expect_each_once(*store, 60);
}

TEST_P(Concurrency, threads_with_two_stores_neither_lose_nor_repeat_a_trial) {
  const auto first = open_with_study();
  const auto second = open();
  std::atomic<int> own = 0;
  std::vector<std::thread> threads;
  for (std::uint64_t t = 0; t < 4; ++t) threads.emplace_back([&, t] { own += work(t % 2 ? *first : *second, 60, t); });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(own, 60);
  expect_each_once(*first, 60);
  expect_each_once(*second, 60);
}

TEST_P(Concurrency, a_transaction_keeps_other_threads_of_the_store_out) {
  const auto store = open_with_study();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 10; ++i) {
        store->transaction([&] {
          const auto stored = store->find_record("jets", "count", "n");
          const int next = stored ? stored->get<int>() + 1 : 1;
          store->put_record("jets", "count", "n", next);
          if (t == 0 && i % 2) store->put_record("jets", "other", std::to_string(i), i);
        });
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(store->find_record("jets", "count", "n"), Json(40));
}

TEST_P(Concurrency, processes_that_create_and_fill_one_database_at_once_agree) {
  // No one opens the database before: creating the file, the schema and the study is part of the race.
  std::vector<pid_t> children;
  for (std::uint64_t c = 0; c < 4; ++c) {
    children.push_back(in_child([&, c] { return work(*open_with_study(), 80, c); }));
  }
  int own = 0;
  for (const pid_t child : children) {
    const int code = exit_code(child);
    EXPECT_GE(code, 0);
    EXPECT_LE(code, 80);
    own += code;
  }
  EXPECT_EQ(own, 80);
  expect_each_once(*open(), 80);
}

TEST_P(Concurrency, read_modify_write_transactions_of_processes_do_not_lose_updates) {
  open_with_study();
  std::vector<pid_t> children;
  for (int c = 0; c < 3; ++c) {
    children.push_back(in_child([&] {
      const auto store = open();
      for (int i = 0; i < 20; ++i) {
        store->transaction([&] {
          const auto stored = store->find_record("jets", "count", "n");
          store->put_record("jets", "count", "n", stored ? stored->get<int>() + 1 : 1);
        });
      }
      return 0;
    }));
  }
  for (const pid_t child : children) EXPECT_EQ(exit_code(child), 0);
  EXPECT_EQ(open()->find_record("jets", "count", "n"), Json(60));
}

TEST_P(Concurrency, a_store_refuses_to_work_in_a_forked_process) {
  const auto store = open_with_study();
  const pid_t child = in_child([&] {
    try {
      store->claim("jets", {}, "a");
    } catch (const std::logic_error&) {
      return 7;
    }
    return 0;
  });
  EXPECT_EQ(exit_code(child), 7);
  EXPECT_EQ(store->claim("jets", {}, "a"), 0);
}

TEST_P(Concurrency, a_killed_process_loses_nothing_that_it_had_finished) {
  open_with_study();
  Rng rng(11);
  int next = 0;  // candidates below were claimed by earlier children
  std::set<int> confirmed;
  for (int round = 0; round < 20; ++round) {
    int pipe_ends[2];
    ASSERT_EQ(::pipe(pipe_ends), 0);
    const pid_t child = in_child([&] {
      ::close(pipe_ends[0]);
      const auto store = open();
      for (int i = next;; ++i) {
        const auto number = store->claim("jets", {i}, identity(i));
        store->transaction([&] {  // a trial and its artefact belong together
          const std::string key = store->put_artefact("weights of " + std::to_string(i) + std::string(20'000, 'w'));
          store->finish("jets", ended(*number, i));
          store->put_record("jets", "artefact", std::to_string(i), key);
        });
        if (::write(pipe_ends[1], &i, sizeof i) != sizeof i) return 1;
      }
    });
    ::close(pipe_ends[1]);
    int i = 0;
    if (round % 4 != 3) {  // most children get to their first trial; some die as they open the database
      ASSERT_EQ(::read(pipe_ends[0], &i, sizeof i), static_cast<ssize_t>(sizeof i));
      confirmed.insert(i);
    }
    std::this_thread::sleep_for(std::chrono::microseconds(rng.below(30'000)));
    ASSERT_EQ(::kill(child, SIGKILL), 0);
    while (::read(pipe_ends[0], &i, sizeof i) == static_cast<ssize_t>(sizeof i)) confirmed.insert(i);
    ::close(pipe_ends[0]);
    EXPECT_EQ(exit_code(child), -1) << "ended by the signal, not by itself";

    const auto store = open();  // checks the file as a whole
    const int released = store->release_running("jets");
    EXPECT_LE(released, 1);
    const auto trials = store->trials("jets");
    std::set<int> stored;
    for (const Trial& trial : trials) {
      const int index = trial.genome.at(0);
      Trial expected = ended(trial.number, index);
      expected.genome = trial.genome;
      EXPECT_EQ(trial, expected);
      EXPECT_EQ(store->artefact(store->find_record("jets", "artefact", std::to_string(index))->get<std::string>()).substr(0, 10),
                "weights of");
      stored.insert(index);
      next = std::max(next, index + 1);
    }
    EXPECT_EQ(stored.size(), trials.size());
    EXPECT_EQ(store->records("jets", "artefact").size(), trials.size()) << "no artefact of a trial that is not there";
    for (const int index : confirmed) EXPECT_TRUE(stored.contains(index)) << index;
    EXPECT_LE(stored.size(), confirmed.size() + static_cast<std::size_t>(round) + 1) << "at most one unconfirmed trial per kill";
    for (std::size_t n = 0; n < trials.size(); ++n) EXPECT_EQ(trials[n].number, static_cast<std::int64_t>(n));
  }
  EXPECT_GE(confirmed.size(), 15u);
}

}  // namespace
}  // namespace snac::store
