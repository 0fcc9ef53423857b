// A study and a trial for tests of one database.
#pragma once

#include "snac/store/store.hpp"

namespace snac::store {

inline const StudyInfo kJets{.name = "jets", .config_hash = "abc", .config = {{"seed", 1}}, .provenance = nullptr};

inline Trial complete(std::int64_t number) {
  return {.number = number,
          .state = TrialState::complete,
          .genome = {},
          .identity = {},
          .values = {{"x", 0.5}},
          .attributes = {},
          .reason = {}};
}

}  // namespace snac::store
